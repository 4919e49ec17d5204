// What the player needs of whatever plays HLS: hls.js where there is Media Source, the browser itself on iPhones.

export interface Quality {
  height: number;
  kbps: number;
}

export interface LoadSpec {
  url: string;
  kind: 'live' | 'dvr' | 'replay';
  /** Where to begin: program clock in UTC ms (dvr), ms from the start (replay); null: at the live edge or the start. */
  at: number | null;
}

export type EngineFailure = 'network' | 'media';

export interface EngineEvents {
  qualities(list: Quality[]): void;
  /** Height now playing. */
  playing(height: number | null): void;
  /** Fatal: the engine has stopped and waits for resume, load or recoverMedia. */
  failed(kind: EngineFailure, detail: string, httpStatus: number | null): void;
}

export interface Engine {
  readonly name: 'hls.js' | 'native';
  load(spec: LoadSpec): void;
  /** Load on after a network failure. */
  resume(): void;
  /** No more loading while the viewer has paused. */
  rest(): void;
  recoverMedia(): void;
  destroy(): void;
  /** Height to play, or null: automatic. */
  choose(height: number | null): void;
  /** UTC ms at a position in seconds; null while unknown. */
  programTime(position: number): number | null;
  /** Position in seconds of a program time. */
  positionOf(at: number): number | null;
  /** Seconds: where a live viewer should be; how far behind the published end we are; what the playlist asks for. */
  livePosition(): number | null;
  behind(): number | null;
  targetLatency(): number | null;
  targetDuration(): number | null;
}

export type EngineFactory = (video: HTMLVideoElement, events: EngineEvents) => Engine;

/** iPhones play HLS themselves, better than Media Source does there; elsewhere Media Source comes first. */
export function prefersNative(video: HTMLVideoElement, userAgent: string, hasMediaSource: boolean): boolean {
  if (video.canPlayType('application/vnd.apple.mpegurl') === '') return false;
  return /\biP(hone|od)\b/.test(userAgent) || !hasMediaSource;
}

/** Of the heights on offer, the one nearest to what was chosen before. */
export function nearestHeight(offered: readonly number[], wanted: number): number | null {
  let best: number | null = null;
  for (const height of offered) {
    if (best === null || Math.abs(height - wanted) < Math.abs(best - wanted)) best = height;
  }
  return best;
}
