// The control page: log in, broadcasts, venues, and the console of each broadcast.

import '../styles/tokens.css';
import '../styles/base.css';
import './studio.css';
import './console.css';

import { effect, useSignal } from '@preact/signals';
import { render, type JSX } from 'preact';
import type { Right } from '../core/people';
import { common } from '../ui/messages';
import { locale } from '../ui/page';
import { Dialog, Failure, Header, IconButton } from '../ui/parts';
import { ChoosePassword, PasswordDialog } from './account';
import { Broadcasts } from './broadcasts';
import { ConsolePage } from './console/console';
import { Refusal } from './form';
import { Login } from './login';
import { studio } from './messages';
import { Audit, People } from './people';
import { route, type List } from './router';
import { checkSession, logOut, login, loginError, logoutError, may, me } from './session';
import { Venues } from './venues';

effect(() => {
  document.title = `${studio.in(locale.value).title} · ${common.in(locale.value).brand}`;
});

function Lists({ page }: { page: List }): JSX.Element {
  const t = studio.in(locale.value);
  const all: [List, string, string, Right][] = [
    ['broadcasts', '#/', t.broadcasts, 'see-broadcasts'],
    ['venues', '#/venues', t.venues, 'manage-venues'],
    ['people', '#/people', t.people, 'manage-people'],
    ['audit', '#/audit', t.audit, 'read-audit'],
  ];
  const open = all.filter(([, , , right]) => may(right));
  const shown = open.some(([to]) => to === page) ? page : open[0]?.[0];
  return (
    <>
      <nav class="tabs" aria-label={t.title}>
        {open.map(([to, href, name]) => (
          <a class="tab" key={to} href={href} aria-current={shown === to ? 'page' : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <main id="main" class="list">
        {shown === 'venues' && <Venues />}
        {shown === 'people' && <People />}
        {shown === 'audit' && <Audit />}
        {shown === 'broadcasts' && <Broadcasts />}
      </main>
    </>
  );
}

function Body(): JSX.Element {
  const t = studio.in(locale.value);
  if (login.value === 'unknown') {
    if (loginError.value === null) return <main id="main" class="login" aria-busy="true" aria-label={t.connecting} />;
    return (
      <main id="main">
        <Failure error={loginError.value} onRetry={() => void checkSession()} level={1} />
      </main>
    );
  }
  if (login.value === 'out') return <Login />;
  if (me.value?.person?.must_change_password === true) return <ChoosePassword />;
  const place = route.value;
  return place.page === 'console' && may('run-broadcasts') ? (
    <ConsolePage key={place.id} id={place.id} />
  ) : (
    <Lists page={place.page === 'console' ? 'broadcasts' : place.page} />
  );
}

function StillIn(): JSX.Element | null {
  const t = studio.in(locale.value);
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

function App(): JSX.Element {
  const t = studio.in(locale.value);
  const changing = useSignal(false);
  const person = me.value?.person ?? null;
  return (
    <>
      <a class="skip" href="#main">
        {common.in(locale.value).skip}
      </a>
      <Header site={t.title}>
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
      <Body />
      <StillIn />
      {changing.value && login.value === 'in' && <PasswordDialog onClose={() => (changing.value = false)} />}
    </>
  );
}

void checkSession();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
