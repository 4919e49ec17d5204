// How far behind the event a viewer is, by the program clock, smoothed so that the badge can be read; and the watchdog
// that brings a viewer who has fallen behind back to the live edge.

/** Median of the last samples: one late tick does not move the badge. */
export class LatencyMeter {
  private readonly samples: number[] = [];

  constructor(private readonly size = 9) {}

  add(ms: number): void {
    if (!Number.isFinite(ms)) return;
    this.samples.push(ms);
    if (this.samples.length > this.size) this.samples.shift();
  }

  get value(): number | null {
    if (this.samples.length === 0) return null;
    const sorted = [...this.samples].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? null;
  }

  reset(): void {
    this.samples.length = 0;
  }
}

export interface LiveDistance {
  /** Seconds behind the end of what is published, and what the playlist asks for. */
  behind: number;
  target: number;
  targetDuration: number;
}

/** hls.js catches up by playing faster only; from further back than this a seek is due. */
export function fellBehind(distance: LiveDistance): boolean {
  return distance.behind > distance.target + 2 * distance.targetDuration;
}

/** Allows a correcting seek at most every few seconds: a seek that does not help must not become a loop. */
export class Watchdog {
  private last = -Infinity;

  constructor(private readonly minIntervalMs = 4000) {}

  shouldSeek(now: number, distance: LiveDistance | null): boolean {
    if (distance === null || !fellBehind(distance)) return false;
    if (now - this.last < this.minIntervalMs) return false;
    this.last = now;
    return true;
  }
}
