import { describe, expect, it } from 'vitest';
import { Drafts, type DraftStore } from './desk-drafts';
import {
  changesVerdict,
  countOf,
  deletedAt,
  groupsOf,
  isEnding,
  obstacle,
  rowsAfter,
  standing,
  validOffset,
  waiting,
  vouchers,
} from './desk-rules';
import type { KeepDays, ListedTip, Officer, Overview } from './desk-types';

function tip(id: string, fields: Partial<ListedTip> = {}): ListedTip {
  return {
    id, state: 'received', verdict: null, received_at: '2026-11-01T08:00:00Z', changed_at: '2026-11-01T08:00:00Z',
    broadcast: null, minute: null, clip: false, photos: 0, wrote_again: false, readable: true, kind: 'lead', excerpt: id, ...fields,
  }; // prettier-ignore
}

const ids = (rows: readonly ListedTip[]) => rows.map(({ id }) => id);

class TabStore implements DraftStore {
  readonly values = new Map<string, string>();
  getItem(key: string) {
    return this.values.get(key) ?? null;
  }
  setItem(key: string, value: string) {
    this.values.set(key, value);
  }
  removeItem(key: string) {
    this.values.delete(key);
  }
}

describe('what may be done with a tip', () => {
  it('goes by its state: triaged before answered, answered before closed, closed for good', () => {
    expect(obstacle('triage', tip('a'), true)).toBeNull();
    expect(obstacle('answer', tip('a'), true)).toBe('untriaged');
    expect(obstacle('close', tip('a'), true)).toBe('untriaged');
    const triaged = tip('a', { state: 'triaged', verdict: 'lead' });
    expect(obstacle('answer', triaged, true)).toBeNull();
    expect(obstacle('close', triaged, true)).toBe('unanswered');
    const answered = tip('a', { state: 'answered', verdict: 'lead' });
    expect(obstacle('close', answered, true)).toBeNull();
    expect(obstacle('triage', answered, true)).toBeNull();
    for (const deed of ['triage', 'answer', 'standard', 'close'] as const)
      expect(obstacle(deed, tip('a', { state: 'closed' }), true)).toBe('closed');
  });

  it('has the standard answer for spam only', () => {
    expect(obstacle('standard', tip('a', { state: 'triaged', verdict: 'lead' }), true)).toBe('not-spam');
    expect(obstacle('standard', tip('a', { state: 'triaged', verdict: 'spam' }), true)).toBeNull();
  });

  it('is nothing while it cannot be read, or what is shown may be old', () => {
    expect(obstacle('triage', tip('a', { readable: false }), true)).toBe('unreadable');
    expect(obstacle('triage', tip('a'), false)).toBe('lost');
  });

  it('notes a verdict only when it says something new', () => {
    expect(changesVerdict(tip('a'), null)).toBe(false);
    expect(changesVerdict(tip('a'), 'lead')).toBe(true);
    expect(changesVerdict(tip('a', { state: 'triaged', verdict: 'lead' }), 'lead')).toBe(false);
    expect(changesVerdict(tip('a', { state: 'answered', verdict: 'lead' }), 'report')).toBe(true);
  });
});

describe('how long a tip is kept', () => {
  const keep: KeepDays = { received: 730, triaged: 730, answered: null, closed: 180, spam: 30 };
  it('is counted from the last change of its state', () => {
    expect(deletedAt(tip('a', { changed_at: '2026-01-01T10:00:00Z' }), { ...keep, received: 1 })).toBe(
      Date.parse('2026-01-02T10:00:00Z'),
    );
    expect(deletedAt(tip('a', { state: 'answered' }), keep)).toBeNull();
    const closed = { state: 'closed', changed_at: '2026-01-01T00:00:00Z' } as const;
    expect(deletedAt(tip('a', { ...closed, verdict: 'lead' }), keep)).toBe(Date.parse('2026-06-30T00:00:00Z'));
    expect(deletedAt(tip('a', { ...closed, verdict: 'spam' }), keep)).toBe(Date.parse('2026-01-31T00:00:00Z'));
    // Spam that is not closed yet has the time of its state.
    expect(deletedAt(tip('a', { state: 'triaged', verdict: 'spam' }), keep)).toBe(Date.parse('2028-10-31T08:00:00Z'));
  });
});

describe('the list', () => {
  it('keeps the selected row where it stood, in its new state', () => {
    const before = ['a', 'b', 'c'].map((id) => tip(id));
    const looked = tip('b', { state: 'triaged', verdict: 'lead' });
    const rows = rowsAfter(before, [tip('n'), tip('a'), tip('c')], looked);
    expect(ids(rows)).toEqual(['n', 'b', 'a', 'c']);
    expect(rows[1]).toMatchObject({ state: 'triaged', verdict: 'lead', excerpt: 'b' });
    expect(ids(rowsAfter(before, [], looked))).toEqual(['b']);
    expect(ids(rowsAfter(before, [tip('a')], null))).toEqual(['a']);
    // What was never in this list does not come into it.
    expect(ids(rowsAfter([], [tip('a')], looked))).toEqual(['a']);
    expect(ids(rowsAfter(before, before, looked))).toEqual(['a', 'b', 'c']);
  });

  it('counts, and goes to the last page when pages have gone', () => {
    const counts = { received: 3, triaged: 2, answered: 0, closed: 60 };
    expect(countOf(counts, 'all')).toBe(65);
    expect(countOf(counts, 'closed')).toBe(60);
    expect(validOffset(50, 65)).toBe(50);
    expect(validOffset(100, 65)).toBe(50);
    expect(validOffset(50, 50)).toBe(0);
    expect(validOffset(50, 0)).toBe(0);
  });
});

describe('keys', () => {
  const me: Officer = { id: 'ana', name: 'Ana', state: 'root', fingerprint: '1a2b 3c4d' };
  const overview: Overview = {
    founded: true, open: true, recovery_fingerprint: null, me, officers: [me],
    counts: { received: 0, triaged: 0, answered: 0, closed: 0 },
  }; // prettier-ignore

  it('stand between an officer and the tips', () => {
    expect(standing(overview)).toBe('in');
    expect(standing({ ...overview, open: false })).toBe('locked');
    expect(standing({ ...overview, me: { ...me, state: 'no_key' } })).toBe('locked');
    expect(standing({ ...overview, founded: false, me: { ...me, state: 'waiting' } })).toBe('unfounded');
    expect(standing({ ...overview, me: { ...me, state: 'waiting' } })).toBe('waiting');
    expect(standing({ ...overview, open: false, founded: false })).toBe('locked');
  });

  it('are compared by groups, whatever the case and the signs between', () => {
    expect(groupsOf('ABCD-EFGH  2345')).toEqual(['ABCD', 'EFGH', '2345']);
    expect(isEnding('ABCD EFGH 2345', '2345', 1)).toBe(true);
    expect(isEnding('ABCD EFGH 2345', ' efgh-2345 ', 2)).toBe(true);
    expect(isEnding('ABCD EFGH 2345', 'EFGH', 1)).toBe(false);
    expect(isEnding('', '', 1)).toBe(false);
  });

  it('tell who can vouch and who waits', () => {
    const bo: Officer = { id: 'bo', name: 'Bo', state: 'waiting', fingerprint: 'x' };
    const cy: Officer = { id: 'cy', name: 'Cy', state: 'no_key', fingerprint: null };
    const di: Officer = { id: 'di', name: 'Di', state: 'countersigned', fingerprint: 'y' };
    expect(vouchers([me, bo, cy, di])).toEqual([me, di]);
    expect(waiting([me, bo, cy, di])).toEqual([bo]);
  });
});

describe('drafts of answers', () => {
  it('outlive a reload, and are the officer’s own', () => {
    const store = new TabStore();
    const drafts = new Drafts(store);
    drafts.begin('ana');
    drafts.set('t1', 'half an ans');
    drafts.set('t2', 'x');
    drafts.set('t2', '');
    const again = new Drafts(store);
    again.begin('ana');
    expect(again.get('t1')).toBe('half an ans');
    expect(again.has('t2')).toBe(false);
    const other = new Drafts(store);
    other.begin('bo');
    expect(other.get('t1')).toBe('');
    expect(store.values.size).toBe(0);
  });

  it('are gone at log-out, from the storage and from memory', () => {
    const store = new TabStore();
    const drafts = new Drafts(store);
    drafts.begin('ana');
    drafts.set('t1', 'secret');
    expect(store.values.size).toBe(1);
    drafts.end();
    expect(store.values.size).toBe(0);
    drafts.begin('ana');
    expect(drafts.get('t1')).toBe('');
  });

  it('leave the storage when the session ends by itself, and come back with the same officer', () => {
    const store = new TabStore();
    const drafts = new Drafts(store);
    drafts.begin('ana');
    drafts.set('t1', 'half an ans');
    drafts.suspend();
    expect(store.values.size).toBe(0);
    drafts.begin('ana');
    expect(drafts.get('t1')).toBe('half an ans');
    expect(store.values.size).toBe(1);
    drafts.suspend();
    drafts.begin('bo');
    expect(drafts.get('t1')).toBe('');
  });

  it('last as long as the page where nothing can be stored, and take rubbish for nothing', () => {
    const drafts = new Drafts(null);
    drafts.begin('ana');
    drafts.set('t1', 'x');
    expect(drafts.get('t1')).toBe('x');
    const store = new TabStore();
    store.setItem('openday.desk-drafts', '{"person":3');
    const read = new Drafts(store);
    read.begin('ana');
    expect(read.get('t1')).toBe('');
  });
});
