// What was aired from a moment on, in the player of the watch page. Loaded only when somebody asks for it.

import { useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { askServer, ServerClock } from '../core/clock';
import { createHlsEngine } from '../core/engine-hls';
import { prefersNative, type EngineFactory } from '../core/engine';
import { Player } from '../core/player';
import { Settings } from '../core/settings';
import type { Source } from '../core/source';
import { browserTimers } from '../core/timers';
import { locale } from '../ui/page';
import { IconButton } from '../ui/parts';
import { staff } from './messages';

export interface MomentProps {
  /** null: there is nothing to play any more. */
  source: Source | null;
  /** Program time, UTC ms. */
  moment: number;
  onClose: () => void;
}

/** Who writes answers what was seen: it begins a little before. */
const leadMs = 5000;
/** Further from it than this is not where it should begin. */
const offMs = 3000;

async function engine(video: HTMLVideoElement): Promise<EngineFactory> {
  const mediaSource = 'MediaSource' in window || 'ManagedMediaSource' in window;
  if (!prefersNative(video, navigator.userAgent, mediaSource)) return createHlsEngine;
  return (await import('../core/engine-native')).createNativeEngine;
}

export function Moment({ source, moment, onClose }: MomentProps): JSX.Element {
  const t = staff.in(locale.value);
  const host = useRef<HTMLDivElement>(null);
  const gone = useSignal(false);
  const corrected = useSignal(false);
  const { player, video, seek } = useMemo(() => {
    const element = document.createElement('video');
    element.className = 'picture__video';
    element.playsInline = true;
    const clock = new ServerClock(askServer);
    const made = new Player({
      video: element,
      engine: () => engine(element),
      timers: browserTimers,
      random: Math.random,
      now: () => clock.now(),
      // What is chosen here says nothing about how this person watches.
      settings: new Settings(null),
      refused: () => (gone.value = true),
    });
    const toMoment = () => {
      const zero = source?.kind === 'replay' ? (source.from ?? 0) : 0;
      made.seekTo(Math.max(0, moment - leadMs - zero));
      made.play();
    };
    // A recording may begin later than it was thought to: its own clock puts that right, once.
    const toRight = () => {
      if (source?.kind !== 'replay' || made.status.value !== 'playing') return;
      const shown = made.pictureTime();
      if (shown === null) return;
      corrected.value = true;
      if (Math.abs(shown - moment + leadMs) > offMs) made.seekToProgramTime(moment - leadMs);
    };
    return { player: made, video: element, seek: { clock, toMoment, toRight } };
  }, []);
  useEffect(() => {
    host.current?.append(video);
    if (source === null) gone.value = true;
    else {
      player.setMuted(true);
      void seek.clock.sync(1).then(() => {
        player.open(source, false);
        seek.toMoment();
      });
    }
    return () => {
      player.destroy();
      video.remove();
    };
  }, []);
  useSignalEffect(() => {
    if (player.position.value >= 0 && !corrected.value) seek.toRight();
  });
  const toMomentAgain = () => {
    seek.toMoment();
    corrected.value = false;
  };
  const playing = player.status.value === 'playing';
  const failed = gone.value || player.recovery.value.phase === 'failed';
  const loading = !failed && (player.status.value === 'loading' || player.stalled.value);
  return (
    <>
      <div class="picture__frame" ref={host}>
        {failed && <p class="picture__none picture__none--over">{gone.value ? t.playerGone : t.playerFailed}</p>}
        {loading && (
          <div class="picture__wait">
            <span class="spinner" role="img" aria-label={t.playerLoading} />
          </div>
        )}
      </div>
      <figcaption class="picture__controls">
        <IconButton
          icon={playing ? 'pause' : 'play'}
          label={playing ? t.pause : t.resume}
          disabled={failed}
          onClick={() => {
            player.toggle();
          }}
        />
        <IconButton icon="replay" label={t.again} disabled={failed} onClick={toMomentAgain} />
        <IconButton
          icon={player.muted.value ? 'muted' : 'volume'}
          label={player.muted.value ? t.sound : t.soundOff}
          disabled={failed}
          onClick={() => {
            player.setMuted(!player.muted.value);
          }}
        />
        <span class="detail__space" />
        <button type="button" class="button button--quiet button--small" onClick={onClose}>
          {t.playerClose}
        </button>
      </figcaption>
    </>
  );
}
