// Form pieces of the pages that need an account.

import { useSignal, type Signal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';
import type { ApiError } from '../core/api';
import { Icon } from '../ui/icons';
import { locale } from '../ui/page';
import { Dialog, ErrorId } from '../ui/parts';
import { refusalText, staff } from './messages';
import { asApiError } from './session';

export interface FieldProps {
  label: string;
  hint?: string | undefined;
  error?: string | null | undefined;
  children: (ids: { id: string; 'aria-describedby': string | undefined; 'aria-invalid': boolean }) => ComponentChildren;
}

export function Field({ label, hint, error, children }: FieldProps): JSX.Element {
  const id = useId();
  const told = (error ?? null) !== null;
  const described = told || hint !== undefined ? `${id}-hint` : undefined;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': described, 'aria-invalid': told })}
      {described !== undefined && (
        <p id={described} class={told ? 'field__hint field__hint--error' : 'field__hint'}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

export function TextField(props: {
  label: string;
  value: Signal<string>;
  hint?: string;
  error?: string | null;
  type?: 'text' | 'password' | 'number' | 'datetime-local';
  placeholder?: string;
  autocomplete?: string;
  maxLength?: number;
}): JSX.Element {
  return (
    <Field label={props.label} hint={props.hint} error={props.error}>
      {(ids) => (
        <input
          {...ids}
          class="input"
          // Preact ties the attributes to the type; these go with every one that is used here.
          // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-assertion
          type={(props.type ?? 'text') as 'text'}
          value={props.value.value}
          placeholder={props.placeholder}
          autocomplete={props.autocomplete ?? 'off'}
          spellcheck={false}
          maxLength={props.maxLength}
          onInput={(event) => (props.value.value = event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

export function Refusal({ error }: { error: ApiError }): JSX.Element {
  const t = staff.in(locale.value);
  return (
    <div class="refusal" role="alert">
      <Icon name="alert" />
      <span>{error.offline ? t.noConnection : t.refused(refusalText(locale.value, error))}</span>
      {!error.offline && <ErrorId id={error.id} />}
    </div>
  );
}

/** A dialog with a form that is sent once at a time and keeps what was typed when it is refused. */
export function FormDialog(props: {
  title: string;
  submit: string;
  danger?: boolean;
  /** Throws ApiError to be shown; answers false when a field needs attention. */
  onSubmit: () => Promise<boolean>;
  onClose: () => void;
  children: ComponentChildren;
}): JSX.Element {
  const t = staff.in(locale.value);
  const busy = useSignal(false);
  const error = useSignal<ApiError | null>(null);
  const send = async () => {
    if (busy.value) return;
    busy.value = true;
    error.value = null;
    try {
      if (await props.onSubmit()) props.onClose();
    } catch (failure) {
      error.value = asApiError(failure);
    } finally {
      busy.value = false;
    }
  };
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form
        class="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        {props.children}
        {error.value !== null && <Refusal error={error.value} />}
        <div class="dialog__foot">
          <button type="button" class="button" onClick={props.onClose}>
            {t.cancel}
          </button>
          <button
            type="submit"
            class={`button ${props.danger === true ? 'button--danger' : 'button--primary'}`}
            aria-busy={busy.value}
          >
            {busy.value ? t.saving : props.submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
