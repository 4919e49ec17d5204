// Below the picture: what this is, where it comes from, and what one can take along.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { formatDateTime, formatDay, formatLength, formatTime } from '../core/format';
import { tipUrl } from '../core/tip';
import type { PublicBroadcast } from '../core/types';
import { Icon } from '../ui/icons';
import { locale, tag } from '../ui/page';
import { copyText } from '../ui/parts';
import { Download } from './download';
import { watch } from './messages';
import { parts } from './room-slot';
import { narrow, tipping, view } from './state';

function Share({ title }: { title: string }): JSX.Element {
  const t = watch.in(locale.value);
  const copied = useSignal(false);
  const share = () => {
    const url = location.origin + location.pathname;
    const data = { title, url };
    if (typeof navigator.share === 'function' && navigator.maxTouchPoints > 0) {
      navigator.share(data).catch(() => undefined);
      return;
    }
    void copyText(url).then((ok) => {
      copied.value = ok;
      window.setTimeout(() => (copied.value = false), 2500);
    });
  };
  return (
    <button type="button" class="button button--touch" onClick={share}>
      <Icon name={copied.value ? 'check' : 'share'} />
      <span aria-live="polite">{copied.value ? t.linkCopied : t.share}</span>
    </button>
  );
}

/** To the officers in confidence, where the institution takes tips; straight there until the dialog's script is loaded. */
export function TipButton({ value }: { value: PublicBroadcast }): JSX.Element | null {
  const tips = value.site?.tips;
  if (tips === undefined) return null;
  const label = (
    <>
      <Icon name="tip" />
      {watch.in(locale.value).tip}
    </>
  );
  return parts.value === null ? (
    <a
      class="button button--touch"
      href={tipUrl(tips, value.id, null, tag.value)}
      target="_blank"
      rel="noopener noreferrer"
      referrerpolicy="no-referrer"
    >
      {label}
    </a>
  ) : (
    <button type="button" class="button button--touch" onClick={() => (tipping.value = true)}>
      {label}
    </button>
  );
}

function when(value: PublicBroadcast): string {
  const t = watch.in(locale.value);
  const live = Date.parse(value.live_at ?? '');
  const ended = Date.parse(value.ended_at ?? '');
  const starts = Date.parse(value.starts_at ?? '');
  if (view.value === 'live' && Number.isFinite(live)) return t.startedAt(formatTime(tag.value, live));
  const over = view.value === 'replay' || view.value === 'ended' || view.value === 'unrecorded';
  if (over && Number.isFinite(live)) {
    return Number.isFinite(ended) && view.value !== 'unrecorded'
      ? t.recordedAt(formatDay(tag.value, live), formatLength(tag.value, ended - live))
      : formatDay(tag.value, live);
  }
  return Number.isFinite(starts) ? formatDateTime(tag.value, starts) : '';
}

export function Info({ value }: { value: PublicBroadcast }): JSX.Element {
  const t = watch.in(locale.value);
  return (
    <div class="info">
      <div class="info__main">
        <h1 lang={value.language}>{value.title}</h1>
        <p class="info__when tabular">{when(value)}</p>
        <div class="info__actions">
          <Share title={value.title} />
          {!narrow.value && <TipButton value={value} />}
          {view.value === 'replay' && value.replay?.mp4 != null && (
            <Download url={value.replay.mp4} name={`${value.id}.mp4`} />
          )}
        </div>
        {value.description !== '' && (
          <section class="info__about" aria-labelledby="about">
            <h2 id="about">{t.about}</h2>
            {value.description.split(/\n{2,}/).map((paragraph) => (
              <p key={paragraph} lang={value.language}>
                {paragraph}
              </p>
            ))}
          </section>
        )}
      </div>
      {value.venues.length > 0 && (
        <aside class="info__venues" aria-labelledby="venues">
          <h2 id="venues">{t.venuesTitle}</h2>
          <ol>
            {value.venues.map((venue) => (
              <li key={venue.id} lang={value.language}>
                {venue.name}
              </li>
            ))}
          </ol>
        </aside>
      )}
    </div>
  );
}
