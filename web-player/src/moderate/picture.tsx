// What the author saw: the thumbnail of the moment, and on demand the program from there.

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ComponentType, JSX } from 'preact';
import { fixedClock, formatTime } from '../core/format';
import type { Item } from '../core/moderation-types';
import type { Source } from '../core/source';
import type { Broadcast } from '../core/studio-types';
import type { MomentProps } from '../staff/moment';
import { Icon } from '../ui/icons';
import { locale, tag } from '../ui/page';
import { moderate } from './messages';
import type { Desk } from './state';

function sourceOf(broadcast: Broadcast): Source | null {
  const { live, replay } = broadcast;
  const liveAt = Date.parse(broadcast.live_at ?? '');
  const from = Number.isFinite(liveAt) ? liveAt : null;
  if (live !== null) {
    return {
      kind: 'live',
      hls: live.hls,
      dvr: live.dvr,
      audio: null,
      audioDvr: null,
      windowSeconds: live.dvr_window_s,
      liveAt: from,
    };
  }
  if (replay === null) return null;
  const ended = Date.parse(broadcast.ended_at ?? '');
  const lengthMs = from !== null && Number.isFinite(ended) ? ended - from : null;
  return { kind: 'replay', hls: replay.hls, audio: null, from, lengthMs };
}

/** What was said a moment ago is here before its picture, which comes with the segment's end. */
const retryMs = 2000;
const mostRetries = 5;

export function Picture({ desk, item }: { desk: Desk; item: Item }): JSX.Element {
  const t = moderate.in(locale.value);
  const state = useSignal<'loading' | 'there' | 'none'>('loading');
  const tries = useSignal(0);
  const timer = useSignal(0);
  useEffect(
    () => () => {
      clearTimeout(timer.value);
    },
    [],
  );
  const missing = () => {
    if (tries.value >= mostRetries) state.value = 'none';
    else timer.value = window.setTimeout(() => tries.value++, retryMs);
  };
  const player = useSignal<ComponentType<MomentProps> | null>(null);
  const failed = useSignal(false);
  const waiting = useSignal(false);
  const broadcast = desk.broadcast.value;
  const liveAt = Date.parse(broadcast?.live_at ?? '');
  const time =
    Number.isFinite(liveAt) && item.moment >= liveAt
      ? fixedClock(item.moment - liveAt)
      : formatTime(tag.value, item.moment, true);
  const playable = broadcast !== null && (broadcast.live?.dvr != null || broadcast.replay !== null);
  const play = () => {
    waiting.value = true;
    failed.value = false;
    import('../staff/moment').then(
      (module) => {
        player.value = module.Moment;
        waiting.value = false;
      },
      () => {
        failed.value = true;
        waiting.value = false;
      },
    );
  };
  const Player = player.value;
  if (Player !== null && broadcast !== null) {
    return (
      <figure class="picture">
        <Player source={sourceOf(broadcast)} moment={item.moment} onClose={() => (player.value = null)} />
      </figure>
    );
  }
  return (
    <figure class="picture" aria-label={t.picture}>
      <div class="picture__frame">
        {state.value === 'none' ? (
          <p class="picture__none">
            <Icon name="film" />
            {t.pictureNone}
          </p>
        ) : (
          <img
            key={tries.value}
            class={state.value === 'there' ? 'picture__image' : 'picture__image picture__image--wait'}
            src={`/thumb/${desk.id}/${String(item.moment)}.jpg`}
            alt={t.pictureOf(time)}
            onLoad={() => (state.value = 'there')}
            onError={missing}
          />
        )}
        {playable && (
          <button type="button" class="over-play" aria-busy={waiting.value} onClick={play}>
            <Icon name="play" />
            {waiting.value ? t.playerLoading : t.play}
          </button>
        )}
      </div>
      <figcaption class="picture__time tabular">{failed.value ? t.playerFailed : `${t.picture} · ${time}`}</figcaption>
    </figure>
  );
}
