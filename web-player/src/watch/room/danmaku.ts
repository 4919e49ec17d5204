// The page's side of the comments over the picture: a canvas that a worker draws on, its size and its settings.

import type { Comment } from '../../core/room-types';
import { rank, type Rank } from '../../core/lanes';
import type { DanmakuLook, ToWorker } from './danmaku-worker';

export interface DanmakuSettings {
  area: number;
  opacity: number;
  size: number;
  speed: number;
  density: number;
}

/** Seconds from side to side, and room between two, by the settings 0, 1, 2. */
const seconds = [13, 9, 6] as const;
const densities = [
  { gap: 0.3, most: 12 },
  { gap: 0.08, most: 40 },
  { gap: 0.02, most: 120 },
] as const;
/** More device pixels cost more than they show. */
const mostScale = 2;

export class Danmaku {
  private readonly canvas = document.createElement('canvas');
  private readonly worker: Worker;
  private readonly observer: ResizeObserver;
  private settings: DanmakuSettings;

  constructor(
    private readonly host: HTMLElement,
    settings: DanmakuSettings,
  ) {
    this.settings = settings;
    this.worker = new Worker(new URL('./danmaku-worker.ts', import.meta.url), { type: 'module', name: 'danmaku' });
    this.host.append(this.canvas);
    const canvas = this.canvas.transferControlToOffscreen();
    this.worker.postMessage({ t: 'canvas', canvas } satisfies ToWorker, [canvas]);
    this.observer = new ResizeObserver(() => {
      this.look();
    });
    this.observer.observe(host);
    this.look();
  }

  set(settings: DanmakuSettings): void {
    this.settings = settings;
    this.look();
  }

  say(comments: readonly Comment[], viewer: string | null): void {
    const rankOf = (one: Comment): Rank =>
      one.by === viewer ? rank.own : one.staff === undefined ? rank.other : rank.staff;
    this.tell({ t: 'say', comments: comments.map((one) => ({ id: one.id, text: one.text, rank: rankOf(one) })) });
  }

  remove(id: number): void {
    this.tell({ t: 'remove', id });
  }

  clear(): void {
    this.tell({ t: 'clear' });
  }

  run(on: boolean): void {
    this.tell({ t: 'run', on });
  }

  destroy(): void {
    this.observer.disconnect();
    this.worker.terminate();
    this.canvas.remove();
  }

  private tell(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  private look(): void {
    const { width, height } = this.host.getBoundingClientRect();
    if (width === 0 || height === 0) return;
    const style = getComputedStyle(this.host);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const density = densities[this.settings.density] ?? densities[1];
    const look: DanmakuLook = {
      width,
      height,
      scale: Math.min(mostScale, devicePixelRatio),
      area: this.settings.area,
      opacity: this.settings.opacity,
      // A phone's picture is small, a wall's is large.
      font: Math.round(Math.min(30, Math.max(14, width / 46)) * this.settings.size),
      family: style.fontFamily,
      seconds: seconds[this.settings.speed] ?? seconds[1],
      gap: density.gap,
      most: density.most,
      colours: {
        text: colour('--over'),
        edge: colour('--over-edge'),
        own: colour('--over-accent'),
        staff: colour('--over-staff'),
      },
    };
    this.tell({ t: 'look', look });
  }
}
