// The server's clock as this page knows it. Countdown and latency must not believe a viewer's own clock: phones that are
// minutes off are common.

import { request } from './api';

/** The server's time now, UTC ms. */
export const askServer = async () => (await request<{ ms: number }>('/api/v1/time')).ms;

export interface ClockSample {
  /** Local milliseconds before the request and after the answer. */
  sent: number;
  received: number;
  server: number;
}

/** Offset to add to local time. The sample with the shortest round trip lies best: its error is at most half of that. */
export function bestOffset(samples: readonly ClockSample[]): number | null {
  let best: { offset: number; trip: number } | null = null;
  for (const sample of samples) {
    const trip = sample.received - sample.sent;
    if (trip < 0) continue;
    const offset = sample.server - (sample.sent + trip / 2);
    if (best === null || trip < best.trip) best = { offset, trip };
  }
  return best === null ? null : best.offset;
}

export class ServerClock {
  private offset = 0;
  private known = false;

  constructor(
    private readonly ask: () => Promise<number>,
    private readonly local: () => number = () => performance.timeOrigin + performance.now(),
  ) {}

  /** Server time in UTC ms; local time until the first sync. */
  now(): number {
    return this.local() + this.offset;
  }

  get synced(): boolean {
    return this.known;
  }

  async sync(samples = 3): Promise<void> {
    const taken: ClockSample[] = [];
    for (let i = 0; i < samples; i++) {
      const sent = this.local();
      try {
        const server = await this.ask();
        taken.push({ sent, received: this.local(), server });
      } catch {
        // One lost answer is no reason to throw the others away.
      }
    }
    const offset = bestOffset(taken);
    if (offset === null) return;
    this.offset = offset;
    this.known = true;
  }
}
