// The room's dialogs: one's name, a report, a tip.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { thumbnailUrl } from '../../core/dvr';
import { clockLength, formatTime } from '../../core/format';
import type { Answer } from '../../core/room';
import type { Comment, ReportReason } from '../../core/room-types';
import { settings } from '../../core/settings';
import { tipUrl } from '../../core/tip';
import { Icon } from '../../ui/icons';
import { common } from '../../ui/messages';
import { locale, tag } from '../../ui/page';
import { Dialog, IconButton } from '../../ui/parts';
import { broadcast, broadcastId, clock, tipping, view } from '../state';
import { DanmakuSettings } from './danmaku-menu';
import { danmakuDialog, naming, reporting } from './dialogs-state';
import { words } from './messages';
import { authorOf, chosenName, momentNow, room, say } from './state';
import { codeText, ruleText } from './why';

const refusalText = (answer: Extract<Answer, { ok: false }>) =>
  answer.why === null ? codeText(answer.code) : ruleText(answer.why);

/** What is asked without a connection is asked once there is one. */
function Waits({ busy }: { busy: boolean }): JSX.Element {
  return (
    <p class="room-form__hint" role="status">
      {busy && room.connection.value !== 'open' && words.in(locale.value).sendingOffline}
    </p>
  );
}

function Naming(): JSX.Element {
  const t = words.in(locale.value);
  const name = useSignal(room.me.value?.name ?? '');
  const busy = useSignal(false);
  const problem = useSignal<string | null>(null);
  const close = () => (naming.value = false);
  const save = async () => {
    const wanted = name.value.replace(/\s+/g, ' ').trim();
    if (wanted === '' || busy.value) return;
    busy.value = true;
    const answer = await room.rename(wanted);
    busy.value = false;
    if (!answer.ok) {
      problem.value = answer.code === 'rule' ? t.nameTaken : refusalText(answer);
      return;
    }
    chosenName.value = wanted;
    settings.set('name', wanted);
    say(t.nameSaved);
    close();
  };
  return (
    <Dialog title={t.nameTitle} onClose={close}>
      <form
        class="room-form"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <label class="room-form__field">
          <span>{t.nameLabel}</span>
          <input
            type="text"
            autocomplete="nickname"
            maxLength={20}
            value={name.value}
            aria-describedby="name-hint"
            aria-invalid={problem.value !== null}
            onInput={(event) => {
              name.value = event.currentTarget.value;
              problem.value = null;
            }}
          />
        </label>
        <p id="name-hint" class="room-form__hint">
          {t.nameHint}
        </p>
        {problem.value !== null && (
          <p class="room-form__problem" role="alert">
            <Icon name="alert" />
            {problem.value}
          </p>
        )}
        <Waits busy={busy.value} />
        <div class="dialog__foot">
          <button type="button" class="button button--touch" onClick={close}>
            {t.cancel}
          </button>
          <button
            type="submit"
            class="button button--primary button--touch"
            aria-busy={busy.value}
            disabled={name.value.trim() === ''}
          >
            {t.nameSave}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Report({ one }: { one: Comment }): JSX.Element {
  const t = words.in(locale.value);
  const reason = useSignal<ReportReason | null>(null);
  const busy = useSignal(false);
  const outcome = useSignal<string | null>(null);
  const close = () => (reporting.value = null);
  const reasons: [ReportReason, string][] = [
    ['spam', t.reasonSpam],
    ['abuse', t.reasonAbuse],
    ['private', t.reasonPrivate],
    ['illegal', t.reasonIllegal],
    ['other', t.reasonOther],
  ];
  const report = async () => {
    if (reason.value === null || busy.value) return;
    busy.value = true;
    const answer = await room.report(one.id, reason.value);
    busy.value = false;
    outcome.value = answer.ok ? t.reportDone : refusalText(answer);
  };
  return (
    <Dialog title={t.reportTitle} onClose={close}>
      <blockquote class="room-form__quote">
        <b>{one.text === '' ? t.replyRemoved : authorOf(one)}</b> <bdi>{one.text}</bdi>
      </blockquote>
      {outcome.value !== null ? (
        <>
          <p role="status">{outcome.value}</p>
          <div class="dialog__foot">
            <button type="button" class="button button--primary button--touch" onClick={close}>
              {common.in(locale.value).close}
            </button>
          </div>
        </>
      ) : (
        <form
          class="room-form"
          onSubmit={(event) => {
            event.preventDefault();
            void report();
          }}
        >
          <fieldset class="choices">
            <legend>{t.reportLegend}</legend>
            {reasons.map(([value, label]) => (
              <label key={value} class="choices__one">
                <input
                  type="radio"
                  name="reason"
                  checked={reason.value === value}
                  onChange={() => {
                    reason.value = value;
                  }}
                />
                <span>{label}</span>
              </label>
            ))}
          </fieldset>
          <Waits busy={busy.value} />
          <div class="dialog__foot">
            <button type="button" class="button button--touch" onClick={close}>
              {t.cancel}
            </button>
            <button
              type="submit"
              class="button button--primary button--touch"
              aria-busy={busy.value}
              disabled={reason.value === null}
            >
              {t.reportSend}
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
}

const stepMs = 10_000;

/** hh:mm:ss of this device's day, as time inputs have it. */
function clockOf(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => String(n).padStart(2, '0')).join(':');
}

function Tip({ url }: { url: string }): JSX.Element {
  const t = words.in(locale.value);
  const value = broadcast.value;
  const first = Date.parse(value?.live_at ?? '');
  const ended = Date.parse(value?.ended_at ?? '');
  const last = Number.isFinite(ended) ? ended : clock.now();
  const possible = Number.isFinite(first);
  const start = useRef(momentNow() ?? (possible ? last : null)).current;
  const at = useSignal(start ?? 0);
  const about = useSignal(start !== null);
  const failed = useSignal<string | null>(null);
  const bad = at.value < first || at.value > last;
  const thumbnail = thumbnailUrl(broadcastId, at.value);
  const move = (by: number) => () => {
    at.value = Math.min(last, Math.max(first, at.value + by));
  };
  const close = () => (tipping.value = false);
  const withMoment = possible && about.value;
  return (
    <Dialog title={t.tipTitle} onClose={close}>
      <p>{t.tipBody}</p>
      {possible && (
        <label class="switch">
          <input
            type="checkbox"
            role="switch"
            checked={about.value}
            onChange={(event) => {
              about.value = event.currentTarget.checked;
            }}
          />
          <span>{t.tipWith}</span>
        </label>
      )}
      {withMoment && (
        <div class="moment">
          <div class="moment__picture">
            {failed.value !== thumbnail && <img src={thumbnail} alt="" onError={() => (failed.value = thumbnail)} />}
          </div>
          <div class="moment__edit">
            <label class="room-form__field">
              <span>{t.tipMoment}</span>
              <input
                type="time"
                step={1}
                value={clockOf(at.value)}
                aria-invalid={bad}
                onChange={(event) => {
                  const [h, m, s] = event.currentTarget.value.split(':').map(Number);
                  if (h === undefined || m === undefined || Number.isNaN(h)) return;
                  // A broadcast may go on past midnight: the day on which there is one at that time.
                  const days = [0, -1, 1].map((by) => {
                    const day = new Date(at.value);
                    day.setDate(day.getDate() + by);
                    return day.setHours(h, m, s ?? 0, 0);
                  });
                  at.value = days.find((one) => one >= first && one <= last) ?? days[0] ?? at.value;
                }}
              />
            </label>
            <div class="moment__steps">
              <IconButton icon="back" label={t.tipEarlier} onClick={move(-stepMs)} />
              <IconButton icon="forward" label={t.tipLater} onClick={move(stepMs)} />
              <button
                type="button"
                class="button button--small button--touch"
                onClick={() => {
                  at.value = momentNow() ?? at.value;
                }}
              >
                {t.tipNow}
              </button>
            </div>
            <p class="room-form__hint tabular">
              {formatTime(tag.value, at.value, true)}
              {view.value === 'replay' && ` · ${clockLength(at.value - first)}`}
            </p>
          </div>
          {bad && (
            <p class="room-form__problem" role="alert">
              <Icon name="alert" />
              {t.tipBad}
            </p>
          )}
        </div>
      )}
      <div class="dialog__foot">
        <button type="button" class="button button--touch" onClick={close}>
          {t.cancel}
        </button>
        {withMoment && bad ? (
          <button type="button" class="button button--primary button--touch" disabled>
            {t.tipOpen}
          </button>
        ) : (
          <a
            class="button button--primary button--touch"
            href={tipUrl(url, broadcastId, withMoment ? at.value : null, tag.value)}
            target="_blank"
            rel="noopener noreferrer"
            referrerpolicy="no-referrer"
            onClick={close}
          >
            <Icon name="external" />
            {t.tipOpen}
          </a>
        )}
      </div>
    </Dialog>
  );
}

export function Dialogs(): JSX.Element {
  const tips = broadcast.value?.site?.tips;
  return (
    <>
      {naming.value && <Naming />}
      {reporting.value !== null && <Report one={reporting.value} />}
      {tipping.value && tips !== undefined && <Tip url={tips} />}
      {danmakuDialog.value && (
        <Dialog
          title={words.in(locale.value).danmaku}
          onClose={() => {
            danmakuDialog.value = false;
          }}
        >
          <DanmakuSettings />
        </Dialog>
      )}
    </>
  );
}
