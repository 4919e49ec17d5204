// What happened with a tip, oldest first. Times are whole minutes; nothing is ever changed or taken out.

import type { JSX } from 'preact';
import type { TimelineEntry, WholeTip } from '../core/desk-types';
import { Icon } from '../ui/icons';
import { locale } from '../ui/page';
import { desk } from './messages';
import { dayAndMinute, verdictName } from './names';
import type { Office } from './state';

function Entry({ office, entry, readable }: { office: Office; entry: TimelineEntry; readable: boolean }): JSX.Element {
  const t = desk.in(locale.value);
  const sender = entry.by === null;
  const officer = office.overview.value?.officers.find(({ id }) => id === entry.by);
  const deed = {
    received: t.didReceive,
    wrote: t.didWrite,
    triaged: t.didTriage(entry.verdict === null ? '' : verdictName(entry.verdict)),
    answered: t.didAnswer,
    closed: t.didClose,
  }[entry.deed];
  const speaks = entry.deed === 'wrote' || entry.deed === 'answered';
  return (
    <li class={`event event--${sender ? 'sender' : 'officer'} ${speaks ? 'event--speaks' : ''}`}>
      <p class="event__head">
        <Icon
          name={sender ? 'tip' : entry.deed === 'closed' ? 'lock' : entry.deed === 'triaged' ? 'flag' : 'comment'}
        />
        <span>
          <strong>{sender ? t.sender : (officer?.name ?? entry.by)}</strong> {deed}
        </span>
        <time class="event__time tabular" dateTime={entry.at}>
          {dayAndMinute(Date.parse(entry.at))}
        </time>
      </p>
      {/* The first words stand beside it, with the evidence. */}
      {speaks && <p class="event__words">{readable ? entry.text : <span class="fact__none">{t.sealedWords}</span>}</p>}
    </li>
  );
}

export function Timeline({ office, tip }: { office: Office; tip: WholeTip }): JSX.Element {
  const t = desk.in(locale.value);
  return (
    <>
      <div class="part__head">
        <h3>{t.timeline}</h3>
        <p class="part__note">{t.timelineNote}</p>
      </div>
      <ol class="events">
        {tip.timeline.map((entry) => (
          <Entry key={entry.number} office={office} entry={entry} readable={tip.readable} />
        ))}
      </ol>
    </>
  );
}
