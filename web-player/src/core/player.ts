// The player: what is playing, from where, how it recovers. Knows no framework; the page reads its signals and calls its
// verbs. Home thread: the page. destroy() ends it for good.
//
// Three modes. live: the short low-latency playlist. dvr: the long playlist, entered by seeking back. replay: a recording.
// Moments in live and dvr are program clock (UTC ms); in a replay, ms from its start.
//
// Longer than other files: verbs, events of the element and the tick share one state, which parts would have to pass around.

import { batch, signal } from '@preact/signals-core';
import { ApiError, localErrorId } from './api';
import { clampTo, liveTimeline, meansLive, type Timeline } from './dvr';
import type { Engine, EngineEvents, EngineFactory, EngineFailure, Quality } from './engine';
import { LatencyMeter, Watchdog } from './latency';
import { Recovery, type RecoveryState } from './recovery';
import type { Settings } from './settings';
import { dvrOf, specOf, type Mode, type Source } from './source';
import type { Timers } from './timers';

export type Status = 'idle' | 'loading' | 'playing' | 'paused' | 'ended';

export interface PlayerProblem {
  id: string;
  kind: EngineFailure | 'engine';
  detail: string;
}

export interface PlayerDeps {
  video: HTMLVideoElement;
  /** Makes the engine; loads hls.js when that is needed. */
  engine: () => Promise<EngineFactory>;
  timers: Timers;
  random: () => number;
  /** Server time, UTC ms. */
  now: () => number;
  settings: Settings;
  /** The playlist is refused (404, 410, 403): the broadcast may have changed its state. */
  refused: () => void;
}

const tickMs = 250;
/** A picture that stands still this long is a stall that viewers may see. */
const stallMs = 500;
/** No progress and no error for this long: a half-open connection. Load anew. */
const stuckMs = 10_000;
/** While paused for longer than this nothing more is loaded. */
const restAfterMs = 10_000;
/** How far behind live a viewer is assumed to be before it was measured. */
const assumedLatencyMs = 2500;

export class Player {
  readonly mode = signal<Mode>('live');
  readonly status = signal<Status>('idle');
  readonly stalled = signal(false);
  readonly position = signal(0);
  readonly timeline = signal<Timeline>({ start: 0, end: 0 });
  readonly latencyMs = signal<number | null>(null);
  readonly muted = signal(false);
  readonly volume = signal(1);
  readonly qualities = signal<Quality[]>([]);
  /** Chosen height; null is automatic. */
  readonly chosen = signal<number | null>(null);
  readonly height = signal<number | null>(null);
  readonly audioOnly = signal(false);
  /** Playing, but the browser allowed it only muted. */
  readonly needsUnmute = signal(false);
  /** The browser wants a tap before anything plays. */
  readonly needsTap = signal(false);
  readonly recovery = signal<RecoveryState>({ phase: 'healthy' });
  readonly problem = signal<PlayerProblem | null>(null);
  /** When the broadcast ended, for a viewer who still sees its DVR: there is no live any more. Else null. */
  readonly endedAt = signal<number | null>(null);

  private source: Source | null = null;
  private engine: Engine | null = null;
  private factory: EngineFactory | null = null;
  private loading: Promise<void> | null = null;
  private readonly repair: Recovery;
  private readonly latency = new LatencyMeter();
  private readonly watchdog = new Watchdog();
  private readonly abort = new AbortController();
  private readonly video: HTMLVideoElement;
  private wantsPlay = false;
  private destroyed = false;
  private tickTimer: number | null = null;
  private lastPosition = -1;
  /** When the picture last moved, or was last made to begin somewhere. */
  private lastMoved = 0;
  private tryBegan = 0;
  /** How far was loaded when loading was last tried. */
  private loadedAtTry = 0;
  private pausedSince: number | null = null;
  private pausedMoment: number | null = null;
  /** The engine was told to load no more. */
  private rested = false;
  /** The server refused the playlist that was loaded last. */
  private gone = false;
  /** Where the next load begins; set by a seek into DVR until the engine is there. */
  private target: number | null = null;

  constructor(private readonly deps: PlayerDeps) {
    this.video = deps.video;
    this.repair = new Recovery(deps.timers, deps.random, {
      resume: () => {
        // Without an engine it is the engine that could not be loaded.
        if (this.engine === null) {
          this.reload();
          return;
        }
        this.engine.resume();
        this.loadedAtTry = this.loadedEnd();
        if (this.wantsPlay) this.playNow();
      },
      reload: () => {
        this.reload();
      },
      recoverMedia: () => {
        this.engine?.recoverMedia();
        if (this.wantsPlay) this.playNow();
      },
      rebuild: () => {
        this.engine?.destroy();
        this.engine = null;
        this.reload();
      },
      changed: (state) => {
        this.recovery.value = state;
        if (state.phase === 'healthy') this.problem.value = null;
        if (state.phase === 'trying') this.tryBegan = this.deps.timers.now();
      },
    });
    this.volume.value = Math.min(1, Math.max(0, deps.settings.number('volume', 1)));
    this.muted.value = deps.settings.flag('muted', false);
    const height = deps.settings.number('quality', 0);
    this.chosen.value = height > 0 ? height : null;
    this.video.volume = this.volume.value;
    this.video.muted = this.muted.value;
    this.listen();
  }

  /** Shows a source. A live one starts by itself; a replay waits for play(). */
  open(source: Source, autoplay: boolean): void {
    const same = this.source?.kind === source.kind && this.source.hls === source.hls;
    this.source = source;
    this.endedAt.value = null;
    if (same) return;
    this.repair.progressed();
    this.latency.reset();
    this.engine?.destroy();
    this.engine = null;
    this.target = null;
    batch(() => {
      this.mode.value = source.kind;
      this.status.value = autoplay ? 'loading' : 'idle';
      this.problem.value = null;
      this.latencyMs.value = null;
      this.stalled.value = false;
      this.position.value = 0;
      if (source.audio === null) this.audioOnly.value = false;
    });
    this.updateTimeline();
    if (autoplay) {
      this.wantsPlay = true;
      this.load();
    }
    this.startTicking();
  }

  /** Nothing is shown any more. */
  close(): void {
    this.wantsPlay = false;
    this.source = null;
    this.repair.stop();
    this.engine?.destroy();
    this.engine = null;
    this.status.value = 'idle';
    this.stalled.value = false;
    this.endedAt.value = null;
  }

  /**
   * The broadcast has ended. Who is in its DVR, or has paused, sees the rest from there: true, and the page leaves the player
   * as it is. False: there is nothing more to see.
   */
  seeOut(endedAt: number | null): boolean {
    const status = this.status.value;
    if (!this.hasDvr || status === 'idle' || status === 'ended') return false;
    if (this.mode.value === 'live') {
      if (status !== 'paused' || this.pausedMoment === null) return false;
      // Nothing more is to come of the live playlist.
      this.repair.progressed();
      this.rest();
    } else if (this.gone || this.repair.state.phase === 'failed') {
      return false;
    }
    this.endedAt.value = endedAt ?? this.timeline.value.end;
    this.updateTimeline();
    return true;
  }

  destroy(): void {
    this.close();
    this.destroyed = true;
    this.abort.abort();
    if (this.tickTimer !== null) this.deps.timers.cancel(this.tickTimer);
  }

  play(): void {
    if (this.source === null) return;
    this.wantsPlay = true;
    this.needsTap.value = false;
    if (this.engine === null || this.status.value === 'idle') {
      this.status.value = 'loading';
      this.load();
      return;
    }
    if (this.status.value === 'ended' && this.mode.value === 'replay') this.video.currentTime = 0;
    if (this.mode.value === 'live' && this.pausedMoment !== null && this.tooOld(this.pausedMoment)) {
      const moment = this.pausedMoment;
      this.pausedMoment = null;
      if (this.hasDvr) this.enterDvr(moment);
      else this.goLive();
      return;
    }
    this.loadOn();
    this.playNow();
  }

  pause(): void {
    this.wantsPlay = false;
    this.video.pause();
    this.becomePaused();
  }

  toggle(): void {
    if (this.status.value === 'playing' || (this.status.value === 'loading' && this.wantsPlay)) this.pause();
    else this.play();
  }

  /** To a moment of the timeline. */
  seekTo(at: number): void {
    if (this.source === null) return;
    this.updateTimeline();
    const moment = clampTo(this.timeline.value, at);
    this.position.value = moment;
    if (this.source.kind === 'replay') {
      if (this.engine === null) {
        this.target = moment;
        this.play();
      } else {
        this.video.currentTime = moment / 1000;
      }
      return;
    }
    if (this.endedAt.value === null && meansLive(this.timeline.value, moment)) {
      this.goLive();
      return;
    }
    if (!this.hasDvr) return;
    this.pausedMoment = null;
    if (this.mode.value === 'dvr' && this.engine !== null) {
      const position = this.engine.positionOf(moment);
      if (position !== null) {
        this.video.currentTime = position;
        if (this.status.value !== 'paused') this.playNow();
        return;
      }
    }
    this.enterDvr(moment);
  }

  seekBy(ms: number): void {
    // At the live edge "forward" has nowhere to go.
    if (ms > 0 && this.mode.value === 'live') return;
    this.seekTo(this.position.value + ms);
  }

  /** Program clock of the picture on screen, UTC ms, in a replay too; null: there is none, or its time is not known. */
  pictureTime(): number | null {
    const status = this.status.value;
    if (this.engine === null || status === 'idle' || status === 'loading') return null;
    const known = this.engine.programTime(this.video.currentTime);
    if (known !== null || this.source?.kind !== 'replay' || this.source.from === null) return known;
    return this.source.from + this.video.currentTime * 1000;
  }

  /** To a moment by program clock, in a replay too. */
  seekToProgramTime(at: number): void {
    if (this.source?.kind !== 'replay') {
      this.seekTo(at);
      return;
    }
    const position = this.engine?.positionOf(at) ?? null;
    if (position !== null) this.seekTo(position * 1000);
    else if (this.source.from !== null) this.seekTo(at - this.source.from);
  }

  toStart(): void {
    this.seekTo(this.timeline.value.start);
  }

  goLive(): void {
    if (this.source?.kind !== 'live') return;
    if (this.endedAt.value !== null) {
      this.seekTo(this.endedAt.value);
      return;
    }
    this.wantsPlay = true;
    this.pausedMoment = null;
    this.target = null;
    if (this.mode.value === 'live' && this.engine !== null && this.repair.state.phase === 'healthy') {
      const live = this.engine.livePosition();
      if (live !== null) {
        this.loadOn();
        this.video.currentTime = live;
        this.playNow();
        return;
      }
    }
    this.mode.value = 'live';
    this.status.value = 'loading';
    this.latency.reset();
    this.latencyMs.value = null;
    this.load();
  }

  setQuality(height: number | null): void {
    this.chosen.value = height;
    this.deps.settings.set('quality', height === null ? '' : String(height));
    this.engine?.choose(height);
  }

  setVolume(volume: number): void {
    const value = Math.min(1, Math.max(0, volume));
    // The element tells of it later; the next key press must already know.
    this.volume.value = value;
    this.video.volume = value;
    if (value > 0) this.setMuted(false);
  }

  setMuted(muted: boolean): void {
    this.muted.value = muted;
    this.video.muted = muted;
    this.needsUnmute.value = false;
    this.deps.settings.set('muted', muted ? '1' : '0');
  }

  setAudioOnly(on: boolean): void {
    if (!this.audioAvailable || on === this.audioOnly.value) return;
    this.target = this.mode.value === 'live' ? null : this.position.value;
    this.audioOnly.value = on;
    this.deps.settings.set('audio-only', on ? '1' : '0');
    if (this.status.value !== 'idle') this.load();
  }

  /** No waiting for the next try: the viewer asks, or the network is back. Who has paused stays so. */
  retry(): void {
    this.repair.tryNow();
  }

  get hasDvr(): boolean {
    return this.source !== null && dvrOf(this.source, this.audioOnly.value) !== null;
  }

  get audioAvailable(): boolean {
    return (this.source?.audio ?? null) !== null;
  }

  private tooOld(moment: number): boolean {
    if (this.endedAt.value !== null) return true;
    const target = (this.engine?.targetLatency() ?? 2) + 2 * (this.engine?.targetDuration() ?? 2);
    return this.deps.now() - moment > target * 1000;
  }

  private enterDvr(at: number): void {
    this.mode.value = 'dvr';
    this.status.value = 'loading';
    this.target = at;
    this.latencyMs.value = null;
    this.wantsPlay = true;
    this.load();
  }

  private load(): void {
    if (this.loading !== null) return; // the load under way reads the newest source and target
    this.repair.loading();
    this.tryBegan = this.deps.timers.now();
    if (this.repair.state.phase === 'healthy') {
      this.stalled.value = false;
      this.lastMoved = this.tryBegan;
    }
    this.lastPosition = -1;
    this.rested = false;
    this.gone = false;
    this.loading = this.loadNow()
      .catch((error: unknown) => {
        this.problem.value = {
          id: error instanceof ApiError ? error.id : localErrorId(),
          kind: 'engine',
          detail: String(error),
        };
        this.repair.networkFailed();
      })
      .finally(() => {
        this.loading = null;
      });
    this.loadedAtTry = this.loadedEnd();
  }

  private async loadNow(): Promise<void> {
    this.factory ??= await this.deps.engine();
    if (this.destroyed || this.source === null) return;
    this.engine ??= this.factory(this.video, this.engineEvents);
    this.engine.choose(this.chosen.value);
    this.engine.load(specOf(this.source, this.mode.value, this.audioOnly.value, this.target));
    if (this.wantsPlay) this.playNow();
  }

  private rest(): void {
    this.pausedSince = null;
    this.rested = true;
    this.engine?.rest();
  }

  /** Before playing on: loads what was left alone meanwhile, or is broken. */
  private loadOn(): void {
    if (this.repair.state.phase !== 'healthy') this.repair.tryNow();
    else if (this.rested) this.engine?.resume();
    this.rested = false;
  }

  private reload(): void {
    if (this.source === null) return;
    if (this.mode.value !== 'live') this.target = this.position.value;
    this.load();
  }

  private playNow(): void {
    const started = this.video.play() as Promise<void> | undefined;
    started?.catch((error: unknown) => {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      if (this.video.muted) {
        this.wantsPlay = false;
        this.needsTap.value = true;
        this.status.value = 'paused';
        return;
      }
      // Autoplay with sound is refused: start muted and offer the sound.
      this.video.muted = true;
      this.needsUnmute.value = true;
      this.playNow();
    });
  }

  private readonly engineEvents: EngineEvents = {
    qualities: (list) => {
      this.qualities.value = list;
    },
    playing: (height) => {
      this.height.value = height;
    },
    failed: (kind, detail, httpStatus) => {
      this.problem.value = { id: localErrorId(), kind, detail };
      if (httpStatus === 404 || httpStatus === 410 || httpStatus === 403) {
        this.gone = true;
        this.deps.refused();
      }
      if (kind === 'network') this.repair.networkFailed();
      else this.repair.mediaFailed();
    },
  };

  private listen(): void {
    const on = (type: string, run: () => void) => {
      this.video.addEventListener(type, run, { signal: this.abort.signal });
    };
    on('playing', () => {
      this.status.value = 'playing';
      this.needsTap.value = false;
      this.pausedSince = null;
      this.pausedMoment = null;
    });
    on('pause', () => {
      if (this.status.value !== 'playing' || this.video.ended) return;
      // Our own loading pauses too; only a viewer's pause (or the phone's) is one.
      if (this.loading !== null || this.video.readyState === 0) return;
      this.wantsPlay = false;
      this.becomePaused();
    });
    on('ended', () => {
      this.status.value = 'ended';
      this.wantsPlay = false;
      this.repair.progressed();
      if (this.mode.value !== 'replay') this.deps.refused();
    });
    on('volumechange', () => {
      this.volume.value = this.video.volume;
      this.muted.value = this.video.muted;
      if (!this.video.muted) this.needsUnmute.value = false;
      this.deps.settings.set('volume', String(this.video.volume));
    });
    on('seeking', () => {
      // What was loaded elsewhere says nothing about here.
      this.loadedAtTry = this.loadedEnd();
    });
    on('seeked', () => {
      this.lastMoved = this.deps.timers.now();
    });
  }

  private becomePaused(): void {
    if (this.status.value !== 'playing' && this.status.value !== 'loading') return;
    this.status.value = 'paused';
    this.stalled.value = false;
    this.pausedSince = this.deps.timers.now();
    this.pausedMoment = this.mode.value === 'live' ? this.moment() : null;
  }

  /** The moment on screen. */
  private moment(): number | null {
    if (this.mode.value === 'replay') return this.video.currentTime * 1000;
    return this.engine?.programTime(this.video.currentTime) ?? null;
  }

  private startTicking(): void {
    if (this.tickTimer !== null || this.destroyed) return;
    const tick = () => {
      this.tickTimer = this.deps.timers.after(tickMs, tick);
      batch(() => {
        this.tick();
      });
    };
    this.tickTimer = this.deps.timers.after(tickMs, tick);
  }

  private tick(): void {
    if (this.source === null) return;
    const now = this.deps.timers.now();
    const position = this.video.currentTime;
    const playing = this.wantsPlay && !this.video.paused && this.status.value !== 'idle';
    if (position !== this.lastPosition && !this.video.seeking) {
      if (this.lastPosition >= 0) this.lastMoved = now;
      if (playing && position > this.lastPosition && this.lastPosition >= 0) this.advanced();
      this.lastPosition = position;
    }
    // Each try has its time.
    const still = now - Math.max(this.lastMoved, this.tryBegan);
    const waiting =
      this.wantsPlay && this.status.value !== 'idle' && this.status.value !== 'ended' && !this.needsTap.value;
    this.stalled.value = waiting && now - this.lastMoved > stallMs;
    const { phase } = this.repair.state;
    if (waiting && still > stuckMs && (phase === 'healthy' || phase === 'trying')) {
      this.problem.value = { id: localErrorId(), kind: 'network', detail: 'no progress' };
      this.repair.networkFailed();
    }
    // Who has paused makes no progress: a try that led to no error counts.
    if (!this.wantsPlay && phase === 'trying' && still > stuckMs) this.repair.progressed();
    if (this.pausedSince !== null && now - this.pausedSince > restAfterMs && this.mode.value === 'live') this.rest();
    if (playing) this.measure(now);
    this.updateTimeline();
  }

  /** Position up to which it plays on from here; what lies beyond a gap does not count. */
  private loadedEnd(): number {
    const { buffered, currentTime } = this.video;
    for (let i = 0; i < buffered.length; i++) {
      if (buffered.start(i) <= currentTime && currentTime <= buffered.end(i)) return buffered.end(i);
    }
    return currentTime;
  }

  private advanced(): void {
    if (this.repair.state.phase === 'trying' && this.loadedEnd() > this.loadedAtTry) this.repair.progressed();
    if (this.target !== null) this.target = null;
    if (this.status.value === 'loading' && this.wantsPlay) this.status.value = 'playing';
    const moment = this.moment();
    if (moment === null) return;
    this.position.value = moment;
  }

  private measure(now: number): void {
    const engine = this.engine;
    if (engine === null || this.mode.value !== 'live') return;
    const moment = this.moment();
    if (moment !== null && !this.video.seeking && this.status.value === 'playing') {
      this.latency.add(this.deps.now() - moment);
      this.latencyMs.value = this.latency.value;
    }
    const behind = engine.behind();
    const target = engine.targetLatency();
    const targetDuration = engine.targetDuration();
    const live = engine.livePosition();
    if (behind === null || target === null || targetDuration === null || live === null) return;
    if (this.watchdog.shouldSeek(now, { behind, target, targetDuration })) {
      this.latency.reset();
      this.video.currentTime = live;
    }
  }

  private updateTimeline(): void {
    const source = this.source;
    if (source === null) return;
    let next: Timeline;
    if (source.kind === 'replay') {
      const length =
        Number.isFinite(this.video.duration) && this.engine !== null ? this.video.duration * 1000 : source.lengthMs;
      next = { start: 0, end: length ?? 0 };
    } else if (this.endedAt.value !== null) {
      next = liveTimeline(source.liveAt, source.windowSeconds, this.endedAt.value);
    } else {
      const latency = this.latency.value ?? assumedLatencyMs;
      let edge = this.deps.now() - latency;
      if (this.mode.value === 'live') {
        if (this.status.value === 'playing' && this.position.value > 0) edge = this.position.value;
        else if (this.status.value !== 'paused') this.position.value = edge;
      }
      next = liveTimeline(source.liveAt, this.hasDvr ? source.windowSeconds : 0, edge);
    }
    const old = this.timeline.value;
    if (old.start !== next.start || old.end !== next.end) this.timeline.value = next;
  }
}
