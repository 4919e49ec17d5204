// Which comment shows when (docs/ROOM.md, "When a comment shows"): one whose moment lies ahead of the picture waits for it,
// one that lies behind by up to 30 s shows at once and over the picture too, an older one in the list only. In the DVR and in
// a replay the comments around the picture are asked for by the minute and stand beside those that come in.
//
// Pure: the picture's time comes in by tick(). Bounds: `mostKnown` comments, `mostGone` removals and `mostPassed` minutes are
// remembered, the list has `mostListed` entries and its gaps.

import { signal } from '@preact/signals-core';
import type { Comment, RoomEvent } from './room-types';

/** What came in between was missed and cannot be had. */
export interface Gap {
  gap: true;
  id: string;
}

export type Listed = Comment | Gap;
export const isGap = (one: Listed): one is Gap => 'gap' in one;

export interface MomentsDeps {
  /** Now at the end of the list: what came in, or what the picture has reached. */
  shown: (comments: readonly Comment[]) => void;
  /** To be shown over the picture, in this order. */
  fly: (comments: Comment[]) => void;
  /** Removed, or perhaps removed: nowhere to be seen from now on. */
  vanish: (id: number) => void;
  /** The picture is elsewhere: what is still over it belongs to where it was. */
  jumped: () => void;
}

/** The picture now. */
export interface Picture {
  /** Program clock of what is on screen, UTC ms; null: there is no picture. */
  at: number | null;
  /** At the live edge, or with no picture to wait for. */
  live: boolean;
}

const recentMs = 30_000;
/** In DVR and replay: list this much of what was said before the picture when it begins somewhere. */
const listBackMs = 180_000;
/** A replay or DVR keeps nothing further ahead: it will ask for it. */
const keepAheadMs = 180_000;
const minuteMs = 60_000;
/** What a room shows in the minutes around a picture in the DVR, three before it and three ahead, at 30 a second; and some. */
const mostKnown = 12_000;
const mostListed = 600;
const mostGone = 5000;
/** Minutes: half a day. */
const mostPassed = 720;

/** The comments that stand after these events, in order. A comment can be taken away and come again with its id. */
export function standing(events: readonly RoomEvent[], remove: (id: number) => void): Comment[] {
  const there = new Map<number, Comment>();
  for (const event of events) {
    if (event.k === 'comment') there.set(event.id, event);
    else if (event.k === 'removed') {
      there.delete(event.id);
      remove(event.id);
    }
  }
  return [...there.values()];
}

/** The first index whose comment comes after (moment, id). */
function after(sorted: readonly Comment[], moment: number, id = Infinity): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const one = sorted[middle];
    if (one !== undefined && (one.moment < moment || (one.moment === moment && one.id <= id))) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class Moments {
  readonly list = signal<readonly Listed[]>([]);
  /** So many wait for a picture that stands still or lies behind. */
  readonly waiting = signal(0);
  /** Counts how often the list was made anew: nothing of it is where it was. */
  readonly begun = signal(0);

  /** By moment, then id. */
  private known: Comment[] = [];
  private readonly ids = new Set<number>();
  private readonly listed = new Set<number>();
  /** Removed, the last of them. */
  readonly gone = new Set<number>();
  private readonly minutes = new Set<number>();
  /** Those of them of which something was let go since. */
  private readonly cut = new Set<number>();
  /** Comments ahead of a picture in the DVR were let go: minutes tell of them again. */
  private letGo = false;
  /** Which those were: the first moment of each minute, until that minute is loaded. */
  private readonly passed = new Map<number, number>();
  private picture: Picture = { at: null, live: true };
  private ticked = 0;
  private gaps = 0;

  constructor(private readonly deps: MomentsDeps) {}

  /** History in the place of all there was. gap: something is missing before it. */
  replace(comments: readonly Comment[], gap: boolean): void {
    const before = [...this.ids];
    this.known = [];
    this.ids.clear();
    this.minutes.clear();
    this.cut.clear();
    this.passed.clear();
    for (const comment of comments) {
      this.gone.delete(comment.id);
      this.learn(comment);
    }
    // The page was cut off: nobody tells which of the others have been removed.
    if (gap) for (const id of before) if (!this.ids.has(id)) this.deps.vanish(id);
    this.begin(gap);
  }

  /** What came in now. Removals that came before do not count against it; they do against a minute's answer, which may be older. */
  add(comments: readonly Comment[]): void {
    const { at, live } = this.picture;
    const show: Comment[] = [];
    const fly: Comment[] = [];
    for (const comment of comments) {
      this.gone.delete(comment.id);
      if (!live && at !== null && comment.moment > at + keepAheadMs) {
        this.letGo = true;
        this.pass(comment.moment);
        continue;
      }
      if (!this.learn(comment)) continue;
      if (at === null) {
        if (live) show.push(comment);
      } else if (comment.moment <= at) {
        show.push(comment);
        if (comment.moment >= at - recentMs) fly.push(comment);
      }
    }
    this.append(show);
    if (fly.length > 0) this.deps.fly(fly);
    this.trim();
    this.count();
  }

  /** The answer for a minute: everything said of it, or a sample. */
  load(minute: number, comments: readonly Comment[]): void {
    this.minutes.add(minute);
    // The list says that something is missing there.
    const holed = this.passed.delete(minute) && this.picture.live;
    const at = this.picture.at ?? -Infinity;
    const news = comments.filter((comment) => this.learn(comment));
    // What lies ahead moves nothing in the list.
    if (holed || news.some((comment) => comment.moment <= at)) this.begin(false);
    this.trim();
    this.count();
  }

  remove(id: number): void {
    this.gone.add(id);
    for (const oldest of this.gone) {
      if (this.gone.size <= mostGone) break;
      this.gone.delete(oldest);
    }
    const mine = (one: Listed) => !isGap(one) && (one.id === id || one.reply_to?.id === id);
    if (this.known.some(mine)) {
      // Who answered it quotes its beginning.
      this.known = this.known.filter((one) => one.id !== id).map((one) => this.withoutQuote(one));
      this.ids.delete(id);
    }
    if (this.list.value.some(mine)) {
      this.listed.delete(id);
      this.list.value = this.list.value
        .filter((one) => one.id !== id)
        .map((one) => (isGap(one) ? one : this.withoutQuote(one)));
    }
    this.deps.vanish(id);
    this.count();
  }

  /** Tells where the picture is; now is a monotonic clock in ms. Call it a few times a second. */
  tick(picture: Picture, now: number): void {
    const before = this.picture;
    const elapsed = now - this.ticked;
    this.ticked = now;
    if (picture.at === null) {
      // A picture that is loading is where it was.
      if (!picture.live) return;
      this.picture = picture;
      if (!before.live) this.begin(false);
      else if (before.at !== null) this.append(this.unlisted(before.at));
      this.count();
      return;
    }
    this.picture = picture;
    const from = before.at;
    if (from === null) {
      // In live all that was known is listed already.
      if (!picture.live || !before.live) this.begin(false);
      this.count();
      return;
    }
    const to = picture.at;
    if (to < from - 500 || to > from + 2 * Math.max(0, elapsed) + recentMs) {
      this.deps.jumped();
      this.begin(false);
      return;
    }
    const next = this.unlisted(from, to);
    this.append(next);
    // A page that was asleep is not flooded with what it slept through.
    const fly = next.filter((one) => one.moment >= to - recentMs);
    if (fly.length > 0) this.deps.fly(fly);
    this.count();
  }

  /** Minutes that the picture needs and that were not loaded yet, the most urgent first. */
  wanted(): number[] {
    const { at, live } = this.picture;
    if (at === null) return [];
    const minute = Math.floor(at / minuteMs);
    // What does not fit around the picture would not fit a second time: only what the picture has left is asked for again.
    for (const one of this.cut) {
      if (one >= minute - 2 && one <= minute + 1) continue;
      this.cut.delete(one);
      this.minutes.delete(one);
    }
    if (live && !this.letGo) return [];
    const list = [minute, minute - 1, minute - 2];
    if (!live && at - minute * minuteMs > minuteMs / 2) list.splice(1, 0, minute + 1);
    const missing = list.filter((one) => one >= 0 && !this.minutes.has(one));
    if (live && missing.length === 0) this.letGo = false;
    return missing;
  }

  /** Known and not in the list, of the moments after the one, up to the other. Of those before it the list has let go. */
  private unlisted(from: number, to = Infinity): Comment[] {
    return this.known.slice(after(this.known, from), after(this.known, to)).filter((one) => !this.listed.has(one.id));
  }

  private withoutQuote(one: Comment): Comment {
    if (one.reply_to === undefined || one.reply_to.text === '' || !this.gone.has(one.reply_to.id)) return one;
    return { ...one, reply_to: { ...one.reply_to, text: '' } };
  }

  /** False: it is known already, or removed. */
  private learn(comment: Comment): boolean {
    if (this.ids.has(comment.id) || this.gone.has(comment.id)) return false;
    this.ids.add(comment.id);
    this.known.splice(after(this.known, comment.moment, comment.id), 0, this.withoutQuote(comment));
    return true;
  }

  /** The list anew, as it is at the picture. */
  private begin(gap: boolean): void {
    const { at, live } = this.picture;
    const from = live || at === null ? 0 : after(this.known, at - listBackMs, 0);
    const to = at === null ? (live ? this.known.length : 0) : after(this.known, at);
    this.listed.clear();
    const list: Listed[] = this.known.slice(Math.max(from, to - mostListed), to);
    for (const one of list) if (!isGap(one)) this.listed.add(one.id);
    if (gap) list.unshift(this.gap());
    if (live) this.markPassed(list);
    this.list.value = list;
    this.begun.value++;
    this.count();
  }

  private gap(): Gap {
    return { gap: true, id: `gap-${String(++this.gaps)}` };
  }

  private pass(moment: number): void {
    const minute = Math.floor(moment / minuteMs);
    this.passed.set(minute, Math.min(moment, this.passed.get(minute) ?? Infinity));
    // The oldest are beyond what the list shows.
    for (const oldest of this.passed.keys()) {
      if (this.passed.size <= mostPassed) break;
      this.passed.delete(oldest);
    }
  }

  /** Live: what came in during a stay in the DVR and was not asked for leaves a gap, one where several meet. */
  private markPassed(list: Listed[]): void {
    const moments = [...this.passed.values()].sort((a, b) => b - a);
    for (const moment of moments) {
      const next = list.findIndex((one) => !isGap(one) && one.moment >= moment);
      const place = next < 0 ? list.length : next;
      const [before, there] = [list[place - 1], list[place]];
      if ((before !== undefined && isGap(before)) || (there !== undefined && isGap(there))) continue;
      list.splice(place, 0, this.gap());
    }
  }

  private append(comments: readonly Comment[]): void {
    if (comments.length === 0) return;
    for (const one of comments) this.listed.add(one.id);
    const all = [...this.list.value, ...comments.map((one) => this.withoutQuote(one))];
    for (const one of all.slice(0, -mostListed)) if (!isGap(one)) this.listed.delete(one.id);
    this.list.value = all.slice(-mostListed);
    this.deps.shown(comments);
  }

  /** Lets go of what is farthest from the picture. */
  private trim(): void {
    while (this.known.length > mostKnown) {
      const at = this.picture.at ?? Infinity;
      const first = this.known[0];
      const last = this.known[this.known.length - 1];
      if (first === undefined || last === undefined) return;
      const early = at - first.moment >= last.moment - at;
      const one = early ? first : last;
      if (early) this.known.shift();
      else this.known.pop();
      this.ids.delete(one.id);
      const minute = Math.floor(one.moment / minuteMs);
      if (this.minutes.has(minute)) this.cut.add(minute);
      // In live nobody misses what is far behind.
      if (!early) this.letGo = true;
    }
  }

  private count(): void {
    const { at } = this.picture;
    this.waiting.value = at === null ? 0 : this.known.length - after(this.known, at);
  }
}
