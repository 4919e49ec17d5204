// Asks for the comments of minutes, a few at a time, and again after 2, 4, 8, 16, then every 30 s when that failed.

import { signal } from '@preact/signals-core';
import { failureDelay } from './poll';
import type { MinuteOfComments } from './room-types';
import type { Timers } from './timers';

export interface MinutesDeps {
  ask: (minute: number) => Promise<MinuteOfComments>;
  loaded: (answer: MinuteOfComments) => void;
  timers: Timers;
  random: () => number;
}

const atOnce = 2;

export class Minutes {
  readonly state = signal<'idle' | 'loading' | 'failed'>('idle');
  private readonly asked = new Set<number>();
  private failures = 0;
  /** Not before (timers' clock). */
  private rests = 0;
  private closed = false;

  constructor(private readonly deps: MinutesDeps) {}

  /** What is missing now; call it again while anything is. */
  want(minutes: readonly number[]): void {
    if (minutes.length === 0 && this.asked.size === 0) {
      this.state.value = 'idle';
      this.failures = 0;
    }
    if (this.deps.timers.now() < this.rests) return;
    for (const minute of minutes) {
      if (this.asked.size >= atOnce) return;
      if (!this.asked.has(minute)) void this.load(minute);
    }
  }

  retry(): void {
    this.rests = 0;
  }

  close(): void {
    this.closed = true;
  }

  private async load(minute: number): Promise<void> {
    this.asked.add(minute);
    if (this.failures === 0) this.state.value = 'loading';
    try {
      const answer = await this.deps.ask(minute);
      if (this.isClosed()) return;
      this.failures = 0;
      this.state.value = 'idle';
      this.deps.loaded(answer);
    } catch {
      if (this.isClosed()) return;
      this.failures++;
      this.rests = this.deps.timers.now() + failureDelay(this.failures, this.deps.random);
      this.state.value = 'failed';
    } finally {
      this.asked.delete(minute);
    }
  }

  // close() may come while an answer is under way.
  private isClosed(): boolean {
    return this.closed;
  }
}
