// The page's places are in the fragment: #/ the broadcasts, #/b/{broadcast} its queue, #/b/{broadcast}/bans, #/words and
// #/words/{list}.

import { computed, signal } from '@preact/signals';

export type Route =
  { page: 'broadcasts' } | { page: 'queue' | 'bans'; id: string } | { page: 'words'; list: string | null };

const hash = signal(location.hash);

addEventListener('hashchange', () => {
  hash.value = location.hash;
});

export const route = computed<Route>(() => {
  const at = /^#\/b\/([a-z0-9][a-z0-9_-]{0,63})(\/bans)?$/.exec(hash.value);
  if (at?.[1] !== undefined) return { page: at[2] === undefined ? 'queue' : 'bans', id: at[1] };
  const words = /^#\/words(?:\/([^/]+))?$/.exec(hash.value);
  if (words !== null) return { page: 'words', list: words[1] === undefined ? null : decoded(words[1]) };
  return { page: 'broadcasts' };
});

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

export function go(to: string): void {
  location.hash = to;
}
