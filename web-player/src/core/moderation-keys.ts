// Keyboard of the moderators' page. Single keys never fire with Ctrl, Cmd or Alt held, while text is typed, or when switched
// off (WCAG 2.1.4); arrows move within the list that has the focus and are no single keys in that sense.

import type { Verb } from './moderation-queue';
import { reasons, type Reason } from './moderation-types';

export type TriageAction =
  | { do: Verb }
  | { do: 'next' | 'previous' | 'undo' | 'mark' | 'help' | 'back' }
  /** null: the one that is suggested. */
  | { do: 'reason'; reason: Reason | null };

export interface TriagePress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  /** Where the focus is; a row is one of the list's. */
  target: 'page' | 'row' | 'button' | 'text' | 'dialog';
}

const letters: Record<string, TriageAction> = {
  d: { do: 'approve' },
  f: { do: 'reject' },
  h: { do: 'hold' },
  j: { do: 'next' },
  k: { do: 'previous' },
  u: { do: 'undo' },
  x: { do: 'mark' },
  '?': { do: 'help' },
};

/** choosing: a reason is asked for; then only its keys count. */
export function triageAction(press: TriagePress, singleKeys: boolean, choosing: boolean): TriageAction | null {
  const { key, target } = press;
  if (press.ctrlKey || press.metaKey || press.altKey || target === 'dialog') return null;
  if (key === 'Escape') return { do: 'back' };
  if (target === 'text') return null;
  if (target === 'row' && !choosing) {
    if (key === 'ArrowDown') return { do: 'next' };
    if (key === 'ArrowUp') return { do: 'previous' };
  }
  if (!singleKeys) return null;
  const letter = key.length === 1 ? key.toLowerCase() : key;
  if (!choosing) return letters[letter] ?? null;
  if (letter === 'f') return { do: 'reason', reason: null };
  const reason = /^[1-9]$/.test(letter) ? reasons[Number(letter) - 1] : undefined;
  return reason === undefined ? null : { do: 'reason', reason };
}

/** What viewers say is wrong, else what was chosen for this rule last, else what most often is. */
export function suggestedReason(
  rule: string | null,
  reports: Readonly<Record<string, number>>,
  last: Reason | null,
): Reason {
  let reported: Reason | null = null;
  let most = 0;
  for (const reason of reasons) {
    const n = reports[reason] ?? 0;
    if (n > most) [reported, most] = [reason, n];
  }
  if (reported !== null) return reported;
  if (last !== null) return last;
  if (rule === 'link' || rule === 'duplicate') return 'spam';
  if (rule === 'phone' || rule === 'id_number') return 'private';
  if (rule === 'flood') return 'flood';
  return rule?.startsWith('word:') === true ? 'abuse' : 'other';
}
