// The officers' page: log in, one's key, the officers, and the tips.

import '../styles/tokens.css';
import '../styles/base.css';
import '../staff/staff.css';
import '../staff/picture.css';
import './desk.css';

import { effect } from '@preact/signals';
import { render, type JSX } from 'preact';
import { StaffLinks } from '../staff/links';
import { checkSession, expired, login, may, me } from '../staff/session';
import { StaffPage } from '../staff/shell';
import { common } from '../ui/messages';
import { locale } from '../ui/page';
import { Notice } from '../ui/parts';
import { DeskPage } from './desk';
import { desk } from './messages';
import { drafts } from './state';

effect(() => {
  document.title = `${desk.in(locale.value).title} · ${common.in(locale.value).brand}`;
});

// Who logs out in one tab leaves nothing in the others.
const tabs = 'BroadcastChannel' in window ? new BroadcastChannel('openday-desk') : null;
if (tabs !== null) tabs.onmessage = () => void checkSession();
let wasIn = false;
effect(() => {
  if (login.value === 'in') wasIn = true;
  if (login.value !== 'out') return;
  // How it ended, as it was then: a log-in that begins takes that back.
  if (expired.peek()) {
    drafts.suspend();
    return;
  }
  drafts.end();
  if (wasIn) tabs?.postMessage('out');
  wasIn = false;
});

function Body(): JSX.Element {
  const t = desk.in(locale.value);
  const person = me.value?.person ?? null;
  if (!may('read-tips') || person === null) {
    return (
      <main id="main">
        <Notice icon="lock" level={1} title={t.deniedTitle} body={t.deniedBody}>
          <StaffLinks here="desk" class="button button--touch" />
        </Notice>
      </main>
    );
  }
  return <DeskPage key={person.id} person={person} />;
}

function App(): JSX.Element {
  const t = desk.in(locale.value);
  return (
    <StaffPage title={t.title} loginTitle={t.loginTitle}>
      {() => <Body />}
    </StaffPage>
  );
}

void checkSession();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
