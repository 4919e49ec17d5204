// Word lists: all of them, and the editor of one. What was typed is kept on this device until the server has it.

import { useSignal, type Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { ApiError } from '../core/api';
import { formatDay } from '../core/format';
import { lineOf, lineRange } from '../core/moderation-text';
import type { WordList } from '../core/moderation-types';
import { settings } from '../core/settings';
import { FormDialog, Refusal, TextField } from '../staff/form';
import { admin, asApiError } from '../staff/session';
import { Icon } from '../ui/icons';
import { locale, tag } from '../ui/page';
import { Failure, Notice } from '../ui/parts';
import { moderate } from './messages';
import { number, personName } from './names';
import { go } from './router';

const namePattern = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const pathOf = (name: string) => `word-lists/${encodeURIComponent(name)}`;
const placeOf = (name: string) => `#/words/${encodeURIComponent(name)}`;
const draftOf = (name: string) => `word-list.${name}`;

/** A list that was just named and is not on the server yet. */
const fresh = new Set<string>();

function NewList({ lists, onClose }: { lists: readonly WordList[]; onClose: () => void }): JSX.Element {
  const t = moderate.in(locale.value);
  const name = useSignal('');
  const checked = useSignal(false);
  const taken = lists.some((one) => one.name === name.value);
  const wrong = !namePattern.test(name.value);
  return (
    <FormDialog
      title={t.newList}
      submit={t.create}
      onSubmit={() => {
        checked.value = true;
        if (wrong || taken) return Promise.resolve(false);
        fresh.add(name.value);
        go(placeOf(name.value));
        return Promise.resolve(true);
      }}
      onClose={onClose}
    >
      <TextField
        label={t.listName}
        value={name}
        maxLength={64}
        hint={t.listNameHint}
        error={!checked.value ? null : wrong ? t.listNameError : taken ? t.listTaken : null}
      />
    </FormDialog>
  );
}

export function WordLists(): JSX.Element {
  const t = moderate.in(locale.value);
  const lists = useSignal<WordList[] | null>(null);
  const error = useSignal<ApiError | null>(null);
  const making = useSignal(false);
  const load = async () => {
    try {
      lists.value = (await admin<{ lists: WordList[] }>('word-lists')).lists;
      error.value = null;
    } catch (failure) {
      error.value = asApiError(failure);
    }
  };
  useEffect(() => void load(), []);
  const list = lists.value;
  return (
    <>
      <div class="list__head">
        <h1>{t.words}</h1>
        <button
          type="button"
          class="button button--primary"
          disabled={list === null}
          onClick={() => (making.value = true)}
        >
          <Icon name="plus" />
          {t.newList}
        </button>
      </div>
      <p class="list__note">{t.wordsNote}</p>
      {list === null ? (
        error.value === null ? (
          <div class="rows" aria-busy="true">
            <div class="row skeleton" />
            <div class="row skeleton" />
          </div>
        ) : (
          <Failure error={error.value} onRetry={() => void load()} />
        )
      ) : list.length === 0 ? (
        <Notice icon="list" title={t.noListsTitle} body={t.noListsBody} />
      ) : (
        <ul class="rows">
          {list.map((one) => {
            const changed = new Date(one.changed_at ?? NaN).getTime();
            return (
              <li class="row" key={one.name}>
                <div class="row__text">
                  <a class="row__title" href={placeOf(one.name)}>
                    {one.name}
                  </a>
                  <p class="row__meta tabular">
                    {t.listWords(number(one.words))}
                    {Number.isFinite(changed) &&
                      ` · ${t.listChanged(formatDay(tag.value, changed), personName(one.by, one.by_name))}`}
                  </p>
                </div>
                <div class="row__actions">
                  <a class="button" href={placeOf(one.name)} aria-label={`${t.open}: ${one.name}`}>
                    {t.open}
                  </a>
                </div>
              </li>
            );
          })}
        </ul>
      )}
      {making.value && list !== null && <NewList lists={list} onClose={() => (making.value = false)} />}
    </>
  );
}

function Lines({ text, wrong }: { text: Signal<string>; wrong: number | null }): JSX.Element {
  const count = text.value.split('\n').length;
  return (
    <ol class="lines__numbers tabular" aria-hidden="true">
      {Array.from({ length: count }, (_, i) => (
        <li key={i} class={i + 1 === wrong ? 'lines__wrong' : undefined}>
          {i + 1}
        </li>
      ))}
    </ol>
  );
}

export function WordListEditor({ name }: { name: string }): JSX.Element {
  const t = moderate.in(locale.value);
  const text = useSignal('');
  const saved = useSignal<string | null>(null);
  const loadError = useSignal<ApiError | null>(null);
  const error = useSignal<ApiError | null>(null);
  const busy = useSignal(false);
  const done = useSignal(false);
  const removing = useSignal(false);
  const area = useRef<HTMLTextAreaElement>(null);

  const show = (stored: string) => {
    saved.value = stored;
    const draft = settings.get(draftOf(name)) ?? '';
    text.value = draft === '' ? stored : draft;
  };
  const load = async () => {
    loadError.value = null;
    try {
      show((await admin<{ text: string }>(pathOf(name))).text);
    } catch (failure) {
      const one = asApiError(failure);
      if (one.status === 404 && fresh.has(name)) show('');
      else loadError.value = one;
    }
  };
  useEffect(() => void load(), [name]);

  const type = (value: string) => {
    text.value = value;
    done.value = false;
    settings.set(draftOf(name), value === saved.value ? '' : value);
  };
  const save = async () => {
    if (busy.value) return;
    busy.value = true;
    error.value = null;
    done.value = false;
    const sent = text.value;
    try {
      await admin(pathOf(name), { method: 'PUT', body: { text: sent } });
      saved.value = sent;
      fresh.delete(name);
      if (text.value === sent) settings.set(draftOf(name), '');
      done.value = true;
    } catch (failure) {
      error.value = asApiError(failure);
      const found = lineOf(error.value.message);
      const field = area.current;
      if (found !== null && field !== null) {
        const [from, to] = lineRange(text.value, found.line);
        field.focus();
        field.setSelectionRange(from, to);
      }
    } finally {
      busy.value = false;
    }
  };

  if (saved.value === null) {
    const gone = loadError.value?.status === 404;
    if (gone)
      return (
        <Notice icon="list" title={t.listGone} body={t.listGoneBody} level={1}>
          <a class="button button--primary" href="#/words">
            {t.listBack}
          </a>
        </Notice>
      );
    if (loadError.value !== null) return <Failure error={loadError.value} onRetry={() => void load()} level={1} />;
    return <div class="lines skeleton" aria-busy="true" />;
  }
  const failure = error.value;
  const wrong = failure === null ? null : lineOf(failure.message);
  const unsaved = text.value !== saved.value;
  return (
    <>
      <div class="list__head">
        <h1>{t.listOf(name)}</h1>
        <div class="row__actions">
          <a class="button" href="#/words">
            <Icon name="chevron" class="flip" />
            {t.listBack}
          </a>
          {!fresh.has(name) && (
            <button type="button" class="button" onClick={() => (removing.value = true)}>
              <Icon name="trash" />
              {t.listDelete}
            </button>
          )}
        </div>
      </div>
      <div class="form">
        <div class="field">
          <label for="list-text">{t.listText}</label>
          <div class={wrong === null ? 'lines' : 'lines lines--wrong'}>
            <Lines text={text} wrong={wrong?.line ?? null} />
            <textarea
              ref={area}
              id="list-text"
              class="lines__text"
              aria-describedby="list-hint list-state"
              aria-invalid={wrong !== null}
              spellcheck={false}
              rows={Math.max(12, text.value.split('\n').length)}
              wrap="off"
              value={text.value}
              onInput={(event) => {
                type(event.currentTarget.value);
              }}
              onKeyDown={(event) => {
                if (event.key === 's' && (event.ctrlKey || event.metaKey)) {
                  event.preventDefault();
                  void save();
                }
              }}
            />
          </div>
          <p id="list-hint" class="field__hint">
            {t.listTextHint}
          </p>
        </div>
        <div class="lines__foot">
          <div id="list-state" class="lines__state" role="status">
            {failure !== null ? (
              wrong === null ? (
                <Refusal error={failure} />
              ) : (
                <p class="lines__error">
                  <Icon name="alert" />
                  <span>
                    <strong>{t.listLine(number(wrong.line))}</strong> {wrong.fault}
                  </span>
                </p>
              )
            ) : done.value && !unsaved ? (
              <p class="lines__saved">
                <Icon name="check" />
                {t.listSaved}
              </p>
            ) : unsaved ? (
              <p class="lines__draft">{t.listDraft}</p>
            ) : null}
          </div>
          <button
            type="button"
            class="button button--primary"
            disabled={!unsaved && !fresh.has(name)}
            aria-busy={busy.value}
            onClick={() => void save()}
          >
            {busy.value ? t.saving : t.save}
          </button>
        </div>
      </div>
      {removing.value && (
        <FormDialog
          title={t.listDeleteTitle(name)}
          submit={t.listDelete}
          danger
          onSubmit={async () => {
            await admin(pathOf(name), { method: 'DELETE' });
            settings.set(draftOf(name), '');
            go('#/words');
            return true;
          }}
          onClose={() => (removing.value = false)}
        >
          <p>{t.listDeleteBody}</p>
        </FormDialog>
      )}
    </>
  );
}
