// Ending a broadcast cannot be undone. It asks for the title, typed, or a button held for two seconds; then ten seconds of
// grace run in which everything can be called off.

import type { Timers } from './timers';

export const holdMs = 2000;
export const graceMs = 10_000;

export type Ending =
  { phase: 'asking' } | { phase: 'holding'; since: number } | { phase: 'grace'; since: number } | { phase: 'done' };

/** Titles are compared as people see them: no matter which spaces, width or case. */
export function titleMatches(typed: string, title: string): boolean {
  const plain = (text: string) => text.normalize('NFKC').replace(/\s+/g, ' ').trim().toLowerCase();
  return plain(typed) !== '' && plain(typed) === plain(title);
}

export class EndGuard {
  private state: Ending = { phase: 'asking' };
  private timer: number | null = null;

  constructor(
    private readonly timers: Timers,
    private readonly changed: (state: Ending) => void,
    private readonly end: () => void,
  ) {}

  hold(): void {
    if (this.state.phase !== 'asking') return;
    this.become({ phase: 'holding', since: this.timers.now() });
    this.timer = this.timers.after(holdMs, () => {
      this.startGrace();
    });
  }

  /** Let go too early: nothing happened. */
  release(): void {
    if (this.state.phase === 'holding') this.cancel();
  }

  typed(text: string, title: string): boolean {
    if (this.state.phase !== 'asking' || !titleMatches(text, title)) return false;
    this.startGrace();
    return true;
  }

  cancel(): void {
    if (this.state.phase === 'done') return;
    if (this.timer !== null) this.timers.cancel(this.timer);
    this.timer = null;
    this.become({ phase: 'asking' });
  }

  private startGrace(): void {
    this.become({ phase: 'grace', since: this.timers.now() });
    this.timer = this.timers.after(graceMs, () => {
      this.timer = null;
      this.become({ phase: 'done' });
      this.end();
    });
  }

  private become(state: Ending): void {
    this.state = state;
    this.changed(state);
  }
}
