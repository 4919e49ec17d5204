// Who wrote it: their other comments in this broadcast, and what can be done about them.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { ApiError } from '../core/api';
import { formatTime, formatWhen } from '../core/format';
import { refusedByRule } from '../core/moderation-queue';
import { reasons, type AuthorBan, type Item, type Reason } from '../core/moderation-types';
import { Field, FormDialog, Refusal, TextField } from '../staff/form';
import { admin } from '../staff/session';
import { Icon } from '../ui/icons';
import { common } from '../ui/messages';
import { locale, tag } from '../ui/page';
import { liftBan } from './bans';
import { moderate } from './messages';
import { authorName, number, reasonName, ruleName, stateName } from './names';
import type { Desk } from './state';

const longest = 10_080;

function BanForm({ desk, item, onClose }: { desk: Desk; item: Item; onClose: () => void }): JSX.Element {
  const t = moderate.in(locale.value);
  const length = useSignal('10');
  const minutes = useSignal('');
  const reason = useSignal<Reason>(desk.suggested([item.id]));
  const remove = useSignal(false);
  const checked = useSignal(false);
  const lengths: [string, string][] = [
    ['5', t.banMinutes('5')],
    ['10', t.banMinutes('10')],
    ['30', t.banMinutes('30')],
    ['60', t.banHours('1')],
    ['', t.banEnd],
    ['other', t.banOther],
  ];
  const other = length.value === 'other';
  const wrong =
    other && !(/^\d{1,5}$/.test(minutes.value) && Number(minutes.value) >= 1 && Number(minutes.value) <= longest);
  const submit = async () => {
    checked.value = true;
    if (wrong) return false;
    const chosen = other ? minutes.value : length.value;
    const body = {
      comment: item.id,
      minutes: chosen === '' ? null : Number(chosen),
      reason: reason.value,
      remove: remove.value,
    };
    await admin(`broadcasts/${desk.id}/bans`, { method: 'POST', body });
    void desk.authors.load(item.by);
    return true;
  };
  return (
    <FormDialog title={t.banTitle(authorName(item))} submit={t.banDo} danger onSubmit={submit} onClose={onClose}>
      <p>{t.banBody}</p>
      <fieldset class="field">
        <legend>{t.banFor}</legend>
        <div class="choices">
          {lengths.map(([value, name]) => (
            <label class="choice" key={value}>
              <input
                type="radio"
                name="length"
                value={value}
                checked={length.value === value}
                onChange={() => (length.value = value)}
              />
              <span>{name}</span>
            </label>
          ))}
        </div>
      </fieldset>
      {other && (
        <TextField
          label={t.banMinutesField}
          value={minutes}
          maxLength={5}
          error={checked.value && wrong ? t.banMinutesError : null}
        />
      )}
      <Field label={t.banReason}>
        {(ids) => (
          <select
            {...ids}
            class="input"
            value={reason.value}
            onChange={(event) => (reason.value = event.currentTarget.value as Reason)}
          >
            {reasons.map((one) => (
              <option key={one} value={one}>
                {reasonName(one)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <label class="check">
        <input
          type="checkbox"
          checked={remove.value}
          onChange={(event) => (remove.value = event.currentTarget.checked)}
        />
        <span>
          {t.banRemove}
          <small class="check__hint">{t.banRemoveHint}</small>
        </span>
      </label>
    </FormDialog>
  );
}

export function banText(ban: AuthorBan): string {
  const t = moderate.in(locale.value);
  return ban.until === null ? t.bannedEnd : t.bannedUntil(formatWhen(tag.value, ban.until));
}

function Banned({ desk, item, ban }: { desk: Desk; item: Item; ban: AuthorBan }): JSX.Element {
  const t = moderate.in(locale.value);
  const error = useSignal<ApiError | null>(null);
  const busy = useSignal(false);
  const lift = async () => {
    if (busy.value) return;
    busy.value = true;
    error.value = await liftBan(desk.id, item.by);
    busy.value = false;
    if (error.value === null) void desk.authors.load(item.by);
  };
  return (
    <div class="banned">
      <Icon name="ban" />
      <p>
        <strong>{banText(ban)}</strong>
        <br />
        {t.decidedReason(reasonName(ban.reason))}
      </p>
      <button
        type="button"
        class="button button--small"
        disabled={desk.frozen.value}
        aria-busy={busy.value}
        onClick={() => void lift()}
      >
        {t.banLift}
      </button>
      {error.value !== null && <Refusal error={error.value} />}
    </div>
  );
}

export function Author({ desk, item }: { desk: Desk; item: Item }): JSX.Element {
  const t = moderate.in(locale.value);
  const banning = useSignal(false);
  const page = desk.authors.pages.value.get(item.by);
  const known = desk.queue.ofAuthor(item.by, Array.isArray(page) ? page : []);
  const earlier = known.filter((one) => one.id !== item.id).slice(0, 30);
  const name = authorName(item);
  const count = Math.max(item.earlier, earlier.length);
  const banned = desk.banOf(known[0] ?? item);
  return (
    <div class="author">
      <header class="author__head">
        <span class="author__face" aria-hidden="true">
          <Icon name="person" />
        </span>
        <div>
          <h3>{name}</h3>
          <p class="author__note">
            <code>{item.by}</code>
            {' · '}
            {count === 0 ? t.authorFirst : count === 1 ? t.authorComment : t.authorComments(number(count))}
          </p>
        </div>
      </header>
      {banned !== null && <Banned desk={desk} item={item} ban={banned} />}
      <div class="author__deeds">
        <button
          type="button"
          class="button button--small"
          onClick={() => {
            desk.setFilter({ view: 'all', author: item.by, rule: null, text: '' });
            desk.sheet.value = false;
          }}
        >
          <Icon name="list" />
          {t.authorOnly}
        </button>
        {item.staff === undefined && banned === null && (
          <button
            type="button"
            class="button button--small"
            disabled={desk.frozen.value}
            onClick={() => (banning.value = true)}
          >
            <Icon name="ban" />
            {t.ban}
          </button>
        )}
      </div>
      {item.staff !== undefined && <p class="author__note">{t.authorStaff}</p>}
      {(earlier.length > 0 || page instanceof ApiError || count > 0) && (
        <section class="author__earlier" aria-label={t.authorEarlier}>
          <h4>{t.authorEarlier}</h4>
          {page instanceof ApiError && (
            <p class="author__failed">
              {t.authorFailed}{' '}
              <button type="button" class="button button--small" onClick={() => void desk.authors.load(item.by)}>
                {common.in(locale.value).retry}
              </button>
            </p>
          )}
          {earlier.length === 0 && page === 'loading' && (
            <>
              <div class="skeleton author__skeleton" />
              <div class="skeleton author__skeleton" />
            </>
          )}
          <ul>
            {earlier.map((one) => (
              <li class="earlier" key={one.id}>
                <span class="earlier__head">
                  <span class="tabular">{formatTime(tag.value, one.at)}</span>
                  <span class={`sign sign--${one.state}`}>{stateName(one.state)}</span>
                  {one.why !== null && refusedByRule(one) && <span class="sign">{ruleName(one.why.rule)}</span>}
                </span>
                <span class="earlier__text">{one.text}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {banning.value && <BanForm desk={desk} item={item} onClose={() => (banning.value = false)} />}
    </div>
  );
}
