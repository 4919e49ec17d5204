// Who reads tips, and whose keys wait to be compared.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { isEnding } from '../core/desk-rules';
import type { Officer, Overview } from '../core/desk-types';
import { FormDialog, TextField } from '../staff/form';
import { Icon } from '../ui/icons';
import { locale } from '../ui/page';
import { Groups } from './keys';
import { desk } from './messages';
import { officerStateName } from './names';
import type { Office } from './state';

function Countersign(props: {
  office: Office;
  officer: Officer;
  fingerprint: string;
  onDone: () => void;
  onClose: () => void;
}): JSX.Element {
  const t = desk.in(locale.value);
  const { office, officer, fingerprint } = props;
  const typed = useSignal('');
  const sure = useSignal(false);
  const checked = useSignal(false);
  const same = isEnding(fingerprint, typed.value, 2);
  return (
    <FormDialog
      title={t.countersignTitle(officer.name)}
      submit={t.countersignDo}
      onSubmit={async () => {
        checked.value = true;
        if (!same || !sure.value) return false;
        await office.countersign(officer.id, fingerprint);
        props.onDone();
        return true;
      }}
      onClose={props.onClose}
    >
      <p>{t.countersignBody(officer.name)}</p>
      <Groups text={fingerprint} big />
      <TextField
        label={t.countersignTyped}
        value={typed}
        maxLength={24}
        hint={t.countersignHint}
        error={checked.value && !same ? (typed.value.trim() === '' ? t.required : t.countersignDiffers) : null}
      />
      <label class="check">
        <input type="checkbox" checked={sure.value} onChange={() => (sure.value = !sure.value)} />
        <span>
          {t.countersignSure(officer.name)}
          {checked.value && !sure.value && <span class="check__missing">{t.required}</span>}
        </span>
      </label>
      <p class="list__note">{t.countersignShare}</p>
    </FormDialog>
  );
}

export function Officers({ office, overview }: { office: Office; overview: Overview }): JSX.Element {
  const t = desk.in(locale.value);
  const open = useSignal<{ officer: Officer; fingerprint: string } | null>(null);
  const done = useSignal('');
  const order = { waiting: 0, root: 1, countersigned: 2, no_key: 3 };
  const all = [...overview.officers].sort((a, b) => order[a.state] - order[b.state]);
  return (
    <div class="list">
      <div class="list__head">
        <h1>{t.officers}</h1>
        <p class="list__note">{t.officersNote}</p>
      </div>
      <p role="status" class={done.value === '' ? 'visually-hidden' : 'desk__done'}>
        {done.value}
      </p>
      <ul class="rows">
        {all.map((officer) => {
          const { id, name, state, fingerprint } = officer;
          const looks = { root: 'ok', countersigned: 'ok', waiting: 'warn', no_key: 'plain' }[state];
          return (
            <li class="row officer" key={id}>
              <span class={`badge badge--${looks}`}>
                <Icon name={state === 'waiting' ? 'clock' : state === 'no_key' ? 'lock' : 'check'} />
                {officerStateName(state)}
              </span>
              <div class="row__text">
                <p class="row__title">
                  {name} {id === overview.me?.id && <span class="officer__you">({t.you})</span>}
                </p>
                {fingerprint === null ? (
                  <p class="row__meta">{t.noKeyHint}</p>
                ) : (
                  <>
                    <span class="visually-hidden">{t.fingerprint}</span>
                    <Groups text={fingerprint} />
                  </>
                )}
              </div>
              {state === 'waiting' && fingerprint !== null && (
                <div class="row__actions">
                  <button
                    type="button"
                    class="button button--primary"
                    disabled={!office.connected.value}
                    aria-label={`${t.countersign} ${name}`}
                    onClick={() => {
                      done.value = '';
                      open.value = { officer, fingerprint };
                    }}
                  >
                    {t.countersign}
                  </button>
                </div>
              )}
            </li>
          );
        })}
      </ul>
      {overview.recovery_fingerprint !== null && (
        <section class="officer__recovery">
          <h2>{t.recoveryPrint}</h2>
          <Groups text={overview.recovery_fingerprint} />
        </section>
      )}
      {open.value !== null && (
        <Countersign
          office={office}
          officer={open.value.officer}
          fingerprint={open.value.fingerprint}
          onDone={() => (done.value = t.countersignDone(open.value?.officer.name ?? ''))}
          onClose={() => (open.value = null)}
        />
      )}
    </div>
  );
}
