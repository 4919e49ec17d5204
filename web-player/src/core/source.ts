// What is watched, and what the engine is told to load of it.

import type { LoadSpec } from './engine';

export type Mode = 'live' | 'dvr' | 'replay';

export interface LiveSource {
  kind: 'live';
  hls: string;
  dvr: string | null;
  audio: string | null;
  /** The audio's own DVR playlist, if there is one. */
  audioDvr: string | null;
  windowSeconds: number;
  liveAt: number | null;
}

export interface ReplaySource {
  kind: 'replay';
  hls: string;
  audio: string | null;
  /** Program clock of its first picture, as far as the broadcast's own times tell. */
  from: number | null;
  lengthMs: number | null;
}

export type Source = LiveSource | ReplaySource;

export function dvrOf(source: Source, audio: boolean): string | null {
  if (source.kind !== 'live') return null;
  return audio ? source.audioDvr : source.dvr;
}

/** at: where to begin in the DVR or the replay, see LoadSpec. */
export function specOf(source: Source, mode: Mode, audio: boolean, at: number | null): LoadSpec {
  if (source.kind === 'live' && mode === 'dvr') return { kind: 'dvr', url: dvrOf(source, audio) ?? source.hls, at };
  const url = (audio ? source.audio : null) ?? source.hls;
  return { kind: source.kind, url, at: source.kind === 'replay' ? at : null };
}
