// The studio is one page; the place in it is in the fragment: #/, #/venues, #/people, #/audit, #/b/{broadcast}.

import { computed, signal } from '@preact/signals';

export type List = 'broadcasts' | 'venues' | 'people' | 'audit';
export type Route = { page: List } | { page: 'console'; id: string };

const lists: Record<string, List> = { '#/venues': 'venues', '#/people': 'people', '#/audit': 'audit' };

const hash = signal(location.hash);

addEventListener('hashchange', () => {
  hash.value = location.hash;
});

export const route = computed<Route>(() => {
  const at = /^#\/b\/([a-z0-9][a-z0-9_-]{0,63})$/.exec(hash.value);
  if (at?.[1] !== undefined) return { page: 'console', id: at[1] };
  return { page: lists[hash.value] ?? 'broadcasts' };
});

export function go(to: string): void {
  location.hash = to;
}
