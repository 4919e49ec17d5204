// The reference client of the room (docs/ROOM.md): joins, resumes where it was cut off, sends again what was not
// acknowledged, and says when something was missed. Knows no page: socket, time, chance and memory come in.
//
// Longer than other files: connection, history and outbox share one state, which parts would have to pass around.
//
// Home thread: the page. Not reusable after close(). Bounds: `most` comments in the outbox, requests and taps as below.

import { batch, signal } from '@preact/signals-core';
import type {
  Ban,
  Comment,
  Epoch,
  RefusalCode,
  ReportReason,
  RoomEvent,
  RoomMessage,
  RoomSettings,
  StaffRole,
  Why,
} from './room-types';
import type { SocketLike } from './control-socket';
import type { Timers } from './timers';

export interface RoomSocket extends SocketLike {
  send(text: string): void;
}

/** What outlives the page: the viewer's token, what was written but not published, and the newest that was. */
export type Remembered = 'token' | 'outbox' | 'published';
export interface RoomMemory {
  get(key: Remembered): string | null;
  set(key: Remembered, value: string): void;
}

export interface RoomDeps {
  connect: () => RoomSocket;
  timers: Timers;
  random: () => number;
  /** A new ref: 8 to 64 letters, digits, "-", "_". */
  ref: () => string;
  /** The server's clock, UTC ms. */
  now: () => number;
  memory: RoomMemory;
  /** The name to join with; empty: none. */
  name: () => string;
  /** Join as staff; refused, it becomes a viewer. */
  staff: boolean;
  /** These stand in the place of all that came before. gap: there were more between. */
  replaced: (events: RoomEvent[], gap: boolean) => void;
  /** What happened next, in order; each once. Own comments may come here before or without their event. */
  happened: (events: RoomEvent[]) => void;
  reactions: (counts: Record<string, number>) => void;
}

export type RoomConnection = 'connecting' | 'open' | 'lost';

/** A comment of one's own that is not, or not any more, among the published ones. */
export interface Sent {
  ref: string;
  text: string;
  moment: number | null;
  replyTo: { id: number; name: string; text: string; by?: string | undefined } | null;
  state: 'sending' | 'held' | 'refused' | 'rejected' | 'removed';
  /** Once the hub has it. */
  id: number | null;
  why: Why | null;
  code: RefusalCode | null;
  /** Of the person who decided. */
  reason: string | null;
}

export interface Me {
  viewer: string;
  name: string;
  staff: StaffRole | null;
}

export type Answer = { ok: true } | { ok: false; code: RefusalCode; why: Why | null };

interface Request {
  message: { t: 'name' | 'report'; ref: string } & Record<string, unknown>;
  done: (answer: Answer) => void;
}

/** The hub has not said its last word on it. */
const awaits = ({ state }: Sent) => state === 'sending' || state === 'held';

const most = 20;
/** No welcome, no answer for this long: a half-open connection. */
const patienceMs = 10_000;
/** The hub counts at least every 15 s: no word of it for this long is a half-open connection, */
const silentMs = 40_000;
/** and for this long one that is not relied on when the page or the network comes back. */
const staleMs = 20_000;
/** For setTimeout. */
const longestMs = 2 ** 31 - 1;
const gatherMs = 600;
const tapsAtOnce = 10;
/** Own published comments that a decision may still concern. */
const remembered = 200;
/** and those that the hub is asked after on return. */
const askedAfter = 20;

export class Room {
  readonly connection = signal<RoomConnection>('connecting');
  readonly room = signal<RoomSettings | null>(null);
  readonly viewers = signal<number | null>(null);
  readonly banned = signal<Ban | null>(null);
  readonly me = signal<Me | null>(null);
  readonly sent = signal<readonly Sent[]>([]);
  /** When (timers' clock) the hub takes the next comment; 0: now. */
  readonly nextAt = signal(0);

  private socket: RoomSocket | null = null;
  private closed = false;
  private staff: boolean;
  private attempt = 0;
  private retryTimer: number | null = null;
  private watch: number | null = null;
  private silence: number | null = null;
  private heardAt = 0;
  /** The epoch of what has come, and the first offset that has not. */
  private epoch: Epoch | null = null;
  private offset = 0;
  private greeted = false;
  /** The next events are history that replaces, of this epoch; null: they go on. */
  private replacing: { epoch: Epoch; gap: boolean } | null = null;
  private readonly requests = new Map<string, Request>();
  private readonly taps = new Map<string, number>();
  private tapTimer: number | null = null;
  private banTimer: number | null = null;
  /** Timers' clock: when a comment was last taken (null: none yet), when slow mode and the hub's own bounds allow the next. */
  private takenAt: number | null = null;
  private slowUntil = 0;
  private pauseUntil = 0;
  private readonly again = new Set<number>();
  /** Texts of own published comments, by id. */
  private readonly published = new Map<number, Sent>();

  constructor(private readonly deps: RoomDeps) {
    this.staff = deps.staff;
    this.sent.value = restored(deps.memory.get('outbox'));
    for (const one of restored(deps.memory.get('published'))) if (one.id !== null) this.published.set(one.id, one);
    this.open();
  }

  close(): void {
    this.closed = true;
    this.stop();
    for (const timer of [this.retryTimer, this.tapTimer, this.banTimer, ...this.again]) {
      if (timer !== null) this.deps.timers.cancel(timer);
    }
    this.retryTimer = this.tapTimer = this.banTimer = null;
    this.again.clear();
    this.requests.clear();
  }

  /** Now rather than at the next planned try; also where the connection may be dead without saying so. */
  retry(): void {
    if (this.closed) return;
    if (this.retryTimer === null && this.greeted && this.deps.timers.now() - this.heardAt > staleMs) this.lost();
    if (this.retryTimer === null) return;
    this.deps.timers.cancel(this.retryTimer);
    this.retryTimer = null;
    this.open();
  }

  /** Sends a comment, now or once there is a connection. False: too many wait already. */
  comment(text: string, moment: number | null, replyTo: Sent['replyTo'] = null): boolean {
    if (this.sent.value.filter((one) => one.state === 'sending').length >= most) return false;
    const one: Sent = {
      ref: this.deps.ref(),
      text,
      moment,
      replyTo,
      state: 'sending',
      id: null,
      why: null,
      code: null,
      reason: null,
    };
    this.keep([...this.sent.value, one]);
    if (this.greeted) this.sendComment(one);
    return true;
  }

  /** Takes one's own comment off the list of what was not published. */
  dismiss(ref: string): void {
    this.keep(this.sent.value.filter((one) => one.ref !== ref));
  }

  rename(name: string): Promise<Answer> {
    return this.ask({ t: 'name', ref: this.deps.ref(), name }).then((answer) => {
      const me = this.me.value;
      if (answer.ok && me !== null) this.me.value = { ...me, name };
      return answer;
    });
  }

  report(id: number, reason: ReportReason): Promise<Answer> {
    return this.ask({ t: 'report', ref: this.deps.ref(), id, reason });
  }

  /** A tap; those of a moment go together. */
  react(kind: string): void {
    if (!this.greeted) return;
    this.taps.set(kind, Math.min(tapsAtOnce, (this.taps.get(kind) ?? 0) + 1));
    this.tapTimer ??= this.deps.timers.after(gatherMs, () => {
      this.tapTimer = null;
      for (const [tapped, n] of this.taps) this.send({ t: 'react', kind: tapped, n });
      this.taps.clear();
    });
  }

  private ask(message: Request['message']): Promise<Answer> {
    if (this.requests.size >= most) return Promise.resolve({ ok: false, code: 'busy', why: null });
    return new Promise((done) => {
      this.requests.set(message.ref, { message, done });
      if (!this.greeted) return;
      this.send(message);
      this.expectAnswer();
    });
  }

  private open(): void {
    const socket = this.deps.connect();
    this.socket = socket;
    socket.onopen = () => {
      if (this.socket === socket) this.join();
    };
    socket.onmessage = (message) => {
      const value = this.socket === socket ? parse(message.data) : null;
      if (value === null) return;
      this.heard();
      batch(() => {
        this.take(value);
      });
    };
    socket.onclose = () => {
      if (this.socket === socket) this.lost();
    };
    this.expectAnswer();
  }

  private heard(): void {
    const { timers } = this.deps;
    this.heardAt = timers.now();
    if (this.silence !== null) timers.cancel(this.silence);
    this.silence = timers.after(silentMs, () => {
      this.silence = null;
      this.lost();
    });
  }

  private join(): void {
    const token = this.deps.memory.get('token') ?? '';
    const name = this.deps.name();
    const mine = [...this.published.keys()].slice(-askedAfter);
    this.send({
      t: 'join',
      ...(token !== '' && { token }),
      ...(name !== '' && { name }),
      ...(this.epoch !== null && { since: { epoch: this.epoch, offset: this.offset } }),
      ...(mine.length > 0 && { mine }),
      ...(this.staff && { as: 'staff' }),
    });
  }

  private take(message: RoomMessage): void {
    switch (message.t) {
      case 'welcome':
        this.welcome(message);
        break;
      case 'events':
        this.events(message.from, message.events);
        break;
      case 'ack':
        this.acknowledged(message);
        break;
      case 'refused':
        this.refused(message);
        break;
      case 'decided':
        this.decided(message);
        break;
      case 'banned':
        this.ban(message.ban);
        break;
      case 'counts':
        this.viewers.value = message.viewers;
        this.deps.reactions(message.reactions);
        break;
      case 'resync':
        // What was missed may have held removals: joining again brings it, or replaces all that is shown.
        this.lost();
        break;
    }
  }

  private welcome(message: Extract<RoomMessage, { t: 'welcome' }>): void {
    this.deps.memory.set('token', message.token);
    this.attempt = 0;
    this.greeted = true;
    // A cut before the history has come must not take the old offset for one of the new epoch.
    this.replacing =
      message.since === 'resumed'
        ? null
        : { epoch: message.epoch, gap: message.since === 'gap' || this.epoch !== null };
    this.me.value = { viewer: message.viewer, name: message.name, staff: message.staff };
    this.set(message.room);
    this.viewers.value = message.viewers;
    this.ban(message.banned);
    this.connection.value = 'open';
    // What was decided of a held one while nobody was here is told after its second acknowledgement.
    for (const one of this.sent.value) if (awaits(one)) this.sendComment(one);
    for (const { message: asked } of this.requests.values()) this.send(asked);
    this.expectAnswer();
  }

  /** Ends by itself, by the server's clock. */
  private ban(ban: Ban | null): void {
    const { timers, now } = this.deps;
    if (this.banTimer !== null) timers.cancel(this.banTimer);
    this.banTimer = null;
    const left = ban?.until == null ? null : ban.until - now();
    this.banned.value = left !== null && left <= 0 ? null : ban;
    if (left === null || left <= 0) return;
    // The clock may be corrected meanwhile, and a timer holds 24 days.
    this.banTimer = timers.after(Math.min(left, longestMs), () => {
      this.ban(ban);
    });
  }

  /** The room as it is now; what slow mode asks of the next comment changes with it. */
  private set(room: RoomSettings): void {
    const before = this.room.value?.slow_s;
    this.room.value = room;
    if (room.slow_s !== before) this.slow(room.slow_s);
  }

  private slow(seconds: number): void {
    const ms = this.me.value?.staff === null ? seconds * 1000 : 0;
    const soon = this.deps.timers.now() + ms;
    if (ms === 0) this.slowUntil = 0;
    else this.slowUntil = this.takenAt === null ? Math.min(this.slowUntil, soon) : this.takenAt + ms;
    this.nextAt.value = Math.max(this.slowUntil, this.pauseUntil);
  }

  private events(from: number, events: RoomEvent[]): void {
    if (!this.greeted || !Array.isArray(events)) return;
    if (this.replacing !== null) {
      const { epoch, gap } = this.replacing;
      this.replacing = null;
      this.epoch = epoch;
      this.offset = from + events.length;
      this.apply(events);
      this.deps.replaced(events, gap);
      return;
    }
    if (from > this.offset) {
      // Not what was agreed: as if the connection were lost.
      this.lost();
      return;
    }
    const fresh = events.slice(this.offset - from);
    this.offset += fresh.length;
    if (fresh.length === 0) return;
    this.apply(fresh);
    this.deps.happened(fresh);
  }

  /** What events change of the room itself. */
  private apply(events: RoomEvent[]): void {
    for (const event of events) {
      const room = this.room.value;
      if (event.k === 'room') {
        this.set(event.room);
      } else if (event.k === 'pinned') {
        if (room !== null) this.room.value = { ...room, pinned: event.comment };
      } else if (event.k === 'removed') {
        if (room?.pinned?.id === event.id) this.room.value = { ...room, pinned: null };
      } else if (event.k === 'comment' && event.by === this.me.value?.viewer) {
        this.becamePublic(event.id);
      }
    }
  }

  private becamePublic(id: number): void {
    const one = this.sent.value.find((sent) => sent.id === id);
    if (one === undefined) return;
    this.remember(id, one);
    this.keep(this.sent.value.filter((sent) => sent !== one));
  }

  private remember(id: number, one: Sent): void {
    this.published.set(id, { ...one, id });
    for (const oldest of this.published.keys()) {
      if (this.published.size <= remembered) break;
      this.published.delete(oldest);
    }
    this.keepPublished();
  }

  private keepPublished(): void {
    this.deps.memory.set('published', kept([...this.published.values()].slice(-askedAfter)));
  }

  private acknowledged(message: Extract<RoomMessage, { t: 'ack' }>): void {
    const request = this.requests.get(message.ref);
    if (request !== undefined) {
      this.requests.delete(message.ref);
      request.done({ ok: true });
    }
    const one = this.sent.value.find((sent) => sent.ref === message.ref);
    if (one !== undefined && message.id !== undefined) {
      if (one.state === 'sending') {
        this.takenAt = this.deps.timers.now();
        this.slow(this.room.value?.slow_s ?? 0);
      }
      if (message.state === 'published') this.showOwn(one, message.id);
      else this.change(one, { state: 'held', id: message.id, why: message.why ?? null });
    }
    this.expectAnswer();
  }

  /** A crowded room shows each viewer a sample: one's own comment is always in it. */
  private showOwn(one: Sent, id: number): void {
    const me = this.me.value;
    this.keep(this.sent.value.filter((sent) => sent !== one));
    this.remember(id, one);
    if (me === null) return;
    const now = this.deps.now();
    const comment: Comment = { id, at: now, moment: one.moment ?? now, by: me.viewer, name: me.name, text: one.text };
    if (me.staff !== null) comment.staff = me.staff;
    if (one.replyTo !== null && one.replyTo.text !== '') comment.reply_to = one.replyTo;
    this.deps.happened([{ k: 'comment', ...comment }]);
  }

  private refused(message: Extract<RoomMessage, { t: 'refused' }>): void {
    const { ref, code } = message;
    if (ref === undefined) {
      // An answer to join: as staff one may not be known here.
      if (!this.greeted && code === 'forbidden' && this.staff) {
        this.staff = false;
        this.lost();
      }
      return;
    }
    const request = this.requests.get(ref);
    const one = this.sent.value.find((sent) => sent.ref === ref);
    if (code === 'busy' && message.retry_ms !== undefined && (request ?? one) !== undefined) {
      const timer = this.deps.timers.after(message.retry_ms * (0.7 + 0.6 * this.deps.random()), () => {
        this.again.delete(timer);
        if (!this.greeted) return;
        const still = this.sent.value.find((sent) => sent.ref === ref && awaits(sent));
        if (still !== undefined) this.sendComment(still);
        else if (this.requests.has(ref) && request !== undefined) this.send(request.message);
        this.expectAnswer();
      });
      this.again.add(timer);
      this.expectAnswer(message.retry_ms * 1.3);
      return;
    }
    if (request !== undefined) {
      this.requests.delete(ref);
      request.done({ ok: false, code, why: message.why ?? null });
    }
    // A held one that was only asked after stays what it is.
    if (one?.state === 'sending') {
      if (message.retry_ms !== undefined) {
        const until = this.deps.timers.now() + message.retry_ms;
        if (code === 'slow_mode') this.slowUntil = until;
        else this.pauseUntil = until;
        this.nextAt.value = Math.max(this.slowUntil, this.pauseUntil);
      }
      this.change(one, { state: 'refused', id: message.id ?? null, code, why: message.why ?? null });
    }
    this.expectAnswer();
  }

  private decided(message: Extract<RoomMessage, { t: 'decided' }>): void {
    const { id, state, reason } = message;
    const one = this.sent.value.find((sent) => sent.id === id);
    if (state === 'published') {
      if (one !== undefined) this.showOwn(one, id);
      return;
    }
    if (one !== undefined) {
      this.change(one, { state, reason, why: state === 'held' ? one.why : null });
      return;
    }
    const was = this.published.get(id);
    if (was === undefined) return;
    this.published.delete(id);
    this.keepPublished();
    // Its event may have come before an acknowledgement that was sent again.
    this.deps.happened([{ k: 'removed', id }]);
    this.keep([...this.sent.value, { ...was, id, state, reason, why: null, code: null }]);
  }

  private sendComment(one: Sent): void {
    this.send({
      t: 'comment',
      ref: one.ref,
      text: one.text,
      ...(one.moment !== null && { moment: Math.round(one.moment) }),
      ...(one.replyTo !== null && { reply_to: one.replyTo.id }),
    });
    this.expectAnswer();
  }

  private change(one: Sent, to: Partial<Sent>): void {
    this.keep(this.sent.value.map((sent) => (sent === one ? { ...sent, ...to } : sent)));
  }

  private keep(sent: readonly Sent[]): void {
    // What waits is never dropped: of the rest the oldest is.
    let surplus = sent.length - 2 * most;
    this.sent.value = sent.filter((one) => one.state === 'sending' || surplus-- <= 0);
    this.deps.memory.set('outbox', kept(this.sent.value));
  }

  private send(message: object): void {
    this.socket?.send(JSON.stringify(message));
  }

  /** While an answer is due, in so many milliseconds at the earliest, its absence is a lost connection. */
  private expectAnswer(earliest = 0): void {
    if (this.watch !== null) this.deps.timers.cancel(this.watch);
    this.watch = null;
    const due = !this.greeted || this.requests.size > 0 || this.sent.value.some((one) => one.state === 'sending');
    if (!due || this.socket === null) return;
    this.watch = this.deps.timers.after(earliest + patienceMs, () => {
      this.watch = null;
      this.lost();
    });
  }

  private lost(): void {
    this.stop();
    if (this.closed) return;
    this.connection.value = 'lost';
    const base = 1000 * 2 ** Math.min(this.attempt, 3);
    this.attempt++;
    this.retryTimer = this.deps.timers.after(base * (0.7 + 0.6 * this.deps.random()), () => {
      this.retryTimer = null;
      this.open();
    });
  }

  private stop(): void {
    for (const timer of [this.watch, this.silence]) if (timer !== null) this.deps.timers.cancel(timer);
    this.watch = this.silence = null;
    this.greeted = false;
    this.taps.clear();
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onopen = null;
    socket.onclose = null;
    socket.onmessage = null;
    socket.close();
  }
}

const kinds: ReadonlySet<string> = new Set([
  'welcome',
  'events',
  'ack',
  'refused',
  'decided',
  'banned',
  'counts',
  'resync',
]);

function parse(data: unknown): RoomMessage | null {
  if (typeof data !== 'string') return null;
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value !== 'object' || value === null || !('t' in value)) return null;
    return typeof value.t === 'string' && kinds.has(value.t) ? (value as RoomMessage) : null;
  } catch {
    return null;
  }
}

/** Without others' words: these may be removed while nobody looks. */
function kept(sent: readonly Sent[]): string {
  return JSON.stringify(
    sent.map((one) => ({ ...one, replyTo: one.replyTo && { id: one.replyTo.id, name: '', text: '' } })),
  );
}

/** The outbox of the page before this one; whatever is not one is none. */
function restored(text: string | null): Sent[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    if (!Array.isArray(value)) return [];
    const sent = value.filter(
      (one: unknown): one is Sent =>
        typeof one === 'object' && one !== null && 'ref' in one && 'text' in one && 'state' in one,
    );
    return sent.slice(-2 * most);
  } catch {
    return [];
  }
}
