// One set, drawn for Openday on a 24 grid with 1.75 strokes. Always used beside a text or inside a labelled control.

import type { JSX } from 'preact';
import type { staffDrawings } from '../staff/icons';
import type { RoomIconName } from './icons-room';

const stroke = {
  play: 'M8 5.5v13l10.5-6.5z',
  pause: 'M8.5 5.5v13M15.5 5.5v13',
  replay: 'M4.5 12a7.5 7.5 0 1 0 2.4-5.5M4.5 4.5v4h4',
  back: 'M12 6.5V3L7.5 6.5 12 10V6.5a6.5 6.5 0 1 1-6.5 6.5',
  forward: 'M12 6.5V3l4.5 3.5L12 10V6.5a6.5 6.5 0 1 0 6.5 6.5',
  volume: 'M4 9.5v5h3.5l5 4v-13l-5 4zM16 9a4 4 0 0 1 0 6M18.5 6.5a7.5 7.5 0 0 1 0 11',
  volumeLow: 'M4 9.5v5h3.5l5 4v-13l-5 4zM16 9a4 4 0 0 1 0 6',
  muted: 'M4 9.5v5h3.5l5 4v-13l-5 4zM16.5 9.5l5 5M21.5 9.5l-5 5',
  fullscreen: 'M9 4.5H4.5V9M15 4.5h4.5V9M9 19.5H4.5V15M15 19.5h4.5V15',
  fullscreenExit: 'M4.5 9H9V4.5M19.5 9H15V4.5M4.5 15H9v4.5M19.5 15H15v4.5',
  pip: 'M20.5 10.5v-5h-17v13h7M13 13.5h7.5v5H13z',
  captions: 'M3.5 5.5h17v13h-17zM10.5 10.5a2 2 0 1 0 0 3M17 10.5a2 2 0 1 0 0 3',
  quality: 'M4 7h8M16 7h4M14 5v4M4 12h3M11 12h9M9 10v4M4 17h10M18 17h2M16 15v4',
  headphones: 'M4.5 15.5V13a7.5 7.5 0 0 1 15 0v2.5M4.5 14.5h3v5h-3zM16.5 14.5h3v5h-3z',
  help: 'M9.3 9.3a2.8 2.8 0 1 1 4 2.6c-.9.4-1.3 1-1.3 2.1M12 17.2v.1M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17',
  calendar: 'M4.5 6h15v13.5h-15zM4.5 10h15M8.5 3.5V8M15.5 3.5V8',
  download: 'M12 4v11M7.5 11l4.5 4.5L16.5 11M4.5 19.5h15',
  share: 'M12 15V4M8 7.5L12 3.5l4 4M6 11.5H5v8h14v-8h-1',
  sun: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M18.4 5.6l-1.1 1.1M6.7 17.3l-1.1 1.1',
  moon: 'M19.5 14A8 8 0 0 1 10 4.5a8 8 0 1 0 9.5 9.5z',
  globe: 'M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17M3.5 12h17M12 3.5c-5 5-5 12 0 17M12 3.5c5 5 5 12 0 17',
  close: 'M6 6l12 12M18 6L6 18',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  alert: 'M12 4l9 15.5H3zM12 10v4.5M12 17v.1',
  offline:
    'M4 4l16 16M8.5 15.5a5 5 0 0 1 5.5-1M5 12a10 10 0 0 1 4-2.4M2 8.5A15 15 0 0 1 6 6M13 8a10 10 0 0 1 6 4M11 5a15 15 0 0 1 11 3.5M12 19v.1',
  copy: 'M8.5 8.5h11v11h-11zM15.5 8.5v-4h-11v11h4',
  chevron: 'M9 5l7 7-7 7',
  down: 'M6 9.5l6 6 6-6',
  external: 'M13 4.5h6.5V11M19 5l-8.5 8.5M16 14v5.5H4.5V8H10',
  target:
    'M12 10.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3M8 8a5.6 5.6 0 0 0 0 8M16 8a5.6 5.6 0 0 1 0 8M5 5a10 10 0 0 0 0 14M19 5a10 10 0 0 1 0 14',
  lock: 'M5.5 11h13v9h-13zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  clock: 'M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17M12 7.5V12l3 2.5',
  film: 'M4 5h16v14H4zM8 5v14M16 5v14M4 12h16',
  chat: 'M4 5h16v11.5h-9L6.5 20v-3.5H4z',
  info: 'M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17M12 11v5.5M12 7.6v.1',
  tip: 'M4 6h16v12.5H4zM4 6.5l8 6.5 8-6.5M12 15.5v.1',
  eye: 'M2.5 12C6 5.5 18 5.5 21.5 12 18 18.5 6 18.5 2.5 12M12 9.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5',
} as const;

export type IconName = keyof typeof stroke | keyof typeof staffDrawings | RoomIconName;

const drawings = new Map<string, string>(Object.entries(stroke));

/** Drawings that not every page needs, or that come with what is loaded later. */
export function addDrawings(more: Readonly<Record<string, string>>): void {
  for (const [name, path] of Object.entries(more)) drawings.set(name, path);
}

const solid: ReadonlySet<IconName> = new Set<IconName>(['play']);

export function Icon({ name, class: extra = '' }: { name: IconName; class?: string }): JSX.Element {
  return (
    <svg
      class={`icon ${extra}`}
      viewBox="0 0 24 24"
      fill={solid.has(name) ? 'currentColor' : 'none'}
      stroke="currentColor"
      stroke-width={name === 'pause' ? 3 : 1.75}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={drawings.get(name)} />
    </svg>
  );
}

/** The mark of Openday: a doorway standing open, with the light of day in it. */
export function Mark({ class: extra = '' }: { class?: string }): JSX.Element {
  return (
    <svg class={extra} viewBox="0 0 32 32" fill="none" aria-hidden="true" focusable="false">
      <path d="M6 28V15a10 10 0 0 1 20 0v13" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" />
      <path d="M3 28h26" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" />
      <path d="M11 28V15.5a5 5 0 0 1 10 0V28" fill="var(--accent)" />
      <circle cx="18" cy="21" r="1.25" fill="var(--bg)" />
    </svg>
  );
}
