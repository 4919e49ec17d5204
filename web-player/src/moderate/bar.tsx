// The bar above the queue: how much waits, and what the room lets through.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { modes, type RoomMode } from '../core/moderation-types';
import { WriteAsStaff } from '../staff/links';
import { StateBadge } from '../staff/state-badge';
import { Icon } from '../ui/icons';
import { locale } from '../ui/page';
import { Dialog, IconButton } from '../ui/parts';
import { moderate } from './messages';
import { age, modeName, number } from './names';
import type { Desk } from './state';

/** Something that has waited this long is shown as late. */
const lateMs = 60_000;
const slowSteps = [0, 5, 10, 30, 60, 120, 300, 600];

function Figure({ label, value, late = false }: { label: string; value: string; late?: boolean }): JSX.Element {
  return (
    <div class={late ? 'figure figure--late' : 'figure'}>
      <dt>{label}</dt>
      <dd class="tabular">{value}</dd>
    </div>
  );
}

function Figures({ desk }: { desk: Desk }): JSX.Element {
  const t = moderate.in(locale.value);
  const { queue } = desk;
  const oldest = queue.oldestAt;
  const waited = oldest === null ? 0 : desk.now.value - oldest;
  return (
    <dl class="figures">
      <Figure label={t.pending} value={number(queue.pending)} />
      <Figure label={t.oldest} value={oldest === null ? t.none : age(waited)} late={waited > lateMs} />
      <Figure label={t.perMinute} value={number(queue.counts?.per_minute ?? 0)} />
      <Figure label={t.viewers} value={number(queue.counts?.viewers ?? 0)} />
    </dl>
  );
}

function Mode({ desk }: { desk: Desk }): JSX.Element {
  const t = moderate.in(locale.value);
  const asking = useSignal(false);
  const room = desk.room.value;
  const mode = room?.mode ?? null;
  const hints = { open: t.modeOpenHint, risky: t.modeRiskyHint, all: t.modeAllHint, closed: t.modeClosedHint };
  const choose = (next: RoomMode) => {
    if (next === mode) return;
    if (next === 'closed') asking.value = true;
    else void desk.setRoom({ mode: next });
  };
  return (
    <div class="modes" role="group" aria-label={t.mode} aria-busy={desk.changing.value !== null}>
      {modes.map((one) => (
        <button
          type="button"
          key={one}
          class={`modes__one modes__one--${one}`}
          aria-pressed={mode === one}
          title={hints[one]}
          onClick={() => {
            choose(one);
          }}
        >
          {modeName(one)}
        </button>
      ))}
      {asking.value && (
        <Dialog title={t.closeTitle} onClose={() => (asking.value = false)}>
          <p>{t.closeBody}</p>
          <div class="dialog__foot">
            <button type="button" class="button" onClick={() => (asking.value = false)}>
              {t.cancel}
            </button>
            <button
              type="button"
              class="button button--danger"
              onClick={() => {
                asking.value = false;
                void desk.setRoom({ mode: 'closed' });
              }}
            >
              {t.closeDo}
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}

function Slow({ desk }: { desk: Desk }): JSX.Element {
  const t = moderate.in(locale.value);
  const value = desk.room.value?.slow_s ?? 0;
  const steps = slowSteps.includes(value) ? slowSteps : [...slowSteps, value].sort((a, b) => a - b);
  return (
    <label class="slow">
      <span>{t.slow}</span>
      <select
        class="select"
        value={String(value)}
        onChange={(event) => void desk.setRoom({ slow_s: Number(event.currentTarget.value) })}
      >
        {steps.map((seconds) => (
          <option key={seconds} value={String(seconds)}>
            {seconds === 0 ? t.slowOff : t.slowOf(String(seconds))}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Bar({ desk }: { desk: Desk }): JSX.Element {
  const t = moderate.in(locale.value);
  const broadcast = desk.broadcast.value;
  const room = desk.room.value;
  const holding = room?.mode === 'all';
  const pinned = room?.pinned ?? null;
  return (
    <header class="bar">
      <div class="bar__place">
        <a class="icon-button" href="#/" aria-label={t.back} title={t.back}>
          <Icon name="chevron" class="flip" />
        </a>
        {broadcast !== null && <StateBadge state={broadcast.state} />}
        <p class="bar__title" lang={broadcast?.language} aria-hidden="true">
          {broadcast?.title ?? desk.id}
        </p>
        <a class="button button--quiet button--small" href={`#/b/${desk.id}/bans`}>
          <Icon name="ban" />
          {t.bans}
        </a>
        <WriteAsStaff broadcast={desk.id} />
        <IconButton icon="help" label={t.keys} onClick={() => (desk.helpOpen.value = true)} keys="?" />
      </div>
      <div class="bar__state">
        <Figures desk={desk} />
        <fieldset class="bar__room" disabled={desk.frozen.value || room === null}>
          <legend class="visually-hidden">{t.mode}</legend>
          <Mode desk={desk} />
          <button
            type="button"
            class={`button button--small hold ${holding ? 'hold--on' : ''}`}
            aria-pressed={holding}
            disabled={!desk.mayHoldNew.value}
            title={holding && !desk.mayHoldNew.value ? t.holdNewUnknown : t.holdNewHint}
            onClick={() => {
              desk.holdNew(!holding);
            }}
          >
            <Icon name="pause" />
            {t.holdNew}
          </button>
          <Slow desk={desk} />
        </fieldset>
      </div>
      {pinned !== null && (
        <p class="bar__pinned">
          <Icon name="pin" />
          <strong>{t.pinned}</strong>
          <span class="bar__pinned-text">{pinned.text}</span>
          <button
            type="button"
            class="button button--quiet button--small"
            disabled={desk.frozen.value}
            onClick={() => void desk.setRoom({ pinned: null })}
          >
            {t.unpin}
          </button>
        </p>
      )}
      {room?.open === false && room.mode !== 'closed' && <p class="bar__note">{t.roomShut}</p>}
    </header>
  );
}
