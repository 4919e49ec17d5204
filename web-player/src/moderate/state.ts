// What the queue page of one broadcast shows and does: the pure queue (core/moderation-queue.ts) with a socket, requests, a
// clock and the moderator's own place in it.
//
// Home thread: the page. One instance for each opened broadcast; close() ends it.
//
// Longer than other files: what is selected, asked, claimed and undone hangs together, and parts would pass it around.

import { batch, computed, signal } from '@preact/signals';
import { type ApiError } from '../core/api';
import { askServer, ServerClock } from '../core/clock';
import { ControlSocket, type Connection, type SocketLike } from '../core/control-socket';
import { suggestedReason } from '../core/moderation-keys';
import { Queue, targetOf, type Act, type Filter, type Verb } from '../core/moderation-queue';
import type {
  AuthorBan,
  Claim,
  Decided,
  Item,
  ModerationEvent,
  Reason,
  Room,
  RoomMode,
} from '../core/moderation-types';
import { settings } from '../core/settings';
import type { Broadcast } from '../core/studio-types';
import { browserTimers } from '../core/timers';
import { admin, asApiError, me } from '../staff/session';
import { Authors } from './authors';

const kinds: ReadonlySet<ModerationEvent['t']> = new Set(['queue', 'items', 'claims', 'room', 'counts']);

/** A comment that is only passed by on the way to another is not claimed. */
const dwellMs = 250;
/** Claims last 60 s. */
const prolongMs = 30_000;
/** Whoever has not touched the page for this long keeps nothing from the others. */
const awayMs = 90_000;
/** What passes by is drawn at most this often. */
const drawMs = 100;
const claimLimit = 50;
const pageSize = 50;

const emptyFilter: Filter = { view: 'held', rule: null, author: null, text: '' };

/** How something is rejected. */
interface Try {
  reason: Reason;
  note: string;
}

/** What is asked before it is done. */
export interface Question {
  verb: Verb;
  ids: number[];
  reason: Reason | 'ok';
  note: string;
}

export class Desk {
  readonly authors: Authors;
  readonly connection = signal<Connection>('connecting');
  readonly broadcast = signal<Broadcast | null>(null);
  readonly error = signal<ApiError | null>(null);
  /** Of the last change that failed as a whole. */
  readonly failure = signal<ApiError | null>(null);
  /** Server time, once a second. */
  readonly now = signal(Date.now());
  readonly filter = signal<Filter>(emptyFilter);
  readonly selected = signal<number | null>(null);
  readonly checked = signal<ReadonlySet<number>>(new Set());
  /** A reason is asked for these. */
  readonly choosing = signal<number[] | null>(null);
  readonly question = signal<Question | null>(null);
  /** Phones: the detail lies over the list. */
  readonly sheet = signal(false);
  readonly helpOpen = signal(false);
  readonly singleKeys = signal(settings.flag('single-keys', true));
  /** Loading older ones, or failed to. */
  readonly older = signal<'loading' | 'all' | ApiError | null>(null);
  /** What a change of the room is under way to; null: none. */
  readonly changing = signal<Partial<Pick<Room, 'mode' | 'slow_s'>> | null>(null);
  /** Mode before everything new was held; null: this page has not seen it. */
  private readonly before = signal<RoomMode | null>(null);

  /** Replaced with every change, so that what has read it is drawn again. */
  private readonly known = signal({
    queue: new Queue(me.value?.person?.id ?? '', () => this.looked()),
  });
  /** By the first comment they are for; gone once the server has taken them. */
  private readonly tries = new Map<number, Try>();
  /** For each rule, what was chosen last. */
  private readonly lastReason = new Map<string, Reason>();
  private readonly floor = signal(0);
  private readonly upTo = signal(Infinity);

  readonly frozen = computed(() => this.connection.value !== 'open');
  readonly rows = computed(() => {
    return this.queue.rows(this.filter.value, this.selected.value, this.floor.value, this.upTo.value);
  });
  readonly item = computed<Item | null>(() => {
    return this.selected.value === null ? null : this.queue.item(this.selected.value);
  });
  readonly room = computed<Room | null>(() => {
    return this.queue.room === null ? null : { ...this.queue.room, ...this.changing.value };
  });
  /** Holding what is new never opens a closed chat, and ends only in the mode that was before. */
  readonly mayHoldNew = computed(() => {
    const mode = this.room.value?.mode;
    return mode === 'all' ? this.before.value !== null : mode !== 'closed';
  });
  readonly following = computed(() => this.upTo.value === Infinity);

  private readonly clock = new ServerClock(askServer);
  private readonly socket: ControlSocket<ModerationEvent>;
  private readonly ticking: number;
  private drawTimer: number | null = null;
  private claimTimer: number | null = null;
  private claimedIds: number[] = [];
  private touchedAt = Date.now();
  private loading = false;
  private asked = 0;
  private renewing = false;
  private closed = false;

  get queue(): Queue {
    return this.known.value.queue;
  }

  constructor(readonly id: string) {
    this.authors = new Authors(id, (comments) => {
      this.queue.refresh(comments);
      this.drawn();
    });
    this.socket = new ControlSocket<ModerationEvent>({
      connect: () => {
        const url = new URL(`/api/v1/admin/broadcasts/${id}/moderation`, location.href);
        url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
        return new WebSocket(url, 'openday-moderation-1') as SocketLike;
      },
      timers: browserTimers,
      random: Math.random,
      kinds,
      changed: (connection) => {
        this.connection.value = connection;
        if (connection !== 'open') {
          this.renewing = false;
          return;
        }
        void this.load();
        // What passed by meanwhile is not in the queue.
        if (this.filter.value.view !== 'held') this.loadPage(true);
      },
      // The API says what a refused WebSocket does not: that the session has ended, or that the broadcast is gone.
      failed: () => void this.load(),
      event: (event) => {
        this.onEvent(event);
      },
    });
    this.ticking = window.setInterval(() => (this.now.value = this.clock.now()), 1000);
    void this.clock.sync().then(() => (this.now.value = this.clock.now()));
    void this.load();
  }

  close(): void {
    this.closed = true;
    this.socket.close();
    window.clearInterval(this.ticking);
    for (const timer of [this.drawTimer, this.claimTimer]) if (timer !== null) window.clearTimeout(timer);
    this.release([]);
  }

  reconnect(): void {
    this.socket.retry();
  }

  async load(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    try {
      this.broadcast.value = await admin<Broadcast>(`broadcasts/${this.id}`);
      this.error.value = null;
    } catch (error) {
      this.error.value = asApiError(error);
    } finally {
      this.loading = false;
    }
  }

  // The list

  setFilter(more: Partial<Filter>): void {
    const filter = { ...this.filter.value, ...more };
    const local = Object.keys(more).every((key) => key === 'text');
    batch(() => {
      this.filter.value = filter;
      if (local) return;
      this.older.value = null;
      this.upTo.value = Infinity;
      this.checked.value = new Set();
      this.queue.leavePages();
      if (filter.view !== 'held') this.floor.value = Infinity;
    });
    if (!local && filter.view !== 'held') this.loadPage(true);
  }

  clearFilter(): void {
    this.setFilter({ rule: null, author: null, text: '' });
  }

  /** The newest of what the filter asks for, or those before what is there. */
  loadPage(anew: boolean): void {
    const { view, rule, author } = this.filter.value;
    const query = new URLSearchParams({ limit: String(pageSize) });
    if (rule !== null) query.set('rule', rule);
    if (author !== null) query.set('author', author);
    if (view === 'reported') query.set('reported', '1');
    if (view === 'rejected') query.set('state', 'rejected');
    if (!anew && Number.isFinite(this.floor.value)) query.set('before', String(this.floor.value));
    const asked = ++this.asked;
    this.older.value = 'loading';
    admin<{ comments: Item[] }>(`broadcasts/${this.id}/comments?${query.toString()}`).then(
      ({ comments }) => {
        // The filter has changed meanwhile.
        if (asked !== this.asked) return;
        batch(() => {
          const last = comments.length < pageSize;
          this.queue.addPage(comments);
          this.floor.value = last ? 0 : Math.min(...comments.map((one) => one.id));
          this.older.value = last ? 'all' : null;
          this.changed();
        });
      },
      (error: unknown) => {
        if (asked === this.asked) this.older.value = asApiError(error);
      },
    );
  }

  /** Whether the moderator sees the end of the list; what is new is taken in only then. */
  setFollowing(on: boolean): void {
    if (on) this.upTo.value = Infinity;
    else if (this.following.value) this.upTo.value = this.queue.newest;
  }

  select(id: number | null): void {
    this.touchedAt = Date.now();
    if (this.selected.value === id) return;
    batch(() => {
      this.selected.value = id;
      this.choosing.value = null;
      if (id === null) this.sheet.value = false;
    });
    this.claimSoon();
    const by = id === null ? null : this.queue.item(id)?.by;
    if (by != null) this.authors.ask(by);
  }

  open(id: number): void {
    this.select(id);
    this.sheet.value = true;
  }

  move(by: 1 | -1): void {
    const list = this.rows.value.items;
    const at = list.findIndex((one) => one.id === this.selected.value);
    const next = at < 0 ? (by > 0 ? list[0] : list.at(-1)) : list[at + by];
    if (next !== undefined) this.select(next.id);
  }

  check(id: number, on = !this.checked.value.has(id)): void {
    const checked = new Set(this.checked.value);
    if (on) checked.add(id);
    else checked.delete(id);
    this.setChecked([...checked]);
  }

  setChecked(ids: readonly number[]): void {
    this.checked.value = new Set(ids);
    this.claimSoon();
  }

  /** What the list shows, what is checked in it, and what is open beside it. */
  private looked(): number[] {
    const selected = this.selected.peek();
    return [
      ...this.rows.peek().items.map((one) => one.id),
      ...this.checked.peek(),
      ...(selected === null ? [] : [selected]),
    ];
  }

  // Deciding

  /** What the verb is for: what is checked, else what is selected. */
  targets(): number[] {
    const checked = this.rows.value.items.filter((one) => this.checked.value.has(one.id)).map((one) => one.id);
    if (checked.length > 0) return checked;
    return this.selected.value === null ? [] : [this.selected.value];
  }

  press(verb: Verb): void {
    const ids = this.targets();
    if (this.frozen.value || ids.length === 0) return;
    const first = ids[0] === undefined ? null : this.queue.item(ids[0]);
    if (verb === 'hold' && ids.length === 1 && first?.state === 'held') {
      // It stays where it is, for whoever comes next.
      this.move(1);
      return;
    }
    if (!ids.some((id) => this.possible(verb, id))) return;
    if (verb === 'reject') {
      this.choosing.value = ids;
      return;
    }
    this.put({ verb, ids, reason: verb === 'approve' ? 'ok' : 'other', note: '' });
  }

  /** null: the one that is suggested. */
  choose(reason: Reason | null, note = ''): void {
    const ids = this.choosing.value;
    if (ids === null || this.frozen.value) return;
    this.choosing.value = null;
    const chosen = reason ?? this.suggested(ids);
    const rule = ids[0] === undefined ? null : this.queue.item(ids[0])?.why?.rule;
    if (rule != null) this.lastReason.set(rule, chosen);
    for (const id of ids.slice(0, 1)) this.tries.set(id, { reason: chosen, note });
    this.put({ verb: 'reject', ids, reason: chosen, note });
  }

  /** Reason and note of a try that did not go through. */
  kept(ids: readonly number[]): Try | null {
    return ids[0] === undefined ? null : (this.tries.get(ids[0]) ?? null);
  }

  suggested(ids: readonly number[]): Reason {
    const before = this.kept(ids);
    if (before !== null) return before.reason;
    const item = ids[0] === undefined ? null : this.queue.item(ids[0]);
    const rule = item?.why?.rule ?? null;
    return suggestedReason(rule, item?.reports ?? {}, this.lastReason.get(rule ?? '') ?? null);
  }

  /** The ban that binds the author now. */
  banOf({ banned }: Item): AuthorBan | null {
    return banned !== null && (banned.until === null || banned.until > this.now.value) ? banned : null;
  }

  possible(verb: Verb, id: number): boolean {
    const item = this.queue.item(id);
    return item !== null && targetOf(verb, item.state) !== null;
  }

  confirm(): void {
    const question = this.question.value;
    this.question.value = null;
    if (question !== null && !this.frozen.value) void this.decide(question);
  }

  undo(act: Act | null): void {
    if (act === null || this.frozen.value) return;
    const ids = this.queue.undo(act, this.clock.now());
    const first = act.decisions[0]?.id;
    if (first !== undefined) this.select(first);
    this.changed();
    if (ids !== null) void this.sendUndo(act, ids);
  }

  undoNewest(): void {
    this.undo(this.queue.undoable(this.clock.now()));
  }

  putAway(n: number): void {
    this.queue.putAway(n);
    this.changed();
  }

  /** What several would be asked about once. */
  private put(question: Question): void {
    if (question.ids.length > 1) this.question.value = question;
    else void this.decide(question);
  }

  private async decide({ verb, ids, reason, note }: Question): Promise<void> {
    this.touchedAt = Date.now();
    const list = this.rows.value.items;
    const act = this.queue.act(verb, ids, reason, this.clock.now());
    batch(() => {
      this.checked.value = new Set();
      const gone = new Set(act?.decisions.map(({ id }) => id));
      if (this.selected.value !== null && gone.has(this.selected.value)) this.step(list, gone);
      this.changed();
    });
    if (act === null) return;
    const [first] = act.decisions;
    const next = this.selected.value;
    const body = { decisions: act.decisions, reason, ...(note.trim() !== '' && { note: note.trim() }) };
    try {
      const answer = await this.post<Decided>('comments/decide', body);
      for (const id of ids) this.tries.delete(id);
      if (this.queue.answered(act, answer)) void this.sendUndo(act, this.queue.beginUndo(act));
    } catch (error) {
      this.fail(act, error);
      // Whoever is at another one already is not taken away from it.
      const idle = this.selected.value === next && this.choosing.value === null && this.question.value === null;
      if (verb === 'reject' && first !== undefined && idle && this.checked.value.size === 0) {
        if (ids.length === 1) this.select(first.id);
        this.choosing.value = ids;
      }
    }
    this.changed();
  }

  /** To the next row that stays in the list, else to the one before. */
  private step(list: readonly Item[], gone: ReadonlySet<number>): void {
    if (this.filter.value.view !== 'held') return;
    const at = list.findIndex((one) => one.id === this.selected.value);
    const stays = (one: Item) => !gone.has(one.id);
    const free = (one: Item) => stays(one) && this.queue.heldBy(one.id, this.clock.now()) === null;
    const [above, below] = [list.slice(0, at).reverse(), list.slice(at + 1)];
    const next = below.find(free) ?? above.find(free) ?? below.find(stays) ?? above.find(stays);
    this.select(next?.id ?? null);
  }

  private async sendUndo(act: Act, ids: number[]): Promise<void> {
    try {
      this.queue.undone(act, await this.post<Decided>('comments/undo', { ids }));
    } catch (error) {
      this.fail(act, error);
    }
    this.changed();
  }

  private fail(act: Act, error: unknown): void {
    const failure = asApiError(error);
    const refused = failure.status >= 400 && failure.status < 500;
    this.queue.unsent(act, refused ? 'failed' : 'unsent');
    if (!failure.offline) this.failure.value = failure;
  }

  // The room

  async setRoom(change: Partial<{ mode: RoomMode; slow_s: number; pinned: number | null }>): Promise<void> {
    const { mode, slow_s } = change;
    this.changing.value = { ...(mode !== undefined && { mode }), ...(slow_s !== undefined && { slow_s }) };
    this.failure.value = null;
    try {
      const room = await admin<Room>(`broadcasts/${this.id}/room`, { method: 'PATCH', body: change });
      this.hear({ t: 'room', room });
    } catch (error) {
      this.failure.value = asApiError(error);
    } finally {
      this.changing.value = null;
      this.changed();
    }
  }

  /** Everything new is looked at first, or the mode from before again. */
  holdNew(on: boolean): void {
    if (!this.mayHoldNew.value) return;
    const mode = on ? 'all' : this.before.value;
    if (mode !== null) void this.setRoom({ mode });
  }

  /** From the server, or from an answer of its. */
  private hear(event: ModerationEvent): void {
    this.queue.apply(event);
    const mode = this.queue.room?.mode;
    if (mode !== undefined && mode !== 'all') this.before.value = mode === 'closed' ? null : mode;
  }

  setSingleKeys(on: boolean): void {
    this.singleKeys.value = on;
    settings.set('single-keys', on ? '1' : '0');
  }

  /** Somebody sits here. */
  touched(): void {
    const back = Date.now() - this.touchedAt > awayMs;
    this.touchedAt = Date.now();
    if (back) this.claimSoon();
  }

  private post<T>(path: string, body: unknown): Promise<T> {
    return admin<T>(`broadcasts/${this.id}/${path}`, { method: 'POST', body });
  }

  private onEvent(event: ModerationEvent): void {
    this.hear(event);
    if (event.t === 'queue') {
      this.renewing = false;
      this.changed();
      this.claimSoon();
      return;
    }
    this.drawTimer ??= window.setTimeout(() => {
      this.drawTimer = null;
      this.changed();
    }, drawMs);
  }

  private drawn(): void {
    this.known.value = { queue: this.queue };
  }

  private changed(): void {
    this.drawn();
    if (this.selected.value !== null && this.queue.item(this.selected.value) === null) this.select(null);
    if (!this.queue.wantsQueue || this.renewing || this.frozen.value) return;
    this.renewing = true;
    this.socket.renew();
  }

  // Claims: what is open here, and what is checked, is kept from the others for as long as somebody sits here.

  private claimSoon(): void {
    if (this.claimTimer !== null) window.clearTimeout(this.claimTimer);
    this.claimTimer = window.setTimeout(() => {
      this.claimTimer = null;
      void this.claim();
    }, dwellMs);
  }

  private async claim(): Promise<void> {
    const selected = this.selected.value;
    const open = [...(selected === null ? [] : [selected]), ...this.checked.value].filter(
      (id) => this.queue.item(id)?.state === 'held',
    );
    const away = document.visibilityState === 'hidden' || Date.now() - this.touchedAt > awayMs;
    const ids = away ? [] : [...new Set(open)].slice(0, claimLimit);
    this.release(ids);
    if (ids.length > 0 && !this.frozen.value) {
      this.claimedIds = ids;
      try {
        const { claims } = await this.post<{ claims: Claim[] }>('comments/claim', { ids });
        this.queue.apply({ t: 'claims', claims });
        this.drawn();
      } catch {
        // The next try comes by itself, and without a claim the server still lets only one decide.
      }
    }
    if (this.closed) return;
    this.claimTimer ??= window.setTimeout(() => {
      this.claimTimer = null;
      void this.claim();
    }, prolongMs);
  }

  private release(keep: readonly number[]): void {
    const ids = this.claimedIds.filter((id) => !keep.includes(id) && this.queue.item(id)?.state === 'held');
    this.claimedIds = [];
    if (ids.length > 0) void this.post('comments/release', { ids }).catch(() => undefined);
  }
}
