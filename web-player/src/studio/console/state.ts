// What the console of one broadcast knows and does. What is on air comes only from what the engine confirmed: the `taken`
// event, the answer to a take, or the broadcast itself; never from a button that was pressed.
//
// Home thread: the page. One instance per opened broadcast; close() ends it.

import { batch, computed, signal } from '@preact/signals';
import type { ApiError } from '../../core/api';
import { ControlSocket, type Connection, type SocketLike } from '../../core/control-socket';
import { healthOf, type Health } from '../../core/health';
import {
  arrangementOf,
  draftOf,
  sameScene,
  sceneOf,
  sizes,
  withLayout,
  withoutVenue,
  withVenue,
  withVenueAt,
  type Draft,
} from '../../core/scene';
import type { Broadcast, ControlEvent, Layout, Levels, Scene, Slot, Status, VenueMix } from '../../core/studio-types';
import { browserTimers } from '../../core/timers';
import { admin, asApiError } from '../../staff/session';

export type Why = 'offline' | 'stopped' | 'incomplete' | 'same' | null;

interface Taken {
  scene: Scene;
  at: number;
  tick: number;
}

/** Gain changes are sent at most this often while a slider moves. */
const mixDelayMs = 120;

const kinds: ReadonlySet<ControlEvent['t']> = new Set(['status', 'levels', 'taken', 'broadcast', 'thumbnail']);

export class Console {
  readonly broadcast = signal<Broadcast | null>(null);
  readonly error = signal<ApiError | null>(null);
  readonly connection = signal<Connection>('connecting');
  readonly status = signal<Status | null>(null);
  readonly layouts = signal<Layout[]>([]);
  readonly levels = signal<Levels>({ venues: {}, program: [-Infinity, -Infinity] });
  /** Serial of the newest picture of each venue; '' is the program. */
  readonly pictures = signal<Record<string, number>>({});
  readonly draft = signal<Draft | null>(null);
  readonly selected = signal<number | null>(null);
  readonly takenAt = signal<number | null>(null);
  /** A command is under way, by name. */
  readonly busy = signal<string | null>(null);
  readonly failure = signal<ApiError | null>(null);
  /** Server minus local time, from the status events. */
  readonly clockOffset = signal(0);
  private readonly measured = signal<Health | null>(null);
  private readonly localMix = signal<Record<string, VenueMix>>({});

  private readonly socket: ControlSocket<ControlEvent>;
  private mixTimer: number | null = null;
  private loading = false;
  private lastTake: { tick: number; seen: number } | null = null;
  private pendingMix: Record<string, VenueMix> = {};

  readonly scene = computed<Scene | null>(() => this.broadcast.value?.scene ?? null);
  readonly running = computed(() => {
    const state = this.broadcast.value?.state;
    return state === 'rehearsal' || state === 'live';
  });
  /** Of the program: while none runs, nothing of it can be wrong. */
  readonly health = computed(() => (this.running.value ? this.measured.value : null));
  readonly frozen = computed(() => this.connection.value !== 'open');
  readonly layout = computed(() => this.layouts.value.find((one) => one.id === this.draft.value?.layout) ?? null);
  readonly arrangement = computed(() => {
    const layout = this.layout.value;
    return layout === null ? null : arrangementOf(layout, this.draft.value?.places.length ?? 0);
  });
  /** Why CUT is not possible now. */
  readonly obstacle = computed<Why>(() => {
    if (this.frozen.value) return 'offline';
    if (!this.running.value) return 'stopped';
    const scene = this.draft.value === null ? null : sceneOf(this.draft.value);
    if (scene === null) return 'incomplete';
    return sameScene(scene, this.scene.value) ? 'same' : null;
  });

  constructor(readonly id: string) {
    this.socket = new ControlSocket({
      connect: () => {
        const url = new URL(`/api/v1/admin/broadcasts/${id}/events`, location.href);
        url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
        return new WebSocket(url, 'openday-control-1') as SocketLike;
      },
      timers: browserTimers,
      random: Math.random,
      changed: (connection) => {
        this.connection.value = connection;
        // Whatever happened meanwhile is in the broadcast.
        if (connection === 'open') void this.load();
      },
      // The API says what a refused WebSocket does not: that the session has ended, or that the broadcast is gone.
      failed: () => void this.load(),
      kinds,
      event: (event) => {
        this.onEvent(event);
      },
    });
    void this.load();
  }

  close(): void {
    this.socket.close();
    if (this.mixTimer !== null) browserTimers.cancel(this.mixTimer);
  }

  reconnect(): void {
    this.socket.retry();
  }

  async load(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    try {
      const [broadcast, layouts] = await Promise.all([
        admin<Broadcast>(`broadcasts/${this.id}`),
        this.layouts.value.length > 0
          ? this.layouts.value
          : admin<{ layouts: Layout[] }>('layouts').then((answer) => answer.layouts),
      ]);
      batch(() => {
        this.layouts.value = layouts;
        this.error.value = null;
        this.setBroadcast(broadcast);
      });
    } catch (error) {
      this.error.value = asApiError(error);
    } finally {
      this.loading = false;
    }
  }

  venueName(id: string): string {
    return this.broadcast.value?.venues.find((venue) => venue.id === id)?.name ?? id;
  }

  slot(venue: string): Slot | null {
    return this.status.value?.slots?.find((one) => one.venue === venue) ?? null;
  }

  /** What is heard of a venue: what was just set here, else what the server has. */
  mixOf(venue: string): VenueMix {
    return this.localMix.value[venue] ?? this.broadcast.value?.mix?.venues[venue] ?? { gain_db: 0, mute: false };
  }

  // Composing

  chooseLayout(layout: Layout): void {
    const draft = this.draft.value;
    if (draft === null) return;
    const venues = this.broadcast.value?.venues.map((venue) => venue.id) ?? [];
    this.draft.value = withLayout(draft, layout, venues);
    this.selected.value = null;
  }

  /** A venue was chosen: for the selected tile, or to be added. */
  chooseVenue(venue: string): void {
    const draft = this.draft.value;
    const layout = this.layout.value;
    if (draft === null || layout === null) return;
    const tile = this.selected.value;
    if (tile !== null && tile < draft.places.length) {
      this.draft.value = withVenueAt(draft, tile, venue);
      this.selected.value = null;
    } else {
      this.draft.value = withVenue(draft, layout, venue);
    }
  }

  putVenue(tile: number, venue: string): void {
    if (this.draft.value !== null) this.draft.value = withVenueAt(this.draft.value, tile, venue);
  }

  takeOut(tile: number): void {
    const layout = this.layout.value;
    if (this.draft.value === null || layout === null) return;
    this.draft.value = withoutVenue(this.draft.value, layout, tile);
    this.selected.value = null;
  }

  change(part: Partial<Draft>): void {
    if (this.draft.value !== null) this.draft.value = { ...this.draft.value, ...part };
  }

  // On air

  async cut(): Promise<void> {
    if (this.obstacle.value !== null || this.busy.value !== null || this.draft.value === null) return;
    const scene = sceneOf(this.draft.value);
    if (scene === null) return;
    const before = this.scene.value;
    if (await this.take('take', scene, 'cut')) {
      // What was on air stands ready to go back to.
      if (before !== null && before.slate !== true) this.draft.value = draftOf(before);
      this.selected.value = null;
    }
  }

  /** The lower third of what is on air, without changing the picture. */
  async setTitle(title: string): Promise<void> {
    const scene = this.scene.value;
    if (scene === null || this.busy.value !== null) return;
    const next: Scene = { layout: scene.layout, venues: scene.venues, follow_audio: scene.follow_audio !== false };
    if (title.trim() !== '') next.title = title.trim();
    await this.take('take', next, 'title');
  }

  async setSlate(on: boolean): Promise<void> {
    if (this.busy.value !== null) return;
    await this.take('slate', { on }, 'slate');
  }

  private async take(what: 'take' | 'slate', body: unknown, name: string): Promise<boolean> {
    return this.command(name, async () => {
      const taken = await admin<Taken>(`broadcasts/${this.id}/${what}`, {
        method: 'POST',
        body,
        timeout: 6000,
      });
      this.onTaken(taken);
    });
  }

  setMix(venue: string, mix: VenueMix): void {
    this.localMix.value = { ...this.localMix.value, [venue]: mix };
    this.pendingMix[venue] = mix;
    this.mixTimer ??= browserTimers.after(mixDelayMs, () => {
      this.mixTimer = null;
      const venues = this.pendingMix;
      this.pendingMix = {};
      void this.command('mix', async () => {
        await admin(`broadcasts/${this.id}/mix`, { method: 'PATCH', body: { venues } });
      }).then((ok) => {
        // Refused: back to what the server has.
        if (!ok) this.localMix.value = {};
      });
    });
  }

  rehearse(on: boolean): Promise<boolean> {
    return this.go('rehearse', { on });
  }

  goLive(): Promise<boolean> {
    return this.go('go-live', {});
  }

  end(): Promise<boolean> {
    return this.go('end', { confirm: this.id });
  }

  private go(to: 'rehearse' | 'go-live' | 'end', body: object): Promise<boolean> {
    return this.command(to, async () => {
      this.setBroadcast(
        await admin<Broadcast>(`broadcasts/${this.id}/${to}`, { method: 'POST', body, timeout: 15_000 }),
      );
    });
  }

  /** Runs a command of this console; its failure is shown until the next one. */
  async command(name: string, run: () => Promise<void>): Promise<boolean> {
    if (name !== 'mix') this.busy.value = name;
    this.failure.value = null;
    try {
      await run();
      return true;
    } catch (error) {
      this.failure.value = asApiError(error);
      return false;
    } finally {
      if (name !== 'mix') this.busy.value = null;
    }
  }

  private onEvent(event: ControlEvent): void {
    batch(() => {
      switch (event.t) {
        case 'status':
          this.measured.value = healthOf(event, this.status.value);
          this.status.value = event;
          // The server speaks: what could not be loaded before may be there now.
          if (this.error.value !== null) void this.load();
          if (event.now !== undefined) this.clockOffset.value = event.now - Date.now();
          if (event.scene !== undefined && event.scene !== null && !this.olderThanTake(event.tick)) {
            this.setScene(event.scene);
          }
          break;
        case 'levels':
          this.levels.value = { venues: event.venues, program: event.program };
          break;
        case 'taken':
          this.onTaken(event);
          break;
        case 'broadcast':
          this.setBroadcast(event);
          break;
        case 'thumbnail':
          this.pictures.value = { ...this.pictures.value, [event.venue ?? '']: event.n };
          break;
      }
    });
  }

  private onTaken({ scene, at, tick }: Taken): void {
    this.takenAt.value = at;
    this.lastTake = { tick, seen: browserTimers.now() };
    this.setScene(scene);
  }

  /** A status that was on its way when the engine confirmed a take still tells of the scene before. */
  private olderThanTake(tick: number | undefined): boolean {
    const take = this.lastTake;
    return take !== null && tick !== undefined && tick < take.tick && browserTimers.now() - take.seen < 3000;
  }

  private setScene(scene: Scene): void {
    const broadcast = this.broadcast.value;
    if (broadcast === null || sameScene(broadcast.scene, scene)) return;
    this.broadcast.value = { ...broadcast, scene };
  }

  private setBroadcast(broadcast: Broadcast): void {
    this.broadcast.value = broadcast;
    if (this.mixTimer === null) this.localMix.value = {};
    this.draft.value ??= this.firstDraft(broadcast);
  }

  /** Something sensible to begin with: what is on air, else all venues in the first layout that holds them. */
  private firstDraft(broadcast: Broadcast): Draft | null {
    if (broadcast.scene !== null && broadcast.scene.venues.length > 0) return draftOf(broadcast.scene);
    const venues = broadcast.venues.map((venue) => venue.id);
    const layout = this.layouts.value.find((one) => sizes(one).includes(venues.length)) ?? this.layouts.value[0];
    if (layout === undefined) return null;
    const empty: Draft = { layout: layout.id, places: venues, followAudio: true, title: '' };
    return withLayout(empty, layout, venues);
  }
}
