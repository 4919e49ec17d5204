// PREVIEW: the draft, drawn from the layout's geometry with live thumbnails. PROGRAM: what goes out, as low-latency video,
// or as still pictures where that does not play.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { formatNumber, formatTime } from '../../core/format';
import { Player } from '../../core/player';
import { Settings } from '../../core/settings';
import type { Tile } from '../../core/studio-types';
import { browserTimers } from '../../core/timers';
import { Icon } from '../../ui/icons';
import { locale, tag } from '../../ui/page';
import { IconButton } from '../../ui/parts';
import { studio } from '../messages';
import type { Console } from './state';
import { Thumb } from './thumb';

const place = (tile: Tile) => ({
  left: `${String(tile.x / 10)}%`,
  top: `${String(tile.y / 10)}%`,
  width: `${String(tile.w / 10)}%`,
  height: `${String(tile.h / 10)}%`,
});

export function Preview({ room }: { room: Console }): JSX.Element {
  const t = studio.in(locale.value);
  const over = useSignal<number | null>(null);
  const draft = room.draft.value;
  const arrangement = room.arrangement.value;
  return (
    <section class="monitor monitor--preview" aria-labelledby="preview">
      <h2 id="preview" class="monitor__name">
        {t.preview}
      </h2>
      <div class="screen">
        {arrangement?.tiles.map((tile, i) => {
          const venue = draft?.places[i] ?? null;
          const number = String(i + 1);
          const name = venue === null ? null : room.venueName(venue);
          return (
            <div
              key={number}
              class={`tile ${over.value === i ? 'tile--over' : ''}`}
              style={place(tile)}
              onDragOver={(event) => {
                event.preventDefault();
                over.value = i;
              }}
              onDragLeave={() => {
                if (over.value === i) over.value = null;
              }}
              onDrop={(event) => {
                event.preventDefault();
                over.value = null;
                const dropped = event.dataTransfer?.getData('text/plain') ?? '';
                if (room.broadcast.value?.venues.some((one) => one.id === dropped) === true) room.putVenue(i, dropped);
              }}
            >
              {venue !== null && <Thumb room={room} venue={venue} />}
              <button
                type="button"
                class="tile__button"
                aria-pressed={room.selected.value === i}
                aria-label={name === null ? t.tileEmpty(number) : t.tileOf(number, name)}
                onClick={() => {
                  room.selected.value = room.selected.value === i ? null : i;
                }}
              >
                {name === null ? <Icon name="plus" /> : <span class="tile__name">{name}</span>}
              </button>
              {venue !== null && name !== null && (draft?.places.length ?? 0) > 1 && (
                <button
                  type="button"
                  class="tile__out"
                  aria-label={t.takeOut(name)}
                  title={t.takeOut(name)}
                  onClick={() => {
                    room.takeOut(i);
                  }}
                >
                  <Icon name="close" />
                </button>
              )}
            </div>
          );
        })}
        {draft !== null && draft.title.trim() !== '' && <p class="screen__third">{draft.title}</p>}
      </div>
    </section>
  );
}

function ProgramVideo({ room, url }: { room: Console; url: string }): JSX.Element {
  const t = studio.in(locale.value);
  const host = useRef<HTMLDivElement>(null);
  const player = useSignal<Player | null>(null);
  useEffect(() => {
    const video = document.createElement('video');
    video.className = 'screen__video';
    video.playsInline = true;
    video.muted = true;
    const memory = new Settings(null);
    memory.set('muted', '1');
    const made = new Player({
      video,
      engine: async () =>
        'MediaSource' in window
          ? (await import('../../core/engine-hls')).createHlsEngine
          : (await import('../../core/engine-native')).createNativeEngine,
      timers: browserTimers,
      random: Math.random,
      now: () => Date.now() + room.clockOffset.value,
      settings: memory,
      refused: () => undefined,
    });
    host.current?.append(video);
    made.open({ kind: 'live', hls: url, dvr: null, audio: null, audioDvr: null, windowSeconds: 0, liveAt: null }, true);
    player.value = made;
    return () => {
      made.destroy();
      video.remove();
    };
  }, [room, url]);
  const now = player.value;
  const plays = now !== null && now.status.value === 'playing' && !now.stalled.value;
  const latency = now?.latencyMs.value ?? null;
  const muted = now?.muted.value ?? true;
  return (
    <>
      {!plays && <Thumb room={room} venue="" />}
      <div ref={host} class="screen__host" hidden={!plays} />
      <div class="screen__corner">
        <span class="screen__note tabular">
          {plays && latency !== null ? t.monitorLatency(formatNumber(tag.value, latency / 1000, 1)) : t.monitorFallback}
        </span>
        <IconButton
          icon={muted ? 'muted' : 'volume'}
          label={muted ? t.monitorUnmute : t.monitorMute}
          onClick={() => {
            now?.setMuted(!muted);
          }}
        />
      </div>
    </>
  );
}

export function Program({ room }: { room: Console }): JSX.Element {
  const t = studio.in(locale.value);
  const broadcast = room.broadcast.value;
  const url = broadcast?.state === 'live' ? broadcast.live?.hls : broadcast?.preview?.hls;
  const scene = room.scene.value;
  const live = broadcast?.state === 'live';
  const since = room.takenAt.value;
  return (
    <section class={`monitor monitor--program ${live ? 'monitor--live' : ''}`} aria-labelledby="program">
      <h2 id="program" class="monitor__name">
        {t.program}
        {room.running.value && since !== null && (
          <span class="monitor__since tabular">{t.takenAt(formatTime(tag.value, since, true))}</span>
        )}
      </h2>
      <div class="screen">
        {room.running.value ? (
          url === undefined ? (
            <Thumb room={room} venue="" />
          ) : (
            <ProgramVideo key={url} room={room} url={url} />
          )
        ) : (
          <p class="screen__empty">{broadcast?.state === 'ended' ? t.endedTitle : t.noProgramTitle}</p>
        )}
        {scene?.slate === true && room.running.value && (
          <p class="screen__slate">
            <Icon name="slate" />
            {t.slate}
          </p>
        )}
      </div>
    </section>
  );
}
