// What stands around every page that needs an account: header, log-in, the first password, logging out.

import './icons';

import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { common } from '../ui/messages';
import { locale } from '../ui/page';
import { Dialog, Failure, Header, IconButton } from '../ui/parts';
import { ChoosePassword, PasswordDialog } from './account';
import { Refusal } from './form';
import { Login } from './login';
import { staff } from './messages';
import { checkSession, logOut, login, loginError, logoutError, me } from './session';

function Body({ loginTitle, children }: { loginTitle: string; children: () => ComponentChildren }): JSX.Element {
  const t = staff.in(locale.value);
  if (login.value === 'unknown') {
    if (loginError.value === null) return <main id="main" class="login" aria-busy="true" aria-label={t.connecting} />;
    return (
      <main id="main">
        <Failure error={loginError.value} onRetry={() => void checkSession()} level={1} />
      </main>
    );
  }
  if (login.value === 'out') return <Login title={loginTitle} />;
  if (me.value?.person?.must_change_password === true) return <ChoosePassword />;
  return <>{children()}</>;
}

function StillIn(): JSX.Element | null {
  const t = staff.in(locale.value);
  const error = logoutError.value;
  if (error === null || login.value !== 'in') return null;
  return (
    <Dialog title={t.logoutFailed} onClose={() => (logoutError.value = null)}>
      <p>{t.logoutFailedBody}</p>
      <Refusal error={error} />
      <button type="button" class="button button--primary button--touch" onClick={() => void logOut()}>
        {t.logout}
      </button>
    </Dialog>
  );
}

/** children: the page's own content, made only for somebody who is in. */
export function StaffPage(props: {
  title: string;
  loginTitle: string;
  children: () => ComponentChildren;
}): JSX.Element {
  const t = staff.in(locale.value);
  const changing = useSignal(false);
  const person = me.value?.person ?? null;
  return (
    <>
      <a class="skip" href="#main">
        {common.in(locale.value).skip}
      </a>
      <Header site={props.title}>
        {login.value === 'in' && (
          <>
            {person !== null && !person.must_change_password && (
              <IconButton
                icon="key"
                label={`${t.passwordTitle}: ${person.name}`}
                onClick={() => (changing.value = true)}
              />
            )}
            <IconButton icon="logout" label={t.logout} onClick={() => void logOut()} />
          </>
        )}
      </Header>
      <Body loginTitle={props.loginTitle}>{props.children}</Body>
      <StillIn />
      {changing.value && login.value === 'in' && <PasswordDialog onClose={() => (changing.value = false)} />}
    </>
  );
}
