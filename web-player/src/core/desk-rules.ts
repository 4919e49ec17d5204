// What the officers' page goes by, without page or network: what may be done with a tip, how long it is kept, which rows a list
// shows, how keys are compared.

import type { KeepDays, ListedTip, Officer, Overview, Tip, TipState, Verdict, WholeTip } from './desk-types';
import { tipStates } from './desk-types';

export const pageSize = 50;
export const mostCharacters = 10_000;

export type Filter = TipState | 'all';

export type Deed = 'triage' | 'answer' | 'standard' | 'close';
/** Why something cannot be done now. */
export type Obstacle = 'unreadable' | 'closed' | 'untriaged' | 'not-spam' | 'unanswered' | 'lost';

/** null: it can be done. connected: the page shows what the server has. */
export function obstacle(deed: Deed, tip: Tip, connected: boolean): Obstacle | null {
  if (tip.state === 'closed') return 'closed';
  if (!tip.readable) return 'unreadable';
  if (!connected) return 'lost';
  if (deed !== 'triage' && tip.state === 'received') return 'untriaged';
  if (deed === 'standard' && tip.verdict !== 'spam') return 'not-spam';
  if (deed === 'close' && tip.state !== 'answered') return 'unanswered';
  return null;
}

const dayMs = 86_400_000;

/** UTC ms after which the tip is deleted; null: it is kept. The clock runs from the last change of its state. */
export function deletedAt(tip: Pick<Tip, 'state' | 'verdict' | 'changed_at'>, keep: KeepDays): number | null {
  const days = keep[tip.state === 'closed' && tip.verdict === 'spam' ? 'spam' : tip.state];
  return days === null ? null : Date.parse(tip.changed_at) + days * dayMs;
}

/** Somebody waits for an officer: nobody has looked yet, or there are new words, or no answer so far. */
export const waits = (tip: Pick<Tip, 'state'>): boolean => tip.state === 'received' || tip.state === 'triaged';

export function countOf(counts: NonNullable<Overview['counts']>, filter: Filter): number {
  return filter === 'all' ? tipStates.reduce((sum, state) => sum + counts[state], 0) : counts[filter];
}

/**
 * The rows after an update. The selected one stays where it stood, though the filter or the page would not have it any more:
 * nothing leaves from under the eye. `looked`: the selected tip as it is now.
 */
export function rowsAfter(before: readonly ListedTip[], fresh: readonly ListedTip[], looked: Tip | null): ListedTip[] {
  const rows = [...fresh];
  if (looked === null || rows.some(({ id }) => id === looked.id)) return rows;
  const at = before.findIndex(({ id }) => id === looked.id);
  const old = before[at];
  if (old === undefined) return rows;
  const { state, verdict, changed_at } = looked;
  const now = { state, verdict, changed_at, wrote_again: looked.wrote_again === true };
  rows.splice(Math.min(at, rows.length), 0, { ...old, ...now });
  return rows;
}

/** The last page that still holds something, if `offset` is beyond the end. */
export function validOffset(offset: number, total: number): number {
  if (offset < total || total === 0) return total === 0 ? 0 : offset;
  return Math.floor((total - 1) / pageSize) * pageSize;
}

/** Groups by spaces, for printing and reading aloud. */
export const groupsOf = (key: string): string[] => key.split(/[\s-]+/).filter((group) => group !== '');

/** Whether what was typed are the last `count` groups of a key, whatever the case and the signs between. */
export function isEnding(key: string, typed: string, count: number): boolean {
  const plain = (text: string) => text.replace(/[\s-]/g, '').toLowerCase();
  const wanted = plain(groupsOf(key).slice(-count).join(''));
  return wanted !== '' && plain(typed) === wanted;
}

export const vouchers = (officers: readonly Officer[]): Officer[] =>
  officers.filter(({ state }) => state === 'root' || state === 'countersigned');
export const waiting = (officers: readonly Officer[]): Officer[] => officers.filter(({ state }) => state === 'waiting');

export type Standing = 'locked' | 'unfounded' | 'waiting' | 'in';

/** What stands between an officer and the tips. */
export function standing(overview: Overview): Standing {
  if (!overview.open || overview.me === null || overview.me.state === 'no_key') return 'locked';
  if (!overview.founded) return 'unfounded';
  return overview.me.state === 'waiting' ? 'waiting' : 'in';
}

/** What was said last counts the verdict; a new one is worth a deed only when it differs. */
export const changesVerdict = (tip: Tip, verdict: Verdict | null): boolean =>
  verdict !== null && (tip.state === 'received' || verdict !== tip.verdict);

/** The number of the last entry of a tip that is there to be seen. */
export const lastOf = (tip: Pick<WholeTip, 'timeline'>): number => tip.timeline.at(-1)?.number ?? 0;

/** Characters as the server counts them. */
export const lengthOf = (text: string): number => Array.from(text).length;
