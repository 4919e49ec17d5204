// The page of somebody who may read tips: what their key needs first, then the tips, and the officers.

import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { standing, waiting } from '../core/desk-rules';
import type { Person } from '../core/people';
import { StaffLinks } from '../staff/links';
import { Lost } from '../staff/lost';
import { Icon } from '../ui/icons';
import { locale } from '../ui/page';
import { Failure, Notice } from '../ui/parts';
import { Found, KeepRecovery, Locked, Waiting } from './keys';
import { List } from './list';
import { desk } from './messages';
import { number } from './names';
import { Officers } from './officers';
import { atOfficers, chosenTip } from './router';
import { Office } from './state';
import { TipPane } from './tip';

/** Something that is shown could not be asked for again. */
function Stale({ office }: { office: Office }): JSX.Element | null {
  const t = desk.in(locale.value);
  const error = office.error.value ?? office.listError.value ?? office.tipError.value;
  // What was never there says so in its own place, and a lost connection in the banner above.
  const own =
    (office.error.value === null && office.listError.value !== null && office.rows.value === null) ||
    (office.error.value === null && office.listError.value === null && office.tip.value === null);
  if (error === null || own || error.status === 404 || office.connection.value === 'lost') return null;
  return (
    <p class="desk__banner" role="alert">
      <Icon name="alert" />
      <span>{t.stale}</span>
      <button type="button" class="button button--small" onClick={() => void office.load()}>
        {t.lostRetry}
      </button>
    </p>
  );
}

function Tabs({ office }: { office: Office }): JSX.Element {
  const t = desk.in(locale.value);
  const wait = waiting(office.overview.value?.officers ?? []).length;
  const officers = atOfficers.value;
  return (
    <nav class="tabs desk__tabs" aria-label={t.title}>
      <a class="tab" href="#/" aria-current={officers ? undefined : 'page'}>
        {t.tips}
      </a>
      <a class="tab" href="#/officers" aria-current={officers ? 'page' : undefined}>
        {t.officers}
        {wait > 0 && <span class="badge badge--warn">{t.officersWaiting(number(wait))}</span>}
      </a>
      <StaffLinks here="desk" />
    </nav>
  );
}

/** Colleagues who cannot read anything until somebody here acts. */
function WaitingBanner({ office }: { office: Office }): JSX.Element | null {
  const t = desk.in(locale.value);
  const wait = waiting(office.overview.value?.officers ?? []);
  if (wait.length === 0) return null;
  return (
    <p class="desk__banner">
      <Icon name="key" />
      <span>{t.waitingBanner(wait.map(({ name }) => name).join(', '))}</span>
      <a class="button button--small" href="#/officers">
        {t.waitingCompare}
      </a>
    </p>
  );
}

function Skeleton(): JSX.Element {
  const t = desk.in(locale.value);
  return (
    <main id="main" class="desk" aria-busy="true">
      <span class="visually-hidden">{t.connecting}</span>
      <div class="desk__panes">
        <div class="tips">
          {Array.from({ length: 6 }, (_, i) => (
            <div key={i} class="skeleton tips__wait" />
          ))}
        </div>
      </div>
    </main>
  );
}

function Tips({ office }: { office: Office }): JSX.Element {
  const t = desk.in(locale.value);
  const more = office.more.value;
  return (
    <>
      <WaitingBanner office={office} />
      <p class="visually-hidden" role="status">
        {/* A second one is another text, so that it is read again. */}
        {more > 0 && `${t.newTips}${more % 2 === 0 ? ' ' : ''}`}
      </p>
      <div class={`desk__panes ${chosenTip.value === null ? '' : 'desk__panes--tip'}`}>
        <List office={office} />
        <TipPane office={office} />
      </div>
    </>
  );
}

export function DeskPage({ person }: { person: Person }): JSX.Element {
  const t = desk.in(locale.value);
  const office = useMemo(() => new Office(person.id), [person.id]);
  useEffect(
    () => () => {
      office.close();
    },
    [office],
  );
  const chosen = chosenTip.value;
  useEffect(() => {
    office.choose(chosen);
  }, [office, chosen]);
  const overview = office.overview.value;
  const error = office.error.value;
  if (error !== null && (overview === null || error.status === 404 || error.status === 403)) {
    return (
      <main id="main">
        {error.status === 404 ? (
          <Notice icon="tip" level={1} title={t.offTitle} body={t.offBody}>
            <StaffLinks here="desk" class="button button--touch" />
          </Notice>
        ) : (
          <Failure
            error={error}
            onRetry={() => {
              office.reconnect();
              void office.load();
            }}
            level={1}
          />
        )}
      </main>
    );
  }
  if (overview === null) return <Skeleton />;
  if (office.recoveryKey.value !== null) return <KeepRecovery office={office} person={person} />;
  const stands = standing(overview);
  if (stands === 'locked') return <Locked office={office} person={person} />;
  if (stands === 'unfounded') return <Found office={office} overview={overview} />;
  if (stands === 'waiting') return <Waiting office={office} overview={overview} />;
  return (
    <main id="main" class={`desk ${atOfficers.value ? 'desk--page' : ''} ${chosen === null ? '' : 'desk--tip'}`}>
      {!atOfficers.value && <h1 class="visually-hidden">{t.title}</h1>}
      <Tabs office={office} />
      <Lost of={office} words={desk.in(locale.value)} />
      <Stale office={office} />
      {atOfficers.value ? <Officers office={office} overview={overview} /> : <Tips office={office} />}
    </main>
  );
}
