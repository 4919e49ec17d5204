import { describe, expect, it } from 'vitest';
import type { LoadSpec, Quality } from './engine';
import { createNativeEngine } from './engine-native';
import { Player } from './player';
import { FakeVideo } from './player.stage';
import { Settings } from './settings';
import { ManualTimers } from './timers';

/** An iPhone's video element: loading resets it, and what it knows of a stream comes when the test says so. */
class PhoneVideo extends FakeVideo {
  readonly calls: string[] = [];
  src = '';
  override readyState = 0;
  videoHeight = 0;
  error: { code: number } | null = null;
  seekableEnd: number | null = null;
  /** Program time at position 0, or not known yet. */
  startDate = NaN;

  get seekable() {
    return { length: this.seekableEnd === null ? 0 : 1, end: () => this.seekableEnd ?? 0 };
  }

  getStartDate() {
    return new Date(this.startDate);
  }

  removeAttribute(name: string): void {
    if (name === 'src') this.src = '';
  }

  load(): void {
    this.calls.push(`load ${this.src}`);
    Object.assign(this, { currentTime: 0, duration: NaN, paused: true, readyState: 0, error: null, seekableEnd: null });
  }

  override play(): Promise<void> {
    this.calls.push('play');
    return super.play();
  }

  fire(type: string): void {
    this.dispatchEvent(new Event(type));
  }

  /** The playlist is read: it ends at so many seconds from its start, still growing or not. */
  known(end: number, startDate: number, complete = false): void {
    this.readyState = 1;
    this.seekableEnd = end;
    this.startDate = startDate;
    this.duration = complete ? end : Infinity;
    this.fire('loadedmetadata');
  }

  fails(code: number): void {
    this.error = { code };
    this.fire('error');
  }
}

const live: LoadSpec = { kind: 'live', url: '/live.m3u8', at: null };
const dvr: LoadSpec = { kind: 'dvr', url: '/dvr.m3u8', at: 1_060_000 };
const replay: LoadSpec = { kind: 'replay', url: '/replay.m3u8', at: 60_000 };

function setup() {
  const video = new PhoneVideo();
  const failures: string[] = [];
  const heights: (number | null)[] = [];
  const lists: Quality[][] = [];
  const engine = createNativeEngine(video as unknown as HTMLVideoElement, {
    qualities: (list) => lists.push(list),
    playing: (height) => heights.push(height),
    failed: (kind, detail, status) => failures.push(`${kind}: ${detail}, ${String(status)}`),
  });
  return { video, engine, failures, heights, lists };
}

describe('the browser’s own HLS', () => {
  it('loads what it is told, offers no qualities and tells the height that plays', () => {
    const { video, engine, heights, lists } = setup();
    engine.load(live);
    expect(video.calls).toEqual(['load /live.m3u8']);
    expect(lists).toEqual([[]]);
    engine.choose(720);
    video.videoHeight = 480;
    video.fire('resize');
    video.videoHeight = 0;
    video.fire('resize');
    expect(heights).toEqual([480, null]);
    expect(video.calls).toHaveLength(1);
  });

  it('knows nothing of time and edge before the browser does', () => {
    const { engine } = setup();
    engine.load(live);
    expect([engine.programTime(3), engine.positionOf(1_003_000)]).toEqual([null, null]);
    expect([engine.livePosition(), engine.behind()]).toEqual([null, null]);
  });

  it('takes program time from the start date, and the live edge from what can be sought', () => {
    const { video, engine } = setup();
    engine.load(live);
    video.known(30, 1_000_000);
    expect(engine.programTime(3)).toBe(1_003_000);
    expect(engine.positionOf(1_003_000)).toBe(3);
    expect(video.currentTime).toBe(0);
    video.currentTime = 25;
    expect(engine.livePosition()).toBe(28);
    expect(engine.behind()).toBe(5);
    video.currentTime = 31;
    expect(engine.behind()).toBe(0);
    video.seekableEnd = 1;
    expect(engine.livePosition()).toBe(0);
  });

  it('has nobody behind a broadcast that has ended', () => {
    const { video, engine } = setup();
    engine.load(live);
    video.known(30, 1_000_000, true);
    video.currentTime = 10;
    expect(engine.behind()).toBeNull();
  });

  it('begins in the DVR at the moment asked for, also when the start date comes late', () => {
    const { video, engine } = setup();
    engine.load(dvr);
    video.known(100, NaN);
    expect(video.currentTime).toBe(0);
    video.startDate = 1_000_000;
    video.fire('timeupdate');
    expect(video.currentTime).toBe(60);
    // Once: from there on the viewer moves it.
    video.currentTime = 80;
    video.fire('canplay');
    video.fire('timeupdate');
    expect(video.currentTime).toBe(80);
  });

  it('does not measure a new stream by the start date of the one before', () => {
    const { video, engine } = setup();
    engine.load(live);
    video.known(30, 1_040_000);
    engine.load(dvr);
    video.fire('timeupdate');
    video.known(100, 1_000_000);
    expect(video.currentTime).toBe(60);
  });

  it('begins in a recording at its milliseconds', () => {
    const { video, engine } = setup();
    engine.load(replay);
    video.known(128, NaN, true);
    expect(video.currentTime).toBe(60);
  });

  it('tells decoder errors from everything else', () => {
    const { video, engine, failures } = setup();
    engine.load(live);
    for (const code of [1, 2, 3, 4]) video.fails(code);
    video.error = null;
    video.fire('error');
    expect(failures).toEqual([
      'network: media error 1, null',
      'network: media error 2, null',
      'media: media error 3, null',
      'network: media error 4, null',
      'network: media error 0, null',
    ]);
  });

  it('loads a failed stream anew where it was, without playing what is paused', () => {
    const { video, engine } = setup();
    engine.resume();
    expect(video.calls).toEqual([]);

    engine.load(dvr);
    video.known(100, 1_000_000);
    video.currentTime = 75;
    video.fails(2);
    engine.resume();
    expect(video.calls).toEqual(['load /dvr.m3u8', 'load /dvr.m3u8']);
    video.known(110, 990_000);
    expect(video.currentTime).toBe(85);

    video.currentTime = 90;
    video.fails(3);
    engine.recoverMedia();
    video.known(110, 990_000);
    expect(video.currentTime).toBe(90);
  });

  it('remembers where it was to begin when the first tries fail', () => {
    const { video, engine } = setup();
    for (const spec of [dvr, replay]) {
      engine.load(spec);
      video.fails(4);
      engine.resume();
      video.fails(4);
      engine.resume();
      video.known(128, 1_000_000);
      expect(video.currentTime).toBe(60);
    }
  });

  it('goes back to the live edge after a failure there', () => {
    const { video, engine } = setup();
    engine.load(live);
    video.known(30, 1_000_000);
    video.currentTime = 28;
    video.fails(2);
    engine.resume();
    video.known(40, 1_000_000);
    expect(video.currentTime).toBe(0);
  });

  it('leaves a stream that only rested to the browser', () => {
    const { video, engine } = setup();
    engine.load(live);
    video.known(30, 1_000_000);
    engine.rest();
    engine.resume();
    expect(video.calls).toHaveLength(1);
    engine.resume();
    expect(video.calls).toHaveLength(2);
    engine.rest();
    video.fails(2);
    engine.resume();
    expect(video.calls).toHaveLength(3);
  });

  it('lets go of the element in the end', () => {
    const { video, engine, failures, heights } = setup();
    engine.load(dvr);
    engine.destroy();
    expect(video.calls).toEqual(['load /dvr.m3u8', 'load ']);
    video.known(100, 1_000_000);
    video.fire('resize');
    video.fails(2);
    engine.resume();
    expect([video.currentTime, heights, failures]).toEqual([0, [], []]);
    expect(video.calls).toHaveLength(2);
  });
});

describe('a player on an iPhone', () => {
  async function playing() {
    const video = new PhoneVideo();
    const timers = new ManualTimers();
    const player = new Player({
      video: video as unknown as HTMLVideoElement,
      engine: () => Promise.resolve(createNativeEngine),
      timers,
      random: () => 0.5,
      now: () => 1_032_000 + timers.now(),
      settings: new Settings(null),
      refused: () => undefined,
    });
    const source = { hls: '/live.m3u8', dvr: '/dvr.m3u8', audio: null, audioDvr: null, windowSeconds: 600, liveAt: 0 };
    player.open({ kind: 'live', ...source }, true);
    for (let i = 0; i < 10; i++) await Promise.resolve();
    const run = (ms: number) => {
      for (let i = 0; i < ms; i += 250) {
        if (!video.paused) video.currentTime += 0.25;
        if (video.seekableEnd !== null) video.seekableEnd += 0.25;
        timers.advance(250);
      }
    };
    video.known(30, 1_000_000);
    video.currentTime = 28;
    video.fire('playing');
    run(1000);
    video.calls.length = 0;
    return { video, timers, player, run };
  }

  it('loads nothing anew after a short pause, nor when the sound is switched on', async () => {
    const { video, player, run } = await playing();
    player.pause();
    run(2000);
    player.play();
    player.setMuted(false);
    player.play();
    expect(video.calls).toEqual(['play', 'play']);
    expect(player.latencyMs.value).toBe(4000);
  });

  it('plays on after a failure, and not if it was paused', async () => {
    const { video, player, timers, run } = await playing();
    video.fails(2);
    timers.advance(1000);
    expect(video.calls).toEqual(['load /live.m3u8', 'play']);
    video.known(30, 1_000_000);
    video.fire('playing');
    run(500);
    expect(player.recovery.value.phase).toBe('healthy');

    player.pause();
    video.fails(2);
    timers.advance(60_000);
    video.fails(3);
    expect(video.calls.filter((call) => call === 'play')).toHaveLength(1);
    expect(video.paused).toBe(true);
  });

  it('returns from the DVR after a failure where it was', async () => {
    const { video, player, timers, run } = await playing();
    player.seekTo(1_010_000);
    expect(video.calls).toEqual(['load /dvr.m3u8', 'play']);
    video.known(31, 1_000_000);
    expect(video.currentTime).toBe(10);
    run(5000);
    video.fails(2);
    timers.advance(1000);
    video.known(37, 1_000_000);
    expect(video.currentTime).toBe(15);
    expect(player.mode.value).toBe('dvr');
  });
});
