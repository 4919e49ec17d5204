// Answers that have not been sent. A reload must not lose them, and nobody who comes to this computer later may find them:
// they lie in the storage of this tab, under the officer's id, as long as the session lasts. At log-out they are gone. When the
// session ends by itself they leave the storage and stay in memory, until the same officer is back in this very page.
//
// Home thread: the page.

export interface DraftStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const key = 'openday.desk-drafts';

interface Kept {
  person: string;
  texts: Record<string, string>;
}

function read(text: string | null): Kept | null {
  if (text === null) return null;
  try {
    const value = JSON.parse(text) as Partial<Kept> | null;
    return typeof value?.person === 'string' && typeof value.texts === 'object' ? (value as Kept) : null;
  } catch {
    return null;
  }
}

export class Drafts {
  private kept: Kept | null;

  constructor(private readonly store: DraftStore | null) {
    this.kept = read(this.stored());
  }

  /** Somebody is in. What another has left is gone for good. */
  begin(person: string): void {
    if (this.kept?.person !== person) this.kept = { person, texts: {} };
    this.save();
  }

  get(tip: string): string {
    return this.kept?.texts[tip] ?? '';
  }

  set(tip: string, text: string): void {
    if (this.kept === null) return;
    if (text === '') this.kept.texts = Object.fromEntries(Object.entries(this.kept.texts).filter(([id]) => id !== tip));
    else this.kept.texts[tip] = text;
    this.save();
  }

  has(tip: string): boolean {
    return this.get(tip) !== '';
  }

  /** The session has ended by itself. */
  suspend(): void {
    this.erase();
  }

  /** Logged out. */
  end(): void {
    this.kept = null;
    this.erase();
  }

  private stored(): string | null {
    try {
      return this.store?.getItem(key) ?? null;
    } catch {
      return null;
    }
  }

  private save(): void {
    try {
      if (this.kept === null || Object.keys(this.kept.texts).length === 0) this.store?.removeItem(key);
      else this.store?.setItem(key, JSON.stringify(this.kept));
    } catch {
      // Full or forbidden: memory has it.
    }
  }

  private erase(): void {
    try {
      this.store?.removeItem(key);
    } catch {
      // Forbidden: then nothing was written either.
    }
  }
}
