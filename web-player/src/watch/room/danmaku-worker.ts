// Draws the comments that fly over the picture: off the page's thread, each text drawn once into a bitmap of its own. Nothing
// runs while nothing flies, and nothing while the picture stands or is hidden.

import { labelOf, Lanes, rank, type Flyer, type Rank } from '../../core/lanes';
import { Pictures } from '../../core/pictures';

export interface DanmakuLook {
  /** Of the picture, in CSS pixels, and device pixels to one of them. */
  width: number;
  height: number;
  scale: number;
  /** Share of the picture's height that is used. */
  area: number;
  opacity: number;
  /** Of the letters, CSS pixels. */
  font: number;
  family: string;
  /** Seconds from one side to the other. */
  seconds: number;
  /** Room between two in a lane, as a share of the width; and how many at most. */
  gap: number;
  most: number;
  colours: { text: string; edge: string; own: string; staff: string };
}

export type ToWorker =
  | { t: 'canvas'; canvas: OffscreenCanvas }
  | { t: 'look'; look: DanmakuLook }
  | { t: 'say'; comments: { id: number; text: string; rank: Rank }[] }
  | { t: 'remove'; id: number }
  | { t: 'clear' }
  | { t: 'run'; on: boolean };

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  requestAnimationFrame?: (run: (now: number) => void) => number;
};
const soon = (run: (now: number) => void) => {
  if (scope.requestAnimationFrame !== undefined) scope.requestAnimationFrame(run);
  else setTimeout(() => run(performance.now()), 16);
};

let context: OffscreenCanvasRenderingContext2D | null = null;
let look: DanmakuLook | null = null;
let lanes: Lanes | null = null;
let running = true;
let scheduled = false;
let last: number | null = null;
const bitmaps = new Pictures<OffscreenCanvas>();
const ruler = new OffscreenCanvas(1, 1).getContext('2d');

const lineHeight = (of: DanmakuLook) => Math.ceil(of.font * 1.6);
const padding = (of: DanmakuLook) => Math.ceil(of.font * 0.4);
const fontOf = (of: DanmakuLook) => `600 ${String(of.font)}px ${of.family}`;

function measure(label: string): number {
  if (look === null || ruler === null) return 0;
  ruler.font = fontOf(look);
  return Math.ceil(ruler.measureText(label).width) + 2 * padding(look);
}

function paint(flyer: Flyer, label: string, of: DanmakuLook): OffscreenCanvas {
  const height = lineHeight(of);
  const canvas = new OffscreenCanvas(Math.max(1, Math.ceil(flyer.width * of.scale)), Math.ceil(height * of.scale));
  const on = canvas.getContext('2d');
  if (on !== null) {
    on.scale(of.scale, of.scale);
    on.font = fontOf(of);
    on.textBaseline = 'middle';
    on.lineJoin = 'round';
    on.lineWidth = Math.max(2, of.font / 7);
    on.strokeStyle = of.colours.edge;
    on.fillStyle = flyer.rank === rank.staff ? of.colours.staff : of.colours.text;
    on.strokeText(label, padding(of), height / 2);
    on.fillText(label, padding(of), height / 2);
    if (flyer.rank === rank.own) {
      on.strokeStyle = of.colours.own;
      on.lineWidth = 2;
      on.strokeRect(1, 2, flyer.width - 2, height - 4);
    }
  }
  return canvas;
}

function draw(): void {
  if (context === null || look === null || lanes === null) return;
  const of = look;
  const { scale } = of;
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  context.globalAlpha = of.opacity;
  const height = lineHeight(of);
  for (const one of lanes.flying) {
    const label = labelOf(one);
    const canvas = bitmaps.get(`${String(one.rank)} ${label}`, () => paint(one, label, of));
    context.drawImage(canvas, one.x * scale, (one.lane * height + 4) * scale);
  }
  bitmaps.trim(lanes.flying.length);
}

function frame(now: number): void {
  scheduled = false;
  if (!running || lanes === null) return;
  // A page that was away for a while goes on where it was.
  const seconds = last === null ? 0 : Math.min(0.1, (now - last) / 1000);
  last = now;
  lanes.advance(seconds);
  draw();
  if (lanes.idle) last = null;
  else schedule();
}

function schedule(): void {
  if (scheduled || !running || context === null) return;
  scheduled = true;
  soon(frame);
}

function shape(of: DanmakuLook) {
  return {
    width: of.width,
    lanes: Math.max(1, Math.floor((of.height * of.area - 4) / lineHeight(of))),
    gap: of.gap * of.width,
    speed: of.width / of.seconds,
    most: of.most,
  };
}

scope.onmessage = ({ data }) => {
  switch (data.t) {
    case 'canvas':
      context = data.canvas.getContext('2d');
      break;
    case 'look':
      look = data.look;
      bitmaps.clear();
      if (lanes === null) lanes = new Lanes(shape(look), measure);
      else lanes.reshape(shape(look));
      if (context !== null) {
        context.canvas.width = Math.max(1, Math.round(look.width * look.scale));
        context.canvas.height = Math.max(1, Math.round(look.height * look.scale));
        draw();
      }
      break;
    case 'say':
      for (const one of data.comments) lanes?.say(one.id, one.text, one.rank);
      break;
    case 'remove':
      lanes?.remove(data.id);
      draw();
      return;
    case 'clear':
      lanes?.clear();
      draw();
      return;
    case 'run':
      running = data.on;
      last = null;
      break;
  }
  schedule();
};
