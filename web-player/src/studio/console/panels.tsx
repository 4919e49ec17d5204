// The panels of the console below the monitors: venues, layouts, lower third, sound, health.

import type { JSX } from 'preact';
import { formatNumber } from '../../core/format';
import { venueState, type HealthReason } from '../../core/health';
import { heard } from '../../core/scene';
import type { FeedState, Layout } from '../../core/studio-types';
import { Icon } from '../../ui/icons';
import { languageTag } from '../../core/i18n';
import { locale, tag } from '../../ui/page';
import { studio } from '../messages';
import { Meter } from './meter';
import type { Console } from './state';
import { targetText } from './targets';
import { Thumb } from './thumb';

export function feedText(state: FeedState | null): string {
  const t = studio.in(locale.value);
  switch (state) {
    case 'live':
      return t.feedLive;
    case 'waiting':
      return t.feedWaiting;
    case 'starting':
      return t.feedStarting;
    case 'stalled':
      return t.feedStalled;
    case 'error':
      return t.feedError;
    case null:
      return t.feedUnknown;
  }
}

const looks: Record<FeedState, string> = {
  live: 'ok',
  starting: 'plain',
  waiting: 'plain',
  stalled: 'warn',
  error: 'danger',
};

export function VenueStrip({ room }: { room: Console }): JSX.Element {
  const t = studio.in(locale.value);
  const venues = room.broadcast.value?.venues ?? [];
  const scene = room.scene.value;
  const onAir = room.running.value && scene !== null && scene.slate !== true ? scene.venues : [];
  const draft = room.draft.value?.places ?? [];
  return (
    <section aria-labelledby="venues" class="panel panel--plain">
      <h2 id="venues" class="panel__name">
        {t.venues}
        <span class="panel__hint">{t.venueHint}</span>
      </h2>
      <ul class="venues">
        {venues.map((venue, i) => {
          const slot = room.slot(venue.id);
          const state = slot === null ? null : venueState(slot);
          const air = onAir.includes(venue.id);
          const prepared = draft.includes(venue.id);
          const video = slot?.feed?.source?.video;
          const kbps = slot?.feed?.stats?.kbps;
          const why = slot?.feed?.why ?? '';
          const detail = [
            video?.height === undefined
              ? null
              : `${String(video.height)}p${video.fps === undefined ? '' : String(Math.round(video.fps))}`,
            kbps === undefined ? null : `${formatNumber(tag.value, kbps)} kbit/s`,
          ].filter((part) => part !== null);
          const tally = air ? t.onAir : prepared ? t.inPreview : t.off;
          return (
            <li key={venue.id} class={`venue ${air ? 'venue--air' : prepared ? 'venue--preview' : ''}`}>
              <button
                type="button"
                class="venue__button"
                draggable
                aria-label={`${venue.name}, ${feedText(state)}, ${tally}`}
                aria-keyshortcuts={String(i + 1)}
                onDragStart={(event) => {
                  event.dataTransfer?.setData('text/plain', venue.id);
                }}
                onClick={() => {
                  room.chooseVenue(venue.id);
                }}
              >
                <span class="venue__picture">
                  <Thumb room={room} venue={venue.id} />
                  <span class="venue__number tabular">{String(i + 1)}</span>
                  {(air || prepared) && <span class={`tally tally--${air ? 'air' : 'preview'}`}>{tally}</span>}
                </span>
                <span class="venue__name">{venue.name}</span>
                <span class="venue__state">
                  <span class={`badge badge--${state === null ? 'plain' : looks[state]}`}>
                    <span class="dot" />
                    {feedText(state)}
                  </span>
                  <span class="venue__detail tabular">{why === '' ? detail.join(' · ') : why}</span>
                </span>
              </button>
              <Meter room={room} venue={venue.id} label={t.level(venue.name)} />
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function layoutName(layout: Layout): string {
  return layout.labels?.[languageTag(locale.value)] ?? layout.labels?.en ?? layout.id;
}

/** Layouts as they really are: drawn from their geometry for as many venues as the preview holds. */
export function Layouts({ room }: { room: Console }): JSX.Element {
  const t = studio.in(locale.value);
  const draft = room.draft.value;
  const wanted = Math.max(1, draft?.places.length ?? 1);
  return (
    <section aria-labelledby="layouts" class="panel">
      <h2 id="layouts" class="panel__name">
        {t.layouts}
      </h2>
      <div class="layouts">
        {room.layouts.value.map((layout) => {
          const byFit = [...layout.arrangements].sort(
            (a, b) => Math.abs(a.venues - wanted) - Math.abs(b.venues - wanted) || a.venues - b.venues,
          );
          const shown = byFit[0];
          if (shown === undefined) return null;
          const name = layoutName(layout);
          return (
            <button
              key={layout.id}
              type="button"
              class="layout"
              aria-pressed={draft?.layout === layout.id}
              aria-label={t.layoutHolds(name, String(shown.venues))}
              onClick={() => {
                room.chooseLayout(layout);
              }}
            >
              <svg viewBox="0 0 1000 562.5" class="layout__drawing" aria-hidden="true" focusable="false">
                <rect class="layout__ground" width="1000" height="562.5" rx="24" />
                {shown.tiles.map((tile, i) => (
                  <rect
                    key={String(i)}
                    class="layout__tile"
                    x={tile.x + 12}
                    y={tile.y * 0.5625 + 12}
                    width={Math.max(1, tile.w - 24)}
                    height={Math.max(1, tile.h * 0.5625 - 24)}
                    rx="14"
                  />
                ))}
              </svg>
              <span>{name}</span>
            </button>
          );
        })}
      </div>
    </section>
  );
}

export function LowerThird({ room }: { room: Console }): JSX.Element {
  const t = studio.in(locale.value);
  const draft = room.draft.value;
  const scene = room.scene.value;
  const now = scene?.title ?? '';
  const typed = draft?.title.trim() ?? '';
  const off = room.frozen.value || !room.running.value || scene === null || scene.slate === true;
  return (
    <section aria-labelledby="third" class="panel">
      <h2 id="third" class="panel__name">
        {t.lowerThird}
      </h2>
      <input
        class="input"
        aria-labelledby="third"
        placeholder={t.lowerThirdHint}
        maxLength={120}
        value={draft?.title ?? ''}
        onInput={(event) => {
          room.change({ title: event.currentTarget.value });
        }}
      />
      <div class="third__row">
        <button
          type="button"
          class="button"
          disabled={off || typed === '' || typed === now}
          aria-busy={room.busy.value === 'title'}
          onClick={() => void room.setTitle(typed)}
        >
          {t.lowerThirdAir}
        </button>
        <button type="button" class="button" disabled={off || now === ''} onClick={() => void room.setTitle('')}>
          {t.lowerThirdClear}
        </button>
      </div>
      {now !== '' && <p class="third__now">{t.lowerThirdNow(now)}</p>}
    </section>
  );
}

export function Sound({ room }: { room: Console }): JSX.Element {
  const t = studio.in(locale.value);
  const venues = room.broadcast.value?.venues ?? [];
  const scene = room.running.value ? room.scene.value : null;
  const lufs = room.status.value?.program?.lufs;
  return (
    <section aria-labelledby="sound" class="panel">
      <h2 id="sound" class="panel__name">
        {t.audio}
      </h2>
      <div class="channel channel--program">
        <span class="channel__name">
          {t.program}
          {lufs !== undefined && (
            <span class="channel__state tabular">
              {t.loudness(formatNumber(tag.value, lufs).replace('-', '\u2212'))}
            </span>
          )}
        </span>
        <Meter room={room} venue={null} label={t.level(t.program)} />
      </div>
      {venues.map((venue) => {
        const mix = room.mixOf(venue.id);
        const audible = heard(scene, venue.id, mix.mute);
        const db = (mix.gain_db > 0 ? '+' : '') + formatNumber(tag.value, mix.gain_db).replace('-', '\u2212');
        return (
          <div class="channel" key={venue.id}>
            <span class="channel__name">
              {venue.name}
              <span class={`channel__state ${audible ? 'channel__state--air' : ''}`}>
                {mix.mute ? t.muted : audible ? t.heard : t.notHeard}
              </span>
            </span>
            <Meter room={room} venue={venue.id} label={t.level(venue.name)} />
            <div class="channel__row">
              <input
                type="range"
                class="slider"
                min={-60}
                max={12}
                step={1}
                value={mix.gain_db}
                aria-label={t.gain(venue.name)}
                aria-valuetext={t.gainValue(db)}
                onInput={(event) => {
                  room.setMix(venue.id, { ...mix, gain_db: Number(event.currentTarget.value) });
                }}
                onDblClick={() => {
                  room.setMix(venue.id, { ...mix, gain_db: 0 });
                }}
              />
              <span class="channel__db tabular">{t.gainValue(db)}</span>
              <button
                type="button"
                class={`icon-button channel__mute ${mix.mute ? 'channel__mute--on' : ''}`}
                aria-pressed={mix.mute}
                aria-label={t.muteVenue(venue.name)}
                title={t.muteVenue(venue.name)}
                onClick={() => {
                  room.setMix(venue.id, { ...mix, mute: !mix.mute });
                }}
              >
                <Icon name={mix.mute ? 'muted' : 'volume'} />
              </button>
            </div>
          </div>
        );
      })}
      <label class="check">
        <input
          type="checkbox"
          checked={room.draft.value?.followAudio ?? true}
          onChange={(event) => {
            room.change({ followAudio: event.currentTarget.checked });
          }}
        />
        <span>{t.followAudio}</span>
      </label>
    </section>
  );
}

export function bytesText(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  let value = bytes;
  let i = 0;
  while (value >= 1000 && i < units.length - 1) {
    value /= 1000;
    i++;
  }
  return new Intl.NumberFormat(tag.value, {
    style: 'unit',
    unit: units[i] ?? 'byte',
    unitDisplay: 'short',
    maximumFractionDigits: value < 10 ? 1 : 0,
  }).format(value);
}

function reasonText(room: Console, reason: HealthReason): string {
  const t = studio.in(locale.value);
  switch (reason.what) {
    case 'engine':
      return t.hEngine;
    case 'dropped-ticks':
      return t.hDropped(formatNumber(tag.value, reason.count));
    case 'encoder-slow':
      return t.hSlow(reason.rendition, formatNumber(tag.value, reason.speed, 2));
    case 'shedding':
      return t.hShed(reason.rendition, formatNumber(tag.value, reason.count));
    case 'overload':
      return t.hOverload;
    case 'recording':
      return t.hRecording(reason.why);
    case 'disk':
      return t.hDisk(bytesText(reason.freeBytes));
    case 'target':
      return t.hTarget(
        room.broadcast.value?.targets.find((one) => one.id === reason.id)?.name ?? reason.id,
        targetText(reason.state),
      );
    case 'venue':
      return reason.onAir ? t.hVenueAir(room.venueName(reason.venue)) : t.hVenue(room.venueName(reason.venue));
    case 'process':
      return t.hProcess(`${reason.role} ${reason.id}`.trim(), reason.state);
  }
}

export function HealthPanel({ room }: { room: Console }): JSX.Element {
  const t = studio.in(locale.value);
  const reasons = room.health.value?.reasons ?? [];
  const recording = room.status.value?.recording;
  const names: Record<string, string> = {
    recording: t.recordingOn,
    failed: t.recordingError,
    full: t.recordingError,
  };
  const state = recording?.state ?? 'off';
  return (
    <section aria-labelledby="health" class="panel">
      <h2 id="health" class="panel__name">
        {t.health}
      </h2>
      {!room.running.value ? (
        <p class="health__none">{t.cutStopped}</p>
      ) : reasons.length === 0 ? (
        <p class="health__ok">
          <Icon name="check" />
          {t.allWell}
        </p>
      ) : (
        <ul class="health__list">
          {reasons.slice(0, 6).map((reason) => (
            <li key={JSON.stringify(reason)} class={`health__item health__item--${reason.level}`}>
              <Icon name="alert" />
              {reasonText(room, reason)}
            </li>
          ))}
        </ul>
      )}
      <table class="figures tabular">
        <tbody>
          {(room.status.value?.encoders ?? []).map((encoder) => (
            <tr key={encoder.rendition}>
              <th scope="row">{encoder.rendition}</th>
              <td>{encoder.fps === undefined ? '' : `${formatNumber(tag.value, encoder.fps)} fps`}</td>
              <td>{encoder.kbps === undefined ? '' : `${formatNumber(tag.value, encoder.kbps)} kbit/s`}</td>
              <td>{encoder.speed === undefined ? '' : `${formatNumber(tag.value, encoder.speed, 2)}×`}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="record">
        <Icon name="record" class={state === 'recording' ? 'record__on' : ''} />
        <span>{t.recording}:</span>
        <strong>{names[state] ?? t.recordingOff}</strong>
        {recording?.bytes !== undefined && <span class="tabular">{bytesText(recording.bytes)}</span>}
        {recording?.free_bytes !== undefined && (
          <span class="record__free tabular">{t.recordingFree(bytesText(recording.free_bytes))}</span>
        )}
      </p>
    </section>
  );
}
