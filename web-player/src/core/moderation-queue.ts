// What a moderators' page knows of one broadcast: comments, claims, and what this moderator has done and may still undo. Pure:
// no clock (every `now` is server time in UTC ms), no network: the page sends what the verbs answer, and reports what came of it.
//
// An act is shown at once (the overlay) and becomes true with the server's answer; what is refused goes back to what the server
// says, and is told in `told` until the moderator puts it away. Bounds: 2,000 comments, 20 acts, 20 notes. Of the comments those stay
// that are looked at, that were asked for and that are reported; the others make room.

import type {
  Claim,
  Counts,
  Decided,
  Item,
  ItemState,
  ModerationEvent,
  Reason,
  Refused,
  Room,
} from './moderation-types';

export type Verb = 'approve' | 'reject' | 'hold';

/** What a verb makes of a comment; null: nothing. */
export function targetOf(verb: Verb, state: ItemState): ItemState | null {
  switch (verb) {
    case 'approve':
      return state === 'published' ? null : 'published';
    case 'reject':
      return state === 'held' ? 'rejected' : state === 'published' ? 'removed' : null;
    case 'hold':
      return state === 'published' ? 'held' : null;
  }
}

export interface DecisionRequest {
  id: number;
  from: ItemState;
  state: ItemState;
}

/** One act of this moderator, for the undo list. */
export interface Act {
  n: number;
  verb: Verb;
  decisions: DecisionRequest[];
  reason: Reason | 'ok';
  /** Of the first comment. */
  name: string;
  text: string;
  undoUntil: number;
  phase: 'sending' | 'done' | 'undoing' | 'undone';
  /** Undo was asked for before the server had answered. */
  undoWanted: boolean;
}

/** What did not go as the moderator saw it. */
export interface Told {
  n: number;
  kind: 'conflict' | 'claimed' | 'not_found' | 'unsent' | 'failed' | 'too-late';
  id: number;
  text: string;
  /** Who was faster or holds it, and what they made of it, if known; when, says the comment's own decision. */
  name: string;
  state: ItemState | null;
}

export const views = ['held', 'all', 'reported', 'rejected'] as const;
export type View = (typeof views)[number];

export interface Filter {
  view: View;
  rule: string | null;
  author: string | null;
  /** Looked for in text and name. */
  text: string;
}

export interface Rows {
  items: Item[];
  /** More of them than are shown. */
  more: number;
  /** Newer ones that wait to be taken in, while the moderator reads further up. */
  fresh: number;
}

export const rowLimit = 200;
export const undoMs = 30_000;
const itemLimit = 2000;
/** Of those that were loaded by page and of those that viewers have reported, so many stay whatever passes by. */
const pagedLimit = 600;
const reportedLimit = 400;
/** As many the server sends at most: there may be more behind them. */
const queueLimit = 500;
const shortList = 50;
const noteLimit = 20;

const plain = (text: string) => text.normalize('NFKC').toLowerCase();

/** The same but for case, width, spaces and signs. */
export function sameWording(a: string, b: string): boolean {
  const bare = (text: string) => plain(text).replace(/[^\p{L}\p{N}]+/gu, '');
  return bare(a) === bare(b) && bare(a) !== '';
}

/** Its state is what a rule made of it, and no person's decision. */
export const refusedByRule = (item: Item): boolean => item.by_rule === true && item.state === 'rejected';

export const reportCount = (item: Item): number => Object.values(item.reports).reduce((sum, n) => sum + n, 0);

export class Queue {
  room: Room | null = null;
  counts: Counts | null = null;
  /** Newest first. */
  acts: Act[] = [];
  told: Told[] = [];
  private readonly items = new Map<number, Item>();
  private readonly claims = new Map<number, Claim>();
  private readonly overlay = new Map<number, ItemState>();
  /** Held ones with greater ids are not all known, so none of them is listed. */
  private knownTo = Infinity;
  /** Ids that were loaded by page, in the order they came. */
  private readonly paged = new Set<number>();
  private serial = 0;

  /**
   * me: the id of this moderator, as claims and decisions have it. looked: ids that are before their eyes now, a few hundred at
   * most: they stay.
   */
  constructor(
    private readonly me: string,
    private readonly looked: () => readonly number[] = () => [],
  ) {}

  item(id: number): Item | null {
    const item = this.items.get(id);
    if (item === undefined) return null;
    const state = this.overlay.get(id);
    return state === undefined ? item : { ...item, state };
  }

  apply(event: ModerationEvent): void {
    switch (event.t) {
      case 'queue': {
        // All that is held is in it, up to its last one if it is full: what else was held has been decided meanwhile.
        this.knownTo = event.items.length >= queueLimit ? (event.items.at(-1)?.id ?? 0) : Infinity;
        for (const [id, item] of this.items) if (item.state === 'held') this.items.delete(id);
        this.claims.clear();
        this.add(event.items);
        for (const claim of event.claims) this.setClaim(claim);
        this.room = event.room;
        this.counts = event.counts;
        break;
      }
      case 'items':
        this.add(event.items);
        break;
      case 'claims':
        for (const claim of event.claims) this.setClaim(claim);
        break;
      case 'room':
        this.room = event.room;
        break;
      case 'counts': {
        const { held, oldest_at, per_minute, viewers } = event;
        this.counts = { held, oldest_at, per_minute, viewers };
        break;
      }
    }
  }

  /** Comments from the socket or from an answer. */
  add(items: readonly Item[]): void {
    for (const item of items) this.items.set(item.id, item);
    this.trim();
  }

  /** Comments that were asked for: they stay until others are asked for. */
  addPage(items: readonly Item[]): void {
    for (const { id } of items) this.paged.add(id);
    for (const id of this.paged) {
      if (this.paged.size <= pagedLimit) break;
      this.paged.delete(id);
    }
    this.add(items);
  }

  leavePages(): void {
    this.paged.clear();
  }

  /** The same comments anew; none that is not known here. */
  refresh(items: readonly Item[]): void {
    for (const item of items) if (this.items.has(item.id)) this.items.set(item.id, item);
  }

  /** The claim of another moderator that holds now. */
  heldBy(id: number, now: number): Claim | null {
    const claim = this.claims.get(id);
    return claim?.by != null && claim.by !== this.me && claim.until > now ? claim : null;
  }

  /** What is held as far as it is known here, acts counted as done. */
  get pending(): number {
    // The server's count is up to a second old; what is known whole is counted here.
    if (this.knownTo === Infinity) return this.held().length;
    let acted = 0;
    for (const [id, state] of this.overlay) {
      const was = this.items.get(id)?.state;
      if (was === 'held' && state !== 'held') acted++;
      if (was !== 'held' && state === 'held') acted--;
    }
    return Math.max(0, (this.counts?.held ?? 0) - acted);
  }

  /** When the oldest held one was written. */
  get oldestAt(): number | null {
    let oldest: number | null = null;
    for (const item of this.held()) if (oldest === null || item.at < oldest) oldest = item.at;
    return oldest ?? (this.pending > 0 ? (this.counts?.oldest_at ?? null) : null);
  }

  /** The list is running out and the server has more: ask it for the queue again. */
  get wantsQueue(): boolean {
    return this.knownTo !== Infinity && this.held().length < shortList;
  }

  /**
   * What is listed, oldest first, so that what is new comes below. `kept`: the selected one stays even when it is decided.
   * All and Rejected list ids from `floor` on, and all views but Held up to `upTo`; the newest of them if there are too many.
   */
  rows(filter: Filter, kept: number | null, floor: number, upTo: number): Rows {
    const wanted = plain(filter.text.trim());
    const fits = (item: Item): boolean => {
      if (filter.rule !== null && item.why?.rule !== filter.rule) return false;
      if (filter.author !== null && item.by !== filter.author) return false;
      if (wanted !== '' && !plain(`${item.name} ${item.text}`).includes(wanted)) return false;
      if (filter.view === 'held') return item.state === 'held' && item.id <= this.knownTo;
      if (filter.view === 'rejected' && item.state !== 'rejected') return false;
      // What is reported is shown at once, however old it is.
      return filter.view === 'reported' ? reportCount(item) > 0 : item.id >= floor;
    };
    const found: Item[] = [];
    let fresh = 0;
    for (const id of this.items.keys()) {
      const item = this.item(id);
      if (item === null || !(fits(item) || id === kept)) continue;
      if (filter.view !== 'held' && id > upTo) fresh++;
      else found.push(item);
    }
    found.sort((a, b) => a.id - b.id);
    const more = Math.max(0, found.length - rowLimit);
    if (more === 0) return { items: found, more, fresh };
    return { items: filter.view === 'held' ? found.slice(0, rowLimit) : found.slice(-rowLimit), more, fresh };
  }

  /** Rules by which something is held (or rejected, if these are looked at), with how many of each. */
  rules(view: View): [string, number][] {
    const counts = new Map<string, number>();
    const rejected = () => [...this.items.values()].filter(({ state }) => state === 'rejected');
    for (const { why } of view === 'rejected' ? rejected() : this.held())
      if (why !== null) counts.set(why.rule, (counts.get(why.rule) ?? 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1]);
  }

  /** Held ones here that say the same as this one, itself included. */
  similarTo(item: Item): number[] {
    return this.held()
      .filter((one) => one.id === item.id || sameWording(one.text, item.text))
      .map((one) => one.id)
      .sort((a, b) => a - b);
  }

  /** This author's comments that are known here, newest first, with `more` that were asked for. */
  ofAuthor(by: string, more: readonly Item[]): Item[] {
    const all = new Map(more.map((item) => [item.id, item]));
    for (const item of this.items.values()) if (item.by === by) all.set(item.id, item);
    return [...all.keys()]
      .sort((a, b) => b - a)
      .map((id) => this.item(id) ?? all.get(id))
      .filter((item) => item !== undefined);
  }

  /** The newest id here. */
  get newest(): number {
    let newest = 0;
    for (const id of this.items.keys()) if (id > newest) newest = id;
    return newest;
  }

  // Acts

  /** Shows the act as done; null if there is nothing to do. What others hold is left out and told. */
  act(verb: Verb, ids: readonly number[], reason: Reason | 'ok', now: number): Act | null {
    const decisions: DecisionRequest[] = [];
    for (const id of ids) {
      const item = this.item(id);
      const state = item === null ? null : targetOf(verb, item.state);
      if (item === null || state === null) continue;
      const claim = this.heldBy(id, now);
      if (claim !== null) this.tell('claimed', item, { name: claim.name });
      else decisions.push({ id, from: item.state, state });
    }
    const first = decisions[0] === undefined ? undefined : this.items.get(decisions[0].id);
    if (first === undefined) return null;
    for (const { id, state } of decisions) this.overlay.set(id, state);
    const act: Act = {
      n: ++this.serial,
      verb,
      decisions,
      reason,
      name: first.name,
      text: first.text,
      undoUntil: now + undoMs,
      phase: 'sending',
      undoWanted: false,
    };
    this.acts = [act, ...this.acts].slice(0, noteLimit);
    return act;
  }

  /** The server's answer to an act. Answers whether an undo that was asked for meanwhile is to be sent now. */
  answered(act: Act, { decided, refused }: Decided): boolean {
    this.uncover(act);
    this.add(decided);
    for (const one of refused) this.refuse(one);
    const done = new Set(decided.map((item) => item.id));
    act.decisions = act.decisions.filter(({ id }) => done.has(id));
    for (const { decision } of decided) {
      if (decision?.undo_until != null) act.undoUntil = Math.min(act.undoUntil, decision.undo_until);
    }
    act.phase = 'done';
    if (act.decisions.length === 0) this.forget(act);
    return act.undoWanted && act.decisions.length > 0;
  }

  /** The server would not have it (failed), or nobody knows (unsent): what stands is what it says next. */
  unsent(act: Act, kind: 'unsent' | 'failed' = 'unsent'): void {
    this.uncover(act);
    const first = act.decisions[0] === undefined ? undefined : this.items.get(act.decisions[0].id);
    if (first !== undefined) this.tell(kind, first, {});
    if (act.phase === 'undoing') act.phase = 'done';
    else this.forget(act);
  }

  /** The act that Undo would take back. */
  undoable(now: number): Act | null {
    return this.acts.find((act) => this.mayUndo(act, now)) ?? null;
  }

  mayUndo(act: Act, now: number): boolean {
    return (act.phase === 'sending' || act.phase === 'done') && !act.undoWanted && act.undoUntil > now;
  }

  /** Ids to send, or null: not possible any more, or it will be sent when the act is answered. */
  undo(act: Act, now: number): number[] | null {
    if (!this.mayUndo(act, now)) return null;
    for (const { id, from } of act.decisions) this.overlay.set(id, from);
    if (act.phase === 'sending') {
      act.undoWanted = true;
      return null;
    }
    return this.beginUndo(act);
  }

  /** An undo that waited for its act's answer. */
  beginUndo(act: Act): number[] {
    for (const { id, from } of act.decisions) this.overlay.set(id, from);
    act.phase = 'undoing';
    return act.decisions.map(({ id }) => id);
  }

  undone(act: Act, { decided, refused }: Decided): void {
    this.uncover(act);
    this.add(decided);
    for (const { id } of refused) {
      const item = this.items.get(id);
      if (item !== undefined) this.tell('too-late', item, {});
    }
    act.phase = 'undone';
    if (decided.length === 0) this.forget(act);
  }

  putAway(n: number): void {
    this.told = this.told.filter((one) => one.n !== n);
  }

  private held(): Item[] {
    const found: Item[] = [];
    for (const [id, item] of this.items) {
      if (id <= this.knownTo && (this.overlay.get(id) ?? item.state) === 'held') found.push(item);
    }
    return found;
  }

  private setClaim(claim: Claim): void {
    if (claim.by === null) this.claims.delete(claim.id);
    else this.claims.set(claim.id, claim);
  }

  private uncover(act: Act): void {
    for (const { id } of act.decisions) this.overlay.delete(id);
  }

  private forget(act: Act): void {
    this.acts = this.acts.filter((one) => one !== act);
  }

  private refuse(refused: Refused): void {
    const item = this.items.get(refused.id);
    if (item === undefined) return;
    // The socket may tell of it later; until then the answer is all there is.
    if (refused.state !== undefined) this.items.set(item.id, { ...item, state: refused.state });
    this.tell(refused.code, item, { name: refused.name ?? '', state: refused.state ?? null });
    if (refused.code === 'not_found') this.items.delete(item.id);
  }

  private tell(kind: Told['kind'], item: Item, more: Partial<Pick<Told, 'name' | 'state'>>): void {
    const one: Told = { n: ++this.serial, kind, id: item.id, text: item.text, name: '', state: null, ...more };
    // Told once for each comment.
    this.told = [one, ...this.told.filter((old) => old.id !== item.id)].slice(0, noteLimit);
  }

  /** Drops what waits for nobody, oldest first; then the newest held ones, which the server sends again. */
  private trim(): void {
    if (this.items.size <= itemLimit) return;
    const ids = [...this.items.keys()].sort((a, b) => a - b);
    const isHeld = (id: number) => this.items.get(id)?.state === 'held' || this.overlay.has(id);
    const looked = new Set(this.looked());
    const reported = new Set(ids.filter((id) => this.isReported(id)).slice(-reportedLimit));
    for (const id of ids) {
      if (this.items.size <= itemLimit) return;
      if (!isHeld(id) && !looked.has(id) && !this.paged.has(id) && !reported.has(id)) this.items.delete(id);
    }
    for (const id of ids.reverse()) {
      if (this.items.size <= itemLimit) return;
      if (!isHeld(id) || looked.has(id)) continue;
      this.items.delete(id);
      this.knownTo = Math.min(this.knownTo, id - 1);
    }
  }

  /** By viewers, and it is public still. */
  private isReported(id: number): boolean {
    const item = this.items.get(id);
    return item?.state === 'published' && reportCount(item) > 0;
  }
}
