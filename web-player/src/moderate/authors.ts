// Earlier comments of authors, asked for when one of theirs is looked at. At most 50 authors are remembered.

import { signal } from '@preact/signals';
import type { ApiError } from '../core/api';
import type { Item } from '../core/moderation-types';
import { admin, asApiError } from '../staff/session';

const remembered = 50;
const asked = 20;
/** Whoever is only passed by on the way to another is not asked for. */
const dwellMs = 300;

export type Page = Item[] | 'loading' | ApiError;

export class Authors {
  readonly pages = signal<ReadonlyMap<string, Page>>(new Map());
  private timer: number | null = null;

  constructor(
    private readonly broadcast: string,
    /** What was asked for; it is newer than what passed by before. */
    private readonly loaded: (comments: Item[]) => void,
  ) {}

  ask(by: string): void {
    if (this.timer !== null) window.clearTimeout(this.timer);
    if (Array.isArray(this.pages.value.get(by))) return;
    this.timer = window.setTimeout(() => void this.load(by), dwellMs);
  }

  async load(by: string): Promise<void> {
    this.set(by, 'loading');
    const query = new URLSearchParams({ author: by, limit: String(asked) });
    try {
      const { comments } = await admin<{ comments: Item[] }>(
        `broadcasts/${this.broadcast}/comments?${query.toString()}`,
      );
      this.loaded(comments);
      this.set(by, comments);
    } catch (error) {
      this.set(by, asApiError(error));
    }
  }

  private set(by: string, page: Page): void {
    const pages = new Map(this.pages.value);
    pages.delete(by);
    pages.set(by, page);
    for (const oldest of pages.keys()) {
      if (pages.size <= remembered) break;
      pages.delete(oldest);
    }
    this.pages.value = pages;
  }
}
