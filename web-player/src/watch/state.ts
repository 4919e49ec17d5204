// What the watch page knows, and the one player it has.

import { batch, effect, signal } from '@preact/signals';
import type { ApiError } from '../core/api';
import { request } from '../core/api';
import { askServer, ServerClock } from '../core/clock';
import { prefersNative, type EngineFactory } from '../core/engine';
import { failureDelay, Poll } from '../core/poll';
import { endIsToCome, pollDelay, viewOf, type View } from '../core/lifecycle';
import { Player } from '../core/player';
import { settings } from '../core/settings';
import type { Source } from '../core/source';
import { browserTimers } from '../core/timers';
import type { PublicBroadcast } from '../core/types';

const path = /^\/(watch|embed)\/([a-z0-9][a-z0-9_-]{0,63})\/?$/.exec(location.pathname);

/** The room is below the picture, not beside it: one of the tabs. */
const narrowQuery = matchMedia('(max-width: 63.99em)');
export const narrow = signal(narrowQuery.matches);
narrowQuery.addEventListener('change', () => {
  narrow.value = narrowQuery.matches;
});

export const embedded = path?.[1] === 'embed';
export const broadcastId = path?.[2] ?? '';

export const broadcast = signal<PublicBroadcast | null>(null);
/** Of the last question for the broadcast. */
export const error = signal<ApiError | null>(null);
export const view = signal<View | null>(null);
/** Server time, four times a second while something counts. */
export const now = signal(Date.now());
export const helpOpen = signal(false);
/** The way to the tips site is being prepared. */
export const tipping = signal(false);
export const singleKeys = signal(settings.flag('single-keys', true));

export const clock = new ServerClock(askServer);

export const video = document.createElement('video');
video.className = 'stage__video';
video.playsInline = true;
// Messengers' web views: without these they leave the page for a player of their own.
video.setAttribute('webkit-playsinline', '');
video.setAttribute('x5-playsinline', '');
video.preload = 'none';

async function engineFactory(): Promise<EngineFactory> {
  const mediaSource = 'MediaSource' in window || 'ManagedMediaSource' in window;
  const asked = new URLSearchParams(location.search).get('engine');
  if (asked === 'native' || prefersNative(video, navigator.userAgent, mediaSource)) {
    return (await import('../core/engine-native')).createNativeEngine;
  }
  return (await import('../core/engine-hls')).createHlsEngine;
}

export const player = new Player({
  video,
  engine: engineFactory,
  timers: browserTimers,
  random: Math.random,
  now: () => clock.now(),
  settings,
  refused: () => {
    poll.now();
  },
});

const poll = new Poll<PublicBroadcast>(
  browserTimers,
  () => request<PublicBroadcast>(`/api/v1/broadcasts/${broadcastId}`),
  (answer, failures) => {
    if (answer.error !== null && answer.error.status === 404) return 30_000;
    if (answer.error !== null || answer.value === null) return failureDelay(failures, Math.random);
    return pollDelay(answer.value, clock.now(), Math.random);
  },
  (answer) => {
    batch(() => {
      broadcast.value = answer.value;
      error.value = answer.error;
      show();
    });
  },
);

const time = (text: string | null) => (text === null ? null : Date.parse(text));

function sourceOf(value: PublicBroadcast, current: View): Source | null {
  if (current === 'live' && value.live !== null) {
    return {
      kind: 'live',
      hls: value.live.hls,
      dvr: value.live.dvr,
      audio: value.live.audio,
      audioDvr: value.live.audio_dvr ?? null,
      windowSeconds: value.live.dvr_window_s,
      liveAt: time(value.live_at),
    };
  }
  if (current === 'replay' && value.replay !== null) {
    const from = time(value.live_at);
    const to = time(value.ended_at);
    return {
      kind: 'replay',
      hls: value.replay.hls,
      audio: value.replay.audio,
      from,
      lengthMs: from !== null && to !== null ? to - from : null,
    };
  }
  return null;
}

/** Brings view and player in line with what is known. */
function show(): void {
  const value = broadcast.value;
  if (value === null) return;
  const next = viewOf(value, clock.now());
  // A viewer in the middle of the program's end sees it out: the last seconds are still in the player.
  if (next !== 'live' && view.value === 'live' && player.status.value === 'playing' && player.mode.value === 'live') {
    const ended = time(value.ended_at);
    if (ended !== null && endIsToCome(player.latencyMs.value, clock.now() - ended)) {
      browserTimers.after(1000, show);
      return;
    }
  }
  view.value = next;
  // Who is further back sees the rest of it in the DVR; the replay waits until then.
  const over = next === 'ended' || next === 'unrecorded' || next === 'replay';
  if (over && player.seeOut(time(value.ended_at))) return;
  const source = sourceOf(value, next);
  if (source === null) player.close();
  else player.open(source, next === 'live');
}

/**
 * The player's script has failed to load again and again. A browser may remember that for as long as the page lives (HTML's
 * module map), and after an update of the server the script has another name: only a new page helps.
 */
export function needsNewPage(): boolean {
  const state = player.recovery.value;
  if (state.phase !== 'waiting' && state.phase !== 'trying') return false;
  return state.attempt > 2 && player.problem.value?.kind === 'engine';
}

/** Once by itself, and only while the server gives out the page; after that the viewer is asked. */
function takeNewPage(): void {
  const [entry] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  if (!needsNewPage() || entry === undefined || entry.type === 'reload') return;
  fetch(location.href, { cache: 'no-store' }).then(
    (answer) => {
      if (answer.ok) location.reload();
    },
    () => undefined,
  );
}

export function refresh(): void {
  poll.now();
}

export function setSingleKeys(on: boolean): void {
  singleKeys.value = on;
  settings.set('single-keys', on ? '1' : '0');
}

export function start(): void {
  void clock.sync().then(() => {
    now.value = clock.now();
  });
  // Clocks drift, and phones sleep.
  window.setInterval(() => void clock.sync(), 300_000);
  window.setInterval(() => {
    if (view.value !== 'countdown') return;
    now.value = clock.now();
    if (broadcast.value !== null && viewOf(broadcast.value, now.value) !== 'countdown') {
      show();
      poll.now();
    }
  }, 250);
  addEventListener('online', () => {
    poll.now();
    player.retry();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') poll.now();
  });
  effect(takeNewPage);
  effect(() => {
    if (!('mediaSession' in navigator) || broadcast.value === null) return;
    navigator.mediaSession.metadata = new MediaMetadata({
      title: broadcast.value.title,
      artwork: broadcast.value.poster === null ? [] : [{ src: broadcast.value.poster }],
    });
  });
  poll.start();
}
