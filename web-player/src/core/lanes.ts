// Where comments fly over the picture: lanes from the top, all at one speed, so that none ever runs into another. Pure.
//
// Own comments come before staff's, those before others' when the lanes are full; what waits too long is dropped. Equal ones
// become one with a count. Bounds: `mostWaiting` wait, `mostEqual` are counted into one, `longest` characters of a text fly.

export const rank = { own: 0, staff: 1, other: 2 } as const;
export type Rank = (typeof rank)[keyof typeof rank];

export interface Flyer {
  /** Of all comments that it stands for. */
  ids: number[];
  text: string;
  /** As much of it as flies. */
  short: string;
  rank: Rank;
  /** Of its left edge, and its width, in the picture's units. */
  x: number;
  width: number;
  lane: number;
  waited: number;
}

export interface LaneShape {
  width: number;
  lanes: number;
  /** Between one and the next in a lane. */
  gap: number;
  /** Units per second. */
  speed: number;
  most: number;
}

const mostWaiting = 60;
const mostEqual = 999;
/** Characters: who wants to read more has the list. */
const longest = 60;
/** Seconds that each rank waits for a lane. */
const patience = [15, 10, 3] as const;

export function labelOf(flyer: { short: string; ids: readonly number[] }): string {
  return flyer.ids.length > 1 ? `${flyer.short} ×${String(flyer.ids.length)}` : flyer.short;
}

/** Whole characters: none of two halves is cut through. */
function shorten(text: string): string {
  const all = Array.from(text);
  return all.length > longest ? `${all.slice(0, longest).join('')}…` : text;
}

export class Lanes {
  flying: Flyer[] = [];
  private waiting: Flyer[] = [];
  dropped = 0;

  constructor(
    private shape: LaneShape,
    private readonly measure: (label: string) => number,
  ) {}

  /** Another picture, other settings: what flies goes on where there is still a lane for it. */
  reshape(shape: LaneShape): void {
    const scale = shape.width / this.shape.width;
    this.shape = shape;
    const kept: Flyer[] = [];
    for (const one of this.flying) {
      if (one.lane >= shape.lanes) continue;
      one.x *= scale;
      one.width = this.measure(labelOf(one));
      // Of two that would now touch the first stays.
      const ahead = kept.filter((other) => other.lane === one.lane);
      if (ahead.every((other) => other.x + other.width + shape.gap <= one.x)) kept.push(one);
    }
    this.flying = kept;
  }

  say(id: number, text: string, of: Rank): void {
    const same = this.flying.find((one) => one.text === text && this.grow(one, id)) ?? this.joinWaiting(id, text);
    if (same !== undefined) {
      if (of < same.rank) same.rank = of;
      return;
    }
    const short = shorten(text);
    const flyer: Flyer = { ids: [id], text, short, rank: of, x: 0, width: this.measure(short), lane: 0, waited: 0 };
    const place = this.waiting.findIndex((one) => one.rank > of);
    this.waiting.splice(place < 0 ? this.waiting.length : place, 0, flyer);
    if (this.waiting.length > mostWaiting) {
      // The lowest rank's oldest: what is newest says what people feel now.
      const lowest = this.waiting[this.waiting.length - 1]?.rank;
      this.waiting.splice(
        this.waiting.findIndex((one) => one.rank === lowest),
        1,
      );
      this.dropped++;
    }
  }

  /** Lets time go by: what has left is gone, what waits takes the lanes that are free. */
  advance(seconds: number): void {
    const by = this.shape.speed * seconds;
    for (const one of this.flying) one.x -= by;
    this.flying = this.flying.filter((one) => one.x + one.width > 0);
    this.waiting = this.waiting.filter((one) => {
      if (this.place(one)) return false;
      one.waited += seconds;
      if (one.waited <= patience[one.rank]) return true;
      this.dropped++;
      return false;
    });
  }

  remove(id: number): void {
    const without = (list: Flyer[]) =>
      list.filter((one) => {
        if (!one.ids.includes(id)) return true;
        one.ids = one.ids.filter((other) => other !== id);
        if (one.ids.length === 0) return false;
        one.width = this.measure(labelOf(one));
        return true;
      });
    this.flying = without(this.flying);
    this.waiting = without(this.waiting);
  }

  clear(): void {
    this.flying = [];
    this.waiting = [];
  }

  get idle(): boolean {
    return this.flying.length === 0 && this.waiting.length === 0;
  }

  private joinWaiting(id: number, text: string): Flyer | undefined {
    const one = this.waiting.find((other) => other.text === text && other.ids.length < mostEqual);
    if (one === undefined) return undefined;
    one.ids.push(id);
    one.width = this.measure(labelOf(one));
    return one;
  }

  /** Counts into one that flies, if it can still be read and its longer label touches nobody. */
  private grow(one: Flyer, id: number): boolean {
    if (one.ids.length >= mostEqual || one.x < this.shape.width * 0.2) return false;
    const width = this.measure(labelOf({ short: one.short, ids: [...one.ids, id] }));
    const free = this.flying.every(
      (other) =>
        other === one || other.lane !== one.lane || other.x < one.x || one.x + width + this.shape.gap <= other.x,
    );
    if (!free) return false;
    one.ids.push(id);
    one.width = width;
    return true;
  }

  private place(one: Flyer): boolean {
    if (this.flying.length >= this.shape.most && one.rank === rank.other) return false;
    for (let lane = 0; lane < this.shape.lanes; lane++) {
      const end = this.flying.reduce(
        (far, other) => (other.lane === lane ? Math.max(far, other.x + other.width) : far),
        -Infinity,
      );
      if (end + this.shape.gap > this.shape.width) continue;
      one.lane = lane;
      one.x = this.shape.width;
      this.flying.push(one);
      return true;
    }
    return false;
  }
}
