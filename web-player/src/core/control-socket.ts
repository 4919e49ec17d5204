// A stream of events that the page only listens to: of a console, a moderators' queue, the desk. Says plainly whether what the
// page shows is current: a socket that is open but silent for longer than the server ever is counts as lost. Reconnects after
// 1, 2, 4, then every 8 s, ± 30 %.
//
// Home thread: the page. Not reusable after close().

import type { Timers } from './timers';

export type Connection = 'connecting' | 'open' | 'lost';

/** The part of WebSocket that is used here. */
export interface SocketLike {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  close(): void;
}

export interface ControlSocketDeps<E> {
  connect: () => SocketLike;
  timers: Timers;
  random: () => number;
  changed: (connection: Connection) => void;
  /** A connection ended, or a try to connect failed: each time. Nobody tells a page why. */
  failed: () => void;
  /** What the page knows of; an event of a newer server is not its to judge. */
  kinds: ReadonlySet<string>;
  event: (event: E) => void;
  /** Most of them say something every second: 5 s. */
  silenceMs?: number;
}

export class ControlSocket<E> {
  private socket: SocketLike | null = null;
  private timer: number | null = null;
  private silence: number | null = null;
  private attempt = 0;
  private closed = false;
  private connection: Connection = 'connecting';

  constructor(private readonly deps: ControlSocketDeps<E>) {
    this.open();
  }

  close(): void {
    this.closed = true;
    this.stop();
    if (this.timer !== null) this.deps.timers.cancel(this.timer);
    this.timer = null;
  }

  /** Now rather than at the next planned try. */
  retry(): void {
    if (this.closed || this.timer === null) return;
    this.deps.timers.cancel(this.timer);
    this.timer = null;
    this.open();
  }

  /** A new connection in the place of a good one: what the server says first is wanted again. */
  renew(): void {
    if (this.closed || this.connection !== 'open') return;
    this.stop();
    this.open();
  }

  private open(): void {
    const socket = this.deps.connect();
    this.socket = socket;
    this.listenForSilence();
    socket.onmessage = (message) => {
      if (this.socket !== socket) return;
      const event = parse(message.data, this.deps.kinds);
      if (event === null) return;
      this.attempt = 0;
      this.listenForSilence();
      this.become('open');
      this.deps.event(event as E);
    };
    socket.onclose = () => {
      if (this.socket === socket) this.lost();
    };
  }

  private listenForSilence(): void {
    if (this.silence !== null) this.deps.timers.cancel(this.silence);
    this.silence = this.deps.timers.after(this.deps.silenceMs ?? 5000, () => {
      this.lost();
    });
  }

  private lost(): void {
    this.stop();
    if (this.closed) return;
    this.become('lost');
    this.deps.failed();
    const base = 1000 * 2 ** Math.min(this.attempt, 3);
    this.attempt++;
    this.timer = this.deps.timers.after(base * (0.7 + 0.6 * this.deps.random()), () => {
      this.timer = null;
      this.open();
    });
  }

  private stop(): void {
    if (this.silence !== null) this.deps.timers.cancel(this.silence);
    this.silence = null;
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onclose = null;
    socket.onmessage = null;
    socket.close();
  }

  private become(connection: Connection): void {
    if (this.connection === connection) return;
    this.connection = connection;
    this.deps.changed(connection);
  }
}

function parse(data: unknown, kinds: ReadonlySet<string>): object | null {
  if (typeof data !== 'string') return null;
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value !== 'object' || value === null || !('t' in value)) return null;
    return typeof value.t === 'string' && kinds.has(value.t) ? value : null;
  } catch {
    return null;
  }
}
