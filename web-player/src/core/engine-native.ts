// The browser's own HLS (iPhone). It chooses qualities by itself and says little; program time comes from the start date
// that WebKit reads from EXT-X-PROGRAM-DATE-TIME.

import type { Engine, EngineEvents, LoadSpec } from './engine';

interface WebKitVideo extends HTMLVideoElement {
  getStartDate?: () => Date;
}

/** WebKit publishes no hold back; this is where it plays an LL-HLS stream with 1/3 s parts. */
const assumedTarget = 2;

class NativeEngine implements Engine {
  readonly name = 'native';
  private spec: LoadSpec | null = null;
  /** Where to go as soon as the browser knows enough for it. */
  private beginning: number | null = null;
  private resting = false;
  private readonly abort = new AbortController();

  constructor(
    private readonly video: WebKitVideo,
    private readonly events: EngineEvents,
  ) {
    const signal = this.abort.signal;
    video.addEventListener('error', this.onError, { signal });
    // The start date may come after the metadata.
    for (const type of ['loadedmetadata', 'canplay', 'timeupdate']) {
      video.addEventListener(type, this.begin, { signal });
    }
    video.addEventListener('resize', this.onResize, { signal });
  }

  load(spec: LoadSpec): void {
    this.spec = spec;
    this.beginning = spec.at;
    this.resting = false;
    this.video.src = spec.url;
    this.events.qualities([]);
    this.video.load();
  }

  resume(): void {
    if (this.spec === null) return;
    const rested = this.resting;
    this.resting = false;
    if (rested && this.video.error === null) return;
    this.load({ ...this.spec, at: this.place() });
  }

  rest(): void {
    // The browser stops loading by itself, and goes on by itself.
    this.resting = true;
  }

  recoverMedia(): void {
    this.resume();
  }

  destroy(): void {
    this.abort.abort();
    this.spec = null;
    this.video.removeAttribute('src');
    this.video.load();
  }

  choose(): void {
    // Not offered: see qualities().
  }

  programTime(position: number): number | null {
    const start = this.startDate();
    return start === null ? null : start + position * 1000;
  }

  positionOf(at: number): number | null {
    const start = this.startDate();
    return start === null ? null : (at - start) / 1000;
  }

  livePosition(): number | null {
    const end = this.seekableEnd();
    return end === null ? null : Math.max(0, end - assumedTarget);
  }

  behind(): number | null {
    // A length is known of what has ended only: nobody is behind there.
    const end = Number.isFinite(this.video.duration) ? null : this.seekableEnd();
    return end === null ? null : Math.max(0, end - this.video.currentTime);
  }

  targetLatency(): number | null {
    return assumedTarget;
  }

  targetDuration(): number | null {
    return 2;
  }

  /** Where a stream loaded anew goes on: where it was, or where it was to begin if it never came so far. */
  private place(): number | null {
    if (this.spec === null || this.spec.kind === 'live') return null;
    const position = this.video.currentTime;
    if (this.beginning !== null || this.video.readyState === 0) return this.spec.at;
    return this.spec.kind === 'replay' ? position * 1000 : (this.programTime(position) ?? this.spec.at);
  }

  private startDate(): number | null {
    const value = this.video.getStartDate?.().getTime();
    return value === undefined || Number.isNaN(value) ? null : value;
  }

  private seekableEnd(): number | null {
    const ranges = this.video.seekable;
    return ranges.length === 0 ? null : ranges.end(ranges.length - 1);
  }

  private readonly onError = () => {
    const code = this.video.error?.code;
    // 3 is MEDIA_ERR_DECODE; "source not supported" (4) is what a failed playlist request ends as.
    this.events.failed(code === 3 ? 'media' : 'network', `media error ${String(code ?? 0)}`, null);
  };

  private readonly begin = () => {
    // Without metadata the times are still those of the stream before.
    if (this.beginning === null || this.video.readyState === 0) return;
    const position = this.spec?.kind === 'replay' ? this.beginning / 1000 : this.positionOf(this.beginning);
    if (position === null) return;
    this.beginning = null;
    this.video.currentTime = position;
  };

  private readonly onResize = () => {
    this.events.playing(this.video.videoHeight > 0 ? this.video.videoHeight : null);
  };
}

export function createNativeEngine(video: HTMLVideoElement, events: EngineEvents): Engine {
  return new NativeEngine(video, events);
}
