// The page's places are in the fragment: #/ the list, #/t/{tip} a tip beside it (on a phone, over it), #/officers.

import { computed, signal } from '@preact/signals';

const hash = signal(location.hash);

addEventListener('hashchange', () => {
  hash.value = location.hash;
});

export const chosenTip = computed(() => /^#\/t\/([a-z0-9]{1,64})$/.exec(hash.value)?.[1] ?? null);
export const atOfficers = computed(() => hash.value === '#/officers');

export const tipHref = (id: string): string => `#/t/${id}`;

export function go(to: string): void {
  location.hash = to;
}
