// States with their counts, fifty tips at a time, the newest first. What comes in never moves the row that is looked at: the
// list holds it where it is on the screen.

import type { JSX, TargetedKeyboardEvent } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { countOf, pageSize, type Filter } from '../core/desk-rules';
import { tipStates, type ListedTip } from '../core/desk-types';
import { formatTime } from '../core/format';
import { Icon } from '../ui/icons';
import { locale, tag } from '../ui/page';
import { Failure, IconButton, Notice } from '../ui/parts';
import { desk } from './messages';
import { kindName, number, stateIcon, stateName, verdictName, when } from './names';
import { chosenTip, tipHref } from './router';
import { drafts, type Office } from './state';

const filters: Filter[] = ['all', ...tipStates];

function Filters({ office }: { office: Office }): JSX.Element {
  const t = desk.in(locale.value);
  return (
    <div class="states" role="group" aria-label={t.filters}>
      {filters.map((filter) => (
        <button
          type="button"
          key={filter}
          class="states__one"
          aria-pressed={office.filter.value === filter}
          onClick={() => {
            office.setFilter(filter);
          }}
        >
          {stateName(filter)}
          <span class="states__count tabular">{number(countOf(office.counts.value, filter))}</span>
        </button>
      ))}
    </div>
  );
}

function Row({ office, tip }: { office: Office; tip: ListedTip }): JSX.Element {
  const t = desk.in(locale.value);
  const chosen = chosenTip.value === tip.id;
  const received = Date.parse(tip.received_at);
  // Read here, so that the mark follows what is typed.
  const draft = office.typed.value >= 0 && drafts.has(tip.id);
  return (
    <li class={`one one--${tip.state} ${chosen ? 'one--on' : ''}`} data-id={tip.id}>
      <a class="one__open" href={tipHref(tip.id)} aria-current={chosen ? 'true' : undefined}>
        <span class="one__head">
          <span class={`mark mark--${tip.state}`}>
            <Icon name={stateIcon[tip.state]} />
            {stateName(tip.state)}
          </span>
          {tip.wrote_again === true && <span class="mark mark--again">{t.wroteAgain}</span>}
          <time class="one__time tabular" dateTime={tip.received_at}>
            {when(received, office.now.value)}
          </time>
        </span>
        {tip.readable ? (
          <span class="one__text">{tip.excerpt}</span>
        ) : (
          <span class="one__text one__text--sealed">
            <Icon name="lock" />
            {t.unreadableShort}
          </span>
        )}
        <span class="one__signs">
          {tip.kind !== null && <span>{kindName(tip.kind)}</span>}
          {tip.verdict !== null && <span>→ {verdictName(tip.verdict)}</span>}
          {tip.minute !== null && <span class="tabular">{t.onAir(formatTime(tag.value, Date.parse(tip.minute)))}</span>}
          {tip.photos > 0 && (
            <span class="sign-icon">
              <Icon name="photo" />
              {tip.photos === 1 ? t.photo : t.photos(number(tip.photos))}
            </span>
          )}
          {tip.clip && (
            <span class="sign-icon">
              <Icon name="film" />
              {t.hasClip}
            </span>
          )}
          {draft && (
            <span class="sign-icon one__draft">
              <Icon name="edit" />
              {t.draft}
            </span>
          )}
        </span>
      </a>
    </li>
  );
}

function Empty({ office }: { office: Office }): JSX.Element {
  const t = desk.in(locale.value);
  if (office.filter.value === 'all') return <Notice icon="tip" title={t.emptyTitle} body={t.emptyBody} />;
  return (
    <Notice icon="check" title={t.emptyStateTitle} body={t.emptyStateBody}>
      <button
        type="button"
        class="button"
        onClick={() => {
          office.setFilter('all');
        }}
      >
        {t.showAll}
      </button>
    </Notice>
  );
}

function Pager({ office, shown }: { office: Office; shown: number }): JSX.Element | null {
  const t = desk.in(locale.value);
  const [offset, total] = [office.offset.value, office.total.value];
  if (total <= pageSize && offset === 0) return null;
  const last = offset + pageSize >= total;
  return (
    <div class="pager">
      <IconButton
        icon="chevron"
        class="flip"
        label={t.previous}
        disabled={offset === 0}
        onClick={() => {
          office.turn(-1);
        }}
      />
      <span class="tabular" aria-live="polite">
        {t.range(number(offset + 1), number(offset + Math.min(shown, pageSize)), number(total))}
      </span>
      <IconButton
        icon="chevron"
        label={t.next}
        disabled={last}
        onClick={() => {
          office.turn(1);
        }}
      />
    </div>
  );
}

/** Up and down go from row to row; Enter opens. */
function onArrows(event: TargetedKeyboardEvent<HTMLUListElement>): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>('.one__open')];
  const at = all.findIndex((one) => one === document.activeElement);
  const next = all[at + step];
  if (at < 0 || next === undefined) return;
  event.preventDefault();
  next.focus();
}

export function List({ office }: { office: Office }): JSX.Element {
  const t = desk.in(locale.value);
  const scroller = useRef<HTMLDivElement>(null);
  /** Where the chosen row stood after the last drawing. */
  const stood = useRef<{ id: string; top: number } | null>(null);
  const rows = office.rows.value;
  const error = office.listError.value;
  const chosen = chosenTip.value;

  useLayoutEffect(() => {
    const box = scroller.current;
    const row = box?.querySelector<HTMLElement>('.one--on') ?? null;
    if (box === null || row === null || chosen === null) {
      stood.current = null;
    } else if (stood.current?.id === chosen) {
      box.scrollTop += row.offsetTop - stood.current.top;
      stood.current.top = row.offsetTop;
    } else {
      stood.current = { id: chosen, top: row.offsetTop };
      row.scrollIntoView({ block: 'nearest' });
    }
  });

  return (
    <section class="tips" aria-label={t.list}>
      <Filters office={office} />
      <div class="tips__scroll" ref={scroller} aria-busy={rows === null && error === null}>
        {rows === null ? (
          error === null ? (
            Array.from({ length: 5 }, (_, i) => <div key={i} class="skeleton tips__wait" />)
          ) : (
            <Failure error={error} onRetry={() => void office.load()} />
          )
        ) : rows.length === 0 ? (
          <Empty office={office} />
        ) : (
          <ul class="ones" onKeyDown={onArrows}>
            {rows.map((tip) => (
              <Row key={tip.id} office={office} tip={tip} />
            ))}
          </ul>
        )}
      </div>
      {rows !== null && <Pager office={office} shown={rows.length} />}
    </section>
  );
}
