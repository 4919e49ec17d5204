// What a watch page shows for a broadcast, and when it asks again.

import type { PublicBroadcast } from './types';

/** ended: a recording may still come. unrecorded: there is none, nothing was recorded or it has been deleted. */
export type View = 'undated' | 'countdown' | 'starting' | 'live' | 'ended' | 'unrecorded' | 'replay';

/** The server knows of a recording from its first segment on: one that is not there so long after the end never will be. */
const recordingPromisedMs = 60_000;

export function viewOf(broadcast: PublicBroadcast, now: number): View {
  if (broadcast.state === 'live' && broadcast.live !== null) return 'live';
  if ((broadcast.state === 'replay' || broadcast.state === 'ended') && broadcast.replay !== null) return 'replay';
  if (broadcast.state === 'ended' || broadcast.state === 'replay') {
    const ended = broadcast.ended_at === null ? -Infinity : Date.parse(broadcast.ended_at);
    return now - ended < recordingPromisedMs ? 'ended' : 'unrecorded';
  }
  if (broadcast.starts_at === null) return broadcast.state === 'live' ? 'starting' : 'undated';
  return Date.parse(broadcast.starts_at) > now ? 'countdown' : 'starting';
}

/**
 * Milliseconds until the page should ask for the broadcast again. A whole audience waits for the same moment: the farther
 * the start, the rarer the question, spread by ± 25 %.
 */
export function pollDelay(broadcast: PublicBroadcast, now: number, random: () => number): number {
  const spread = (ms: number) => Math.round(ms * (0.75 + 0.5 * random()));
  switch (viewOf(broadcast, now)) {
    case 'countdown': {
      const left = Date.parse(broadcast.starts_at ?? '') - now;
      // Never past the start itself.
      return Math.min(spread(Math.min(60_000, Math.max(3000, left / 5))), Math.max(1000, left + 500));
    }
    case 'undated':
      return spread(45_000);
    case 'starting':
      return spread(4000);
    case 'live':
      return spread(20_000);
    case 'ended':
      return spread(8000);
    case 'unrecorded':
    case 'replay':
      return spread(120_000);
  }
}

/**
 * Whether who watches live may still have the program's last seconds before them, so long after it ended. Who stands
 * still falls behind as fast as time goes by, and would wait for ever: fifteen seconds are enough.
 */
export function endIsToCome(latencyMs: number | null, sinceEndMs: number): boolean {
  return sinceEndMs < Math.min((latencyMs ?? 0) + 3000, 15_000);
}
