// A peak meter, −60 to 0 dBFS. Moves ten times a second, so it writes to its bars directly.

import { effect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { meterFraction } from '../../core/health';
import type { Console } from './state';

export function Meter({ room, venue, label }: { room: Console; venue: string | null; label: string }): JSX.Element {
  const root = useRef<HTMLDivElement>(null);
  useEffect(
    () =>
      effect(() => {
        const levels = room.levels.value;
        const pair = venue === null ? levels.program : (levels.venues[venue] ?? [-Infinity, -Infinity]);
        const element = root.current;
        if (element === null) return;
        pair.forEach((db, i) => {
          const bar = element.children[i]?.firstElementChild;
          if (bar instanceof HTMLElement) bar.style.transform = `scaleX(${(1 - meterFraction(db)).toFixed(3)})`;
        });
        const loudest = Math.max(...pair);
        element.setAttribute('aria-valuenow', String(Math.round(Math.max(-60, loudest))));
      }),
    [room, venue],
  );
  return (
    <div
      ref={root}
      class="meter"
      role="meter"
      aria-label={label}
      aria-valuemin={-60}
      aria-valuemax={0}
      aria-valuenow={-60}
    >
      <div class="meter__channel">
        <div class="meter__cover" />
      </div>
      <div class="meter__channel">
        <div class="meter__cover" />
      </div>
    </div>
  );
}
