// Broadcasts and venues as the server has them, fetched when a page shows them.

import { signal } from '@preact/signals';
import type { ApiError } from '../core/api';
import type { Broadcast, Venue } from '../core/studio-types';
import { admin, asApiError } from './session';

export const broadcasts = signal<Broadcast[] | null>(null);
export const venues = signal<Venue[] | null>(null);
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
