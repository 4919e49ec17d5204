// Ask, wait, ask again; at once when told to (the page becomes visible, the network returns). A hidden page asks on: it may
// be waiting for a start that is to be heard.

import { ApiError, localErrorId } from './api';
import type { Timers } from './timers';

export interface Answer<T> {
  value: T | null;
  /** Of the last question; null after a good answer. The last good value stays beside it. */
  error: ApiError | null;
}

export class Poll<T> {
  private timer: number | null = null;
  private asking = false;
  private again = false;
  private stopped = false;
  private failures = 0;
  private last: Answer<T> = { value: null, error: null };

  constructor(
    private readonly timers: Timers,
    private readonly ask: () => Promise<T>,
    /** Milliseconds until the next question. */
    private readonly delay: (answer: Answer<T>, failures: number) => number,
    private readonly changed: (answer: Answer<T>) => void,
  ) {}

  start(): void {
    void this.run();
  }

  /** Now, whatever was planned. */
  now(): void {
    if (this.asking) {
      this.again = true;
      return;
    }
    void this.run();
  }

  stop(): void {
    this.stopped = true;
    this.cancel();
  }

  private cancel(): void {
    if (this.timer !== null) this.timers.cancel(this.timer);
    this.timer = null;
  }

  private async run(): Promise<void> {
    this.cancel();
    if (this.stopped) return;
    this.asking = true;
    try {
      this.last = { value: await this.ask(), error: null };
      this.failures = 0;
    } catch (error) {
      this.failures++;
      this.last = {
        value: this.last.value,
        error: error instanceof ApiError ? error : new ApiError(0, 'unreachable', String(error), localErrorId()),
      };
    }
    this.asking = false;
    // stop() may have come while the answer was under way.
    if (this.isStopped()) return;
    this.changed(this.last);
    const wait = this.again
      ? 0
      : Math.max(this.delay(this.last, this.failures), (this.last.error?.retryAfter ?? 0) * 1000);
    this.again = false;
    this.timer = this.timers.after(wait, () => void this.run());
  }

  private isStopped(): boolean {
    return this.stopped;
  }
}

/** 2, 4, 8, 16, then every 30 s, ± 25 %. */
export function failureDelay(failures: number, random: () => number): number {
  const base = Math.min(30_000, 1000 * 2 ** Math.min(failures, 5));
  return Math.round(base * (0.75 + 0.5 * random()));
}
