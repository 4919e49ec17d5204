// One comment: what it says, why it is here, what its author saw, and what is done about it.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { fixedClock, formatTime } from '../core/format';
import { refusedByRule, rowLimit, targetOf, type Verb } from '../core/moderation-queue';
import { splitAt } from '../core/moderation-text';
import { noteLimit, reasons, type Item } from '../core/moderation-types';
import { Icon, type IconName } from '../ui/icons';
import { locale, tag } from '../ui/page';
import { IconButton, Notice } from '../ui/parts';
import { Author } from './author';
import { moderate } from './messages';
import { Picture } from './picture';
import { ago, authorName, number, reasonName, ruleName, stateName } from './names';
import type { Desk } from './state';

function Quote({ item }: { item: Item }): JSX.Element {
  const t = moderate.in(locale.value);
  const [before, found, after] = splitAt(item.text, item.why);
  return (
    <>
      {item.reply_to !== undefined && (
        <p class="answered">
          <span class="answered__who">{t.answers(item.reply_to.name)}</span> <bdi>{item.reply_to.text}</bdi>
        </p>
      )}
      <blockquote class="quote">
        {before}
        {found !== '' && <mark>{found}</mark>}
        {after}
      </blockquote>
    </>
  );
}

function Facts({ desk, item }: { desk: Desk; item: Item }): JSX.Element {
  const t = moderate.in(locale.value);
  const liveAt = Date.parse(desk.broadcast.value?.live_at ?? '');
  const reports = Object.entries(item.reports).filter(([, n]) => n > 0);
  return (
    <dl class="facts">
      {item.why !== null && (
        <div class="facts__row">
          <dt>{refusedByRule(item) ? t.refusedBy : t.foundBy}</dt>
          <dd>
            <span class="sign sign--warn">{ruleName(item.why.rule)}</span>
          </dd>
        </div>
      )}
      {reports.length > 0 && (
        <div class="facts__row">
          <dt>{t.reported}</dt>
          <dd>{reports.map(([reason, n]) => t.reportedAs(reasonName(reason), number(n))).join(', ')}</dd>
        </div>
      )}
      <div class="facts__row">
        <dt>{t.written}</dt>
        <dd class="tabular">
          <time dateTime={new Date(item.at).toISOString()}>{formatTime(tag.value, item.at, true)}</time>
        </dd>
      </div>
      {Number.isFinite(liveAt) && item.moment >= liveAt && (
        <div class="facts__row">
          <dt>{t.atMoment}</dt>
          <dd class="tabular">{fixedClock(item.moment - liveAt)}</dd>
        </div>
      )}
    </dl>
  );
}

function Similar({ desk, item }: { desk: Desk; item: Item }): JSX.Element | null {
  const t = moderate.in(locale.value);
  if (item.state !== 'held') return null;
  const alike = desk.queue.similarTo(item);
  const similar = Math.max(item.similar, alike.length - 1);
  if (similar === 0) return null;
  return (
    <div class="similar">
      <span>{t.similar(number(similar))}</span>
      {alike.length > 1 && (
        <button
          type="button"
          class="button button--small"
          onClick={() => {
            desk.setChecked(alike.slice(0, rowLimit));
          }}
        >
          {t.similarSelect(number(alike.length))}
        </button>
      )}
    </div>
  );
}

function Standing({ desk, item }: { desk: Desk; item: Item }): JSX.Element | null {
  const t = moderate.in(locale.value);
  const claim = item.state === 'held' ? desk.queue.heldBy(item.id, desk.now.value) : null;
  if (claim !== null) {
    return (
      <p class="standing standing--claim" role="status">
        <Icon name="lock" />
        {t.claimedNote(claim.name)}
      </p>
    );
  }
  if (item.why !== null && refusedByRule(item)) {
    return (
      <p class="standing" role="status">
        <span class={`sign sign--${item.state}`}>{stateName(item.state)}</span> {t.refusedNote(ruleName(item.why.rule))}
      </p>
    );
  }
  const { decision } = item;
  if (decision === null || item.state === 'held') return null;
  return (
    <div class="standing" role="status">
      <p>
        <span class={`sign sign--${item.state}`}>{stateName(item.state)}</span>{' '}
        {t.decidedBy(decision.name, stateName(decision.state), ago(desk.now.value - decision.at))}
      </p>
      {decision.reason !== 'ok' && decision.reason !== '' && <p>{t.decidedReason(reasonName(decision.reason))}</p>}
      {(decision.note ?? '') !== '' && <p>{t.noteWas(decision.note ?? '')}</p>}
    </div>
  );
}

function Reasons({ desk, ids }: { desk: Desk; ids: readonly number[] }): JSX.Element {
  const t = moderate.in(locale.value);
  const note = useSignal(desk.kept(ids)?.note ?? '');
  const suggested = desk.suggested(ids);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.querySelector<HTMLElement>('[data-suggested]')?.focus();
  }, [ids]);
  return (
    <div class="reasons" role="group" aria-label={t.why} ref={box}>
      <div class="reasons__head">
        <strong>{ids.length > 1 ? `${t.why} (${t.checked(number(ids.length))})` : t.why}</strong>
        <span>{t.whyHint}</span>
        <IconButton icon="close" label={t.cancel} onClick={() => (desk.choosing.value = null)} />
      </div>
      <div class="reasons__list">
        {reasons.map((reason, i) => (
          <button
            type="button"
            key={reason}
            class="reasons__one"
            data-suggested={reason === suggested ? '' : undefined}
            aria-keyshortcuts={String(i + 1)}
            onClick={() => {
              desk.choose(reason, note.value);
            }}
          >
            <kbd aria-hidden="true">{i + 1}</kbd>
            <span>{reasonName(reason)}</span>
            {reason === suggested && <span class="reasons__mark">{t.suggested}</span>}
          </button>
        ))}
      </div>
      <label class="reasons__note">
        <span>
          {t.note} <small>{t.noteHint}</small>
        </span>
        <input
          class="input"
          maxLength={noteLimit}
          value={note.value}
          onInput={(event) => (note.value = event.currentTarget.value)}
        />
      </label>
    </div>
  );
}

function Deed(props: {
  desk: Desk;
  verb: Verb;
  icon: IconName;
  text: string;
  keys: string;
  hint?: string;
  off: boolean;
}): JSX.Element {
  const { desk, verb } = props;
  return (
    <button
      type="button"
      class={`button deed deed--${verb}`}
      aria-keyshortcuts={props.keys}
      title={props.hint}
      disabled={props.off}
      onClick={() => {
        desk.press(verb);
      }}
    >
      <Icon name={props.icon} />
      <span>{props.text}</span>
      {desk.singleKeys.value && <kbd aria-hidden="true">{props.keys}</kbd>}
    </button>
  );
}

function Deeds({ desk, item }: { desk: Desk; item: Item }): JSX.Element {
  const t = moderate.in(locale.value);
  const taken = item.state === 'held' && desk.queue.heldBy(item.id, desk.now.value) !== null;
  const off = taken || desk.frozen.value;
  const choosing = desk.choosing.value;
  // Several are decided from the list.
  if (choosing !== null) return <Reasons key={choosing.join()} desk={desk} ids={choosing} />;
  return (
    <div class="deeds">
      <Deed
        desk={desk}
        verb="approve"
        icon="check"
        text={item.state === 'held' ? t.approve : t.publish}
        keys="D"
        off={off || targetOf('approve', item.state) === null}
      />
      <Deed
        desk={desk}
        verb="reject"
        icon="close"
        text={item.state === 'held' ? t.reject : t.removeIt}
        keys="F"
        off={off || targetOf('reject', item.state) === null}
      />
      <Deed
        desk={desk}
        verb="hold"
        icon="clock"
        text={item.state === 'held' ? t.later : t.takeBack}
        keys="H"
        hint={item.state === 'held' ? t.laterHint : t.takeBack}
        off={desk.frozen.value || (item.state !== 'held' && targetOf('hold', item.state) === null)}
      />
    </div>
  );
}

function Pin({ desk, item }: { desk: Desk; item: Item }): JSX.Element | null {
  const t = moderate.in(locale.value);
  if (item.state !== 'published') return null;
  const pinned = desk.room.value?.pinned?.id === item.id;
  return (
    <button
      type="button"
      class="button button--small"
      aria-pressed={pinned}
      title={t.pinHint}
      disabled={desk.frozen.value}
      onClick={() => void desk.setRoom({ pinned: pinned ? null : item.id })}
    >
      <Icon name="pin" />
      {pinned ? t.unpin : t.pin}
    </button>
  );
}

export function Detail({ desk }: { desk: Desk }): JSX.Element {
  const t = moderate.in(locale.value);
  const item = desk.item.value;
  const heading = useRef<HTMLHeadingElement>(null);
  const open = desk.sheet.value;
  useEffect(() => {
    // On a phone the list is away as long as the sheet is there; elsewhere the focus stays in the list.
    if (open && document.querySelector('.queue')?.getClientRects().length === 0) heading.current?.focus();
  }, [open]);
  if (item === null) {
    return (
      <section class="pane detail detail--none" aria-label={t.detail}>
        {desk.choosing.value !== null ? (
          <Reasons key={desk.choosing.value.join()} desk={desk} ids={desk.choosing.value} />
        ) : (
          // An empty list says enough by itself.
          desk.rows.value.items.length > 0 && (
            <Notice
              icon="comment"
              title={t.detailNoneTitle}
              body={desk.singleKeys.value ? t.detailNoneBody : t.detailNoneBodyKeysOff}
            />
          )
        )}
      </section>
    );
  }
  return (
    <div class="looked">
      <section class="pane detail" aria-label={t.detail}>
        <header class="detail__head">
          <IconButton
            icon="chevron"
            class="detail__back flip"
            label={t.backToList}
            onClick={() => (desk.sheet.value = false)}
          />
          <h2 class="detail__name" ref={heading} tabIndex={-1}>
            {authorName(item)}
          </h2>
          {item.staff !== undefined && (
            <span class="badge badge--ok">{item.staff === 'producer' ? t.producer : t.moderator}</span>
          )}
          <span class="detail__space" />
          <Pin desk={desk} item={item} />
        </header>
        <div class="detail__scroll">
          <Standing desk={desk} item={item} />
          <Quote item={item} />
          <Similar desk={desk} item={item} />
          <Facts desk={desk} item={item} />
          <Picture key={item.id} desk={desk} item={item} />
        </div>
      </section>
      <div class="looked__deeds">
        <Deeds desk={desk} item={item} />
      </div>
      <aside class="pane side" aria-label={t.author}>
        <Author desk={desk} item={item} />
      </aside>
    </div>
  );
}
