/** For the tests of players and engines: a video element, an engine, and a player between them. */
import type { Engine, EngineEvents, LoadSpec } from './engine';
import { Player } from './player';
import { Settings } from './settings';
import type { LiveSource } from './source';
import { ManualTimers } from './timers';

/** What is loaded, in seconds. */
export function ranges(...all: [start: number, end: number][]) {
  return { length: all.length, start: (i: number) => all[i]?.[0] ?? NaN, end: (i: number) => all[i]?.[1] ?? NaN };
}

/** A video element that plays as fast as the timers are told to run. */
export class FakeVideo extends EventTarget {
  currentTime = 0;
  duration = NaN;
  paused = true;
  ended = false;
  seeking = false;
  readyState = 4;
  volume = 1;
  buffered: Pick<TimeRanges, 'length' | 'start' | 'end'> = ranges();
  /** What the browser allows: everything, muted playback only, nothing. */
  policy: 'sound' | 'muted' | 'nothing' = 'sound';
  private silent = false;

  get muted() {
    return this.silent;
  }
  set muted(value: boolean) {
    this.silent = value;
    // As in browsers: the event comes when the script is through.
    queueMicrotask(() => this.dispatchEvent(new Event('volumechange')));
  }

  play(): Promise<void> {
    const allowed = this.policy === 'sound' || (this.policy === 'muted' && this.silent);
    if (!allowed) return Promise.reject(new DOMException('no gesture', 'NotAllowedError'));
    this.paused = false;
    return Promise.resolve();
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.dispatchEvent(new Event('pause'));
  }
}

export class FakeEngine implements Engine {
  readonly name = 'hls.js';
  readonly calls: string[] = [];
  readonly loads: LoadSpec[] = [];
  distance = 1;
  live: number | null = 100;
  /** Program time at position 0. */
  origin = 1_000_000;

  constructor(readonly events: EngineEvents) {}

  load(spec: LoadSpec) {
    this.loads.push(spec);
  }
  resume() {
    this.calls.push('resume');
  }
  rest() {
    this.calls.push('rest');
  }
  recoverMedia() {
    this.calls.push('recoverMedia');
  }
  destroy() {
    this.calls.push('destroy');
  }
  choose() {
    return undefined;
  }
  programTime(position: number) {
    return this.origin + position * 1000;
  }
  positionOf(at: number) {
    return (at - this.origin) / 1000;
  }
  livePosition() {
    return this.live;
  }
  behind() {
    return this.distance;
  }
  targetLatency() {
    return 1;
  }
  targetDuration() {
    return 2;
  }
}

export const liveSource: LiveSource = {
  kind: 'live',
  hls: '/live.m3u8',
  dvr: '/dvr.m3u8',
  audio: '/audio.m3u8',
  audioDvr: null,
  windowSeconds: 3600,
  liveAt: 0,
};

/** scriptFailures: so often the script of the engine fails to load. */
export function setup({ scriptFailures = 0 } = {}) {
  const video = new FakeVideo();
  const timers = new ManualTimers();
  const engines: FakeEngine[] = [];
  let refused = 0;
  // The server's clock: 1.5 s after what is on screen at position 0.
  const now = () => 1_001_500 + timers.now();
  const player = new Player({
    video: video as unknown as HTMLVideoElement,
    engine: () =>
      scriptFailures-- > 0
        ? Promise.reject(new TypeError('Failed to fetch dynamically imported module'))
        : Promise.resolve((_, events) => {
            const engine = new FakeEngine(events);
            engines.push(engine);
            return engine;
          }),
    timers,
    random: () => 0.5,
    now,
    settings: new Settings(null),
    refused: () => refused++,
  });
  const engine = () => {
    const last = engines[engines.length - 1];
    if (last === undefined) throw new Error('no engine yet');
    return last;
  };
  /** Lets the picture run for so many milliseconds. */
  const run = (ms: number) => {
    for (let i = 0; i < ms; i += 250) {
      if (!video.paused) video.currentTime += 0.25;
      timers.advance(250);
    }
  };
  const settled = async () => {
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  const playing = async () => {
    player.open(liveSource, true);
    await settled();
    video.dispatchEvent(new Event('playing'));
    run(1000);
  };
  return { video, timers, player, engine, engines, run, settled, playing, now, refused: () => refused };
}
