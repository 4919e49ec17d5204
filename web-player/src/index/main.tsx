// The institution's page: what is on air, what comes, what can be watched again.

import '../styles/tokens.css';
import '../styles/base.css';
import './index.css';

import { batch, effect, signal } from '@preact/signals';
import { render, type JSX } from 'preact';
import { request } from '../core/api';
import { askServer, ServerClock } from '../core/clock';
import { formatDateTime, formatDay, formatLength, formatRelative, formatTime } from '../core/format';
import { viewOf } from '../core/lifecycle';
import { failureDelay, Poll, type Answer } from '../core/poll';
import { browserTimers } from '../core/timers';
import type { BroadcastList, PublicBroadcast } from '../core/types';
import { Icon, Mark } from '../ui/icons';
import { common } from '../ui/messages';
import { locale, tag, siteName } from '../ui/page';
import { Failure, Header, Notice } from '../ui/parts';
import { index } from './messages';

const answer = signal<Answer<BroadcastList>>({ value: null, error: null });
const clock = new ServerClock(askServer);
/** Server time when the list came, or later. */
const now = signal(clock.now());

const poll = new Poll<BroadcastList>(
  browserTimers,
  () => request<BroadcastList>('/api/v1/broadcasts'),
  (last, failures) => (last.error === null ? 20_000 + 10_000 * Math.random() : failureDelay(failures, Math.random)),
  (next) => {
    batch(() => {
      answer.value = next;
      now.value = clock.now();
    });
  },
);
poll.start();
// To the second is enough here: one question, not three. Clocks drift, and phones sleep.
const setClock = () => void clock.sync(1).then(() => (now.value = clock.now()));
setClock();
window.setInterval(setClock, 300_000);
addEventListener('online', () => {
  poll.now();
});
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') poll.now();
});

effect(() => {
  const t = index.in(locale.value);
  const site = siteName(answer.value.value?.site) ?? common.in(locale.value).brand;
  document.title = `${t.title} · ${site}`;
});

const time = (text: string | null) => (text === null ? NaN : Date.parse(text));

function Poster({ broadcast }: { broadcast: PublicBroadcast }): JSX.Element {
  return (
    <div class="poster">
      <Mark class="poster__mark" />
      {broadcast.poster !== null && (
        <img
          src={broadcast.poster}
          alt=""
          loading="lazy"
          decoding="async"
          onError={(event) => {
            event.currentTarget.hidden = true;
          }}
        />
      )}
    </div>
  );
}

function OnAir({ broadcast }: { broadcast: PublicBroadcast }): JSX.Element {
  const t = index.in(locale.value);
  const live = time(broadcast.live_at);
  const venues = broadcast.venues.map((venue) => venue.name);
  return (
    <article class="hero">
      <a class="hero__link" href={`/watch/${broadcast.id}`}>
        <Poster broadcast={broadcast} />
        <span class="badge badge--air hero__badge">
          <span class="dot dot--pulse" />
          {common.in(locale.value).live}
        </span>
      </a>
      <div class="hero__text">
        <h2>
          <a href={`/watch/${broadcast.id}`}>{broadcast.title}</a>
        </h2>
        {broadcast.description !== '' && <p class="clamp">{broadcast.description}</p>}
        <p class="meta tabular">
          {Number.isFinite(live) && <span>{t.since(formatTime(tag.value, live))}</span>}
          {venues.length > 0 && (
            <span>{t.venues(new Intl.ListFormat(tag.value, { type: 'conjunction' }).format(venues))}</span>
          )}
        </p>
        <a
          class="button button--primary button--touch"
          href={`/watch/${broadcast.id}`}
          aria-label={`${t.watchLive}: ${broadcast.title}`}
        >
          <Icon name="play" />
          {t.watchLive}
        </a>
      </div>
    </article>
  );
}

function Coming({ broadcast }: { broadcast: PublicBroadcast }): JSX.Element {
  const t = index.in(locale.value);
  const starts = time(broadcast.starts_at);
  const known = Number.isFinite(starts);
  const part = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(tag.value, options).format(starts);
  return (
    <li class="coming">
      <div class="coming__date tabular" aria-hidden="true">
        {known ? (
          <>
            <span class="coming__month">{part({ month: 'short' })}</span>
            <span class="coming__day">{String(new Date(starts).getDate())}</span>
            <span class="coming__time">{formatTime(tag.value, starts)}</span>
          </>
        ) : (
          <Icon name="calendar" />
        )}
      </div>
      <div class="coming__text">
        <h3>
          <a href={`/watch/${broadcast.id}`}>{broadcast.title}</a>
        </h3>
        <p class="meta">
          {known ? (
            <>
              <time dateTime={broadcast.starts_at ?? ''}>{formatDateTime(tag.value, starts)}</time>
              <span>{starts > now.value ? t.startsIn(formatRelative(tag.value, starts - now.value)) : t.notBegun}</span>
            </>
          ) : (
            t.noDate
          )}
        </p>
      </div>
      <Icon name="chevron" class="coming__go" />
    </li>
  );
}

function Replay({ broadcast }: { broadcast: PublicBroadcast }): JSX.Element {
  const t = index.in(locale.value);
  const live = time(broadcast.live_at);
  const ended = time(broadcast.ended_at);
  const recorded = Number.isFinite(live) ? t.endedOn(formatDay(tag.value, live)) : '';
  const missing = viewOf(broadcast, now.value) === 'ended' ? t.preparing : t.unrecorded;
  return (
    <li class="card">
      <div class="card__picture">
        <Poster broadcast={broadcast} />
        {Number.isFinite(ended - live) && broadcast.replay !== null && (
          <span class="card__length tabular">{formatLength(tag.value, ended - live)}</span>
        )}
      </div>
      <h3>
        <a href={`/watch/${broadcast.id}`}>{broadcast.title}</a>
      </h3>
      <p class="meta">{broadcast.replay === null ? missing : recorded}</p>
    </li>
  );
}

function Loading(): JSX.Element {
  return (
    <div aria-busy="true">
      <span class="visually-hidden">{index.in(locale.value).loading}</span>
      <div class="hero" aria-hidden="true">
        <div class="poster skeleton" />
        <div class="hero__text">
          <div class="skeleton bar bar--wide" />
          <div class="skeleton bar" />
        </div>
      </div>
    </div>
  );
}

function List({ list }: { list: BroadcastList }): JSX.Element {
  const t = index.in(locale.value);
  const live = list.broadcasts.filter((broadcast) => broadcast.state === 'live');
  const coming = list.broadcasts.filter((broadcast) => broadcast.state === 'scheduled');
  const past = list.broadcasts.filter((broadcast) => broadcast.state === 'ended' || broadcast.state === 'replay');
  if (list.broadcasts.length === 0) return <Notice icon="calendar" title={t.emptyTitle} body={t.emptyBody} />;
  return (
    <>
      {live.length > 0 ? (
        <section aria-labelledby="on-air">
          <h2 id="on-air" class="section-title section-title--air">
            {t.onAir}
          </h2>
          <div class="heroes">
            {live.map((broadcast) => (
              <OnAir key={broadcast.id} broadcast={broadcast} />
            ))}
          </div>
        </section>
      ) : (
        <section class="quiet">
          <Mark class="quiet__mark" />
          <div>
            <h2>{t.quietTitle}</h2>
            <p>{coming.length > 0 ? t.quietNext : t.quietReplay}</p>
          </div>
        </section>
      )}
      {coming.length > 0 && (
        <section aria-labelledby="coming">
          <h2 id="coming" class="section-title">
            {t.coming}
          </h2>
          <ul class="comings">
            {coming.map((broadcast) => (
              <Coming key={broadcast.id} broadcast={broadcast} />
            ))}
          </ul>
        </section>
      )}
      {past.length > 0 && (
        <section aria-labelledby="replays">
          <h2 id="replays" class="section-title">
            {t.replays}
          </h2>
          <ul class="cards">
            {past.map((broadcast) => (
              <Replay key={broadcast.id} broadcast={broadcast} />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function App(): JSX.Element {
  const { value, error } = answer.value;
  const t = index.in(locale.value);
  return (
    <>
      <a class="skip" href="#main">
        {common.in(locale.value).skip}
      </a>
      <Header site={siteName(value?.site)} />
      <main id="main" class="index">
        <h1 class="visually-hidden">{t.title}</h1>
        {value !== null && error !== null && (
          <p class="stale" role="status">
            <Icon name="offline" />
            {t.stale}
          </p>
        )}
        {value !== null ? (
          <List list={value} />
        ) : error !== null ? (
          <Failure
            error={error}
            onRetry={() => {
              poll.now();
            }}
          />
        ) : (
          <Loading />
        )}
      </main>
    </>
  );
}

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
