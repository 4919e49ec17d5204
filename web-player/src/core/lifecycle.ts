// What a watch page shows for a broadcast, and when it asks again.

import type { PublicBroadcast } from './types';

export type View = 'countdown' | 'starting' | 'live' | 'ended' | 'replay';

export function viewOf(broadcast: PublicBroadcast, now: number): View {
  if (broadcast.state === 'live' && broadcast.live !== null) return 'live';
  if ((broadcast.state === 'replay' || broadcast.state === 'ended') && broadcast.replay !== null) return 'replay';
  if (broadcast.state === 'ended' || broadcast.state === 'replay') return 'ended';
  const starts = broadcast.starts_at === null ? null : Date.parse(broadcast.starts_at);
  return starts !== null && starts > now ? 'countdown' : 'starting';
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
    case 'starting':
      return spread(4000);
    case 'live':
      return spread(20_000);
    case 'ended':
      return spread(8000);
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
