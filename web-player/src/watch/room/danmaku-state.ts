// Whether and how comments fly over the picture, as the viewer chose it; the drawing is loaded when it is wanted.

import { effect, signal } from '@preact/signals';
import type { Comment } from '../../core/room-types';
import { settings } from '../../core/settings';
import { player } from '../state';
import type { Danmaku } from './danmaku';

const reduced = matchMedia('(prefers-reduced-motion: reduce)');
export const lessMotion = signal(reduced.matches);
/** What was chosen where less motion is asked for is another choice. */
const onKey = () => (lessMotion.value ? 'danmaku.reduced' : 'danmaku');

/** Worker and canvas are needed: without them drawing would cost the page's own thread too much. */
export const lacking = !('OffscreenCanvas' in window) || !('transferControlToOffscreen' in HTMLCanvasElement.prototype);

export const danmakuOn = signal(false);
const recall = () => {
  lessMotion.value = reduced.matches;
  danmakuOn.value = !lacking && settings.flag(onKey(), !lessMotion.value);
};
reduced.addEventListener('change', recall);
recall();

export function setDanmaku(on: boolean): void {
  if (lacking) return;
  danmakuOn.value = on;
  settings.set(onKey(), on ? '1' : '0');
}

function remembered(key: string, otherwise: number, least: number, most: number) {
  const value = signal(Math.min(most, Math.max(least, settings.number(key, otherwise))));
  return {
    value,
    set(next: number) {
      value.value = next;
      settings.set(key, String(next));
    },
  };
}

/** Shares of one; speed and density are 0, 1, 2. */
export const look = {
  area: remembered('danmaku.area', 0.5, 0.25, 1),
  opacity: remembered('danmaku.opacity', 0.9, 0.2, 1),
  size: remembered('danmaku.size', 1, 0.75, 1.75),
  speed: remembered('danmaku.speed', 1, 0, 2),
  density: remembered('danmaku.density', 1, 0, 2),
};

/** As typed; and in the form in which they are compared. */
export const blockedText = signal(settings.get('danmaku.blocked') ?? '');
const blocked = signal<string[]>([]);
const fold = (text: string) => text.normalize('NFKC').toLowerCase();
effect(() => {
  blocked.value = fold(blockedText.value)
    .split(/[\s,，、;；]+/)
    .filter((word) => word !== '')
    .slice(0, 100);
});

export function block(text: string): void {
  blockedText.value = text;
  settings.set('danmaku.blocked', text);
}

export function blocks(text: string): boolean {
  if (blocked.value.length === 0) return false;
  const folded = fold(text);
  return blocked.value.some((word) => folded.includes(word));
}

let drawing: Danmaku | null = null;

export function danmakuSay(comments: readonly Comment[], viewer: string | null): void {
  if (!document.hidden) drawing?.say(comments, viewer);
}
export function danmakuRemove(id: number): void {
  drawing?.remove(id);
}
export function danmakuClear(): void {
  drawing?.clear();
}

const hidden = signal(document.hidden);
document.addEventListener('visibilitychange', () => {
  hidden.value = document.hidden;
});

/** Draws into an element for as long as it is wanted; the answer ends it. */
export function danmakuOver(host: HTMLElement): () => void {
  let ended = false;
  const settingsNow = () => ({
    area: look.area.value.value,
    opacity: look.opacity.value.value,
    size: look.size.value.value,
    speed: look.speed.value.value,
    density: look.density.value.value,
  });
  const runs = () =>
    player.status.value === 'playing' && !player.stalled.value && !player.audioOnly.value && !hidden.value;
  const stop = () => {
    drawing?.destroy();
    drawing = null;
  };
  const wanted = effect(() => {
    if (!danmakuOn.value) {
      stop();
      return;
    }
    if (drawing !== null) return;
    import('./danmaku').then(
      (loaded) => {
        if (ended || !danmakuOn.peek() || drawing !== null) return;
        drawing = new loaded.Danmaku(host, settingsNow());
        drawing.run(runs());
      },
      () => undefined,
    );
  });
  const adjust = effect(() => {
    const now = settingsNow();
    drawing?.set(now);
  });
  const run = effect(() => {
    const now = runs();
    drawing?.run(now);
  });
  return () => {
    ended = true;
    wanted();
    adjust();
    run();
    stop();
  };
}
