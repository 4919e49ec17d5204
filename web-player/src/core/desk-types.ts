// The values of the desk (docs/API.md) as the officers' page uses them. What a newer server adds is ignored.

export const tipStates = ['received', 'triaged', 'answered', 'closed'] as const;
export type TipState = (typeof tipStates)[number];

export const verdicts = ['spam', 'consultation', 'feedback', 'report', 'lead'] as const;
export type Verdict = (typeof verdicts)[number];

/** Days; null: it is kept. `spam`: closed as that. */
export type KeepDays = Record<TipState | 'spam', number | null>;

export interface Officer {
  id: string;
  name: string;
  state: 'root' | 'countersigned' | 'waiting' | 'no_key';
  fingerprint: string | null;
}

export interface Overview {
  founded: boolean;
  /** This session's key. */
  open: boolean;
  recovery_fingerprint: string | null;
  me: Officer | null;
  officers: Officer[];
  /** null: who asks is not on the roster. */
  counts: Record<TipState, number> | null;
  keep_days?: KeepDays;
}

/** Times are whole minutes. */
export interface Tip {
  id: string;
  state: TipState;
  verdict: Verdict | null;
  received_at: string;
  changed_at: string;
  broadcast: string | null;
  /** Of the program. */
  minute: string | null;
  /** One is kept, or was. */
  clip: boolean;
  photos: number;
  /** The tipster, and waits for an answer. */
  wrote_again?: boolean;
  readable: boolean;
}

export interface ListedTip extends Tip {
  /** null where it does not open. */
  kind: string | null;
  excerpt: string | null;
}

export interface TipContent {
  kind: string;
  text: string;
  contact: string | null;
  /** Exact. */
  moment: string | null;
}

export interface TimelineEntry {
  number: number;
  at: string;
  /** null: the tipster. */
  by: string | null;
  deed: 'received' | 'wrote' | 'triaged' | 'answered' | 'closed';
  verdict: Verdict | null;
  text: string | null;
}

export interface WholeTip extends Tip {
  content: TipContent | null;
  timeline: TimelineEntry[];
  /** The playlist of the clip; null: there is nothing of it (withdrawn, or never recorded). */
  clip_hls?: string | null;
  /** false: its media still arrives. */
  clip_complete?: boolean;
}

export type DeskEvent = { t: 'here' } | { t: 'changed' };
