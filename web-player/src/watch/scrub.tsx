// The scrub bar: a slider over the timeline, with time and a picture of the moment under the pointer.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { clampTo, fractionOf, meansLive, thumbnailUrl, timeAt } from '../core/dvr';
import { behind, clockLength, formatTime } from '../core/format';
import { locale, tag } from '../ui/page';
import { watch } from './messages';
import { broadcastId, player } from './state';

/** Steps of arrow and page keys, ms. */
const step = 5000;
const leap = 60_000;

export function Scrub(): JSX.Element | null {
  const t = watch.in(locale.value);
  const bar = useRef<HTMLDivElement>(null);
  /** Fraction under the pointer; null: no pointer there. */
  const hover = useSignal<number | null>(null);
  const dragging = useSignal(false);
  const failed = useSignal<string | null>(null);

  const line = player.timeline.value;
  const length = line.end - line.start;
  const replay = player.mode.value === 'replay';
  /** It has its length and no live end. */
  const whole = replay || player.endedAt.value !== null;
  if (!replay && (!player.hasDvr || length < 10_000)) return null;
  if (length <= 0) return null;

  const live = player.mode.value === 'live' && !whole;
  const at = dragging.value && hover.value !== null ? timeAt(line, hover.value) : player.position.value;
  const fraction = live && !dragging.value ? 1 : fractionOf(line, at);
  const valueText = whole
    ? t.seekReplay(clockLength(clampTo(line, at) - line.start), clockLength(length))
    : live || meansLive(line, at)
      ? t.seekAtLive
      : t.seekLive(clockLength(line.end - at));

  const fractionAt = (event: PointerEvent) => {
    const box = bar.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return 0;
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const onKey = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowLeft: -step,
      ArrowDown: -step,
      ArrowRight: step,
      ArrowUp: step,
      PageDown: -leap,
      PageUp: leap,
    };
    const by = moves[event.key];
    if (event.key === 'Home') player.toStart();
    else if (event.key === 'End') {
      if (replay) player.seekTo(line.end);
      else player.goLive();
    } else if (by !== undefined) player.seekBy(by);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const shown = hover.value === null ? null : timeAt(line, hover.value);
  const thumbnail = shown === null || replay ? null : thumbnailUrl(broadcastId, shown);
  const label =
    shown === null
      ? ''
      : whole
        ? clockLength(shown - line.start)
        : meansLive(line, shown)
          ? t.seekAtLive
          : behind(line.end - shown);
  return (
    <div
      ref={bar}
      class="scrub"
      role="slider"
      tabIndex={0}
      aria-label={t.seek}
      aria-valuemin={0}
      aria-valuemax={Math.round(length / 1000)}
      aria-valuenow={Math.round((fraction * length) / 1000)}
      aria-valuetext={valueText}
      onKeyDown={onKey}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        dragging.value = true;
        hover.value = fractionAt(event);
      }}
      onPointerMove={(event) => {
        hover.value = fractionAt(event);
      }}
      onPointerUp={(event) => {
        if (!dragging.value) return;
        dragging.value = false;
        player.seekTo(timeAt(line, fractionAt(event)));
        if (event.pointerType !== 'mouse') hover.value = null;
      }}
      onPointerCancel={() => {
        dragging.value = false;
        hover.value = null;
      }}
      onPointerLeave={() => {
        if (!dragging.value) hover.value = null;
      }}
    >
      <div class="scrub__track">
        <div class="scrub__done" style={{ transform: `scaleX(${String(fraction)})` }} />
      </div>
      <div class="scrub__knob" style={{ left: `${String(fraction * 100)}%` }} />
      {shown !== null && hover.value !== null && (
        <div class="scrub__tip" style={{ '--at': `${String(hover.value * 100)}%` }} aria-hidden="true">
          {thumbnail !== null && failed.value !== thumbnail && (
            <img
              src={thumbnail}
              alt=""
              onError={() => {
                failed.value = thumbnail;
              }}
            />
          )}
          <span class="tabular">
            {label}
            {!replay && <small>{formatTime(tag.value, shown, true)}</small>}
          </span>
        </div>
      )}
    </div>
  );
}
