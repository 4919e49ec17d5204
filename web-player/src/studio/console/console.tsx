// The console of one broadcast.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { fixedClock, formatNumber, formatTime } from '../../core/format';
import { settings } from '../../core/settings';
import { WriteAsStaff } from '../../staff/links';
import { Lost } from '../../staff/lost';
import { Icon } from '../../ui/icons';
import { locale, tag } from '../../ui/page';
import { Failure, Notice } from '../../ui/parts';
import { FormDialog, Refusal } from '../../staff/form';
import { studio } from '../messages';
import { StateBadge } from '../../staff/state-badge';
import { EndDialog } from './end';
import { Preview, Program } from './monitors';
import { HealthPanel, Layouts, LowerThird, Sound, VenueStrip } from './panels';
import { Console } from './state';
import { Targets } from './targets';

function Bars({ bars, text, level }: { bars: number; text: string; level: string }): JSX.Element {
  return (
    <span class={`bars bars--${level}`}>
      <svg viewBox="0 0 28 16" class="bars__drawing" aria-hidden="true" focusable="false">
        {[0, 1, 2, 3].map((i) => (
          <rect
            key={String(i)}
            x={i * 7}
            y={12 - i * 4}
            width="5"
            height={4 + i * 4}
            rx="1"
            class={i < bars ? 'bars__on' : 'bars__off'}
          />
        ))}
      </svg>
      {text}
    </span>
  );
}

function StateBar({ room }: { room: Console }): JSX.Element {
  const t = studio.in(locale.value);
  const broadcast = room.broadcast.value;
  const now = useSignal(Date.now());
  const ending = useSignal(false);
  const starting = useSignal(false);
  useEffect(() => {
    const timer = window.setInterval(() => (now.value = Date.now()), 500);
    return () => {
      window.clearInterval(timer);
    };
  }, []);
  if (broadcast === null) return <div class="state-bar" />;
  const server = now.value + room.clockOffset.value;
  const live = Date.parse(broadcast.live_at ?? '');
  const { viewers, viewers_at_least: atLeast } = room.status.value ?? {};
  const health = room.health.value;
  const words = { ok: t.healthOk, warn: t.healthWarn, bad: t.healthBad };
  const frozen = room.frozen.value;
  return (
    <div class="state-bar">
      <a class="icon-button" href="#/" aria-label={t.back} title={t.back}>
        <Icon name="chevron" class="flip" />
      </a>
      {broadcast.state === 'live' && Number.isFinite(live) ? (
        <StateBadge state="live" clock={fixedClock(server - live)} />
      ) : (
        <StateBadge state={broadcast.state} />
      )}
      <h1 class="state-bar__title" lang={broadcast.language}>
        {broadcast.title}
      </h1>
      <span class="state-bar__item tabular" title={t.clock}>
        <Icon name="clock" />
        <span class="visually-hidden">{t.clock}</span>
        {formatTime(tag.value, server, true)}
      </span>
      {viewers !== undefined && (
        <span class="state-bar__item tabular">
          <Icon name="eye" />
          {(atLeast === true ? t.viewersAtLeast : t.viewers)(viewers, formatNumber(tag.value, viewers))}
        </span>
      )}
      {health !== null && (
        <span class="state-bar__item">
          <Bars bars={health.bars} level={health.level} text={words[health.level]} />
        </span>
      )}
      <span class="state-bar__actions">
        {broadcast.state === 'scheduled' && (
          <button
            type="button"
            class="button button--primary"
            disabled={frozen}
            aria-busy={room.busy.value === 'rehearse'}
            onClick={() => void room.rehearse(true)}
          >
            {t.rehearse}
          </button>
        )}
        {broadcast.state === 'rehearsal' && (
          <>
            <button
              type="button"
              class="button"
              disabled={frozen}
              aria-busy={room.busy.value === 'rehearse'}
              onClick={() => void room.rehearse(false)}
            >
              {t.endRehearsal}
            </button>
            <button
              type="button"
              class="button button--danger"
              disabled={frozen}
              onClick={() => (starting.value = true)}
            >
              {t.goLive}
            </button>
          </>
        )}
        {broadcast.state === 'live' && (
          <>
            <WriteAsStaff broadcast={room.id} />
            <button type="button" class="button" disabled={frozen} onClick={() => (ending.value = true)}>
              {t.end}
            </button>
          </>
        )}
      </span>
      {ending.value && <EndDialog room={room} onClose={() => (ending.value = false)} />}
      {starting.value && (
        <FormDialog
          title={t.goLiveTitle}
          submit={t.goLive}
          danger
          onSubmit={async () => {
            const ok = await room.goLive();
            if (!ok && room.failure.value !== null) throw room.failure.value;
            return ok;
          }}
          onClose={() => (starting.value = false)}
        >
          <p>{t.goLiveBody}</p>
        </FormDialog>
      )}
    </div>
  );
}

function CutColumn({ room }: { room: Console }): JSX.Element {
  const t = studio.in(locale.value);
  const why = room.obstacle.value;
  const reasons = {
    offline: t.noConnection,
    stopped: t.cutStopped,
    incomplete: t.cutIncomplete,
    same: t.cutSame,
  };
  const slate = room.scene.value?.slate === true;
  const busy = room.busy.value === 'cut';
  return (
    <div class="cut">
      <button
        type="button"
        class="cut__button"
        aria-disabled={why !== null}
        aria-busy={busy}
        aria-keyshortcuts="Enter"
        aria-describedby="cut-why"
        onClick={() => void room.cut()}
      >
        <Icon name="cut" />
        <span>{busy ? t.cutting : t.cut}</span>
      </button>
      <p id="cut-why" class="cut__why">
        {why === null ? t.cutHint : reasons[why]}
      </p>
      <button
        type="button"
        class={`button cut__slate ${slate ? 'cut__slate--on' : ''}`}
        aria-pressed={slate}
        disabled={room.frozen.value || !room.running.value}
        aria-busy={room.busy.value === 'slate'}
        title={t.slateHint}
        onClick={() => void room.setSlate(!slate)}
      >
        <Icon name="slate" />
        {slate ? t.slateOn : t.slate}
      </button>
    </div>
  );
}

/** What Enter presses, but for what composes the preview: there it cuts, and Space presses. */
const pressed = 'button, summary, input[type=checkbox]';
const composing = '.venue__button, .tile__button, .layout, .cut__button';

function useKeys(room: Console): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (!settings.flag('studio-keys', true) || document.querySelector('dialog[open]') !== null) return;
      const target = event.target instanceof Element ? event.target : null;
      // Typing stays typing; Enter on a link or on a button of the state bar stays what it is.
      if (
        target?.closest('input:not([type=range]):not([type=checkbox]), textarea, select, a, .state-bar, .top') != null
      )
        return;
      if (event.key === 'Enter') {
        const presses = target?.closest(pressed) != null && target.closest(composing) === null;
        // A key that is held neither cuts nor presses again.
        if (!presses || event.repeat) event.preventDefault();
        if (!presses && !event.repeat) void room.cut();
        return;
      }
      const number = /^[1-8]$/.test(event.key) ? Number(event.key) : 0;
      const venue = room.broadcast.value?.venues[number - 1];
      if (venue !== undefined && !room.frozen.value) room.chooseVenue(venue.id);
    };
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('keydown', onKey);
    };
  }, [room]);
}

function Shortcuts(): JSX.Element {
  const t = studio.in(locale.value);
  const on = useSignal(settings.flag('studio-keys', true));
  return (
    <label class="check shortcuts">
      <input
        type="checkbox"
        checked={on.value}
        onChange={(event) => {
          on.value = event.currentTarget.checked;
          settings.set('studio-keys', on.value ? '1' : '0');
        }}
      />
      <span>{t.shortcuts}</span>
    </label>
  );
}

export function ConsolePage({ id }: { id: string }): JSX.Element {
  const t = studio.in(locale.value);
  const room = useMemo(() => new Console(id), [id]);
  useEffect(
    () => () => {
      room.close();
    },
    [room],
  );
  useKeys(room);
  const broadcast = room.broadcast.value;
  if (broadcast === null || room.error.value?.status === 404) {
    return room.error.value === null ? (
      <main id="main" class="console" aria-busy="true">
        <div class="state-bar" />
        <div class="monitors">
          <div class="screen skeleton" />
          <div class="cut" />
          <div class="screen skeleton" />
        </div>
        <span class="visually-hidden">{t.connecting}</span>
      </main>
    ) : (
      <main id="main">
        <Failure error={room.error.value} onRetry={() => void room.load()} level={1} />
      </main>
    );
  }
  const failure = room.failure.value;
  return (
    <main id="main" class={`console ${room.connection.value === 'lost' ? 'console--lost' : ''}`}>
      <StateBar room={room} />
      <Lost of={room} words={studio.in(locale.value)} />
      {failure !== null && (
        <div class="console__failure">
          {failure.status === 503 && <p>{t.takeFailed}</p>}
          <Refusal error={failure} />
        </div>
      )}
      {broadcast.state === 'ended' ? (
        <Notice icon="film" title={t.endedTitle} body={t.endedBody}>
          <a class="button button--primary" href={`/watch/${broadcast.id}`} target="_blank" rel="noopener">
            {t.watchPage}
          </a>
        </Notice>
      ) : (
        <fieldset class="desk" disabled={room.connection.value === 'lost'}>
          <legend class="visually-hidden">{broadcast.title}</legend>
          {broadcast.state === 'scheduled' && (
            <p class="console__hint">
              <strong>{t.noProgramTitle}.</strong> {t.noProgramBody}
            </p>
          )}
          <div class="monitors">
            <Preview room={room} />
            <CutColumn room={room} />
            <Program room={room} />
          </div>
          <VenueStrip room={room} />
          <div class="panels">
            <div class="panels__column">
              <Layouts room={room} />
              <LowerThird room={room} />
            </div>
            <Sound room={room} />
            <div class="panels__column">
              <HealthPanel room={room} />
              <Targets room={room} />
            </div>
          </div>
          <Shortcuts />
        </fieldset>
      )}
    </main>
  );
}
