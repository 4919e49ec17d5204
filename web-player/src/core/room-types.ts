// The values of docs/ROOM.md as the pages use them. What a newer server adds is ignored.

export type StaffRole = 'moderator' | 'producer';

export interface Reply {
  id: number;
  name: string;
  /** The beginning of what is answered; empty when it has been removed. */
  text: string;
}

export interface Comment {
  id: number;
  /** Server clock and program clock, Unix ms. */
  at: number;
  moment: number;
  /** Its author within this broadcast. */
  by: string;
  /** May be empty. */
  name: string;
  text: string;
  staff?: StaffRole;
  reply_to?: Reply;
}

export interface Why {
  rule: string;
  /** What the rule found, in UTF-16 units of the text as sent. */
  from?: number;
  to?: number;
}

export interface Ban {
  /** Null: until the end of this broadcast. */
  until: number | null;
  reason: string;
}

export interface RoomSettings {
  mode: 'open' | 'risky' | 'all' | 'closed';
  /** False before and after the live broadcast, whatever the mode. */
  open: boolean;
  slow_s: number;
  max_text: number;
  pinned: Comment | null;
  reactions: string[];
}

export type RefusalCode =
  | 'invalid'
  | 'slow_down'
  | 'slow_mode'
  | 'duplicate'
  | 'rule'
  | 'banned'
  | 'closed'
  | 'not_found'
  | 'busy'
  | 'forbidden';

export type ReportReason = 'spam' | 'abuse' | 'private' | 'illegal' | 'other';

export type Epoch = string | number;

export type RoomEvent =
  | ({ k: 'comment' } & Comment)
  | { k: 'removed'; id: number }
  | { k: 'pinned'; comment: Comment | null }
  | { k: 'room'; room: RoomSettings }
  | { k: 'gone' };

/** From the hub. */
export type RoomMessage =
  | {
      t: 'welcome';
      token: string;
      viewer: string;
      name: string;
      staff: StaffRole | null;
      epoch: Epoch;
      now: number;
      room: RoomSettings;
      viewers: number;
      banned: Ban | null;
      since: 'resumed' | 'gap' | 'fresh';
    }
  | { t: 'events'; from: number; events: RoomEvent[] }
  | { t: 'ack'; ref: string; id?: number; state?: 'published' | 'held'; why?: Why }
  | { t: 'refused'; ref?: string; code: RefusalCode; message: string; id?: number; retry_ms?: number; why?: Why }
  | { t: 'decided'; id: number; state: 'published' | 'rejected' | 'removed' | 'held'; reason: string }
  | { t: 'banned'; ban: Ban | null }
  | { t: 'counts'; viewers: number; reactions: Record<string, number> }
  | { t: 'resync'; from: number };

/** Answer of GET /api/v1/broadcasts/{b}/comments?minute=N. */
export interface MinuteOfComments {
  minute: number;
  comments: Comment[];
  left_out: number;
}
