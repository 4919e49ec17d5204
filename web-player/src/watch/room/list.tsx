// The comments that have come: follows the newest while the viewer is at the bottom, and stands still while they read.

import { useSignal, useSignalEffect } from '@preact/signals';
import type { JSX, VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { isGap, type Listed } from '../../core/moments';
import { formatNumber } from '../../core/format';
import { Icon } from '../../ui/icons';
import { locale, tag } from '../../ui/page';
import { player, view } from '../state';
import { words } from './messages';
import { Row } from './row';
import { list, mayWrite, minutesState, moments, room } from './state';

const mostRows = 200;
/** Nearer to the bottom than this, in pixels, a viewer means to follow. */
const near = 48;

function Empty(): JSX.Element {
  const t = words.in(locale.value);
  const open = room.room.value?.open === true;
  const replay = view.value === 'replay' || player.mode.value === 'dvr';
  const before = view.value === 'countdown' || view.value === 'undated' || view.value === 'starting';
  return (
    <div class="room__empty">
      <Icon name="chat" />
      <p>{t.empty}</p>
      {/* When it opens is said where one would write. */}
      {!before && <small>{replay || !open ? t.emptyAfter : t.emptyOpen}</small>}
    </div>
  );
}

export function List(): JSX.Element {
  const t = words.in(locale.value);
  const box = useRef<HTMLDivElement>(null);
  const following = useSignal(true);
  /** Whose actions are open, and which row Tab reaches; null: none, the newest. */
  const open = useSignal<number | null>(null);
  const reached = useSignal<number | null>(null);
  /** While reading: the rows there were, of which the first that still stands is the first, and all that had come by then. */
  const kept = useRef<ReadonlySet<Listed['id']>>(new Set());
  const seen = useRef<ReadonlySet<Listed['id']>>(new Set());
  /** The first row in sight and how far below the edge it begins. */
  const anchor = useRef<{ id: string; top: number } | null>(null);
  /** Who takes the focus if its row goes, the nearest first. */
  const heirs = useRef<readonly HTMLElement[]>([]);
  /** Rows as they were drawn: the same object is not compared again. */
  const drawn = useRef(new WeakMap<Listed, { state: string; node: VNode }>());

  const all = list.value;
  // Rows that are not drawn again keep these as they were: they look at what is there now.
  const read = () => {
    if (!following.peek()) return;
    const now = list.peek();
    seen.current = new Set(now.map((one) => one.id));
    kept.current = new Set([...seen.current].slice(-mostRows));
    following.value = false;
  };
  const follow = () => {
    following.value = true;
    open.value = null;
  };
  const start = following.value
    ? Math.max(0, all.length - mostRows)
    : Math.max(0, all.findIndex((one) => kept.current.has(one.id))); // prettier-ignore
  const rows = all.slice(start, start + mostRows);
  const below = following.value ? 0 : all.filter((one) => !seen.current.has(one.id)).length;

  const remember = () => {
    const at = box.current;
    if (at === null) return;
    const first = [...at.querySelectorAll<HTMLElement>('[data-id]')].find(
      (row) => row.offsetTop + row.offsetHeight > at.scrollTop,
    );
    anchor.current = first === undefined ? null : { id: first.dataset.id ?? '', top: first.offsetTop - at.scrollTop };
  };
  const settle = () => {
    const at = box.current;
    if (at === null) return;
    if (following.value) {
      at.scrollTop = at.scrollHeight;
    } else if (anchor.current !== null) {
      const row = at.querySelector<HTMLElement>(`[data-id="${anchor.current.id}"]`);
      if (row !== null) at.scrollTop = row.offsetTop - anchor.current.top;
    }
    if (heirs.current.length > 0 && document.activeElement === document.body)
      (heirs.current.find((one) => one.isConnected) ?? at).focus();
    heirs.current = [];
    remember();
  };
  useLayoutEffect(settle);
  useEffect(() => {
    const at = box.current;
    if (at === null) return;
    // The keyboard of a phone, a longer draft: the bottom stays the bottom.
    const observer = new ResizeObserver(settle);
    observer.observe(at);
    return () => {
      observer.disconnect();
    };
  }, []);
  // What was opened at the edge is brought into view, clear of the button over it.
  useEffect(() => {
    const at = box.current;
    const row = at?.querySelector<HTMLElement>('.say--open') ?? null;
    if (at === null || row === null) return;
    const end = row.offsetTop + row.offsetHeight + near;
    // Where there is little room its beginning matters more.
    if (end > at.scrollTop + at.clientHeight) at.scrollTop = Math.min(end - at.clientHeight, row.offsetTop);
  }, [open.value]);
  useSignalEffect(() => {
    if (moments.begun.value > 0) following.value = true;
  });

  const onScroll = () => {
    const at = box.current;
    if (at === null) return;
    remember();
    const bottom = at.scrollHeight - at.scrollTop - at.clientHeight < near;
    if (bottom && open.value === null) following.value = true;
    else if (!bottom) read();
  };
  const toggle = (id: number) => () => {
    reached.value = id;
    open.value = open.value === id ? null : id;
    if (open.value !== null) read();
  };
  const handles = () => {
    const buttons = [...(box.current?.querySelectorAll<HTMLElement>('.say__more') ?? [])];
    return { buttons, at: buttons.findIndex((one) => one.closest('li')?.contains(document.activeElement) === true) };
  };
  const close = () => {
    const { buttons, at } = handles();
    // Its actions go away, and a dialog gives the focus back to where it was.
    buttons[at]?.focus();
    heirs.current = at < 0 ? [] : [...buttons.slice(at), ...buttons.slice(0, at).reverse()];
    open.value = null;
    onScroll();
  };
  const onKey = (event: KeyboardEvent) => {
    const { buttons, at } = handles();
    const moves: Record<string, number> = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: buttons.length - 1 };
    const to = moves[event.key];
    if (to !== undefined) buttons[Math.max(0, Math.min(buttons.length - 1, to))]?.focus();
    else if (event.key === 'Escape' && open.value !== null) close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const reachable = rows.some((one) => one.id === reached.value) ? reached.value : rows[rows.length - 1]?.id;
  const row = (one: Listed): VNode => {
    const mine = one.id === open.value;
    const reach = one.id === reachable;
    const state = [mine, reach, locale.value, view.value, room.me.value?.viewer, mayWrite.value].join();
    const before = drawn.current.get(one);
    if (before?.state === state) return before.node;
    const node = isGap(one) ? (
      <li key={one.id} class="room__gap" data-id={one.id}>
        {t.gap}
      </li>
    ) : (
      <Row key={one.id} one={one} open={mine} reachable={reach} onToggle={toggle(one.id)} onDone={close} />
    );
    drawn.current.set(one, { state, node });
    return node;
  };

  // In the DVR what lies ahead is asked for as the picture comes near: nobody knows how much there is.
  const waiting = moments.waiting.value;
  const stands = waiting > 0 && player.mode.value === 'live' && player.status.value === 'paused';
  return (
    <div class="room__list">
      <div
        class={`room__scroll ${following.value ? '' : 'room__scroll--reading'}`}
        ref={box}
        onScroll={onScroll}
        onKeyDown={onKey}
        tabIndex={rows.length === 0 ? 0 : -1}
        role="group"
        aria-label={t.comments}
        onFocusCapture={(event) => {
          const id = event.target instanceof Element ? event.target.closest<HTMLElement>('li')?.dataset.id : undefined;
          if (id === undefined || !(event.target as Element).matches(':focus-visible')) return;
          reached.value = Number(id);
          read();
        }}
      >
        {rows.length === 0 ? <Empty /> : <ol>{rows.map(row)}</ol>}
      </div>
      {minutesState.value === 'failed' && <p class="room__note">{t.minutesFailed}</p>}
      {stands && (
        <p class="room__note">
          <span>
            <strong>{t.wait(formatNumber(tag.value, waiting))}</strong> <small>{t.waitHint}</small>
          </span>
        </p>
      )}
      {!following.value && (
        <button
          type="button"
          class="room__newest"
          aria-label={below > 0 ? t.newBelowLabel(formatNumber(tag.value, below)) : t.newBelowLabel('0')}
          onClick={follow}
        >
          {below > 0 && <span class="tabular">{t.newBelow(formatNumber(tag.value, below))}</span>}
          <Icon name="down" />
        </button>
      )}
    </div>
  );
}
