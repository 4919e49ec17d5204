// People and their rights, as docs/API.md has them.

export const roles = ['admin', 'producer', 'moderator', 'officer'] as const;
export type Role = (typeof roles)[number];

export type Right =
  | 'own-account'
  | 'see-broadcasts'
  | 'run-broadcasts'
  | 'manage-venues'
  | 'moderate'
  | 'speak-as-staff'
  | 'read-tips'
  | 'manage-people'
  | 'read-audit';

export interface Person {
  id: string;
  name: string;
  roles: Role[];
  must_change_password: boolean;
  disabled: boolean;
  /** Only in the answer that makes it. */
  password?: string;
}

/** Who is logged in. */
export interface Me {
  via: 'token' | 'session';
  person: Person | null;
  rights: Right[];
}

export interface AuditEntry {
  number: number;
  time: string;
  by: string;
  via: string;
  action: string;
  subject: string;
  detail: Record<string, unknown> | null;
}
