/** For the tests of the room: a model of the hub's side, as docs/ROOM.md has it, with small bounds, and sockets to cut. */
import { Room, type RoomMemory, type RoomSocket } from './room';
import type { Comment, RefusalCode, RoomEvent, RoomSettings, Why } from './room-types';
import { ManualTimers } from './timers';

export class FakeSocket implements RoomSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  readonly received: Record<string, unknown>[] = [];
  closed = false;
  joined = false;
  viewer = '';
  /** What has left the hub and not yet come. */
  private readonly wire: string[] = [];
  /** What the page has sent and the hub not yet read. */
  private readonly toHub: Record<string, unknown>[] = [];

  constructor(private readonly hub: (socket: FakeSocket, message: Record<string, unknown>) => void) {}

  send(text: string) {
    const message = JSON.parse(text) as Record<string, unknown>;
    this.received.push(message);
    this.toHub.push(message);
  }
  close() {
    this.closed = true;
  }
  say(message: unknown) {
    this.wire.push(JSON.stringify(message));
  }
  /** The hub reads one message. */
  read(): boolean {
    const message = this.toHub.shift();
    if (message === undefined || this.closed) return false;
    this.hub(this, message);
    return true;
  }
  /** The page gets one message. */
  deliver(): boolean {
    const text = this.wire.shift();
    if (text === undefined || this.closed) return false;
    this.onmessage?.({ data: text });
    return true;
  }
  settle() {
    while (this.read() || this.deliver()) continue;
  }
  cut() {
    if (this.closed) return;
    this.closed = true;
    this.onclose?.();
  }
}

export const openRoom: RoomSettings = {
  mode: 'open',
  open: true,
  slow_s: 0,
  max_text: 200,
  pinned: null,
  reactions: ['like'],
};

export class ModelHub {
  epoch = 'e1';
  room: RoomSettings = openRoom;
  log: RoomEvent[] = [];
  readonly sockets: FakeSocket[] = [];
  private readonly tokens = new Map<string, string>();
  /** Of every comment that was acknowledged, by viewer and ref. */
  private readonly refs = new Map<string, { id: number; state: 'published' | 'held' }>();
  /** What became of held ones. */
  readonly decided = new Map<number, { state: string; reason: string }>();
  private ids = 0;
  /** Texts of all comments that were ever published by judge(). */
  readonly publishedTexts: string[] = [];
  private readonly history: number;
  private readonly kept: number;
  /** What the next comment meets with. */
  verdict: 'published' | 'held' | { code: RefusalCode; id?: number; retry_ms?: number; why?: Why } = 'published';
  /** Published comments that do not come past as events: a crowded room. */
  sampledOut = false;

  constructor({ history = 10, kept = 40 } = {}) {
    this.history = history;
    this.kept = kept;
  }

  connect = (): FakeSocket => {
    const socket = new FakeSocket((from, message) => {
      this.take(from, message);
    });
    this.sockets.push(socket);
    return socket;
  };

  get last(): FakeSocket {
    const socket = this.sockets[this.sockets.length - 1];
    if (socket === undefined) throw new Error('nobody has connected');
    return socket;
  }

  emit(...events: RoomEvent[]) {
    const from = this.log.length;
    this.log.push(...events);
    for (const socket of this.sockets) if (socket.joined && !socket.closed) socket.say({ t: 'events', from, events });
  }

  comment(fields: Partial<Comment> = {}): Comment {
    const id = ++this.ids;
    return {
      id,
      at: id * 1000,
      moment: id * 1000,
      by: 'ffff0000',
      name: 'Wei',
      text: `comment ${String(id)}`,
      ...fields,
    };
  }

  remove(id: number) {
    this.log = this.log.map((event) => (event.k === 'comment' && event.id === id ? { k: 'gone' } : event));
    this.emit({ k: 'removed', id });
  }

  /** As if it had never taken a comment. */
  forget() {
    this.refs.clear();
  }

  restart() {
    this.epoch += '+';
    this.log = [];
    for (const socket of this.sockets) socket.cut();
  }

  private take(socket: FakeSocket, message: Record<string, unknown>) {
    if (message.t === 'join') this.join(socket, message);
    else if (message.t === 'comment') this.judge(socket, message);
    else if (message.t !== 'react') socket.say({ t: 'ack', ref: message.ref });
  }

  private join(socket: FakeSocket, message: Record<string, unknown>) {
    const token = typeof message.token === 'string' ? message.token : `t${String(this.tokens.size)}`;
    socket.viewer = this.tokens.get(token) ?? `v${String(this.tokens.size)}`;
    this.tokens.set(token, socket.viewer);
    socket.joined = true;
    const asked = message.since as { epoch: string; offset: number } | undefined;
    const since =
      asked?.epoch !== this.epoch ? 'fresh' : this.log.length - asked.offset > this.kept ? 'gap' : 'resumed';
    const from = since === 'resumed' ? (asked?.offset ?? 0) : Math.max(0, this.log.length - this.history);
    socket.say({
      t: 'welcome', v: 1, token, viewer: socket.viewer, name: message.name ?? '', staff: null, epoch: this.epoch, now: 0,
      room: this.room, viewers: 3, banned: null, since,
    }); // prettier-ignore
    socket.say({ t: 'events', from, events: this.log.slice(from) });
    for (const id of (message.mine as number[] | undefined) ?? []) {
      const decision = this.decided.get(id);
      if (decision !== undefined && decision.state !== 'published') socket.say({ t: 'decided', id, ...decision });
    }
  }

  private judge(socket: FakeSocket, message: Record<string, unknown>) {
    const ref = String(message.ref);
    const key = `${socket.viewer} ${ref}`;
    const known = this.refs.get(key);
    if (known !== undefined) {
      socket.say({ t: 'ack', ref, ...known });
      const decision = this.decided.get(known.id);
      if (decision !== undefined) socket.say({ t: 'decided', id: known.id, ...decision });
      return;
    }
    if (typeof this.verdict === 'object') {
      socket.say({ t: 'refused', ref, message: 'no', ...this.verdict });
      return;
    }
    const comment = this.comment({ by: socket.viewer, text: String(message.text) });
    this.refs.set(key, { id: comment.id, state: this.verdict });
    socket.say({ t: 'ack', ref, id: comment.id, state: this.verdict });
    this.publishedTexts.push(comment.text);
    if (this.verdict === 'published' && !this.sampledOut) this.emit({ k: 'comment', ...comment });
  }
}

export class MapMemory implements RoomMemory {
  readonly values = new Map<string, string>();
  get(key: string) {
    return this.values.get(key) ?? null;
  }
  set(key: string, value: string) {
    this.values.set(key, value);
  }
}

/** A room that has connected, and all that the page was told. */
export function enter(
  hub = new ModelHub(),
  { memory = new MapMemory(), staff = false, random = (): number => 0.5 } = {},
) {
  const timers = new ManualTimers();
  const told: (RoomEvent | 'replaced' | 'gap')[] = [];
  const reactions: Record<string, number>[] = [];
  let refs = 0;
  const room = new Room({
    connect: hub.connect,
    timers,
    random,
    ref: () => `ref-${String(memory.values.size)}-${String(refs++)}`,
    now: () => 5000 + timers.now(),
    memory,
    name: () => '',
    staff,
    replaced: (events, gap) => told.splice(0, told.length, gap ? 'gap' : 'replaced', ...events),
    happened: (events) => told.push(...events),
    reactions: (counts) => reactions.push(counts),
  });
  /** A connection comes about and everything on the way arrives. */
  const arrive = () => {
    hub.last.onopen?.();
    hub.last.settle();
  };
  return { hub, room, timers, memory, told, reactions, arrive };
}

/** Numbers that look random and are the same every time. */
export function dice(seed: number) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
