// One's own password: chosen at the first log-in, and changed at will.

import { useSignal, type Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { ApiError } from '../core/api';
import { Mark } from '../ui/icons';
import { locale } from '../ui/page';
import { FormDialog, Refusal, TextField } from './form';
import { staff } from './messages';
import { asApiError, changePassword, me } from './session';

const leastLength = 10;

interface Fields {
  present: Signal<string>;
  chosen: Signal<string>;
  again: Signal<string>;
  checked: Signal<boolean>;
  wrong: Signal<boolean>;
  /** False when a field needs attention; throws what else went wrong. */
  send: () => Promise<boolean>;
}

function useFields(): Fields {
  const present = useSignal('');
  const chosen = useSignal('');
  const again = useSignal('');
  const checked = useSignal(false);
  const wrong = useSignal(false);
  const send = async () => {
    checked.value = true;
    wrong.value = false;
    if (present.value === '' || Array.from(chosen.value).length < leastLength || again.value !== chosen.value)
      return false;
    try {
      await changePassword(present.value, chosen.value);
      return true;
    } catch (failure) {
      if (!(failure instanceof ApiError) || failure.status !== 403) throw failure;
      wrong.value = true;
      return false;
    }
  };
  return { present, chosen, again, checked, wrong, send };
}

function PasswordFields({ fields }: { fields: Fields }): JSX.Element {
  const t = staff.in(locale.value);
  const { present, chosen, again, checked, wrong } = fields;
  const short = Array.from(chosen.value).length < leastLength;
  return (
    <>
      <TextField
        label={t.passwordPresent}
        value={present}
        type="password"
        autocomplete="current-password"
        error={checked.value && present.value === '' ? t.required : wrong.value ? t.passwordWrong : null}
      />
      <TextField
        label={t.passwordNew}
        value={chosen}
        type="password"
        autocomplete="new-password"
        hint={t.passwordRule}
        error={checked.value && short ? t.passwordRule : null}
      />
      <TextField
        label={t.passwordAgain}
        value={again}
        type="password"
        autocomplete="new-password"
        error={checked.value && again.value !== chosen.value ? t.passwordDiffers : null}
      />
    </>
  );
}

/** The whole page, as long as the password is one that somebody else gave. */
export function ChoosePassword(): JSX.Element {
  const t = staff.in(locale.value);
  const fields = useFields();
  const error = useSignal<ApiError | null>(null);
  const busy = useSignal(false);
  const send = async () => {
    if (busy.value) return;
    busy.value = true;
    error.value = null;
    try {
      await fields.send();
    } catch (failure) {
      error.value = asApiError(failure);
    } finally {
      busy.value = false;
    }
  };
  return (
    <main id="main" class="login">
      <form
        class="login__card form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <Mark class="login__mark" />
        <h1>{t.passwordTitle}</h1>
        <p>{t.passwordFirst(me.value?.person?.name ?? '')}</p>
        <PasswordFields fields={fields} />
        {error.value !== null && <Refusal error={error.value} />}
        <button type="submit" class="button button--primary button--touch" aria-busy={busy.value}>
          {t.passwordSave}
        </button>
      </form>
    </main>
  );
}

export function PasswordDialog({ onClose }: { onClose: () => void }): JSX.Element {
  const t = staff.in(locale.value);
  const fields = useFields();
  return (
    <FormDialog title={t.passwordTitle} submit={t.passwordSave} onSubmit={fields.send} onClose={onClose}>
      <PasswordFields fields={fields} />
    </FormDialog>
  );
}
