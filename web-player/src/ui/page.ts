// Language and theme of the page: signals, remembered, applied to <html>.

import { computed, effect, signal } from '@preact/signals';
import { chooseLocale, languageTag, type Locale } from '../core/i18n';
import { settings } from '../core/settings';
import type { Site } from '../core/types';

export type Theme = 'dark' | 'light';

const query = new URLSearchParams(location.search);

export const locale = signal<Locale>(chooseLocale(query.get('lang'), settings.get('lang'), navigator.languages));
/** For Intl. */
export const tag = computed(() => languageTag(locale.value));

const asked = query.get('theme') ?? settings.get('theme');
const given = document.documentElement.dataset.theme === 'light' ? 'light' : 'dark';
export const theme = signal<Theme>(asked === 'dark' || asked === 'light' ? asked : given);

effect(() => {
  document.documentElement.lang = tag.value;
});
effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

/** The institution's name in the page's language, if it has one. */
export function siteName(site: Site | undefined): string | undefined {
  const own = (locale.value === 'zh-CN' ? site?.name_zh : site?.name_en) ?? '';
  const name = own === '' ? (site?.name ?? '') : own;
  return name === '' ? undefined : name;
}

export function setLocale(next: Locale): void {
  settings.set('lang', next);
  locale.value = next;
}

export function setTheme(next: Theme): void {
  settings.set('theme', next);
  theme.value = next;
}
