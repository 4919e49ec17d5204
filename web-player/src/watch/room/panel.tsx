// The room beside or below the picture, and what of it lies over the picture. Loaded when the page knows its broadcast.

import './room.css';
import '../../ui/icons-room';

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../../ui/icons';
import { locale } from '../../ui/page';
import { IconButton } from '../../ui/parts';
import { narrow } from '../state';
import { Composer } from './composer';
import { danmakuOn, danmakuOver, setDanmaku } from './danmaku-state';
import { List } from './list';
import { words } from './messages';
import { Outbox } from './outbox';
import { Reactions, Viewers } from './reactions';
import { Badge } from './row';
import { announcement, authorOf, muted, room, unmuteAll, wanted } from './state';

export { DanmakuButton } from './danmaku-menu';
export { Dialogs } from './dialogs';

/** The key for it. */
export function toggleDanmaku(): void {
  setDanmaku(!danmakuOn.value);
}

/** Over the picture. */
export function Danmaku(): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => (host.current === null ? undefined : danmakuOver(host.current)), []);
  return <div class="danmaku" ref={host} aria-hidden="true" />;
}

function Head(): JSX.Element | null {
  const t = words.in(locale.value);
  const hidden = muted.value.size;
  // The tab's name says it already.
  if (narrow.value && hidden === 0) return null;
  return (
    <div class="room__head">
      {!narrow.value && <h2>{t.chat}</h2>}
      {!narrow.value && <Viewers />}
      {hidden > 0 && (
        <p class="room__hidden">
          {t.hiddenAuthors(String(hidden))}
          <button type="button" class="mine__button" onClick={unmuteAll}>
            {t.showAgain}
          </button>
        </p>
      )}
    </div>
  );
}

function Pinned(): JSX.Element | null {
  const t = words.in(locale.value);
  const whole = useSignal(false);
  const one = room.room.value?.pinned ?? null;
  if (one === null || !wanted(one)) return null;
  return (
    <div class={`pinned ${whole.value ? 'pinned--whole' : ''}`} role="group" aria-label={t.pinned}>
      <Icon name="pin" />
      <p>
        <b>{authorOf(one)}</b>
        {one.staff !== undefined && <Badge staff={one.staff} />} <bdi>{one.text}</bdi>
      </p>
      <IconButton
        icon="down"
        label={whole.value ? t.pinnedLess : t.pinnedMore}
        class="pinned__more"
        onClick={() => (whole.value = !whole.value)}
      />
    </div>
  );
}

/** Nothing for half a second, since most interruptions are over by then. */
function Connection(): JSX.Element | null {
  const t = words.in(locale.value);
  const shown = useSignal(false);
  const lost = room.connection.value === 'lost';
  useEffect(() => {
    shown.value = false;
    if (!lost) return;
    const timer = window.setTimeout(() => (shown.value = true), 500);
    return () => {
      window.clearTimeout(timer);
    };
  }, [lost]);
  if (!lost || !shown.value || room.room.value === null) return null;
  return (
    <p class="room__note room__note--warn" role="status">
      <Icon name="offline" />
      <span>{t.offline}</span>
      <button
        type="button"
        class="button button--small"
        onClick={() => {
          room.retry();
        }}
      >
        {t.again}
      </button>
    </p>
  );
}

export function Panel(): JSX.Element {
  return (
    <>
      <Head />
      <Pinned />
      <List />
      <Connection />
      <Outbox />
      <Reactions />
      <Composer />
      <p class="visually-hidden" role="status">
        {announcement.value}
      </p>
    </>
  );
}
