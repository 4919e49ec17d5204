import { describe, expect, it } from 'vitest';
import { suggestedReason, triageAction, type TriagePress } from './moderation-keys';
import { Queue, refusedByRule, rowLimit, sameWording, type Filter } from './moderation-queue';
import { lineOf, lineRange, splitAt } from './moderation-text';
import type { Decided, Item, ItemState, Room } from './moderation-types';

const t0 = 1_790_000_000_000;
const everything = Infinity;

function item(id: number, fields: Partial<Item> = {}): Item {
  return {
    id, at: t0 + id * 1000, moment: t0 + id * 1000, by: 'aaaa1111', name: 'Wei', text: `comment ${String(id)}`,
    state: 'held', why: { rule: 'mode' }, reports: {}, similar: 0, earlier: 0, banned: null, decision: null, ...fields,
  }; // prettier-ignore
}

const room: Room = { mode: 'risky', open: true, slow_s: 0, max_text: 200, pinned: null };
const held: Filter = { view: 'held', rule: null, author: null, text: '' };
const all: Filter = { ...held, view: 'all' };

function queueOf(items: Item[], heldCount = items.length): Queue {
  const queue = new Queue('me');
  const counts = { held: heldCount, oldest_at: t0, per_minute: 3, viewers: 40 };
  queue.apply({ t: 'queue', items, claims: [], room, counts });
  return queue;
}

const ids = (queue: Queue, filter = held, kept: number | null = null, floor = 0, upTo = everything) =>
  queue.rows(filter, kept, floor, upTo).items.map((one) => one.id);

function decided(of: number, state: ItemState, by = 'me', at = t0): Item {
  const decision = { by, name: by === 'me' ? 'Me' : 'Ana', at, state, reason: 'spam', undo_until: at + 30_000 };
  return item(of, { state, decision });
}

describe('the queue', () => {
  it('lists what is held, oldest first, and takes new ones in below', () => {
    const queue = queueOf([item(2), item(1)]);
    queue.apply({ t: 'items', items: [item(4), item(3, { state: 'published', why: null })] });
    expect(ids(queue)).toEqual([1, 2, 4]);
    expect(ids(queue, all)).toEqual([1, 2, 3, 4]);
  });

  it('keeps the selected one in its place when another has decided it', () => {
    const queue = queueOf([item(1), item(2), item(3)]);
    queue.apply({ t: 'items', items: [decided(2, 'rejected', 'ana')] });
    expect(ids(queue)).toEqual([1, 3]);
    expect(ids(queue, held, 2)).toEqual([1, 2, 3]);
    expect(queue.item(2)?.decision?.name).toBe('Ana');
  });

  it('lists what a rule has refused among the rejected ones, and nowhere as something that waits', () => {
    const queue = queueOf([item(1)]);
    const refused = item(2, { state: 'rejected', why: { rule: 'word:ours', from: 0, to: 3 }, by_rule: true });
    queue.apply({ t: 'items', items: [refused, decided(3, 'rejected', 'ana'), decided(4, 'published')] });
    expect(ids(queue)).toEqual([1]);
    expect(queue.pending).toBe(1);
    const rejected: Filter = { ...held, view: 'rejected' };
    expect(ids(queue, rejected)).toEqual([2, 3]);
    expect(ids(queue, { ...rejected, rule: 'word:ours' })).toEqual([2]);
    expect(queue.rules('rejected')).toEqual([
      ['word:ours', 1],
      ['mode', 1],
    ]);
    expect(queue.rules('held')).toEqual([['mode', 1]]);
    expect([2, 3].map((id) => refusedByRule(queue.item(id) ?? item(id)))).toEqual([true, false]);
    // What this moderator rejects is their decision from the first moment on; what they publish, too.
    queue.act('reject', [1], 'spam', t0);
    queue.act('approve', [2], 'ok', t0);
    expect([1, 2].map((id) => refusedByRule(queue.item(id) ?? item(id)))).toEqual([false, false]);
    expect(ids(queue, rejected)).toEqual([1, 3]);
  });

  it('shows 200 rows and says how many more there are', () => {
    const queue = queueOf(Array.from({ length: 250 }, (_, i) => item(i + 1)));
    const rows = queue.rows(held, null, 0, everything);
    expect([rows.items.length, rows.items[0]?.id, rows.more]).toEqual([rowLimit, 1, 50]);
    const newest = queue.rows(all, null, 0, everything);
    expect([newest.items.length, newest.items.at(-1)?.id, newest.more]).toEqual([rowLimit, 250, 50]);
  });

  it('counts what is new while the moderator reads further up, instead of moving it', () => {
    const queue = queueOf([item(1), item(2)]);
    queue.apply({ t: 'items', items: [item(3, { state: 'published' }), item(4)] });
    expect(ids(queue, all, null, 0, 2)).toEqual([1, 2]);
    expect(queue.rows(all, null, 0, 2).fresh).toBe(2);
  });

  it('finds by rule, author, reports and words, whatever their case and width', () => {
    const queue = queueOf([
      item(1, { text: 'See ＷＷＷ.example.org', why: { rule: 'link' } }),
      item(2, { by: 'bbbb2222', name: '小明', reports: { abuse: 2 } }),
    ]);
    expect(ids(queue, { ...held, rule: 'link' })).toEqual([1]);
    expect(ids(queue, { ...held, author: 'bbbb2222' })).toEqual([2]);
    expect(ids(queue, { ...held, view: 'reported' })).toEqual([2]);
    expect(ids(queue, { ...held, text: 'www.EXAMPLE' })).toEqual([1]);
    expect(ids(queue, { ...held, text: '小明' })).toEqual([2]);
    expect(queue.rules('held')).toEqual([
      ['link', 1],
      ['mode', 1],
    ]);
  });

  it('forgets on reconnecting what was held and is no more', () => {
    const queue = queueOf([item(1), item(2)]);
    queue.apply({
      t: 'queue',
      items: [item(2)],
      claims: [],
      room,
      counts: { held: 1, oldest_at: t0, per_minute: 0, viewers: 1 },
    });
    expect(ids(queue)).toEqual([2]);
  });

  it('lists no newer ones behind a full queue, and asks for it again before it runs out', () => {
    const queue = queueOf(
      Array.from({ length: 500 }, (_, i) => item(i + 1)),
      900,
    );
    queue.apply({ t: 'items', items: [item(901)] });
    expect(queue.wantsQueue).toBe(false);
    const first = Array.from({ length: 451 }, (_, i) => i + 1);
    for (const part of [first.slice(0, 200), first.slice(200, 400), first.slice(400)]) {
      const act = queue.act('approve', part, 'ok', t0);
      expect(act).not.toBeNull();
      if (act !== null) queue.answered(act, { decided: part.map((id) => decided(id, 'published')), refused: [] });
    }
    expect(ids(queue).at(-1)).toBe(500);
    expect(queue.wantsQueue).toBe(true);
  });

  it('holds 2,000 comments: decided ones go first, then the newest held', () => {
    const queue = queueOf([]);
    queue.add(Array.from({ length: 1500 }, (_, i) => item(i + 1)));
    queue.add(Array.from({ length: 1000 }, (_, i) => item(i + 1501, { state: 'published' })));
    expect(queue.item(1)).not.toBeNull();
    expect(queue.item(1501)).toBeNull();
    expect(queue.item(2500)).not.toBeNull();
    queue.add(Array.from({ length: 1000 }, (_, i) => item(i + 3001)));
    expect(queue.item(2000 + 1501)).toBeNull();
    expect(queue.item(1500)).not.toBeNull();
    expect(queue.wantsQueue).toBe(false);
  });

  it('drops nothing of a page that was asked for, of what is reported or looked at, and stays bounded', () => {
    const looked = [21];
    const queue = new Queue('me', () => looked);
    const many = (from: number, n: number, fields: Partial<Item>) =>
      Array.from({ length: n }, (_, i) => item(from + i, fields));
    queue.addPage(many(1, 20, { state: 'rejected' }));
    queue.add(many(21, 1, { state: 'published' }));
    queue.add(many(1001, 3000, { state: 'published' }));
    // An old one: it comes again, because somebody reports it.
    queue.add([item(30, { state: 'published', reports: { abuse: 1 } })]);
    queue.add([item(31, { state: 'removed', reports: { abuse: 1 } }), item(32, { state: 'published' })]);
    expect(ids(queue, { ...held, view: 'reported' }, null, 1000)).toEqual([30]);
    const here = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, i) => from + i).filter((id) => queue.item(id) !== null);
    expect(here(1, 100)).toEqual([...Array.from({ length: 21 }, (_, i) => i + 1), 30]);
    const size = () => here(1, 20_000).length;
    expect(size()).toBe(2000);
    // Held ones that are looked at stay, too; the newest others go.
    queue.add(many(5001, 2500, {}));
    looked.push(7500);
    queue.add(many(7500, 1, {}));
    expect(queue.item(7500)).not.toBeNull();
    expect(here(1, 100)).toEqual([...Array.from({ length: 21 }, (_, i) => i + 1), 30]);
    expect(size()).toBe(2000);
    // Another page takes its place.
    queue.leavePages();
    queue.add(many(8001, 100, { state: 'published' }));
    expect(here(1, 20)).toEqual([]);
    // However much is reported and asked for.
    queue.add(many(9001, 3000, { state: 'published', reports: { spam: 1 } }));
    queue.addPage(many(15_001, 3000, { state: 'rejected' }));
    expect(size()).toBeLessThanOrEqual(2000);
    expect(queue.item(18_000)).not.toBeNull();
    expect(ids(queue).length).toBeGreaterThan(0);
  });
});

describe('claims', () => {
  it('belong to somebody until they run out or are given back', () => {
    const queue = queueOf([item(1), item(2)]);
    queue.apply({
      t: 'claims',
      claims: [
        { id: 1, by: 'ana', name: 'Ana', until: t0 + 60_000 },
        { id: 2, by: 'me', name: 'Me', until: t0 + 60_000 },
      ],
    });
    expect(queue.heldBy(1, t0)?.name).toBe('Ana');
    expect(queue.heldBy(2, t0)).toBeNull();
    expect(queue.heldBy(1, t0 + 60_000)).toBeNull();
    queue.apply({ t: 'claims', claims: [{ id: 1, by: null, name: '', until: 0 }] });
    expect(queue.heldBy(1, t0)).toBeNull();
  });

  it('of others keep a comment from being decided, and that is told', () => {
    const queue = queueOf([item(1), item(2)]);
    queue.apply({ t: 'claims', claims: [{ id: 1, by: 'ana', name: 'Ana', until: t0 + 60_000 }] });
    const act = queue.act('approve', [1, 2], 'ok', t0);
    expect(act?.decisions).toEqual([{ id: 2, from: 'held', state: 'published' }]);
    expect(queue.told).toMatchObject([{ kind: 'claimed', id: 1, name: 'Ana' }]);
    expect(queue.act('reject', [1], 'spam', t0)).toBeNull();
    expect(queue.told).toHaveLength(1);
  });
});

describe('an act', () => {
  const answer = (items: Item[], refused: Decided['refused'] = []): Decided => ({ decided: items, refused });
  function acted(queue: Queue, of: number[], verb: 'approve' | 'reject' = 'reject') {
    const act = queue.act(verb, of, verb === 'approve' ? 'ok' : 'spam', t0);
    if (act === null) throw new Error('nothing to do');
    return act;
  }

  it('is seen at once and counted', () => {
    const queue = queueOf([item(1), item(2)]);
    acted(queue, [1]);
    expect(ids(queue)).toEqual([2]);
    expect(queue.pending).toBe(1);
    expect(queue.oldestAt).toBe(t0 + 2000);
    expect(queue.item(1)?.state).toBe('rejected');
  });

  it('removes what is public, takes it back for review, and publishes what was rejected', () => {
    const queue = queueOf([]);
    queue.add([item(1, { state: 'published' }), item(2, { state: 'rejected' })]);
    expect(acted(queue, [1]).decisions).toEqual([{ id: 1, from: 'published', state: 'removed' }]);
    expect(acted(queue, [2], 'approve').decisions).toEqual([{ id: 2, from: 'rejected', state: 'published' }]);
    queue.add([item(3, { state: 'published' })]);
    expect(queue.act('hold', [3], 'ok', t0)?.decisions).toEqual([{ id: 3, from: 'published', state: 'held' }]);
    expect(queue.act('approve', [3], 'ok', t0)?.decisions).toEqual([{ id: 3, from: 'held', state: 'published' }]);
    expect(queue.act('reject', [2, 99], 'spam', t0)).toMatchObject({ decisions: [{ id: 2, from: 'published' }] });
  });

  it('that another was faster with goes back, and says who and what', () => {
    const queue = queueOf([item(1), item(2)]);
    const act = acted(queue, [1, 2], 'approve');
    queue.answered(
      act,
      answer([decided(2, 'published')], [{ id: 1, code: 'conflict', by: 'ana', name: 'Ana', state: 'rejected' }]),
    );
    expect(queue.item(1)?.state).toBe('rejected');
    expect(queue.told).toMatchObject([{ kind: 'conflict', id: 1, name: 'Ana', state: 'rejected' }]);
    expect(act.decisions.map(({ id }) => id)).toEqual([2]);
    queue.putAway(queue.told[0]?.n ?? 0);
    expect(queue.told).toEqual([]);
  });

  it('that a claim came before goes back to the list', () => {
    const queue = queueOf([item(1)]);
    queue.answered(acted(queue, [1]), answer([], [{ id: 1, code: 'claimed', by: 'ana', name: 'Ana', state: 'held' }]));
    expect(ids(queue)).toEqual([1]);
    expect(queue.acts).toEqual([]);
  });

  it('on a comment that is gone takes it away', () => {
    const queue = queueOf([item(1)]);
    queue.answered(acted(queue, [1]), answer([], [{ id: 1, code: 'not_found' }]));
    expect(ids(queue)).toEqual([]);
    expect(queue.told).toMatchObject([{ kind: 'not_found' }]);
  });

  it('without an answer is not taken for done', () => {
    const queue = queueOf([item(1)]);
    queue.unsent(acted(queue, [1]));
    expect(ids(queue)).toEqual([1]);
    expect(queue.told).toMatchObject([{ kind: 'unsent', id: 1 }]);
    expect(queue.acts).toEqual([]);
  });

  it('can be undone for as long as the server says', () => {
    const queue = queueOf([item(1)]);
    const act = acted(queue, [1]);
    queue.answered(act, answer([decided(1, 'rejected')]));
    expect(queue.undoable(t0 + 29_999)).toBe(act);
    expect(queue.undoable(t0 + 30_000)).toBeNull();
    expect(queue.undo(act, t0 + 30_000)).toBeNull();
    expect(queue.undo(act, t0 + 5000)).toEqual([1]);
    expect(ids(queue)).toEqual([1]);
    expect(queue.undoable(t0 + 5000)).toBeNull();
    queue.undone(act, answer([item(1)]));
    expect([act.phase, ids(queue)]).toEqual(['undone', [1]]);
  });

  it('undone before its answer is undone when that has come', () => {
    const queue = queueOf([item(1)]);
    const act = acted(queue, [1]);
    expect(queue.undo(act, t0)).toBeNull();
    expect(ids(queue)).toEqual([1]);
    expect(queue.answered(act, answer([decided(1, 'rejected')]))).toBe(true);
    expect(queue.beginUndo(act)).toEqual([1]);
    expect(ids(queue)).toEqual([1]);
  });

  it('whose undo comes too late stands, and that is told', () => {
    const queue = queueOf([item(1)]);
    const act = acted(queue, [1]);
    queue.answered(act, answer([decided(1, 'rejected')]));
    queue.undo(act, t0);
    queue.undone(act, answer([], [{ id: 1, code: 'conflict', state: 'rejected' }]));
    expect(queue.item(1)?.state).toBe('rejected');
    expect(queue.told).toMatchObject([{ kind: 'too-late' }]);
    expect(queue.acts).toEqual([]);
  });

  it('whose undo found nobody can be undone again', () => {
    const queue = queueOf([item(1)]);
    const act = acted(queue, [1]);
    queue.answered(act, answer([decided(1, 'rejected')]));
    queue.undo(act, t0);
    queue.unsent(act);
    expect(queue.item(1)?.state).toBe('rejected');
    expect(queue.undoable(t0)).toBe(act);
  });

  it('survives a new queue that comes before its answer', () => {
    const queue = queueOf([item(1), item(2)]);
    const act = acted(queue, [1]);
    queue.apply({
      t: 'queue',
      items: [item(1), item(2)],
      claims: [],
      room,
      counts: { held: 2, oldest_at: t0, per_minute: 0, viewers: 1 },
    });
    expect(ids(queue)).toEqual([2]);
    queue.answered(act, answer([decided(1, 'rejected')]));
    expect(ids(queue)).toEqual([2]);
  });
});

describe('comments that say the same', () => {
  it('are found whatever their case, width and signs', () => {
    expect(sameWording('Buy NOW!!', 'buy, now')).toBe(true);
    expect(sameWording('加油！', '加 油')).toBe(true);
    expect(sameWording('加油', '加油站')).toBe(false);
    expect(sameWording('!!!', '???')).toBe(false);
    const queue = queueOf([item(1, { text: 'Win a phone' }), item(2), item(3, { text: 'WIN a phone!' })]);
    expect(queue.similarTo(item(1, { text: 'Win a phone' }))).toEqual([1, 3]);
  });

  it('and those of one author, asked for and passing by, stand together', () => {
    const queue = queueOf([item(5), item(6, { by: 'bbbb2222' })]);
    expect(queue.ofAuthor('aaaa1111', [item(2), item(5, { text: 'old' })]).map((one) => one.text)).toEqual([
      'comment 5',
      'comment 2',
    ]);
  });
});

describe('the keys', () => {
  const press = (key: string, more: Partial<TriagePress> = {}): TriagePress => ({
    key, ctrlKey: false, metaKey: false, altKey: false, target: 'page', ...more,
  }); // prettier-ignore

  it('are single letters, and nothing while a modifier is held, text is typed or they are switched off', () => {
    expect(triageAction(press('d'), true, false)).toEqual({ do: 'approve' });
    expect(triageAction(press('D'), true, false)).toEqual({ do: 'approve' });
    for (const more of [
      { ctrlKey: true },
      { metaKey: true },
      { altKey: true },
      { target: 'text' },
      { target: 'dialog' },
    ] as const)
      expect(triageAction(press('d', more), true, false)).toBeNull();
    expect(triageAction(press('d'), false, false)).toBeNull();
    expect(triageAction(press('Escape'), false, false)).toEqual({ do: 'back' });
  });

  it('take a reason after reject, and nothing else until then', () => {
    expect(triageAction(press('2'), true, false)).toBeNull();
    expect(triageAction(press('2'), true, true)).toEqual({ do: 'reason', reason: 'abuse' });
    expect(triageAction(press('f'), true, true)).toEqual({ do: 'reason', reason: null });
    expect(triageAction(press('9'), true, true)).toBeNull();
    expect(triageAction(press('d'), true, true)).toBeNull();
  });

  it('move by arrows only within the list', () => {
    expect(triageAction(press('ArrowDown', { target: 'row' }), false, false)).toEqual({ do: 'next' });
    expect(triageAction(press('ArrowDown'), true, false)).toBeNull();
  });

  it('offer the reason that rule or reports speak for', () => {
    expect(suggestedReason('link', {}, null)).toBe('spam');
    expect(suggestedReason('id_number', {}, null)).toBe('private');
    expect(suggestedReason('word:insults', {}, null)).toBe('abuse');
    expect(suggestedReason('mode', {}, null)).toBe('other');
    expect(suggestedReason('link', { abuse: 2, spam: 1 }, 'flood')).toBe('abuse');
    expect(suggestedReason('word:ads', {}, 'spam')).toBe('spam');
  });
});

describe('texts', () => {
  it('are cut at what a rule found, never through a character', () => {
    expect(splitAt('call 110 now', { rule: 'phone', from: 5, to: 8 })).toEqual(['call ', '110', ' now']);
    expect(splitAt('𠮷𠮷', { rule: 'word:x', from: 1, to: 3 })).toEqual(['', '𠮷𠮷', '']);
    expect(splitAt('abc', { rule: 'mode' })).toEqual(['abc', '', '']);
    expect(splitAt('abc', { rule: 'link', from: 9, to: 12 })).toEqual(['abc', '', '']);
    expect(splitAt('abc', { rule: 'link', from: 1, to: 99 })).toEqual(['a', 'bc', '']);
  });

  it('of a word list’s error name its line', () => {
    expect(lineOf("word list 'ads', line 12: no letters; expected a word")).toEqual({
      line: 12,
      fault: 'no letters; expected a word',
    });
    expect(lineOf('the list is too long')).toBeNull();
    expect(lineRange('ab\ncde\nf', 2)).toEqual([3, 6]);
    expect(lineRange('ab\ncde', 9)).toEqual([3, 6]);
  });
});
