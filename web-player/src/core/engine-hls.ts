// hls.js (light build) as an Engine. Loaded lazily: it is the largest part of the page.
//
// liveSyncDuration and liveSyncDurationCount stay unset: they would override the playlist's PART-HOLD-BACK.

import Hls, { type ErrorData, type LevelDetails } from 'hls.js/light';
import { positionAt, programTimeAt, startingAt, type Anchor } from './dvr';
import { nearestHeight, type Engine, type EngineEvents, type LoadSpec } from './engine';

export function hlsSupported(): boolean {
  return Hls.isSupported();
}

/** A broadcast that has just begun is announced a moment before there is anything of it: the server says 503. */
const manifestPatience = {
  ...Hls.DefaultConfig.manifestLoadPolicy.default,
  errorRetry: { maxNumRetry: 4, retryDelayMs: 500, maxRetryDelayMs: 1000, backoff: 'linear' as const },
};

/** A chosen quality that failed is taken again so long after. */
const forgiveMs = 10_000;

class HlsEngine implements Engine {
  readonly name = 'hls.js';
  private hls: Hls | null = null;
  private wanted: number | null = null;
  private anchorsOf: LevelDetails | null = null;
  private anchors: Anchor[] = [];

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly events: EngineEvents,
  ) {}

  load(spec: LoadSpec): void {
    this.destroy();
    const beginning: Beginning = { at: spec.kind === 'dvr' ? spec.at : null };
    const hls = new Hls({
      pLoader: loaderThatBeginsAt(beginning),
      lowLatencyMode: spec.kind === 'live',
      maxLiveSyncPlaybackRate: spec.kind === 'live' ? 1.05 : 1,
      backBufferLength: 30,
      maxBufferLength: 20,
      // Behind the live edge it would load ten minutes ahead, for viewers who may leave in one.
      maxMaxBufferLength: 60,
      capLevelToPlayerSize: true,
      // fMP4 needs no transmuxing: a worker would only cost a copy.
      enableWorker: false,
      startPosition: spec.kind === 'replay' && spec.at !== null ? spec.at / 1000 : -1,
      manifestLoadPolicy: { default: manifestPatience },
    });
    this.hls = hls;
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      this.events.qualities(
        hls.levels
          .filter((level) => level.height > 0)
          .map((level) => ({ height: level.height, kbps: Math.round(level.bitrate / 1000) })),
      );
      const index = this.levelOf(this.wanted);
      if (index !== null) hls.loadLevel = index;
    });
    hls.on(Hls.Events.LEVEL_SWITCHED, (_, data) => {
      this.events.playing(hls.levels[data.level]?.height ?? null);
    });
    hls.on(Hls.Events.ERROR, (_, data) => {
      this.failed(data);
    });
    hls.on(Hls.Events.FRAG_BUFFERED, () => {
      beginning.at = null;
      // A chosen quality that fails makes hls.js automatic for good. (preserveManualLevelOnError would rather stand still.)
      const index = this.levelOf(this.wanted);
      const failed = index === null ? undefined : hls.levels[index]?.loadErrorTime;
      if (index !== null && failed !== undefined && hls.autoLevelEnabled && performance.now() - failed > forgiveMs)
        hls.loadLevel = index;
    });
    hls.loadSource(spec.url);
    hls.attachMedia(this.video);
  }

  resume(): void {
    const { hls } = this;
    // Without a multivariant playlist there is nothing to load on with.
    if (hls !== null && hls.levels.length === 0 && hls.url !== null) {
      hls.loadSource(hls.url);
      return;
    }
    const index = this.levelOf(this.wanted);
    if (hls !== null && index !== null) hls.loadLevel = index;
    // Left to itself it loads from where the picture last was, which is not where a seek leads. At the live edge it knows best,
    // and before anything has come the playlist says where to begin.
    const follows = hls?.config.lowLatencyMode === false && this.video.buffered.length > 0;
    hls?.startLoad(follows ? this.video.currentTime : -1);
  }

  rest(): void {
    this.hls?.stopLoad();
  }

  recoverMedia(): void {
    this.hls?.recoverMediaError();
  }

  destroy(): void {
    this.hls?.destroy();
    this.hls = null;
    this.anchorsOf = null;
  }

  choose(height: number | null): void {
    this.wanted = height;
    if (this.hls === null || this.hls.levels.length === 0) return;
    this.hls.nextLevel = this.levelOf(height) ?? -1;
  }

  programTime(position: number): number | null {
    return programTimeAt(this.currentAnchors(), position);
  }

  positionOf(at: number): number | null {
    return positionAt(this.currentAnchors(), at);
  }

  livePosition(): number | null {
    return this.hls?.liveSyncPosition ?? null;
  }

  behind(): number | null {
    const details = this.hls?.latestLevelDetails;
    // hls.latency is brought up to date by playback; a stalled picture still falls behind.
    return details?.live === true ? (this.hls?.latency ?? null) : null;
  }

  targetLatency(): number | null {
    return this.hls?.targetLatency ?? null;
  }

  targetDuration(): number | null {
    return this.hls?.latestLevelDetails?.targetduration ?? null;
  }

  private levelOf(height: number | null): number | null {
    if (height === null || this.hls === null) return null;
    const nearest = nearestHeight(
      this.hls.levels.map((level) => level.height),
      height,
    );
    const index = this.hls.levels.findIndex((level) => level.height === nearest);
    return index < 0 ? null : index;
  }

  private currentAnchors(): readonly Anchor[] {
    const details = this.hls?.latestLevelDetails ?? null;
    if (details === null) return [];
    if (details !== this.anchorsOf) {
      this.anchorsOf = details;
      this.anchors = anchorsIn(details);
    }
    return this.anchors;
  }

  private failed(data: ErrorData): void {
    if (!data.fatal) return;
    const kind = data.type === Hls.ErrorTypes.NETWORK_ERROR ? 'network' : 'media';
    this.events.failed(kind, data.details, data.response?.code ?? null);
  }
}

/** The moment to begin at, until something from there has been loaded. */
interface Beginning {
  at: number | null;
}

type Load = InstanceType<typeof Hls.DefaultConfig.loader>['load'];

/** Tells hls.js by the playlist itself where to begin: see startingAt(). */
function loaderThatBeginsAt(beginning: Beginning) {
  return class extends Hls.DefaultConfig.loader {
    override load(...[context, config, callbacks]: Parameters<Load>): void {
      super.load(context, config, {
        ...callbacks,
        onSuccess: (response, ...rest) => {
          if (beginning.at !== null && typeof response.data === 'string') {
            response.data = startingAt(response.data, beginning.at);
          }
          callbacks.onSuccess(response, ...rest);
        },
      });
    }
  } as unknown as NonNullable<typeof Hls.DefaultConfig.pLoader>;
}

function anchorsIn(details: LevelDetails): Anchor[] {
  const anchors: Anchor[] = [];
  for (const fragment of details.fragments) {
    if (fragment.programDateTime === null) continue;
    anchors.push({ position: fragment.start, duration: fragment.duration, at: fragment.programDateTime });
  }
  return anchors;
}

export function createHlsEngine(video: HTMLVideoElement, events: EngineEvents): Engine {
  return new HlsEngine(video, events);
}
