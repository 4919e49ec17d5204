// The state of a running program as a producer wants it: one level, and the reasons, worst first.

import type { FeedState, Slot, Status } from './studio-types';

export type Level = 'ok' | 'warn' | 'bad';

export type HealthReason =
  | { what: 'engine'; level: Level }
  | { what: 'dropped-ticks'; level: Level; count: number }
  | { what: 'encoder-slow'; level: Level; rendition: string; speed: number }
  | { what: 'shedding'; level: Level; rendition: string; count: number }
  | { what: 'overload'; level: Level }
  | { what: 'recording'; level: Level; why: string }
  | { what: 'disk'; level: Level; freeBytes: number }
  | { what: 'target'; level: Level; id: string; state: string }
  | { what: 'venue'; level: Level; venue: string; onAir: boolean }
  | { what: 'process'; level: Level; role: string; id: string; state: string };

export interface Health {
  level: Level;
  /** 4: all is well, 0: the program does not run. */
  bars: number;
  reasons: HealthReason[];
}

const rank: Record<Level, number> = { bad: 0, warn: 1, ok: 2 };
const lowDisk = 5e9;
const settled: ReadonlySet<string> = new Set(['ready', 'stopped']);

/** What a venue is doing, from what its feed says and what the mixer has of it. */
export function venueState(slot: Slot): FeedState {
  const feed = slot.feed?.state;
  if (feed !== undefined && feed !== 'live') return feed;
  if (slot.state === 'live' || slot.state === 'held') return 'live';
  if (slot.state === 'lost') return 'stalled';
  return feed === 'live' ? 'starting' : 'waiting';
}

/** before: the status a moment ago, for counters that only grow. */
export function healthOf(status: Status, before: Status | null): Health {
  const reasons: HealthReason[] = [];
  if (status.engine !== undefined && status.engine !== 'running') reasons.push({ what: 'engine', level: 'bad' });
  const dropped = (status.dropped_ticks ?? 0) - (before?.dropped_ticks ?? status.dropped_ticks ?? 0);
  if (dropped > 0) reasons.push({ what: 'dropped-ticks', level: 'bad', count: dropped });
  for (const encoder of status.encoders ?? []) {
    const { rendition, speed = 1, shed = 0 } = encoder;
    if (speed < 0.98) reasons.push({ what: 'encoder-slow', level: speed < 0.9 ? 'bad' : 'warn', rendition, speed });
    const shedBefore = before?.encoders?.find((one) => one.rendition === rendition)?.shed ?? shed;
    if (shed > shedBefore) reasons.push({ what: 'shedding', level: 'warn', rendition, count: shed - shedBefore });
  }
  if (status.shedding !== undefined && status.shedding !== 'none') {
    reasons.push({ what: 'overload', level: status.shedding === 'frames' ? 'bad' : 'warn' });
  }
  const recording = status.recording;
  if (recording?.state === 'failed' || recording?.state === 'full') {
    const why = recording.why ?? '';
    reasons.push({ what: 'recording', level: 'bad', why: why === '' ? recording.state : why });
  } else if (recording?.free_bytes !== undefined && recording.free_bytes < lowDisk) {
    reasons.push({ what: 'disk', level: 'warn', freeBytes: recording.free_bytes });
  }
  for (const target of status.targets ?? []) {
    if (target.state === 'stalled' || target.state === 'backoff') {
      reasons.push({ what: 'target', level: 'warn', id: target.id, state: target.state });
    }
  }
  for (const slot of status.slots ?? []) {
    const state = venueState(slot);
    if (state === 'live' || (state === 'starting' && slot.on_air !== true)) continue;
    if (slot.on_air === true) reasons.push({ what: 'venue', level: 'bad', venue: slot.venue, onAir: true });
    else if (state !== 'waiting') reasons.push({ what: 'venue', level: 'warn', venue: slot.venue, onAir: false });
  }
  for (const process of status.processes ?? []) {
    if (settled.has(process.state)) continue;
    reasons.push({ what: 'process', level: 'warn', role: process.role, id: process.id, state: process.state });
  }
  reasons.sort((a, b) => rank[a.level] - rank[b.level]);
  const level = reasons[0]?.level ?? 'ok';
  const engineDown = reasons.some((reason) => reason.what === 'engine');
  const bars = engineDown
    ? 0
    : level === 'ok'
      ? 4
      : level === 'warn'
        ? 3
        : reasons.filter((r) => r.level === 'bad').length > 1
          ? 1
          : 2;
  return { level, bars, reasons };
}

/** Peak in dBFS as a fraction of a meter that begins at −60. */
export function meterFraction(db: number): number {
  if (!Number.isFinite(db)) return 0;
  return Math.min(1, Math.max(0, (db + 60) / 60));
}
