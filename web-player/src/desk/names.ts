// What kinds, states, verdicts, obstacles and times are called.

import type { Filter, Obstacle } from '../core/desk-rules';
import type { Officer, TipState, Verdict } from '../core/desk-types';
import { formatDay, formatNumber, formatTime, formatWhen } from '../core/format';
import { locale, tag } from '../ui/page';
import { desk } from './messages';

const words = () => desk.in(locale.value);

export const number = (value: number): string => formatNumber(tag.value, value);

export function stateName(state: Filter): string {
  return words()[state];
}

export function verdictName(verdict: Verdict): string {
  return words()[verdict];
}

/** A kind of a newer server stays as it is. */
export function kindName(kind: string): string {
  const t = words();
  const known: Record<string, string> = {
    lead: t.kindLead,
    report: t.kindReport,
    consultation: t.kindConsultation,
    feedback: t.kindFeedback,
    other: t.kindOther,
  };
  return known[kind] ?? kind;
}

export function obstacleName(obstacle: Obstacle): string {
  const t = words();
  return {
    unreadable: t.whyUnreadable,
    closed: t.whyClosed,
    untriaged: t.whyUntriaged,
    'not-spam': t.whyNotSpam,
    unanswered: t.whyUnanswered,
    lost: t.whyLost,
  }[obstacle];
}

export function officerStateName(state: Officer['state']): string {
  const t = words();
  return { root: t.stateRoot, countersigned: t.stateCountersigned, waiting: t.stateWaiting, no_key: t.stateNoKey }[
    state
  ];
}

/** An icon for each state, so that colour is not alone. */
export const stateIcon: Record<TipState, 'tip' | 'clock' | 'comment' | 'lock'> = {
  received: 'tip',
  triaged: 'clock',
  answered: 'comment',
  closed: 'lock',
};

/** "14:03" of today, else the day with it. */
export const when = (at: number, now: number): string => formatWhen(tag.value, at, now);

/** Day and minute, always. */
export const dayAndMinute = (at: number): string => `${formatDay(tag.value, at)} ${formatTime(tag.value, at)}`;
