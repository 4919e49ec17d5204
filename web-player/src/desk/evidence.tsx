// What came with a tip: photos, and what was on air at the moment it names.

import { useSignal } from '@preact/signals';
import type { ComponentType, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { WholeTip } from '../core/desk-types';
import { formatDay, formatTime } from '../core/format';
import type { MomentProps } from '../staff/moment';
import { Icon } from '../ui/icons';
import { common } from '../ui/messages';
import { locale, tag } from '../ui/page';
import { Dialog, IconButton } from '../ui/parts';
import { desk } from './messages';
import { dayAndMinute, number } from './names';

const photoUrl = (tip: string, n: number) => `/api/v1/desk/tips/${tip}/photos/${String(n)}`;

function Photo({ tip, n, onOpen }: { tip: WholeTip; n: number; onOpen: () => void }): JSX.Element {
  const t = desk.in(locale.value);
  const state = useSignal<'loading' | 'there' | 'failed'>('loading');
  /** A further try is another address: the browser would not ask again for the same. */
  const tries = useSignal(0);
  if (state.value === 'failed') {
    return (
      <div class="photo photo--failed" role="alert">
        <p>{t.photoFailed}</p>
        <button
          type="button"
          class="button button--small"
          onClick={() => {
            tries.value++;
            state.value = 'loading';
          }}
        >
          {common.in(locale.value).retry}
        </button>
      </div>
    );
  }
  return (
    <button
      type="button"
      class={`photo ${state.value === 'loading' ? 'skeleton' : ''}`}
      aria-label={t.photoOpen(number(n))}
      onClick={onOpen}
    >
      <img
        src={`${photoUrl(tip.id, n)}${tries.value > 0 ? `?again=${String(tries.value)}` : ''}`}
        alt={t.photoOf(number(n), number(tip.photos))}
        onLoad={() => (state.value = 'there')}
        onError={() => (state.value = 'failed')}
      />
    </button>
  );
}

function Large({
  tip,
  shown,
  onShow,
  onClose,
}: {
  tip: WholeTip;
  shown: number;
  onShow: (n: number) => void;
  onClose: () => void;
}): JSX.Element {
  const t = desk.in(locale.value);
  const turn = (by: number) => {
    const next = shown + by;
    if (next >= 1 && next <= tip.photos) onShow(next);
  };
  const title = t.photoOf(number(shown), number(tip.photos));
  // The arrows turn wherever in the dialog the focus is.
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'ArrowLeft') turn(-1);
      if (event.key === 'ArrowRight') turn(1);
    };
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('keydown', onKey);
    };
  });
  return (
    <Dialog title={title} class="large" onClose={onClose}>
      <div class="large__frame">
        <img class="large__image" key={shown} src={photoUrl(tip.id, shown)} alt={title} />
        {tip.photos > 1 && (
          <div class="large__turn">
            <IconButton
              icon="chevron"
              class="flip"
              label={t.photoPrevious}
              disabled={shown === 1}
              onClick={() => {
                turn(-1);
              }}
            />
            <span class="tabular">
              {number(shown)} / {number(tip.photos)}
            </span>
            <IconButton
              icon="chevron"
              label={t.photoNext}
              disabled={shown === tip.photos}
              onClick={() => {
                turn(1);
              }}
            />
          </div>
        )}
      </div>
    </Dialog>
  );
}

export function Photos({ tip }: { tip: WholeTip }): JSX.Element | null {
  const t = desk.in(locale.value);
  const shown = useSignal<number | null>(null);
  if (tip.photos === 0 || !tip.readable) return null;
  return (
    <section class="part">
      <div class="part__head">
        <h3>{t.photosTitle}</h3>
        <p class="part__note">{t.photosNote}</p>
      </div>
      <ul class="photos">
        {Array.from({ length: tip.photos }, (_, i) => (
          <li key={i}>
            <Photo tip={tip} n={i + 1} onOpen={() => (shown.value = i + 1)} />
          </li>
        ))}
      </ul>
      {shown.value !== null && (
        <Large tip={tip} shown={shown.value} onShow={(n) => (shown.value = n)} onClose={() => (shown.value = null)} />
      )}
    </section>
  );
}

/** A clip covers the minute of the moment, and this long on either side, as far as that was aired. */
const aroundMs = 15_000;
const clipMs = 60_000 + 2 * aroundMs;

/** A clip is put aside at the turn of a minute, and its media is asked for then. */
const awaitedMs = 120_000;

export function Clip({ tip, now }: { tip: WholeTip; now: number }): JSX.Element | null {
  const t = desk.in(locale.value);
  const player = useSignal<ComponentType<MomentProps> | null>(null);
  const waiting = useSignal(false);
  const broken = useSignal(false);
  const minute = tip.minute === null ? null : Date.parse(tip.minute);
  const exact = tip.content?.moment ?? null;
  const moment = exact === null ? minute : Date.parse(exact);
  const hls = tip.clip_hls ?? null;
  const awaited = !(tip.clip && tip.clip_complete) && now - Date.parse(tip.received_at) < awaitedMs;
  if (moment === null || minute === null) {
    if (tip.broadcast === null) return null;
    return (
      <section class="part">
        <h3>{t.clipTitle}</h3>
        <p class="part__note">{t.clipNoMoment}</p>
      </section>
    );
  }
  const time =
    exact === null
      ? t.clipMinute(dayAndMinute(minute))
      : t.clipAt(`${formatDay(tag.value, moment)} ${formatTime(tag.value, moment, true)}`);
  const play = () => {
    waiting.value = true;
    broken.value = false;
    import('../staff/moment').then(
      (module) => {
        player.value = module.Moment;
        waiting.value = false;
      },
      () => {
        broken.value = true;
        waiting.value = false;
      },
    );
  };
  const Player = player.value;
  return (
    <section class="part">
      <h3>{t.clipTitle}</h3>
      <figure class="picture">
        {hls !== null && Player !== null ? (
          <Player
            source={{ kind: 'replay', hls, audio: null, from: minute - aroundMs, lengthMs: clipMs }}
            moment={moment}
            onClose={() => (player.value = null)}
          />
        ) : (
          <div class={`picture__frame ${hls === null ? '' : 'clip'}`}>
            {hls === null ? (
              <p class="picture__none">
                <Icon name="film" />
                {awaited ? t.clipAwaited : tip.clip ? t.clipEmpty : t.clipNone}
              </p>
            ) : (
              <>
                <p class="clip__time tabular">{formatTime(tag.value, moment, exact !== null)}</p>
                <button type="button" class="over-play" aria-busy={waiting.value} onClick={play}>
                  <Icon name="play" />
                  {waiting.value ? t.playerLoading : t.clipPlay}
                </button>
              </>
            )}
          </div>
        )}
        <figcaption class="picture__time tabular">
          {broken.value ? <span role="alert">{t.playerFailed}</span> : time}
        </figcaption>
      </figure>
      {hls !== null && tip.clip_complete === false && (
        <p class="part__note part__note--icon">
          <Icon name="record" />
          {t.clipArriving}
        </p>
      )}
    </section>
  );
}
