// The list of broadcasts, and the form that makes or changes one.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { formatDay, formatTime } from '../core/format';
import type { Broadcast, House } from '../core/studio-types';
import { Icon } from '../ui/icons';
import { locale, tag } from '../ui/page';
import { Failure, IconButton, Notice } from '../ui/parts';
import { Field, FormDialog, TextField } from '../staff/form';
import { broadcasts, listError, loadBroadcasts, loadVenues, venues } from './lists';
import { studio } from './messages';
import { go } from './router';
import { admin, may } from '../staff/session';
import { StateBadge } from '../staff/state-badge';

const formats: readonly House[] = [
  { width: 1280, height: 720, fps: 30 },
  { width: 1280, height: 720, fps: 25 },
  { width: 1920, height: 1080, fps: 30 },
  { width: 1920, height: 1080, fps: 25 },
];
const formatName = ({ height, fps }: House) => `${String(height)}p${String(fps)}`;

/** RFC 3339 ↔ what a datetime-local field holds, in the browser's time zone. */
function toField(text: string | null): string {
  if (text === null) return '';
  const at = new Date(text);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
const fromField = (text: string) => (text === '' ? null : new Date(text).toISOString());

const idPattern = /^[a-z0-9][a-z0-9_-]{0,63}$/;

function Editor({ value, onClose }: { value: Broadcast | null; onClose: () => void }): JSX.Element {
  const t = studio.in(locale.value);
  const title = useSignal(value?.title ?? '');
  const description = useSignal(value?.description ?? '');
  const starts = useSignal(toField(value?.starts_at ?? null));
  const language = useSignal(value?.language ?? tag.value);
  const hidden = useSignal(value?.hidden ?? false);
  const id = useSignal('');
  const chosen = useSignal(value?.venues.map((venue) => venue.id) ?? []);
  const house = useSignal(value?.house == null ? '720p30' : formatName(value.house));
  const checked = useSignal(false);

  const noTitle = title.value.trim() === '';
  const badId = id.value !== '' && !idPattern.test(id.value);
  const running = value !== null && value.state !== 'scheduled';

  const submit = async () => {
    checked.value = true;
    if (noTitle || badId) return false;
    const body: Record<string, unknown> = {
      title: title.value.trim(),
      description: description.value.trim(),
      starts_at: fromField(starts.value),
      language: language.value,
      hidden: hidden.value,
    };
    if (!running) {
      body.venues = chosen.value;
      body.house = formats.find((format) => formatName(format) === house.value);
    }
    if (value === null) {
      if (id.value !== '') body.id = id.value;
      const made = await admin<Broadcast>('broadcasts', { method: 'POST', body });
      go(`#/b/${made.id}`);
    } else {
      await admin(`broadcasts/${value.id}`, { method: 'PATCH', body });
    }
    await loadBroadcasts();
    return true;
  };
  return (
    <FormDialog
      title={value === null ? t.newBroadcast : t.editBroadcast}
      submit={value === null ? t.create : t.save}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField
        label={t.fieldTitle}
        value={title}
        maxLength={200}
        error={checked.value && noTitle ? t.required : null}
      />
      <Field label={t.fieldDescription}>
        {(ids) => (
          <textarea
            {...ids}
            class="input"
            rows={3}
            value={description.value}
            onInput={(event) => (description.value = event.currentTarget.value)}
          />
        )}
      </Field>
      <TextField label={t.fieldStarts} value={starts} type="datetime-local" hint={t.fieldStartsHint} />
      <fieldset class="field">
        <legend>{t.fieldVenues}</legend>
        {(venues.value ?? []).map((venue) => {
          const at = chosen.value.indexOf(venue.id);
          return (
            <label class="check" key={venue.id}>
              <input
                type="checkbox"
                checked={at >= 0}
                disabled={running || (at < 0 && chosen.value.length >= 8)}
                onChange={() => {
                  chosen.value = at >= 0 ? chosen.value.filter((one) => one !== venue.id) : [...chosen.value, venue.id];
                }}
              />
              <span>{venue.name}</span>
              {at >= 0 && <span class="check__order tabular">{String(at + 1)}</span>}
            </label>
          );
        })}
        <p class="field__hint">{t.fieldVenuesHint}</p>
      </fieldset>
      <div class="form__pair">
        <Field label={t.fieldHouse}>
          {(ids) => (
            <select
              {...ids}
              class="input"
              disabled={running}
              value={house.value}
              onChange={(event) => (house.value = event.currentTarget.value)}
            >
              {formats.map((format) => (
                <option key={formatName(format)}>{formatName(format)}</option>
              ))}
            </select>
          )}
        </Field>
        <Field label={t.fieldLanguage}>
          {(ids) => (
            <select
              {...ids}
              class="input"
              value={language.value}
              onChange={(event) => (language.value = event.currentTarget.value)}
            >
              <option value="zh-CN">中文</option>
              <option value="en">English</option>
            </select>
          )}
        </Field>
      </div>
      {value === null && (
        <TextField label={t.fieldId} value={id} hint={t.fieldIdHint} error={badId ? t.badId : null} maxLength={64} />
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={hidden.value}
          onChange={(event) => (hidden.value = event.currentTarget.checked)}
        />
        <span>{t.fieldHidden}</span>
      </label>
    </FormDialog>
  );
}

function Remove({ value, onClose }: { value: Broadcast; onClose: () => void }): JSX.Element {
  const t = studio.in(locale.value);
  return (
    <FormDialog
      title={t.deleteBroadcast(value.title)}
      submit={t.remove}
      danger
      onSubmit={async () => {
        try {
          await admin(`broadcasts/${value.id}`, { method: 'DELETE' });
        } finally {
          await loadBroadcasts(); // it may be deleted, and its media not yet
        }
        return true;
      }}
      onClose={onClose}
    >
      <p>{t.deleteBroadcastBody}</p>
    </FormDialog>
  );
}

const order = { live: 0, rehearsal: 1, scheduled: 2, ended: 3 } as const;

export function Broadcasts(): JSX.Element {
  const t = studio.in(locale.value);
  const editing = useSignal<Broadcast | 'new' | null>(null);
  const removing = useSignal<Broadcast | null>(null);
  // Whoever may only look or moderate is shown no doors that stay shut.
  const runs = may('run-broadcasts');
  useEffect(() => {
    void loadBroadcasts();
    if (runs) void loadVenues();
  }, []);
  const list = broadcasts.value;
  const sorted = list === null ? [] : [...list].sort((a, b) => order[a.state] - order[b.state]);
  return (
    <>
      <div class="list__head">
        <h1>{t.broadcasts}</h1>
        {runs && (
          <button
            type="button"
            class="button button--primary"
            onClick={() => {
              editing.value = 'new';
            }}
          >
            <Icon name="plus" />
            {t.newBroadcast}
          </button>
        )}
      </div>
      {list === null ? (
        listError.value === null ? (
          <div class="rows" aria-busy="true">
            <div class="row skeleton" />
            <div class="row skeleton" />
          </div>
        ) : (
          <Failure error={listError.value} onRetry={() => void loadBroadcasts()} />
        )
      ) : sorted.length === 0 ? (
        <Notice icon="camera" title={t.noBroadcastsTitle} body={t.noBroadcastsBody} />
      ) : (
        <ul class="rows">
          {sorted.map((value) => {
            const starts = Date.parse(value.starts_at ?? '');
            return (
              <li class="row" key={value.id}>
                <StateBadge state={value.state} />
                <div class="row__text">
                  {runs ? (
                    <a class="row__title" href={`#/b/${value.id}`} lang={value.language}>
                      {value.title}
                    </a>
                  ) : (
                    <p class="row__title" lang={value.language}>
                      {value.title}
                    </p>
                  )}
                  <p class="row__meta tabular">
                    {Number.isFinite(starts)
                      ? `${formatDay(tag.value, starts)} ${formatTime(tag.value, starts)}`
                      : t.noStart}
                    {value.hidden && ` · ${t.hidden}`}
                    {value.venues.length > 0 && ` · ${value.venues.map((venue) => venue.name).join(', ')}`}
                  </p>
                </div>
                <div class="row__actions">
                  <a
                    class="icon-button"
                    href={`/watch/${value.id}`}
                    target="_blank"
                    rel="noopener"
                    title={t.watchPage}
                    aria-label={`${t.watchPage}: ${value.title}`}
                  >
                    <Icon name="external" />
                  </a>
                  {may('moderate') && (
                    <a
                      class="icon-button"
                      href={`/moderate/#/b/${value.id}`}
                      title={t.moderation}
                      aria-label={`${t.moderation}: ${value.title}`}
                    >
                      <Icon name="comment" />
                    </a>
                  )}
                  {runs && (
                    <>
                      <IconButton
                        icon="edit"
                        label={`${t.edit}: ${value.title}`}
                        onClick={() => {
                          editing.value = value;
                        }}
                      />
                      {(value.state === 'scheduled' || value.state === 'ended') && (
                        <IconButton
                          icon="trash"
                          label={`${t.remove}: ${value.title}`}
                          onClick={() => {
                            removing.value = value;
                          }}
                        />
                      )}
                      <a class="button" href={`#/b/${value.id}`} aria-label={`${t.open}: ${value.title}`}>
                        {t.open}
                      </a>
                    </>
                  )}
                </div>
              </li>
            );
          })}
        </ul>
      )}
      {editing.value !== null && (
        <Editor
          value={editing.value === 'new' ? null : editing.value}
          onClose={() => {
            editing.value = null;
          }}
        />
      )}
      {removing.value !== null && (
        <Remove
          value={removing.value}
          onClose={() => {
            removing.value = null;
          }}
        />
      )}
    </>
  );
}
