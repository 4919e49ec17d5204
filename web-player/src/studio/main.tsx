// The control page: log in, broadcasts, venues, and the console of each broadcast.

import '../styles/tokens.css';
import '../styles/base.css';
import './studio.css';
import './console.css';

import { effect } from '@preact/signals';
import { render, type JSX } from 'preact';
import { common } from '../ui/messages';
import { locale } from '../ui/page';
import { Dialog, Failure, Header, IconButton } from '../ui/parts';
import { Broadcasts } from './broadcasts';
import { ConsolePage } from './console/console';
import { Refusal } from './form';
import { Login } from './login';
import { studio } from './messages';
import { route } from './router';
import { checkSession, logOut, login, loginError, logoutError } from './session';
import { Venues } from './venues';

effect(() => {
  document.title = `${studio.in(locale.value).title} · ${common.in(locale.value).brand}`;
});

function Lists({ page }: { page: 'broadcasts' | 'venues' }): JSX.Element {
  const t = studio.in(locale.value);
  const tab = (to: 'broadcasts' | 'venues', href: string, name: string) => (
    <a class="tab" href={href} aria-current={page === to ? 'page' : undefined}>
      {name}
    </a>
  );
  return (
    <>
      <nav class="tabs" aria-label={t.title}>
        {tab('broadcasts', '#/', t.broadcasts)}
        {tab('venues', '#/venues', t.venues)}
      </nav>
      <main id="main" class="list">
        {page === 'venues' ? <Venues /> : <Broadcasts />}
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
  const place = route.value;
  return place.page === 'console' ? <ConsolePage key={place.id} id={place.id} /> : <Lists page={place.page} />;
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
  return (
    <>
      <a class="skip" href="#main">
        {common.in(locale.value).skip}
      </a>
      <Header site={t.title}>
        {login.value === 'in' && <IconButton icon="logout" label={t.logout} onClick={() => void logOut()} />}
      </Header>
      <Body />
      <StillIn />
    </>
  );
}

void checkSession();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
