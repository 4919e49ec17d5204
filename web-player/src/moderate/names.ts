// What states, rules, reasons and people are called.

import { formatNumber, formatRelative } from '../core/format';
import type { Act } from '../core/moderation-queue';
import { reasons, type Comment, type ItemState, type Reason, type RoomMode } from '../core/moderation-types';
import { locale, tag } from '../ui/page';
import { moderate } from './messages';

const words = () => moderate.in(locale.value);

export const number = (value: number): string => formatNumber(tag.value, value);

export function authorName({ name, by }: Pick<Comment, 'name' | 'by'>): string {
  return name === '' ? words().viewer(by.slice(0, 4)) : name;
}

/** The id of somebody who has no name (any more). */
export const personName = (id: string, name: string | null | undefined): string => (name ?? '') || id;

export function stateName(state: ItemState): string {
  const t = words();
  return { held: t.stateHeld, published: t.statePublished, rejected: t.stateRejected, removed: t.stateRemoved }[state];
}

/** What somebody did who made this state of it. */
export function deedName(state: ItemState): string {
  const t = words();
  return { held: t.whatHeld, published: t.whatPublished, rejected: t.whatRejected, removed: t.whatRemoved }[state];
}

export function modeName(mode: RoomMode): string {
  const t = words();
  return { open: t.modeOpen, risky: t.modeRisky, all: t.modeAll, closed: t.modeClosed }[mode];
}

/** A rule of a newer server stays as it is. */
export function ruleName(rule: string): string {
  const t = words();
  if (rule.startsWith('word:')) return t.ruleWord(rule.slice(5));
  const known: Record<string, string> = {
    mode: t.ruleMode,
    link: t.ruleLink,
    phone: t.rulePhone,
    id_number: t.ruleId,
    duplicate: t.ruleDuplicate,
    flood: t.ruleFlood,
    name: t.ruleName,
  };
  return known[rule] ?? rule;
}

export function reasonName(reason: string): string {
  const t = words();
  const known: Record<Reason | 'ok', string> = {
    spam: t.reasonSpam,
    abuse: t.reasonAbuse,
    private: t.reasonPrivate,
    illegal: t.reasonIllegal,
    off_topic: t.reasonOffTopic,
    flood: t.reasonFlood,
    other: t.reasonOther,
    ok: t.reasonOk,
  };
  // Why somebody took their own decision back is not asked.
  if (reason === 'undo') return t.reasonUndo;
  return reason === 'ok' || (reasons as readonly string[]).includes(reason) ? known[reason as Reason] : reason;
}

/** "3 seconds ago", "2 minutes ago" */
export function ago(ms: number): string {
  const seconds = Math.round(Math.max(0, ms) / 1000);
  if (seconds < 1) return words().justNow;
  if (seconds >= 60) return formatRelative(tag.value, -ms);
  return new Intl.RelativeTimeFormat(tag.value, { style: 'short' }).format(-seconds, 'second');
}

/** "38 s", "4 min", "2 h" */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [value, unit] =
    seconds < 100
      ? [seconds, 'second']
      : seconds < 6000
        ? [Math.floor(seconds / 60), 'minute']
        : [Math.floor(seconds / 3600), 'hour'];
  return new Intl.NumberFormat(tag.value, { style: 'unit', unit, unitDisplay: 'short' }).format(value);
}

export function actName(act: Act): string {
  const t = words();
  const what =
    act.verb === 'approve'
      ? t.didApprove
      : act.verb === 'hold'
        ? t.didHold
        : act.decisions[0]?.state === 'removed'
          ? t.didRemove
          : t.didReject;
  return act.decisions.length > 1 ? t.didMany(what, number(act.decisions.length)) : what;
}
