// Broadcasts, venues, people and the audit log as the server has them, fetched when a page shows them.

import { signal } from '@preact/signals';
import type { ApiError } from '../core/api';
import type { AuditEntry, Person } from '../core/people';
import type { Broadcast, Venue } from '../core/studio-types';
import { admin, asApiError } from '../staff/session';

export const broadcasts = signal<Broadcast[] | null>(null);
export const venues = signal<Venue[] | null>(null);
export const people = signal<Person[] | null>(null);
export const audit = signal<{ entries: AuditEntry[] | null; more: boolean }>({ entries: null, more: false });
export const listError = signal<ApiError | null>(null);

async function load(run: () => Promise<void>): Promise<void> {
  try {
    await run();
    listError.value = null;
  } catch (error) {
    listError.value = asApiError(error);
  }
}

export function loadBroadcasts(): Promise<void> {
  return load(async () => {
    broadcasts.value = (await admin<{ broadcasts: Broadcast[] }>('broadcasts')).broadcasts;
  });
}

export function loadVenues(): Promise<void> {
  return load(async () => {
    venues.value = (await admin<{ venues: Venue[] }>('venues')).venues;
  });
}

export function loadPeople(): Promise<void> {
  return load(async () => {
    people.value = (await admin<{ people: Person[] }>('people')).people;
  });
}

const auditPage = 50;

/** The newest entries, or those before what is there. */
export function loadAudit(anew: boolean): Promise<void> {
  return load(async () => {
    const known = anew ? [] : (audit.value.entries ?? []);
    const before = known.at(-1)?.number ?? 0;
    const { entries } = await admin<{ entries: AuditEntry[] }>(
      `audit?limit=${String(auditPage)}&before=${String(before)}`,
    );
    audit.value = { entries: [...known, ...entries], more: entries.length === auditPage };
  });
}
