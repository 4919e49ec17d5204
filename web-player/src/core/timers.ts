// Time and chance come in through these, so that tests hold both.

export interface Timers {
  /** Monotonic milliseconds. */
  now(): number;
  after(ms: number, run: () => void): number;
  cancel(id: number): void;
}

export const browserTimers: Timers = {
  now: () => performance.now(),
  after: (ms, run) => window.setTimeout(run, ms),
  cancel: (id) => {
    window.clearTimeout(id);
  },
};

/** Timers that stand still until told to go on. */
export class ManualTimers implements Timers {
  private time = 0;
  private next = 1;
  private readonly pending = new Map<number, { at: number; run: () => void }>();

  now(): number {
    return this.time;
  }

  after(ms: number, run: () => void): number {
    const id = this.next++;
    this.pending.set(id, { at: this.time + ms, run });
    return id;
  }

  cancel(id: number): void {
    this.pending.delete(id);
  }

  get waiting(): number {
    return this.pending.size;
  }

  /** Runs what falls due within the next ms, in order. */
  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      let first: [number, { at: number; run: () => void }] | undefined;
      for (const entry of this.pending) {
        if (entry[1].at <= end && (first === undefined || entry[1].at < first[1].at)) first = entry;
      }
      if (first === undefined) break;
      this.pending.delete(first[0]);
      this.time = first[1].at;
      first[1].run();
    }
    this.time = end;
  }
}
