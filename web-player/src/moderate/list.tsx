// Filters, the list of comments, and what is done to several at once. What is new comes below and never moves the row that is
// looked at: the list holds that row where it is on the screen.

import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { ApiError } from '../core/api';
import { formatTime } from '../core/format';
import { refusedByRule, reportCount, views, type View } from '../core/moderation-queue';
import { splitAt } from '../core/moderation-text';
import type { Item } from '../core/moderation-types';
import { Refusal } from '../staff/form';
import { Icon } from '../ui/icons';
import { locale, tag } from '../ui/page';
import { Notice } from '../ui/parts';
import { moderate } from './messages';
import { authorName, number, ruleName, stateName } from './names';
import type { Desk } from './state';

function Filters({ desk }: { desk: Desk }): JSX.Element {
  const t = moderate.in(locale.value);
  const filter = desk.filter.value;
  const names: Record<View, string> = {
    held: t.viewHeld,
    all: t.viewAll,
    reported: t.viewReported,
    rejected: t.viewRejected,
  };
  const rules = desk.queue.rules(filter.view);
  if (filter.rule !== null && !rules.some(([rule]) => rule === filter.rule)) rules.push([filter.rule, 0]);
  const author =
    filter.author === null ? null : (desk.queue.ofAuthor(filter.author, [])[0] ?? { name: '', by: filter.author });
  return (
    <div class="filters" role="search" aria-label={t.filters}>
      <div class="filters__views" role="group" aria-label={t.filters}>
        {views.map((view) => (
          <button
            type="button"
            key={view}
            class="filters__view"
            aria-pressed={filter.view === view}
            onClick={() => {
              desk.setFilter({ view });
            }}
          >
            {names[view]}
            {view === 'held' && <span class="filters__count tabular">{number(desk.queue.pending)}</span>}
          </button>
        ))}
      </div>
      <div class="filters__more">
        <label class="filters__search">
          <Icon name="search" />
          <span class="visually-hidden">{t.search}</span>
          <input
            type="search"
            class="filters__text"
            value={filter.text}
            placeholder={t.searchShort}
            title={t.search}
            onInput={(event) => {
              desk.setFilter({ text: event.currentTarget.value });
            }}
          />
        </label>
        <select
          class="select filters__rule"
          aria-label={t.rule}
          value={filter.rule ?? ''}
          onChange={(event) => {
            desk.setFilter({ rule: event.currentTarget.value === '' ? null : event.currentTarget.value });
          }}
        >
          <option value="">{t.anyRule}</option>
          {rules.map(([rule, count]) => (
            <option key={rule} value={rule}>
              {`${ruleName(rule)}${count > 0 ? ` (${number(count)})` : ''}`}
            </option>
          ))}
        </select>
        {author !== null && (
          <button
            type="button"
            class="chip"
            aria-label={`${t.onlyAuthor(authorName(author))}: ${t.clearFilter}`}
            onClick={() => {
              desk.setFilter({ author: null });
            }}
          >
            {t.onlyAuthor(authorName(author))}
            <Icon name="close" />
          </button>
        )}
      </div>
    </div>
  );
}

function Bulk({ desk }: { desk: Desk }): JSX.Element | null {
  const t = moderate.in(locale.value);
  if (desk.checked.value.size === 0) return null;
  const ids = desk.targets();
  const may = (verb: 'approve' | 'reject') => ids.some((id) => desk.possible(verb, id));
  return (
    <div class="bulk">
      <div class="bulk__line">
        <strong class="tabular">{t.checked(number(ids.length))}</strong>
        <button
          type="button"
          class="button button--quiet button--small"
          onClick={() => {
            desk.setChecked(desk.rows.value.items.map((one) => one.id));
          }}
        >
          {t.checkAll}
        </button>
        <button
          type="button"
          class="button button--quiet button--small"
          onClick={() => {
            desk.setChecked([]);
          }}
        >
          {t.uncheck}
        </button>
      </div>
      <div class="bulk__line bulk__line--deeds">
        <button
          type="button"
          class="button button--small approve"
          disabled={!may('approve')}
          onClick={() => {
            desk.press('approve');
          }}
        >
          {t.approve}
        </button>
        <button
          type="button"
          class="button button--small reject"
          disabled={!may('reject')}
          onClick={() => {
            desk.press('reject');
          }}
        >
          {t.reject}
        </button>
      </div>
    </div>
  );
}

function Row({ desk, item }: { desk: Desk; item: Item }): JSX.Element {
  const t = moderate.in(locale.value);
  const selected = desk.selected.value === item.id;
  const claim = item.state === 'held' ? desk.queue.heldBy(item.id, desk.now.value) : null;
  const settled = item.state !== 'held' && desk.filter.value.view === 'held';
  const [before, found, after] = splitAt(item.text, item.why);
  const reports = reportCount(item);
  const name = authorName(item);
  return (
    <li
      class={`entry ${selected ? 'entry--on' : ''} ${claim !== null ? 'entry--claimed' : ''} ${settled ? 'entry--settled' : ''}`}
      data-id={item.id}
    >
      <label class="entry__check" title={t.checkOne(name)}>
        <input
          type="checkbox"
          tabIndex={selected ? 0 : -1}
          aria-label={`${t.checkOne(name)}: ${item.text}`}
          checked={desk.checked.value.has(item.id)}
          onChange={() => {
            desk.check(item.id);
          }}
        />
      </label>
      <button
        type="button"
        class="entry__open"
        aria-current={selected ? 'true' : undefined}
        onClick={() => {
          desk.open(item.id);
        }}
      >
        <span class="entry__head">
          <span class="entry__time tabular">{formatTime(tag.value, item.at)}</span>
          <span class="entry__name">{name}</span>
          {item.staff !== undefined && (
            <span class="badge badge--ok">{item.staff === 'producer' ? t.producer : t.moderator}</span>
          )}
        </span>
        <span class="entry__text">
          {before}
          {found !== '' && <mark>{found}</mark>}
          {after}
        </span>
        <span class="entry__signs">
          {(desk.filter.value.view !== 'held' || settled) && (
            <span class={`sign sign--${item.state}`}>{stateName(item.state)}</span>
          )}
          {item.why !== null && (item.state === 'held' || refusedByRule(item)) && (
            <span class="sign">{ruleName(item.why.rule)}</span>
          )}
          {reports > 0 && (
            <span class="sign sign--warn">
              <Icon name="flag" />
              {reports === 1 ? t.report : t.reports(number(reports))}
            </span>
          )}
          {item.similar > 0 && <span class="sign tabular">{t.alike(number(item.similar + 1))}</span>}
          {claim !== null && (
            <span class="sign sign--claim">
              <Icon name="person" />
              {t.claimedBy(claim.name)}
            </span>
          )}
        </span>
      </button>
    </li>
  );
}

function Empty({ desk }: { desk: Desk }): JSX.Element {
  const t = moderate.in(locale.value);
  const { view, rule, author, text } = desk.filter.value;
  if (rule !== null || author !== null || text !== '') {
    return (
      <Notice icon="search" title={t.noMatchTitle} body={t.noMatchBody}>
        <button
          type="button"
          class="button"
          onClick={() => {
            desk.clearFilter();
          }}
        >
          {t.clearFilter}
        </button>
      </Notice>
    );
  }
  if (view !== 'held') {
    const none = { all: t.allNone, reported: t.reportedNone, rejected: t.rejectedNone };
    return <Notice icon="comment" title={none[view]} body="" />;
  }
  const closed = desk.room.value?.mode === 'closed';
  return (
    <div class="calm">
      <Notice icon="check" title={t.emptyTitle} body={closed ? t.emptyClosed : t.emptyBody} />
    </div>
  );
}

function Older({ desk }: { desk: Desk }): JSX.Element | null {
  const t = moderate.in(locale.value);
  const state = desk.older.value;
  if (desk.filter.value.view === 'held') return null;
  if (state instanceof ApiError) {
    return (
      <div class="older">
        <Refusal error={state} />
        <button
          type="button"
          class="button button--small"
          onClick={() => {
            desk.loadPage(false);
          }}
        >
          {t.older}
        </button>
      </div>
    );
  }
  if (state === 'loading') return <p class="older older--busy">{t.olderLoading}</p>;
  if (desk.rows.value.more > 0) return <p class="older">{t.olderLimit}</p>;
  if (state === 'all') return desk.rows.value.items.length > 0 ? <p class="older">{t.olderAll}</p> : null;
  return (
    <div class="older">
      <button
        type="button"
        class="button button--small"
        onClick={() => {
          desk.loadPage(false);
        }}
      >
        {t.older}
      </button>
    </div>
  );
}

export function List({ desk }: { desk: Desk }): JSX.Element {
  const t = moderate.in(locale.value);
  const scroller = useRef<HTMLDivElement>(null);
  /** Where the selected row stood after the last drawing. */
  const stood = useRef<{ id: number; top: number } | null>(null);
  const { items, more, fresh } = desk.rows.value;
  const selected = desk.selected.value;
  const held = desk.filter.value.view === 'held';

  useLayoutEffect(() => {
    const box = scroller.current;
    const row = box?.querySelector<HTMLElement>('.entry--on');
    if (box == null) return;
    if (row == null || selected === null) {
      stood.current = null;
    } else if (stood.current?.id === selected) {
      box.scrollTop += row.offsetTop - stood.current.top;
      stood.current.top = row.offsetTop;
    } else {
      stood.current = { id: selected, top: row.offsetTop };
      row.scrollIntoView({ block: 'nearest' });
      // The keyboard goes on from the row that is looked at, unless it is elsewhere on purpose.
      const focused = document.activeElement;
      if (focused === null || focused === document.body || box.contains(focused))
        row.querySelector<HTMLElement>('.entry__open')?.focus({ preventScroll: true });
    }
    if (!held && desk.following.value && selected === null) box.scrollTop = box.scrollHeight;
  });

  const onScroll = () => {
    const box = scroller.current;
    if (box === null || held) return;
    desk.setFollowing(box.scrollHeight - box.scrollTop - box.clientHeight < 4);
  };
  useEffect(() => {
    if (!held && selected !== null) desk.setFollowing(false);
  }, [held, selected, desk]);

  return (
    <section class="pane queue" aria-label={t.list}>
      <Filters desk={desk} />
      <Bulk desk={desk} />
      <div class="queue__scroll" ref={scroller} onScroll={onScroll}>
        <Older desk={desk} />
        {items.length === 0 && desk.older.value !== 'loading' ? (
          <Empty desk={desk} />
        ) : (
          <ul class="entries">
            {items.map((item) => (
              <Row key={item.id} desk={desk} item={item} />
            ))}
          </ul>
        )}
        {held && more > 0 && <p class="older">{t.moreBelow(number(more))}</p>}
      </div>
      {fresh > 0 && (
        <button
          type="button"
          class="button button--primary fresh"
          onClick={() => {
            desk.select(null);
            desk.setFollowing(true);
          }}
        >
          {t.fresh(number(fresh))}
          <Icon name="down" />
        </button>
      )}
    </section>
  );
}
