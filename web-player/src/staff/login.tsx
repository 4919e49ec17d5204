import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { ApiError } from '../core/api';
import { Icon, Mark } from '../ui/icons';
import { locale } from '../ui/page';
import { Refusal, TextField } from './form';
import { staff } from './messages';
import { asApiError, expired, logIn } from './session';

export function Login({ title }: { title: string }): JSX.Element {
  const t = staff.in(locale.value);
  const name = useSignal('');
  const password = useSignal('');
  const error = useSignal<ApiError | null>(null);
  const missing = useSignal(false);
  const busy = useSignal(false);
  const send = async () => {
    if (busy.value) return;
    missing.value = name.value.trim() === '' || password.value === '';
    error.value = null;
    if (missing.value) return;
    busy.value = true;
    try {
      await logIn(name.value.trim(), password.value);
    } catch (failure) {
      error.value = asApiError(failure);
    } finally {
      busy.value = false;
    }
  };
  const failure = error.value;
  const wrong = failure !== null && (failure.status === 401 || failure.status === 403);
  const tooMany = failure?.status === 429;
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
        <h1>{title}</h1>
        {expired.value && (
          <p class="login__expired" role="status">
            {t.loggedOut}
          </p>
        )}
        <TextField
          label={t.loginName}
          value={name}
          autocomplete="username"
          error={missing.value && name.value.trim() === '' ? t.required : null}
        />
        <TextField
          label={t.password}
          value={password}
          type="password"
          autocomplete="current-password"
          hint={t.passwordHint}
          error={
            missing.value && password.value === ''
              ? t.required
              : wrong
                ? t.loginWrong
                : tooMany
                  ? t.loginTooMany(String(failure.retryAfter ?? 60))
                  : null
          }
        />
        {failure !== null && !wrong && !tooMany && <Refusal error={failure} />}
        <button type="submit" class="button button--primary button--touch" aria-busy={busy.value}>
          <Icon name="lock" />
          {t.login}
        </button>
      </form>
    </main>
  );
}
