// Message catalogues. A catalogue is written once in English; its type obliges the Chinese one to have the same entries
// with the same parameters. A pseudo-locale, made from the English one, shows where a layout depends on English length.

export type Locale = 'en' | 'zh-CN' | 'pseudo';

export type Entry = string | ((...values: never[]) => string);
export type Entries = Record<string, Entry>;
/** What a translation must provide: texts for texts, functions of the same parameters for functions. */
export type Translated<T extends Entries> = { [K in keyof T]: T[K] extends string ? string : T[K] };

export interface Catalogue<T extends Entries> {
  in(locale: Locale): Translated<T>;
}

/** Accents every letter and lengthens the text by 40 % in words of eight letters, in brackets that show a cut-off end. */
export function pseudo(text: string): string {
  const accented = text.replace(/[a-z]/gi, '$&\u0301').normalize();
  const more = '~'.repeat(Math.ceil(text.length * 0.4)).replace(/~{8}(?=~)/g, '$& ');
  return `[${accented}${more}]`;
}

export function catalogue<T extends Entries>(en: T, zh: Translated<T>): Catalogue<T> {
  let made: Translated<T> | null = null;
  const pseudoEntries = (): Translated<T> => {
    if (made === null) {
      const entries = Object.entries(en).map(([key, entry]) => [
        key,
        typeof entry === 'string' ? pseudo(entry) : (...values: never[]) => pseudo(entry(...values)),
      ]);
      made = Object.fromEntries(entries) as Translated<T>;
    }
    return made;
  };
  return {
    in(locale) {
      if (locale === 'pseudo') return pseudoEntries();
      return locale === 'zh-CN' ? zh : (en as Translated<T>);
    },
  };
}

/** The language to speak: the address, then what was chosen before, then the browser's wishes in order. */
export function chooseLocale(asked: string | null, remembered: string | null, wishes: readonly string[]): Locale {
  const known = (tag: string | null): Locale | null => {
    if (tag === null) return null;
    const lower = tag.toLowerCase();
    if (lower === 'pseudo') return 'pseudo';
    if (lower === 'zh' || lower.startsWith('zh-')) return 'zh-CN';
    if (lower === 'en' || lower.startsWith('en-')) return 'en';
    return null;
  };
  for (const tag of [asked, remembered, ...wishes]) {
    const locale = known(tag);
    if (locale !== null) return locale;
  }
  return 'en';
}

/** The tag for Intl and for the lang attribute. */
export function languageTag(locale: Locale): string {
  return locale === 'pseudo' ? 'en' : locale;
}
