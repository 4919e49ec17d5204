// The values of the moderators' protocol as the page uses them. Times are UTC ms of the server or of the program.

export const states = ['held', 'published', 'rejected', 'removed'] as const;
export type ItemState = (typeof states)[number];

/** Why a person rejected or removed something, in the order of the keys 1 to 7. */
export const reasons = ['spam', 'abuse', 'private', 'illegal', 'off_topic', 'flood', 'other'] as const;
export type Reason = (typeof reasons)[number];

/** Characters of a note for colleagues. */
export const noteLimit = 300;

export const modes = ['open', 'risky', 'all', 'closed'] as const;
export type RoomMode = (typeof modes)[number];

export interface Why {
  rule: string;
  /** What it found, in UTF-16 units of the text. */
  from?: number;
  to?: number;
}

export interface Decision {
  by: string;
  name: string;
  at: number;
  state: ItemState;
  reason: string;
  note?: string | null;
  undo_until: number | null;
}

export interface AuthorBan {
  until: number | null;
  reason: string;
}

export interface Comment {
  id: number;
  at: number;
  /** Program time of the picture that its author saw. */
  moment: number;
  /** Names its author within this broadcast. */
  by: string;
  name: string;
  text: string;
  staff?: 'moderator' | 'producer';
  reply_to?: { id: number; name: string; text: string };
}

export interface Item extends Comment {
  state: ItemState;
  why: Why | null;
  /** A rule has refused it, and nobody has decided since. */
  by_rule?: true;
  reports: Record<string, number>;
  similar: number;
  earlier: number;
  banned: AuthorBan | null;
  decision: Decision | null;
}

export interface Claim {
  id: number;
  /** null: free again. */
  by: string | null;
  name: string;
  until: number;
}

export interface Room {
  mode: RoomMode;
  open: boolean;
  slow_s: number;
  max_text: number;
  pinned: Comment | null;
}

export interface Counts {
  held: number;
  oldest_at: number | null;
  per_minute: number;
  viewers: number;
}

export type ModerationEvent =
  | { t: 'queue'; items: Item[]; claims: Claim[]; room: Room; counts: Counts }
  | { t: 'items'; items: Item[] }
  | { t: 'claims'; claims: Claim[] }
  | { t: 'room'; room: Room }
  | ({ t: 'counts' } & Counts);

export interface Refused {
  id: number;
  code: 'conflict' | 'claimed' | 'not_found';
  by?: string;
  name?: string;
  state?: ItemState;
}

export interface Decided {
  decided: Item[];
  refused: Refused[];
}

export interface Ban {
  n: number;
  by: string;
  name: string;
  until: number | null;
  reason: string;
  since: number;
  /** Who banned: the id, and the name as it is now; null: not there any more. */
  person: string;
  person_name?: string | null;
}

export interface WordList {
  name: string;
  words: number;
  changed_at: number | string | null;
  /** Who changed it last, as in Ban. */
  by: string;
  by_name?: string | null;
}
