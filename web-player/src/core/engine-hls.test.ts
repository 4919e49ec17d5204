import { describe, expect, it, vi } from 'vitest';
import { createHlsEngine } from './engine-hls';
import type { LoadSpec } from './engine';
import { FakeVideo, ranges } from './player.stage';

const loadedFrom = vi.hoisted((): number[] => []);

vi.mock('hls.js/light', () => ({
  default: class {
    static Events = {};
    static DefaultConfig = { loader: Object, manifestLoadPolicy: {} };
    readonly levels = [{ height: 720 }];
    constructor(readonly config: object) {}
    on() {
      return undefined;
    }
    loadSource() {
      return undefined;
    }
    attachMedia() {
      return undefined;
    }
    startLoad(from: number) {
      loadedFrom.push(from);
    }
  },
}));

function resumed(kind: LoadSpec['kind'], loaded: ReturnType<typeof ranges>): number | undefined {
  const video = new FakeVideo();
  const nothing = () => undefined;
  const engine = createHlsEngine(video as unknown as HTMLVideoElement, {
    qualities: nothing,
    playing: nothing,
    failed: nothing,
  });
  engine.load({ url: '/x.m3u8', kind, at: null });
  video.currentTime = 60;
  video.buffered = loaded;
  engine.resume();
  return loadedFrom.pop();
}

describe('after a network failure', () => {
  it('loads on where the viewer seeks to, live from where hls.js knows best', () => {
    expect(resumed('dvr', ranges([300, 320]))).toBe(60);
    expect(resumed('replay', ranges([300, 320]))).toBe(60);
    expect(resumed('dvr', ranges())).toBe(-1);
    expect(resumed('live', ranges([50, 61]))).toBe(-1);
  });
});
