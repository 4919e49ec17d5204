// What a viewer chose, remembered on this device only. A browser that refuses storage (private mode, embedded web views)
// still works: the choice then lasts as long as the page.

export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

export class Settings {
  private readonly memory = new Map<string, string>();

  constructor(private readonly store: Store | null) {}

  get(key: string): string | null {
    try {
      return this.store?.getItem('openday.' + key) ?? this.memory.get(key) ?? null;
    } catch {
      return this.memory.get(key) ?? null;
    }
  }

  set(key: string, value: string): void {
    this.memory.set(key, value);
    try {
      this.store?.setItem('openday.' + key, value);
    } catch {
      // Full or forbidden: memory has it.
    }
  }

  /** A list of words without spaces in them, such as ids. */
  words(key: string): string[] {
    return (this.get(key) ?? '').split(/\s+/).filter((word) => word !== '');
  }

  number(key: string, otherwise: number): number {
    const stored = this.get(key);
    const value = stored === null || stored === '' ? NaN : Number(stored);
    return Number.isFinite(value) ? value : otherwise;
  }

  flag(key: string, otherwise: boolean): boolean {
    const value = this.get(key);
    return value === null ? otherwise : value === '1';
  }
}

function pageStore(): Store | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

export const settings = new Settings(typeof window === 'undefined' ? null : pageStore());

function tabStore(): Store | null {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}

/** What belongs to this tab only, and outlives a reload. */
export const tabSettings = new Settings(typeof window === 'undefined' ? null : tabStore());
