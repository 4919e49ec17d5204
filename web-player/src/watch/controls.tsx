// The bar under the picture.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { clampTo } from '../core/dvr';
import { behind, clockLength, formatNumber } from '../core/format';
import { Icon, type IconName } from '../ui/icons';
import { locale, tag } from '../ui/page';
import { menuOffered, QualityMenu } from './menu';
import { watch } from './messages';
import { RoomBarButton } from './room-slot';
import { Scrub } from './scrub';
import { fullscreen, pictureInPicture, toggleCaptions, toggleFullscreen, togglePip } from './screen';
import { helpOpen, player, video } from './state';

function BarButton(props: {
  icon: IconName;
  label: string;
  keys?: string;
  pressed?: boolean;
  class?: string;
  onClick: () => void;
}): JSX.Element {
  return (
    <button
      type="button"
      class={`bar-button ${props.class ?? ''}`}
      aria-label={props.label}
      aria-pressed={props.pressed}
      aria-keyshortcuts={props.keys}
      title={props.keys === undefined ? props.label : `${props.label} (${props.keys.toUpperCase()})`}
      onClick={props.onClick}
    >
      <Icon name={props.icon} />
    </button>
  );
}

/** "LIVE · 1.4 s", "−0:42 · Go live", or how far a replay is, or what is left of a broadcast that has ended. */
export function LiveBadge(): JSX.Element {
  const t = watch.in(locale.value);
  const mode = player.mode.value;
  if (mode === 'replay' || player.endedAt.value !== null) {
    const line = player.timeline.value;
    return (
      <span class="time tabular">
        {clockLength(clampTo(line, player.position.value) - line.start)}{' '}
        <span class="time__of">/ {clockLength(line.end - line.start)}</span>
      </span>
    );
  }
  const paused = player.status.value === 'paused';
  if (mode === 'live' && !paused) {
    const latency = player.latencyMs.value;
    const seconds = latency === null ? null : formatNumber(tag.value, Math.max(0, latency) / 1000, 1);
    return (
      <span class="live-badge live-badge--on tabular" title={seconds === null ? t.live : t.latencyTitle(seconds)}>
        <span class="dot dot--pulse" />
        {seconds === null ? t.live : t.liveLatency(seconds)}
      </span>
    );
  }
  const late = player.timeline.value.end - player.position.value;
  return (
    <button
      type="button"
      class="live-badge live-badge--go tabular"
      onClick={() => {
        player.goLive();
      }}
    >
      {(mode === 'dvr' || late > 3000) && (
        <span class="live-badge__late">
          {behind(late)}
          <span class="live-badge__dot"> ·</span>
        </span>
      )}{' '}
      <strong>{t.goLive}</strong>
    </button>
  );
}

function Volume(): JSX.Element {
  const t = watch.in(locale.value);
  const muted = player.muted.value || player.volume.value === 0;
  const percent = Math.round(player.volume.value * 100);
  return (
    <div class="volume">
      <BarButton
        icon={muted ? 'muted' : player.volume.value < 0.5 ? 'volumeLow' : 'volume'}
        label={muted ? t.unmute : t.mute}
        keys="m"
        onClick={() => {
          player.setMuted(!player.muted.value);
        }}
      />
      <input
        class="volume__slider"
        type="range"
        min={0}
        max={100}
        step={5}
        value={muted ? 0 : percent}
        aria-label={t.volume}
        aria-valuetext={t.volumeValue(formatNumber(tag.value, muted ? 0 : percent) + '%')}
        onInput={(event) => {
          player.setVolume(Number(event.currentTarget.value) / 100);
        }}
      />
    </div>
  );
}

function useCaptions(): boolean {
  const any = useSignal(false);
  useEffect(() => {
    const look = () => {
      any.value = Array.from(video.textTracks).some((track) => track.kind === 'captions' || track.kind === 'subtitles');
    };
    look();
    video.textTracks.addEventListener('addtrack', look);
    video.textTracks.addEventListener('removetrack', look);
    return () => {
      video.textTracks.removeEventListener('addtrack', look);
      video.textTracks.removeEventListener('removetrack', look);
    };
  }, []);
  return any.value;
}

export function Controls(): JSX.Element {
  const t = watch.in(locale.value);
  const captions = useCaptions();
  const playing = player.status.value === 'playing' || player.status.value === 'loading';
  const canSeek = player.mode.value === 'replay' || player.hasDvr;
  return (
    <div class="bar">
      <Scrub />
      <div class="bar__row">
        <BarButton
          icon={playing ? 'pause' : player.status.value === 'ended' ? 'replay' : 'play'}
          label={playing ? t.pause : t.play}
          keys="k"
          onClick={() => {
            player.toggle();
          }}
        />
        {canSeek && (
          <BarButton
            icon="back"
            label={t.back10}
            keys="j"
            class="bar-button--wide"
            onClick={() => {
              player.seekBy(-10_000);
            }}
          />
        )}
        <Volume />
        <LiveBadge />
        <div class="bar__space" />
        {captions && <BarButton icon="captions" label={t.captions} keys="c" onClick={toggleCaptions} />}
        <RoomBarButton />
        <QualityMenu />
        <BarButton
          icon="help"
          label={t.help}
          keys="?"
          class={menuOffered() ? 'bar-button--desktop' : ''}
          onClick={() => {
            helpOpen.value = true;
          }}
        />
        {document.pictureInPictureEnabled && (
          <BarButton
            icon="pip"
            label={t.pip}
            pressed={pictureInPicture.value}
            class="bar-button--wide"
            onClick={togglePip}
          />
        )}
        <BarButton
          icon={fullscreen.value ? 'fullscreenExit' : 'fullscreen'}
          label={fullscreen.value ? t.exitFullscreen : t.fullscreen}
          keys="f"
          onClick={toggleFullscreen}
        />
      </div>
    </div>
  );
}
