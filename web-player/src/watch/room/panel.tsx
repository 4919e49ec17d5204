// The room beside or below the picture, and what of it lies over the picture. Loaded when the page knows its broadcast.

import './room.css';
import '../../ui/icons-room';

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { formatNumber } from '../../core/format';
import { Icon } from '../../ui/icons';
import { locale, tag } from '../../ui/page';
import { IconButton } from '../../ui/parts';
import { Composer } from './composer';
import { danmakuOn, danmakuOver, setDanmaku } from './danmaku-state';
import { danmakuDialog } from './dialogs-state';
import { Dialogs } from './dialogs';
import { List } from './list';
import { words } from './messages';
import { Outbox } from './outbox';
import { Reactions } from './reactions';
import { Badge } from './row';
import { announcement, authorOf, muted, room, unmuteAll } from './state';

export { DanmakuButton } from './danmaku-menu';

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

function Head(): JSX.Element {
  const t = words.in(locale.value);
  const viewers = room.viewers.value;
  const hidden = muted.value.size;
  return (
    <div class="room__head">
      <h2>{t.chat}</h2>
      {viewers !== null && (
        <p class="room__viewers tabular" title={t.viewers(formatNumber(tag.value, viewers))}>
          <Icon name="eye" />
          <span aria-hidden="true">{formatNumber(tag.value, viewers)}</span>
          <span class="visually-hidden">{t.viewers(formatNumber(tag.value, viewers))}</span>
        </p>
      )}
      <IconButton
        icon={danmakuOn.value ? 'danmaku' : 'danmakuOff'}
        label={t.danmaku}
        onClick={() => (danmakuDialog.value = true)}
      />
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
  if (one === null) return null;
  return (
    <aside class={`pinned ${whole.value ? 'pinned--whole' : ''}`} aria-label={t.pinned}>
      <Icon name="pin" />
      <p>
        <b>{authorOf(one)}</b>
        {one.staff !== undefined && <Badge staff={one.staff} />} {one.text}
      </p>
      <IconButton
        icon="down"
        label={whole.value ? t.pinnedLess : t.pinnedMore}
        class="pinned__more"
        onClick={() => (whole.value = !whole.value)}
      />
    </aside>
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
      <Dialogs />
      <p class="visually-hidden" role="status">
        {announcement.value}
      </p>
    </>
  );
}
