// The picture with everything that lies over it.

import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { formatDateTime, remaining } from '../core/format';
import { Icon, Mark } from '../ui/icons';
import { common } from '../ui/messages';
import { locale, tag } from '../ui/page';
import { ErrorId } from '../ui/parts';
import { Controls } from './controls';
import { watch } from './messages';
import { RoomOverlay } from './room-slot';
import { setStage } from './screen';
import { broadcast, clock, needsNewPage, now, player, video, view } from './state';

/** Controls leave the picture after this long without a sign of the viewer. */
const idleMs = 3000;

function VideoHost(): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    host.current?.append(video);
    return () => {
      video.remove();
    };
  }, []);
  return <div class="stage__host" ref={host} />;
}

function Poster({ dim }: { dim: boolean }): JSX.Element {
  const url = broadcast.value?.poster ?? null;
  const failed = useSignal(false);
  return (
    <div class={`stage__poster ${dim ? 'stage__poster--dim' : ''}`}>
      {url === null || failed.value ? (
        <Mark class="stage__mark" />
      ) : (
        <img src={url} alt="" fetchpriority="high" onError={() => (failed.value = true)} />
      )}
    </div>
  );
}

function Panel({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <div class="over">
      <div class="over__panel">{children}</div>
    </div>
  );
}

function Countdown(): JSX.Element {
  const t = watch.in(locale.value);
  const value = broadcast.value;
  const starts = Date.parse(value?.starts_at ?? '');
  const left = remaining(starts - now.value);
  const two = (n: number) => String(n).padStart(2, '0');
  const cells: [string, string][] = [
    [two(left.hours), t.hours],
    [two(left.minutes), t.minutes],
    [two(left.seconds), t.seconds],
  ];
  if (left.days > 0) cells.unshift([String(left.days), t.days(left.days)]);
  const calendar = async () => {
    if (value === null) return;
    const { calendarFile } = await import('../core/ics');
    const file = calendarFile({
      uid: `${value.id}@${location.host}`,
      start: starts,
      title: value.title,
      description: value.description,
      url: `${location.origin}/watch/${value.id}`,
      stamp: clock.now(),
    });
    const url = URL.createObjectURL(new Blob([file], { type: 'text/calendar' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = `${value.id}.ics`;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <Panel>
      <p class="over__small">{t.countdownTitle}</p>
      <p class="countdown" role="timer" aria-label={formatDateTime(tag.value, starts)}>
        {cells.map(([number, unit]) => (
          <span class="countdown__cell" key={unit}>
            <span class="countdown__number tabular">{number}</span>
            <span class="countdown__unit">{unit}</span>
          </span>
        ))}
      </p>
      <p class="over__when">
        <time dateTime={value?.starts_at ?? ''}>{formatDateTime(tag.value, starts)}</time>
      </p>
      <button type="button" class="over-button" onClick={() => void calendar().catch(() => undefined)}>
        <Icon name="calendar" />
        {t.addToCalendar}
      </button>
      <p class="over__small">{t.startsByItself}</p>
    </Panel>
  );
}

/** What goes on from what was loaded before is left alone, and a short stutter is the spinner's business. */
function troubled(): boolean {
  const state = player.recovery.value;
  if (state.phase === 'healthy') return false;
  if (state.phase === 'failed' || player.stalled.value) return true;
  return state.attempt >= 2 && player.status.value !== 'playing';
}

/** Something went wrong with the picture: what, what we do, what you can do, and the number of it. */
function Trouble(): JSX.Element | null {
  const t = watch.in(locale.value);
  const state = player.recovery.value;
  const problem = player.problem.value;
  const seconds = useSignal(0);
  useEffect(() => {
    if (state.phase !== 'waiting') return;
    const end = performance.now() + state.delayMs;
    const update = () => {
      seconds.value = Math.max(1, Math.ceil((end - performance.now()) / 1000));
    };
    update();
    const timer = window.setInterval(update, 250);
    return () => {
      window.clearInterval(timer);
    };
  }, [state]);
  if (state.phase === 'healthy') return null;
  const failed = state.phase === 'failed';
  const stale = needsNewPage();
  return (
    <Panel>
      <Icon name={failed ? 'alert' : 'offline'} class="over__icon" />
      {/* Announced once: the seconds below would be read out one by one. */}
      <div role="alert">
        <h2>{failed ? t.brokenTitle : t.reconnecting}</h2>
      </div>
      <p>
        {failed
          ? t.brokenBody
          : state.phase === 'waiting'
            ? t.reconnectingIn(String(seconds.value))
            : t.reconnectingNow}
      </p>
      {stale ? <p>{t.newPageHint}</p> : !failed && state.attempt > 3 && <p>{t.reconnectingLong}</p>}
      <button
        type="button"
        class="over-button"
        onClick={() => {
          if (stale) location.reload();
          else player.retry();
        }}
      >
        <Icon name="replay" />
        {failed ? common.in(locale.value).retry : stale ? t.newPage : t.tryNow}
      </button>
      {problem !== null && <ErrorId id={problem.id} />}
    </Panel>
  );
}

function Overlay(): JSX.Element | null {
  const t = watch.in(locale.value);
  const value = broadcast.value;
  const status = player.status.value;
  switch (view.value) {
    case 'undated':
      return (
        <Panel>
          <Icon name="calendar" class="over__icon" />
          <h2>{t.undatedTitle}</h2>
          <p>{t.undatedBody}</p>
        </Panel>
      );
    case 'countdown':
      return <Countdown />;
    case 'starting':
      return (
        <Panel>
          <span class="spinner" />
          <h2>{t.startingTitle}</h2>
          <p>{t.startingBody}</p>
          {value?.starts_at != null && (
            <p class="over__small tabular">{formatDateTime(tag.value, Date.parse(value.starts_at))}</p>
          )}
        </Panel>
      );
    case 'ended':
    case 'unrecorded':
      // Who sees the rest of it in the DVR is told afterwards.
      if (player.endedAt.value !== null && status !== 'ended') break;
      return (
        <Panel>
          <Icon name="film" class="over__icon" />
          <h2>{t.endedTitle}</h2>
          <p>{view.value === 'ended' ? t.endedBody : t.unrecordedBody}</p>
        </Panel>
      );
    default:
  }
  if (troubled()) return <Trouble />;
  if (status === 'ended' && view.value === 'live') {
    return (
      <Panel>
        <Icon name="film" class="over__icon" />
        <h2>{t.endedTitle}</h2>
        <p>{t.endedBody}</p>
      </Panel>
    );
  }
  if (player.needsTap.value || (status === 'idle' && view.value === 'replay')) {
    return (
      <div class="over over--open">
        <button
          type="button"
          class="big-play"
          aria-label={view.value === 'replay' ? t.playReplay : t.tapToPlay}
          onClick={() => {
            player.play();
          }}
        >
          <Icon name="play" />
        </button>
      </div>
    );
  }
  if (player.stalled.value || status === 'loading') {
    return (
      <div class="over over--open over--pass">
        <span class="spinner spinner--late" role="status" aria-label={t.connecting} />
      </div>
    );
  }
  return null;
}

export function Stage(): JSX.Element {
  const t = watch.in(locale.value);
  const root = useRef<HTMLElement>(null);
  const active = useSignal(true);
  const timer = useRef(0);
  /** What the picture was last pressed with; not every browser says so with the click. */
  const pointer = useRef('');
  const wake = () => {
    active.value = true;
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => (active.value = false), idleMs);
  };
  const hide = () => {
    window.clearTimeout(timer.current);
    active.value = false;
  };
  useEffect(() => {
    setStage(root.current);
    wake();
    return () => {
      window.clearTimeout(timer.current);
    };
  }, []);

  const media = view.value === 'live' || view.value === 'replay';
  const status = player.status.value;
  const shown = status !== 'idle';
  const quiet = shown && !active.value && status === 'playing' && player.recovery.value.phase === 'healthy';
  // Controls that came up under a finger would take its tap for theirs: what a tap means is decided when it is over.
  const onPointer = (event: PointerEvent) => {
    pointer.current = event.pointerType;
    if (event.pointerType === 'mouse' || !quiet) wake();
  };
  const started = shown && (status === 'playing' || status === 'paused' || status === 'ended');
  return (
    <section
      ref={root}
      class={`stage ${quiet ? 'stage--quiet' : ''}`}
      aria-label={t.player}
      onPointerMove={onPointer}
      onPointerDown={onPointer}
      onKeyDown={wake}
      onFocusCapture={wake}
    >
      <VideoHost />
      {!started && <Poster dim={!media || status !== 'idle'} />}
      {started && player.audioOnly.value && (
        <div class="stage__audio">
          <Icon name="headphones" />
          <p>{t.audioPlaying}</p>
          <button
            type="button"
            class="over-button"
            onClick={() => {
              player.setAudioOnly(false);
            }}
          >
            {t.backToVideo}
          </button>
        </div>
      )}
      {shown && <RoomOverlay />}
      {shown && (
        <div
          class="stage__tap"
          aria-hidden="true"
          onClick={() => {
            // Touch shows and hides the controls; a mouse plays and pauses.
            if (pointer.current === 'mouse') player.toggle();
            else if (quiet) wake();
            else hide();
          }}
        />
      )}
      <Overlay />
      {started && player.needsUnmute.value && (
        <button
          type="button"
          class="unmute"
          onClick={() => {
            player.setMuted(false);
            player.play();
          }}
        >
          <Icon name="muted" />
          {t.unmuteBig}
        </button>
      )}
      {shown && (
        <div class="stage__bar">
          <Controls />
        </div>
      )}
    </section>
  );
}
