// What the room of this page knows: the client, which comment shows when, and what the viewer chose.

import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { request } from '../../core/api';
import type { SocketLike } from '../../core/control-socket';
import { Minutes } from '../../core/minutes';
import { isGap, Moments, standing, type Listed, type Picture } from '../../core/moments';
import { Room, type RoomSocket, type Sent } from '../../core/room';
import type { Comment, MinuteOfComments, Reply } from '../../core/room-types';
import { settings, tabSettings } from '../../core/settings';
import { browserTimers } from '../../core/timers';
import { broadcast, broadcastId, clock, player, view } from '../state';
import { locale } from '../../ui/page';
import { reporting } from './dialogs-state';
import { blocks, danmakuClear, danmakuRemove, danmakuSay } from './danmaku-state';
import { words } from './messages';

const mutedKey = `room.${broadcastId}.muted`;
const draftKey = `room.${broadcastId}.draft`;
const replyKey = `room.${broadcastId}.reply`;
const mostMuted = 200;

type ReplyTo = NonNullable<Sent['replyTo']>;

/** What is written here and not sent: each tab has its own. */
export const draft = signal(tabSettings.get(draftKey) ?? '');
/** What it answers; without text: that was removed. */
export const replyTo = signal<ReplyTo | null>(null);
export const chosenName = signal(settings.get('name') ?? '');
/** Authors whose comments this viewer does not want to see. */
export const muted = signal<ReadonlySet<string>>(new Set(settings.words(mutedKey)));
const said = signal('');
/** What the one announcer of the page says. */
export const announcement: ReadonlySignal<string> = said;

/** A second same text is another one, so that it is read again. */
export function say(text: string): void {
  said.value = said.peek() === text ? `${text}\u00a0` : text;
}

export function answer(to: ReplyTo | null): void {
  awaited = 0;
  replyTo.value = to;
  // Its words are not kept: it may be removed.
  tabSettings.set(replyKey, String(to?.id ?? ''));
}

export function write(text: string): void {
  draft.value = text;
  tabSettings.set(draftKey, text);
}

export function mute(by: string): void {
  const all = [...muted.value, by].slice(-mostMuted);
  muted.value = new Set(all);
  settings.set(mutedKey, all.join(' '));
}

export function unmuteAll(): void {
  muted.value = new Set();
  settings.set(mutedKey, '');
}

/** Other people's comments that this viewer wants to see. */
export function wanted(one: Comment): boolean {
  return one.by === room.me.value?.viewer || (!muted.value.has(one.by) && !blocks(one.text));
}

/** Listed comments of authors that are not wanted. */
const mutedIds = computed(
  () => new Set(moments.list.value.flatMap((one) => (!isGap(one) && muted.value.has(one.by) ? [one.id] : []))),
);

/** A quote names no author's id: what is not in the list any more is known by its words only. */
export function wantedQuote(quote: Reply): boolean {
  return !mutedIds.value.has(quote.id) && !blocks(quote.text);
}

export const moments = new Moments({
  shown: announce,
  fly: (comments) => {
    danmakuSay(comments.filter(wanted), room.me.value?.viewer ?? null);
  },
  vanish: (id) => {
    danmakuRemove(id);
    unannounced = unannounced.filter((one) => one.id !== id);
    const [to, reported] = [replyTo.value, reporting.value];
    if (to?.id === id) answer({ ...to, text: '' });
    if (reported?.id === id) reporting.value = { ...reported, text: '' };
    if (to?.id === id || reported?.id === id) say(words.in(locale.value).replyRemoved);
  },
  jumped: danmakuClear,
});

/** What was answered before a reload, until the list has it. */
let awaited = tabSettings.number(replyKey, 0);
/** That, once it has. */
export let restored: ReplyTo | null = null;
effect(() => {
  const one = moments.list.value.find(({ id }) => id === awaited);
  if (one === undefined || isGap(one)) return;
  restored = one;
  answer(one);
});

export const list = computed<readonly Listed[]>(() => moments.list.value.filter((one) => isGap(one) || wanted(one)));

const bytes = (n: number) =>
  Array.from(crypto.getRandomValues(new Uint8Array(n)), (byte) => byte.toString(16).padStart(2, '0')).join('');

export interface Burst {
  id: number;
  kind: string;
  n: number;
}
/** Reactions of everybody in the last moments. */
export const bursts = signal<readonly Burst[]>([]);
const burstMs = 2500;
const mostBursts = 12;
let burstIds = 0;

function burst(counts: Record<string, number>): void {
  const news = Object.entries(counts)
    .filter(([, n]) => n > 0)
    .map(([kind, n]) => ({ id: ++burstIds, kind, n }));
  if (news.length === 0 || document.hidden) return;
  bursts.value = [...bursts.value, ...news].slice(-mostBursts);
  browserTimers.after(burstMs, () => {
    bursts.value = bursts.value.filter((one) => !news.includes(one));
  });
}

export const room = new Room({
  connect: () => {
    const url = new URL(`/api/v1/broadcasts/${broadcastId}/room`, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    return new WebSocket(url, 'openday-room-1') as SocketLike as RoomSocket;
  },
  timers: browserTimers,
  random: Math.random,
  ref: () => bytes(12),
  now: () => clock.now(),
  memory: {
    // One viewer in all tabs; what waits belongs to the tab that wrote it.
    get: (key) => (key === 'token' ? settings : tabSettings).get(`room.${broadcastId}.${key}`),
    set: (key, value) => {
      (key === 'token' ? settings : tabSettings).set(`room.${broadcastId}.${key}`, value);
    },
  },
  name: () => chosenName.value,
  staff: new URLSearchParams(location.search).get('as') === 'staff',
  replaced: (events, gap) => {
    moments.replace(standing(events, remove), gap);
  },
  happened: (events) => {
    moments.add(standing(events, remove));
  },
  reactions: burst,
});

function remove(id: number): void {
  moments.remove(id);
}

const minutes = new Minutes({
  ask: (minute) => request<MinuteOfComments>(`/api/v1/broadcasts/${broadcastId}/comments?minute=${String(minute)}`),
  loaded: (answer) => {
    moments.load(answer.minute, answer.comments);
  },
  timers: browserTimers,
  random: Math.random,
});
export const minutesState = minutes.state;

/** A replay that has not been started stands at its beginning. */
function replayStart(): number | null {
  const at = broadcast.value?.live_at ?? null;
  return player.status.value === 'idle' && at !== null ? Date.parse(at) : null;
}

function picture(): Picture {
  const inDvr = player.mode.value === 'dvr' && player.status.value !== 'idle';
  if (inDvr || player.endedAt.value !== null) return { at: player.pictureTime(), live: false };
  if (view.value === 'replay') return { at: player.pictureTime() ?? replayStart(), live: false };
  return { at: view.value === 'live' ? player.pictureTime() : null, live: true };
}

/** Staff write in a closed room, too. */
export const mayWrite = computed(() => {
  const now = room.room.value;
  const staff = (room.me.value?.staff ?? null) !== null;
  return now?.open === true && (staff || now.mode !== 'closed') && room.banned.value === null;
});

/** The moment that a comment or a tip of now belongs to. */
export const momentNow = (): number | null => player.pictureTime();

const tickMs = 250;
const tick = () => {
  browserTimers.after(tickMs, tick);
  if (view.value === null) return;
  moments.tick(picture(), browserTimers.now());
  minutes.want(moments.wanted());
};

// One throttled announcer: the list itself is silent.
const announceMs = 15_000;
let unannounced: Comment[] = [];
let announceTimer: number | null = null;

function announce(comments: readonly Comment[]): void {
  if (document.hidden) return;
  const others = comments.filter((one) => one.by !== room.me.value?.viewer && wanted(one));
  if (others.length === 0) return;
  unannounced = [...unannounced, ...others].slice(-100);
  announceTimer ??= browserTimers.after(announceMs, () => {
    announceTimer = null;
    const t = words.in(locale.value);
    const [first] = unannounced;
    // All removed meanwhile.
    if (first === undefined) return;
    const { length } = unannounced;
    say(length === 1 ? t.announceOne(authorOf(first), first.text) : t.announceNew(String(length)));
    unannounced = [];
  });
}

export function authorOf(one: { name: string; by?: string | undefined }): string {
  return one.name === '' ? words.in(locale.value).viewer((one.by ?? '').slice(0, 4)) : one.name;
}

/** Sends the draft. False: too many wait. */
export function send(): boolean {
  const text = draft.value.replace(/\s+/g, ' ').trim();
  if (text === '') return true;
  const to = replyTo.value;
  const quoted =
    to === null || to.text === '' ? null : { id: to.id, name: to.name, text: to.text.slice(0, 60), by: to.by };
  if (!room.comment(text, momentNow(), quoted)) return false;
  write('');
  answer(null);
  return true;
}

/** Back into the field, if that is free. */
export function edit(one: Sent): void {
  if (draft.value.trim() !== '') return;
  write(one.text);
  // Of one that the page before this one sent, only the id is known.
  const to = one.replyTo;
  answer(to === null || to.text === '' || moments.gone.has(to.id) ? null : to);
  room.dismiss(one.ref);
}

/** What came too soon goes back into the field by itself; what was decided is announced. */
function watchSent(): void {
  const before = new Map<string, Sent>();
  effect(() => {
    const t = words.in(locale.peek());
    const now = room.sent.value;
    for (const one of now) {
      const was = before.get(one.ref)?.state;
      if (one.state === was) continue;
      if (one.state === 'refused' && (one.code === 'slow_down' || one.code === 'slow_mode')) {
        say(one.code === 'slow_down' ? t.codeSlowDown : t.codeSlowMode);
        // Not within the effect that this would start again.
        queueMicrotask(() => {
          edit(one);
        });
      } else if (one.state === 'held') say(`${t.held}. ${t.heldBody}`);
      else if (one.state === 'refused') say(one.id === null ? t.refused : t.rejected);
      else if (one.state === 'rejected') say(t.rejected);
      else if (one.state === 'removed') say(t.removed);
    }
    for (const [ref, was] of before) {
      if (was.state === 'held' && !now.some((one) => one.ref === ref)) say(t.decidedPublished);
    }
    before.clear();
    for (const one of now) before.set(one.ref, one);
  });
}

watchSent();
tick();
addEventListener('online', () => {
  room.retry();
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) room.retry();
});
