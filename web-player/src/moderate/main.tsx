// The moderators' page: log in, broadcasts, the queue of each, bans, word lists.

import '../styles/tokens.css';
import '../styles/base.css';
import '../staff/staff.css';
import '../staff/picture.css';
import './moderate.css';
import './triage.css';

import { effect } from '@preact/signals';
import { render, type JSX } from 'preact';
import { StaffLinks } from '../staff/links';
import { checkSession, may } from '../staff/session';
import { StaffPage } from '../staff/shell';
import { common } from '../ui/messages';
import { locale } from '../ui/page';
import { Notice } from '../ui/parts';
import { Bans } from './bans';
import { Broadcasts } from './broadcasts';
import { DeskPage } from './desk';
import { moderate } from './messages';
import { route } from './router';
import { WordListEditor, WordLists } from './words';

effect(() => {
  document.title = `${moderate.in(locale.value).title} · ${common.in(locale.value).brand}`;
});

function Body(): JSX.Element {
  const t = moderate.in(locale.value);
  const place = route.value;
  if (!may('moderate')) {
    return (
      <main id="main">
        <Notice icon="lock" level={1} title={t.deniedTitle} body={t.deniedBody}>
          <StaffLinks here="moderate" class="button button--touch" />
        </Notice>
      </main>
    );
  }
  if (place.page === 'queue') return <DeskPage key={place.id} id={place.id} />;
  if (place.page === 'bans') return <Bans key={place.id} id={place.id} />;
  const words = place.page === 'words';
  return (
    <>
      <nav class="tabs" aria-label={t.title}>
        <a class="tab" href="#/" aria-current={words ? undefined : 'page'}>
          {t.broadcasts}
        </a>
        <a class="tab" href="#/words" aria-current={words ? 'page' : undefined}>
          {t.words}
        </a>
        <StaffLinks here="moderate" />
      </nav>
      <main id="main" class="list">
        {!words ? (
          <Broadcasts />
        ) : place.list === null ? (
          <WordLists />
        ) : (
          <WordListEditor key={place.list} name={place.list} />
        )}
      </main>
    </>
  );
}

function App(): JSX.Element {
  const t = moderate.in(locale.value);
  return (
    <StaffPage title={t.title} loginTitle={t.loginTitle}>
      {() => <Body />}
    </StaffPage>
  );
}

void checkSession();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
