// The watch page, and the same player alone for embedding.

import '../styles/tokens.css';
import '../styles/base.css';
import './watch.css';

import { effect, signal, useSignal } from '@preact/signals';
import { render, type JSX } from 'preact';
import { watchAction, type KeyPress } from '../core/keys';
import type { PublicBroadcast } from '../core/types';
import { Icon, type IconName } from '../ui/icons';
import { common } from '../ui/messages';
import { locale, siteName } from '../ui/page';
import { Failure, Header, Notice } from '../ui/parts';
import type * as HelpPart from './help';
import { Info, TipButton } from './info';
import { watchKeyboard } from './keyboard';
import { watch } from './messages';
import { RoomDialogs, RoomPanel, toggleDanmaku } from './room-slot';
import { toggleCaptions, toggleFullscreen } from './screen';
import { Stage } from './stage';
import { broadcast, embedded, error, helpOpen, narrow, player, refresh, singleKeys, start, view } from './state';

function focusKind(target: EventTarget | null): KeyPress['target'] {
  if (!(target instanceof Element)) return 'page';
  if (target.closest('dialog') !== null) return 'dialog';
  if (target.closest('[role=slider], input[type=range]') !== null) return 'slider';
  if (target.closest('input, textarea, select, [contenteditable]') !== null) return 'text';
  if (target.closest('button, a, [role=menu]') !== null) return 'button';
  return 'page';
}

addEventListener('keydown', (event) => {
  const action = watchAction(
    {
      key: event.key,
      ctrlKey: event.ctrlKey,
      metaKey: event.metaKey,
      altKey: event.altKey,
      target: focusKind(event.target),
    },
    singleKeys.value,
  );
  if (action === null) return;
  if (view.value !== 'live' && view.value !== 'replay' && player.endedAt.value === null && action !== 'help') return;
  event.preventDefault();
  switch (action) {
    case 'toggle':
      player.toggle();
      break;
    case 'back':
      player.seekBy(-10_000);
      break;
    case 'forward':
      player.seekBy(10_000);
      break;
    case 'back-small':
      player.seekBy(-5000);
      break;
    case 'forward-small':
      player.seekBy(5000);
      break;
    case 'louder':
      player.setVolume(player.volume.value + 0.1);
      break;
    case 'quieter':
      player.setVolume(player.volume.value - 0.1);
      break;
    case 'mute':
      player.setMuted(!player.muted.value);
      break;
    case 'fullscreen':
      toggleFullscreen();
      break;
    case 'captions':
      toggleCaptions();
      break;
    case 'danmaku':
      toggleDanmaku();
      break;
    case 'start':
      player.toStart();
      break;
    case 'live':
      if (player.mode.value === 'replay') player.seekTo(player.timeline.value.end);
      else player.goLive();
      break;
    case 'help':
      helpOpen.value = true;
      break;
  }
});

effect(() => {
  const t = common.in(locale.value);
  const title = broadcast.value?.title;
  const live = view.value === 'live' ? `● ${t.live} · ` : '';
  document.title = title === undefined ? t.brand : `${live}${title}`;
});

function Skeleton(): JSX.Element {
  return (
    <div aria-busy="true">
      <span class="visually-hidden">{watch.in(locale.value).loadingPage}</span>
      <div class="stage" aria-hidden="true">
        <div class="over over--open">
          <span class="spinner spinner--late" />
        </div>
      </div>
      {!embedded && (
        <div class="info" aria-hidden="true">
          <div class="info__main">
            <div class="skeleton bar-line bar-line--title" />
            <div class="skeleton bar-line" />
          </div>
        </div>
      )}
    </div>
  );
}

function Body(): JSX.Element {
  const t = watch.in(locale.value);
  const value = broadcast.value;
  const problem = error.value;
  const gone = problem?.status === 404 || problem?.status === 410;
  if (problem !== null && (gone || problem.status === 401 || problem.status === 403)) {
    return (
      <Notice
        icon={gone ? 'film' : 'lock'}
        level={1}
        title={gone ? t.notFoundTitle : t.deniedTitle}
        body={gone ? t.notFoundBody : t.deniedBody}
        id={problem.id}
      >
        <a
          class="button button--primary button--touch"
          href="/"
          target={embedded ? '_blank' : undefined}
          rel="noopener"
        >
          {common.in(locale.value).home}
        </a>
      </Notice>
    );
  }
  if (value === null) {
    return problem === null ? <Skeleton /> : <Failure error={problem} onRetry={refresh} level={1} />;
  }
  return (
    <>
      <Stage />
      {problem !== null && !embedded && (
        <p class="stale" role="status">
          <Icon name="offline" />
          {t.stale}
        </p>
      )}
      {!embedded && <Below value={value} />}
    </>
  );
}

type Tab = 'chat' | 'info';

/** Beside and below the picture; on narrow screens one of two tabs. */
function Below({ value }: { value: PublicBroadcast }): JSX.Element {
  const t = watch.in(locale.value);
  const now = view.value;
  const chosen = useSignal<Tab | null>(null);
  // Who waits for the beginning reads what it is about; who watches wants the others.
  const tab = chosen.value ?? (now === 'live' || now === 'replay' ? 'chat' : 'info');
  const tabs: [Tab, string, IconName][] = [
    ['chat', t.chat, 'chat'],
    ['info', t.infoTab, 'info'],
  ];
  const panel = (name: Tab) =>
    narrow.value
      ? { role: 'tabpanel' as const, id: `panel-${name}`, 'aria-labelledby': `tab-${name}`, hidden: tab !== name }
      : {};
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    const other = tab === 'chat' ? 'info' : 'chat';
    chosen.value = other;
    document.getElementById(`tab-${other}`)?.focus();
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <>
      {narrow.value && (
        <div class="tabs">
          <div class="tabs__list" role="tablist" aria-label={t.tabs} onKeyDown={onKey}>
            {tabs.map(([name, label, icon]) => (
              <button
                key={name}
                type="button"
                role="tab"
                id={`tab-${name}`}
                class="tabs__tab"
                aria-selected={tab === name}
                aria-controls={`panel-${name}`}
                tabIndex={tab === name ? 0 : -1}
                onClick={() => {
                  chosen.value = name;
                }}
              >
                <Icon name={icon} />
                {label}
              </button>
            ))}
          </div>
          <TipButton value={value} />
        </div>
      )}
      <section class="room" aria-label={narrow.value ? undefined : t.chat} {...panel('chat')}>
        {/* That of the other tab is out of sight. */}
        {narrow.value && <h1 class="visually-hidden">{value.title}</h1>}
        <RoomPanel />
      </section>
      <div class="watch__info" {...panel('info')}>
        <Info value={value} />
      </div>
    </>
  );
}

const helpPart = signal<typeof HelpPart | null>(null);
effect(() => {
  if (!helpOpen.value || helpPart.peek() !== null) return;
  import('./help').then(
    (loaded) => (helpPart.value = loaded),
    () => (helpOpen.value = false),
  );
});

function App(): JSX.Element {
  const help = helpPart.value;
  return (
    <>
      {!embedded && (
        <>
          <a class="skip" href="#main">
            {common.in(locale.value).skip}
          </a>
          <Header site={siteName(broadcast.value?.site)} />
        </>
      )}
      <main id="main" class={embedded ? 'watch watch--embed' : 'watch'}>
        <Body />
      </main>
      <RoomDialogs />
      {helpOpen.value && help !== null && <help.Help />}
    </>
  );
}

start();
watchKeyboard();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
