// What the officers' page shows and does: the desk as the server has it, the list, the tip that is looked at, and one's drafts.
// The server tells only that something changed; all of it is asked for then, and the selection stays where it is.
//
// Home thread: the page. One instance for each officer who is in; close() ends it.

import { batch, computed, signal } from '@preact/signals';
import { ApiError, request } from '../core/api';
import { askServer, ServerClock } from '../core/clock';
import { ControlSocket, type Connection, type SocketLike } from '../core/control-socket';
import { Drafts } from '../core/desk-drafts';
import {
  countOf,
  obstacle,
  pageSize,
  rowsAfter,
  standing,
  validOffset,
  type Deed,
  type Filter,
  type Obstacle,
} from '../core/desk-rules';
import type { DeskEvent, ListedTip, Overview, Verdict, WholeTip } from '../core/desk-types';
import type { PublicBroadcast } from '../core/types';
import { browserTimers } from '../core/timers';
import { asApiError, asStaff } from '../staff/session';
import { chosenTip } from './router';

const kinds: ReadonlySet<DeskEvent['t']> = new Set(['here', 'changed']);
/** The server says every 10 s that it is there. */
const silenceMs = 25_000;
/** A countersignature comes back when all tips are shared. */
const patienceMs = 120_000;

function tabStore(): Storage | null {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}

/** Of this tab; main.tsx ends them with the session. */
export const drafts = new Drafts(tabStore());

export interface Failed {
  tip: string;
  deed: Deed;
  error: ApiError;
}

export class Office {
  readonly connection = signal<Connection>('connecting');
  readonly overview = signal<Overview | null>(null);
  readonly error = signal<ApiError | null>(null);
  /** Server time, each half minute. */
  readonly now = signal(Date.now());
  readonly filter = signal<Filter>('all');
  readonly offset = signal(0);
  /** null: not loaded yet. */
  readonly rows = signal<ListedTip[] | null>(null);
  readonly listError = signal<ApiError | null>(null);
  /** The tip that is chosen, as far as it is there. */
  readonly tip = signal<WholeTip | null>(null);
  readonly tipError = signal<ApiError | null>(null);
  /** What is under way with the tip. */
  readonly busy = signal<Deed | null>(null);
  readonly failed = signal<Failed | null>(null);
  readonly done = signal<{ tip: string; deed: Deed } | null>(null);
  /** For a reader, once: there are more tips than before. */
  readonly more = signal(0);
  /** The recovery key, until it is on paper. */
  readonly recoveryKey = signal<string | null>(null);
  /** Broadcasts that tips are about, by id; null: there is none of this id. */
  readonly broadcasts = signal<ReadonlyMap<string, PublicBroadcast | null>>(new Map());
  /** Counts what was typed, so that marks of drafts follow. */
  readonly typed = signal(0);

  readonly connected = computed(() => this.connection.value === 'open');
  readonly counts = computed(() => this.overview.value?.counts ?? { received: 0, triaged: 0, answered: 0, closed: 0 });
  readonly total = computed(() => countOf(this.counts.value, this.filter.value));

  private readonly clock = new ServerClock(askServer);
  private readonly socket: ControlSocket<DeskEvent>;
  private readonly ticking: number;
  private loading = false;
  private again = false;
  private closed = false;

  constructor(readonly person: string) {
    drafts.begin(person);
    this.socket = new ControlSocket<DeskEvent>({
      connect: () => {
        const url = new URL('/api/v1/desk/events', location.href);
        url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
        return new WebSocket(url, 'openday-desk-1') as SocketLike;
      },
      timers: browserTimers,
      random: Math.random,
      kinds,
      silenceMs,
      changed: (connection) => {
        this.connection.value = connection;
        if (connection === 'open') void this.load();
      },
      // A refused WebSocket does not say why: the API does, when the session has ended.
      failed: () => void this.load(),
      event: (event) => {
        if (event.t === 'changed') void this.load();
      },
    });
    this.ticking = window.setInterval(() => (this.now.value = this.clock.now()), 30_000);
    void this.clock.sync(1).then(() => (this.now.value = this.clock.now()));
    void this.load();
  }

  close(): void {
    this.closed = true;
    this.socket.close();
    window.clearInterval(this.ticking);
  }

  reconnect(): void {
    this.socket.retry();
  }

  /** All that is shown, anew. Asked while it is under way, it is done once more. */
  async load(): Promise<void> {
    if (this.loading) {
      this.again = true;
      return;
    }
    this.loading = true;
    do {
      this.again = false;
      await this.loadOnce();
    } while (this.wanted());
    this.loading = false;
  }

  private wanted(): boolean {
    return this.again && !this.closed;
  }

  private async loadOnce(): Promise<void> {
    let overview: Overview;
    try {
      const before = this.overview.value;
      overview = await this.ask<Overview>('');
      const had = before?.counts == null ? Infinity : countOf(before.counts, 'all');
      batch(() => {
        this.overview.value = overview;
        this.error.value = null;
        if (overview.counts !== null && countOf(overview.counts, 'all') > had) this.more.value++;
      });
    } catch (error) {
      this.error.value = asApiError(error);
      return;
    }
    if (standing(overview) !== 'in') return;
    await Promise.all([this.loadTip(), this.loadList()]);
  }

  // The list

  setFilter(filter: Filter): void {
    if (this.filter.value === filter) return;
    batch(() => {
      this.filter.value = filter;
      this.offset.value = 0;
      this.rows.value = null;
      this.listError.value = null;
    });
    void this.loadList();
  }

  turn(by: 1 | -1): void {
    batch(() => {
      this.offset.value = Math.max(0, this.offset.value + by * pageSize);
      this.rows.value = null;
    });
    void this.loadList();
  }

  async loadList(): Promise<void> {
    this.offset.value = validOffset(this.offset.value, this.total.value);
    const [filter, offset] = [this.filter.value, this.offset.value];
    const query = new URLSearchParams({ offset: String(offset) });
    if (filter !== 'all') query.set('state', filter);
    const meanwhile = () => this.filter.value !== filter || this.offset.value !== offset;
    try {
      const { tips } = await this.ask<{ tips: ListedTip[] }>(`/tips?${query.toString()}`);
      if (meanwhile()) return;
      batch(() => {
        const looked = this.tip.value?.id === chosenTip.value ? this.tip.value : null;
        this.rows.value = rowsAfter(this.rows.value ?? [], tips, looked);
        this.listError.value = null;
      });
    } catch (error) {
      if (!meanwhile()) this.listError.value = asApiError(error);
    }
  }

  // The tip

  /** The address names another tip, or none. */
  choose(id: string | null): void {
    if (id === this.tip.value?.id && this.tipError.value === null) return;
    batch(() => {
      this.tip.value = null;
      this.tipError.value = null;
      this.failed.value = null;
      this.done.value = null;
    });
    if (id !== null && this.overview.value !== null && standing(this.overview.value) === 'in') void this.loadTip();
  }

  async loadTip(): Promise<void> {
    const id = chosenTip.value;
    if (id === null) return;
    try {
      const tip = await this.ask<WholeTip>(`/tips/${id}`);
      if (id !== chosenTip.value) return;
      batch(() => {
        this.tip.value = tip;
        this.tipError.value = null;
      });
      if (tip.broadcast !== null) void this.learn(tip.broadcast);
    } catch (error) {
      if (id === chosenTip.value) this.tipError.value = asApiError(error);
    }
  }

  /** What a broadcast is called. */
  private async learn(id: string): Promise<void> {
    if (this.broadcasts.value.has(id)) return;
    let found: PublicBroadcast | null = null;
    try {
      found = await request<PublicBroadcast>(`/api/v1/broadcasts/${id}`);
    } catch (error) {
      // Deleted, or hidden: its id has to do. Anything else is tried again with the next change.
      if (asApiError(error).status !== 404) return;
    }
    this.broadcasts.value = new Map([...this.broadcasts.value, [id, found]]);
  }

  obstacle(deed: Deed): Obstacle | null {
    return this.tip.value === null ? 'lost' : obstacle(deed, this.tip.value, this.connected.value);
  }

  triage(verdict: Verdict): Promise<boolean> {
    return this.act('triage', 'triage', { verdict });
  }

  /** `after`, here and below: the last entry that was seen when it was decided (`lastOf`). */
  async answer(text: string, after: number): Promise<boolean> {
    const id = this.tip.value?.id;
    const sent = await this.act('answer', 'answer', { text, after });
    // What has been typed on meanwhile is another answer.
    if (sent && id !== undefined && drafts.get(id).trim() === text) this.write(id, '');
    return sent;
  }

  standard(after: number): Promise<boolean> {
    return this.act('standard', 'answer', { standard: true, after });
  }

  async finish(after: number): Promise<boolean> {
    const id = this.tip.value?.id;
    const closed = await this.act('close', 'close', { after });
    if (closed && id !== undefined) this.write(id, '');
    return closed;
  }

  write(tip: string, text: string): void {
    drafts.set(tip, text);
    this.typed.value++;
  }

  private async act(deed: Deed, verb: string, body: unknown): Promise<boolean> {
    const id = this.tip.value?.id;
    if (id === undefined || this.busy.value !== null || this.obstacle(deed) !== null) return false;
    batch(() => {
      this.busy.value = deed;
      this.failed.value = null;
      this.done.value = null;
    });
    try {
      await this.ask(`/tips/${id}/${verb}`, 'POST', body);
      if (id === chosenTip.value) this.done.value = { tip: id, deed };
      return true;
    } catch (error) {
      this.failed.value = { tip: id, deed, error: asApiError(error) };
      return false;
    } finally {
      // Done or refused, the timeline says how it stands.
      void this.load();
      this.busy.value = null;
    }
  }

  // Keys

  async unlock(password: string): Promise<void> {
    await this.ask('/unlock', 'POST', { password });
    await this.load();
  }

  async found(): Promise<void> {
    const { recovery_key } = await this.ask<{ recovery_key: string }>('/found', 'POST', {});
    this.recoveryKey.value = recovery_key;
    await this.load();
  }

  async countersign(person: string, fingerprint: string): Promise<void> {
    await this.ask(`/officers/${person}/countersign`, 'POST', { fingerprint });
    await this.load();
  }

  async recover(key: string, fingerprint: string): Promise<void> {
    await this.ask('/recover', 'POST', { key, fingerprint });
    await this.load();
  }

  private async ask<T>(path: string, method: 'GET' | 'POST' = 'GET', body?: unknown): Promise<T> {
    try {
      return await asStaff<T>(`desk${path}`, {
        method,
        ...(body !== undefined && { body, timeout: patienceMs }),
      });
    } catch (error) {
      if (error instanceof ApiError && error.status === 423 && this.overview.value !== null) {
        this.overview.value = { ...this.overview.value, open: false };
      }
      throw error;
    }
  }
}
