// What an officer's key needs before tips open: the password, the founding of the desk with its recovery key, a colleague.

import { useSignal, type Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { ApiError, request } from '../core/api';
import { groupsOf, isEnding, vouchers } from '../core/desk-rules';
import type { Overview } from '../core/desk-types';
import { formatDay } from '../core/format';
import type { Person } from '../core/people';
import type { BroadcastList } from '../core/types';

import { FormDialog, Refusal, TextField } from '../staff/form';
import { asApiError } from '../staff/session';
import { Icon, Mark } from '../ui/icons';
import { locale, siteName, tag } from '../ui/page';
import { desk } from './messages';
import type { Office } from './state';

/** A key in groups that can be read aloud. */
export function Groups({ text, big = false }: { text: string; big?: boolean }): JSX.Element {
  return (
    <p class={big ? 'groups groups--big' : 'groups'} translate={false}>
      {groupsOf(text).map((group, i) => (
        <span key={i}>{group} </span>
      ))}
    </p>
  );
}

/** Runs what may be refused; the refusal, until the next try. */
function useDeed(): {
  busy: Signal<boolean>;
  error: Signal<ApiError | null>;
  run: (deed: () => Promise<void>) => void;
} {
  const busy = useSignal(false);
  const error = useSignal<ApiError | null>(null);
  const run = (deed: () => Promise<void>) => {
    if (busy.value) return;
    busy.value = true;
    error.value = null;
    deed().then(
      () => (busy.value = false),
      (failure: unknown) => {
        busy.value = false;
        error.value = asApiError(failure);
      },
    );
  };
  return { busy, error, run };
}

export function Locked({ office, person }: { office: Office; person: Person }): JSX.Element {
  const t = desk.in(locale.value);
  const password = useSignal('');
  const missing = useSignal(false);
  const { busy, error, run } = useDeed();
  const failure = error.value;
  const told =
    failure?.status === 403
      ? t.lockedWrong
      : failure?.status === 429
        ? t.lockedMany(String(failure.retryAfter ?? 60))
        : null;
  return (
    <main id="main" class="login">
      <form
        class="login__card form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          missing.value = password.value === '';
          if (!missing.value) run(() => office.unlock(password.value));
        }}
      >
        <Mark class="login__mark" />
        <h1>{t.lockedTitle}</h1>
        <p>{t.lockedBody(person.name)}</p>
        {/* Password managers want to know whose it is. */}
        <input
          class="visually-hidden"
          tabIndex={-1}
          aria-hidden="true"
          autocomplete="username"
          value={person.id}
          readOnly
        />
        <TextField
          label={t.password}
          value={password}
          type="password"
          autocomplete="current-password"
          error={missing.value && password.value === '' ? t.required : told}
        />
        {failure !== null && told === null && <Refusal error={failure} />}
        <button type="submit" class="button button--primary button--touch" aria-busy={busy.value}>
          <Icon name="key" />
          {t.unlock}
        </button>
      </form>
    </main>
  );
}

export function Found({ office, overview }: { office: Office; overview: Overview }): JSX.Element {
  const t = desk.in(locale.value);
  const asking = useSignal(false);
  return (
    <main id="main" class="sheet">
      <article class="sheet__paper">
        <h1>{t.foundTitle}</h1>
        <p>{t.foundBody}</p>
        <ul class="points">
          <li>
            <Icon name="key" />
            <span>{t.foundKey}</span>
          </li>
          <li>
            <Icon name="print" />
            <span>{t.foundRecovery}</span>
          </li>
          <li>
            <Icon name="eye" />
            <span>{t.foundAlone}</span>
          </li>
        </ul>
        {typeof overview.me?.fingerprint === 'string' && (
          <section class="sheet__part">
            <h2>{t.foundMine}</h2>
            <Groups text={overview.me.fingerprint} />
          </section>
        )}
        <div class="sheet__foot">
          <button type="button" class="button button--primary button--touch" onClick={() => (asking.value = true)}>
            {t.foundDo}
          </button>
        </div>
      </article>
      {asking.value && (
        <FormDialog
          title={t.foundAsk}
          submit={t.foundDo}
          onSubmit={async () => {
            await office.found();
            return true;
          }}
          onClose={() => (asking.value = false)}
        >
          <p>{t.foundAskBody}</p>
        </FormDialog>
      )}
    </main>
  );
}

/** The one time that the recovery key is shown. */
export function KeepRecovery({ office, person }: { office: Office; person: Person }): JSX.Element | null {
  const t = desk.in(locale.value);
  const typed = useSignal('');
  const wrong = useSignal(false);
  const site = useSignal('');
  useEffect(() => {
    const stay = (event: BeforeUnloadEvent) => {
      event.preventDefault();
    };
    addEventListener('beforeunload', stay);
    request<BroadcastList>('/api/v1/broadcasts').then(
      (list) => (site.value = siteName(list.site) ?? ''),
      () => undefined,
    );
    return () => {
      removeEventListener('beforeunload', stay);
    };
  }, []);
  const key = office.recoveryKey.value;
  if (key === null) return null;
  return (
    <main id="main" class="sheet sheet--key">
      <article class="sheet__paper">
        <h1>{t.keyTitle}</h1>
        <p class="no-print">{t.keyBody}</p>
        <section class="recovery">
          <h2>{t.keyOf(site.value === '' ? location.host : site.value)}</h2>
          <Groups text={key} big />
          <p class="recovery__made">{t.keyMade(formatDay(tag.value, office.now.value), person.name)}</p>
          <p class="recovery__made">{t.keyPaper}</p>
        </section>
        <form
          class="form no-print"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            wrong.value = !isEnding(key, typed.value, 1);
            if (!wrong.value) office.recoveryKey.value = null;
          }}
        >
          <TextField
            label={t.keyTyped}
            value={typed}
            maxLength={12}
            hint={t.keyTypedHint}
            error={wrong.value ? t.keyTypedWrong : null}
          />
          <div class="sheet__foot">
            <button
              type="button"
              class="button button--touch"
              onClick={() => {
                window.print();
              }}
            >
              <Icon name="print" />
              {t.keyPrint}
            </button>
            <button type="submit" class="button button--primary button--touch">
              {t.keyDone}
            </button>
          </div>
        </form>
      </article>
    </main>
  );
}

function Recover({
  office,
  fingerprint,
  onClose,
}: {
  office: Office;
  fingerprint: string;
  onClose: () => void;
}): JSX.Element {
  const t = desk.in(locale.value);
  const key = useSignal('');
  const told = useSignal<string | null>(null);
  return (
    <FormDialog
      title={t.recoverTitle}
      submit={t.recoverDo}
      onSubmit={async () => {
        told.value = key.value.trim() === '' ? t.required : null;
        if (told.value !== null) return false;
        try {
          await office.recover(key.value.trim(), fingerprint);
          return true;
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          if (error.status === 429) told.value = t.recoverMany(String(error.retryAfter ?? 60));
          else if (error.status === 400 || error.status === 403) told.value = t.recoverWrong;
          else throw error;
          return false;
        }
      }}
      onClose={onClose}
    >
      <p>{t.recoverBody}</p>
      <TextField label={t.recoverKey} value={key} maxLength={100} hint={t.recoverHint} error={told.value} />
    </FormDialog>
  );
}

export function Waiting({ office, overview }: { office: Office; overview: Overview }): JSX.Element {
  const t = desk.in(locale.value);
  const recovering = useSignal(false);
  const fingerprint = overview.me?.fingerprint ?? '';
  const helpers = vouchers(overview.officers);
  return (
    <main id="main" class="sheet">
      <article class="sheet__paper">
        <h1>{t.waitTitle}</h1>
        <p>{t.waitBody}</p>
        <section class="sheet__part">
          <h2>{t.fingerprintMine}</h2>
          <Groups text={fingerprint} big />
        </section>
        <section class="sheet__part">
          <h2>{t.waitWho}</h2>
          {helpers.length === 0 ? (
            <p>{t.waitNobody}</p>
          ) : (
            <ul class="helpers">
              {helpers.map(({ id, name }) => (
                <li key={id}>
                  <Icon name="person" />
                  {name}
                </li>
              ))}
            </ul>
          )}
        </section>
        <div class="sheet__foot">
          <button type="button" class="button button--touch" onClick={() => (recovering.value = true)}>
            <Icon name="key" />
            {t.recover}
          </button>
        </div>
      </article>
      {recovering.value && (
        <Recover office={office} fingerprint={fingerprint} onClose={() => (recovering.value = false)} />
      )}
    </main>
  );
}
