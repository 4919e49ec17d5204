// The control page: log in, broadcasts, venues, and the console of each broadcast.

import '../styles/tokens.css';
import '../styles/base.css';
import '../staff/staff.css';
import './studio.css';
import './console.css';

import { effect } from '@preact/signals';
import { render, type JSX } from 'preact';
import type { Right } from '../core/people';
import { StaffLinks } from '../staff/links';
import { checkSession, may } from '../staff/session';
import { StaffPage } from '../staff/shell';
import { common } from '../ui/messages';
import { locale } from '../ui/page';
import { Broadcasts } from './broadcasts';
import { ConsolePage } from './console/console';
import { studio } from './messages';
import { Audit, People } from './people';
import { route, type List } from './router';
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
        <StaffLinks here="studio" />
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
  const place = route.value;
  return place.page === 'console' && may('run-broadcasts') ? (
    <ConsolePage key={place.id} id={place.id} />
  ) : (
    <Lists page={place.page === 'console' ? 'broadcasts' : place.page} />
  );
}

function App(): JSX.Element {
  const t = studio.in(locale.value);
  return (
    <StaffPage title={t.title} loginTitle={t.loginTitle}>
      {() => <Body />}
    </StaffPage>
  );
}

void checkSession();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
