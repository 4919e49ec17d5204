// One tip: what it says, its evidence, and what was and can be done about it.

import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { deletedAt } from '../core/desk-rules';
import type { WholeTip } from '../core/desk-types';
import { formatDay, formatTime } from '../core/format';
import { Icon } from '../ui/icons';
import { locale, tag } from '../ui/page';
import { Failure, IconButton, Notice } from '../ui/parts';
import { Deeds } from './deeds';
import { Clip, Photos } from './evidence';
import { desk } from './messages';
import { dayAndMinute, kindName, stateIcon, stateName, verdictName } from './names';
import { chosenTip, go } from './router';
import type { Office } from './state';
import { Timeline } from './timeline';

function Fact({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function About({ office, id }: { office: Office; id: string }): JSX.Element {
  const t = desk.in(locale.value);
  const broadcast = office.broadcasts.value.get(id);
  if (broadcast == null) return <span>{id}</span>;
  return (
    <a
      href={`/watch/${id}`}
      target="_blank"
      rel="noopener"
      aria-label={t.watchPageOf(broadcast.title)}
      lang={broadcast.language}
    >
      {broadcast.title}
      <Icon name="external" class="icon--text" />
    </a>
  );
}

function Facts({ office, tip }: { office: Office; tip: WholeTip }): JSX.Element {
  const t = desk.in(locale.value);
  const { content } = tip;
  const keep = office.overview.value?.keep_days;
  const until = keep === undefined ? null : deletedAt(tip, keep);
  const exact = content?.moment ?? null;
  return (
    <dl class="facts">
      {content !== null && <Fact name={t.sentAs}>{kindName(content.kind)}</Fact>}
      <Fact name={t.verdictIs}>{tip.verdict === null ? t.verdictNone : verdictName(tip.verdict)}</Fact>
      <Fact name={t.receivedAt}>
        <time class="tabular" dateTime={tip.received_at}>
          {dayAndMinute(Date.parse(tip.received_at))}
        </time>
      </Fact>
      <Fact name={t.about}>{tip.broadcast === null ? t.aboutNone : <About office={office} id={tip.broadcast} />}</Fact>
      {(exact !== null || tip.minute !== null) && (
        <Fact name={t.momentOf}>
          <span class="tabular">
            {exact === null
              ? t.clipMinute(dayAndMinute(Date.parse(tip.minute ?? '')))
              : `${formatDay(tag.value, Date.parse(exact))} ${formatTime(tag.value, Date.parse(exact), true)}`}
          </span>
        </Fact>
      )}
      {content !== null && (
        <Fact name={t.contact}>
          {content.contact === null ? (
            <span class="fact__none">{t.contactNone}</span>
          ) : (
            <strong class="fact__contact">{content.contact}</strong>
          )}
        </Fact>
      )}
      {keep !== undefined && (
        <Fact name={t.kept}>
          {until === null ? (
            t.keptAlways
          ) : (
            <time dateTime={new Date(until).toISOString()}>
              {t.keptUntil(formatDay(tag.value, until), stateName(tip.state))}
            </time>
          )}
        </Fact>
      )}
    </dl>
  );
}

function Head({ tip }: { tip: WholeTip | null }): JSX.Element {
  const t = desk.in(locale.value);
  const heading = useRef<HTMLHeadingElement>(null);
  const id = chosenTip.value;
  useEffect(() => {
    // On a phone the list is away: who reads or types goes on from the tip.
    const list = document.querySelector('.tips');
    if (list?.getClientRects().length === 0) heading.current?.focus({ preventScroll: true });
  }, [id]);
  return (
    <header class="tip__head">
      <IconButton
        icon="chevron"
        class="tip__back flip"
        label={t.backToList}
        onClick={() => {
          go('#/');
        }}
      />
      <h2 class="tip__name" ref={heading} tabIndex={-1}>
        {tip === null ? t.tip : tip.content === null ? t.unreadableShort : kindName(tip.content.kind)}
      </h2>
      {tip !== null && (
        <span class={`mark mark--${tip.state}`}>
          <Icon name={stateIcon[tip.state]} />
          {stateName(tip.state)}
        </span>
      )}
      {tip?.wrote_again === true && <span class="mark mark--again">{t.wroteAgain}</span>}
    </header>
  );
}

function Words({ tip }: { tip: WholeTip }): JSX.Element {
  const t = desk.in(locale.value);
  if (tip.content === null) {
    return (
      <div class="sealed">
        <Icon name="lock" />
        <div>
          <p class="sealed__title">{t.unreadable}</p>
          <p>{t.unreadableBody}</p>
        </div>
      </div>
    );
  }
  return <blockquote class="words">{tip.content.text}</blockquote>;
}

export function TipPane({ office }: { office: Office }): JSX.Element {
  const t = desk.in(locale.value);
  const id = chosenTip.value;
  const tip = office.tip.value?.id === id ? office.tip.value : null;
  const error = office.tipError.value;
  if (id === null) {
    return (
      <section class="tip tip--none" aria-label={t.tip}>
        {office.rows.value !== null && office.rows.value.length > 0 && (
          <Notice icon="tip" title={t.noneTitle} body={t.noneBody} />
        )}
      </section>
    );
  }
  if (error?.status === 404) {
    return (
      <section class="tip tip--none" aria-label={t.tip}>
        <div role="alert">
          <Notice icon="trash" title={t.goneTitle} body={t.goneBody}>
            <a class="button button--touch" href="#/">
              {t.toList}
            </a>
          </Notice>
        </div>
      </section>
    );
  }
  if (tip === null) {
    return (
      <section class="tip" aria-label={t.tip} aria-busy={error === null}>
        <Head tip={null} />
        {error === null ? (
          <div class="tip__side">
            <div class="skeleton tip__wait" />
            <div class="skeleton tip__wait tip__wait--tall" />
          </div>
        ) : (
          <Failure error={error} onRetry={() => void office.load()} />
        )}
      </section>
    );
  }
  return (
    <div class="tip" key={tip.id}>
      <Head tip={tip} />
      <section class="tip__side tip__evidence" aria-label={t.evidence} tabIndex={-1}>
        <Words tip={tip} />
        <Facts office={office} tip={tip} />
        <Photos tip={tip} />
        <Clip tip={tip} now={office.now.value} />
      </section>
      <section class="tip__side tip__talk" aria-label={t.timeline}>
        <Timeline office={office} tip={tip} />
        <Deeds office={office} tip={tip} />
      </section>
    </div>
  );
}
