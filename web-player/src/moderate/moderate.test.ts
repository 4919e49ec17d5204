import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Item } from '../core/moderation-types';
import { login, me } from '../staff/session';
import { Desk } from './state';

const admin = '/api/v1/admin/broadcasts/day';
const t0 = 1_790_000_000_000;

let answers: Record<string, { status: number; body?: unknown } | null> = {};
let asked: { what: string; body: unknown }[] = [];

class FakeSocket {
  static last: FakeSocket;
  static made = 0;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  constructor() {
    FakeSocket.last = this;
    FakeSocket.made++;
  }
  close() {
    this.onclose = null;
  }
}

const say = (event: unknown) => FakeSocket.last.onmessage?.({ data: JSON.stringify(event) });

function item(id: number, fields: Partial<Item> = {}): Item {
  return {
    id, at: t0, moment: t0, by: 'aaaa1111', name: 'Wei', text: `comment ${String(id)}`, state: 'held', why: { rule: 'link' },
    reports: {}, similar: 0, earlier: 0, banned: null, decision: null, ...fields,
  }; // prettier-ignore
}

const room = { mode: 'risky', open: true, slow_s: 0, max_text: 200, pinned: null };
const queue = (items: Item[]) => {
  say({
    t: 'queue',
    items,
    claims: [],
    room,
    counts: { held: items.length, oldest_at: t0, per_minute: 1, viewers: 2 },
  });
};
const calls = (path: string) => asked.filter(({ what }) => what === `POST ${admin}/${path}`).map(({ body }) => body);

beforeEach(() => {
  vi.useFakeTimers({ now: t0 });
  asked = [];
  answers = {
    [admin]: { status: 200, body: { id: 'day', state: 'live' } },
    '/api/v1/time': { status: 200, body: { ms: t0 } },
    [`${admin}/comments/claim`]: { status: 200, body: { claims: [] } },
    [`${admin}/comments/release`]: { status: 200, body: { claims: [] } },
  };
  vi.stubGlobal('window', globalThis);
  vi.stubGlobal('document', { visibilityState: 'visible' });
  vi.stubGlobal('location', { href: 'http://site.test/moderate/' });
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('fetch', (path: string, init: { method: string; body?: string }) => {
    asked.push({ what: `${init.method} ${path}`, body: init.body === undefined ? null : JSON.parse(init.body) });
    const answer = answers[path] ?? null;
    if (answer === null) return Promise.reject(new TypeError('Failed to fetch'));
    return Promise.resolve(new Response(JSON.stringify(answer.body ?? {}), { status: answer.status }));
  });
  login.value = 'in';
  me.value = {
    via: 'session',
    person: { id: 'me', name: 'Me', roles: ['moderator'], must_change_password: false, disabled: false },
    rights: ['moderate'],
  };
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the desk', () => {
  it('claims what is looked at, not what is passed by, and gives it back', async () => {
    const desk = new Desk('day');
    queue([item(1), item(2), item(3)]);
    for (const step of [1, 1, 1] as const) desk.move(step);
    await vi.advanceTimersByTimeAsync(300);
    expect(calls('comments/claim')).toEqual([{ ids: [3] }]);
    desk.move(-1);
    await vi.advanceTimersByTimeAsync(300);
    expect(calls('comments/release')).toEqual([{ ids: [3] }]);
    expect(calls('comments/claim').at(-1)).toEqual({ ids: [2] });
    desk.close();
    expect(calls('comments/release').at(-1)).toEqual({ ids: [2] });
  });

  it('prolongs its claim while somebody sits there, and lets go when nobody does', async () => {
    const desk = new Desk('day');
    queue([item(1)]);
    desk.select(1);
    // The server speaks each second, or the connection would count as lost.
    const ticking = setInterval(() => say({ t: 'counts', held: 1, oldest_at: t0, per_minute: 0, viewers: 1 }), 1000);
    await vi.advanceTimersByTimeAsync(61_000);
    expect(calls('comments/claim')).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls('comments/claim')).toHaveLength(3);
    expect(calls('comments/release')).toEqual([{ ids: [1] }]);
    desk.touched();
    await vi.advanceTimersByTimeAsync(300);
    expect(calls('comments/claim')).toHaveLength(4);
    clearInterval(ticking);
    desk.close();
  });

  it('decides nothing while the connection is lost', () => {
    const desk = new Desk('day');
    queue([item(1)]);
    desk.select(1);
    FakeSocket.last.onclose?.();
    expect(desk.frozen.value).toBe(true);
    desk.press('approve');
    expect(calls('comments/decide')).toEqual([]);
    expect(desk.rows.value.items).toHaveLength(1);
    desk.close();
  });

  it('goes to the next that nobody else holds', () => {
    const desk = new Desk('day');
    queue([item(1), item(2), item(3)]);
    say({ t: 'claims', claims: [{ id: 2, by: 'ana', name: 'Ana', until: t0 + 60_000 }] });
    desk.select(1);
    desk.press('approve');
    expect(desk.selected.value).toBe(3);
    desk.close();
  });

  it('suggests for a rule what was chosen for it last', () => {
    const desk = new Desk('day');
    queue([item(1), item(2)]);
    desk.select(1);
    expect(desk.suggested([1])).toBe('spam');
    desk.press('reject');
    desk.choose('illegal');
    expect(desk.suggested([2])).toBe('illegal');
    desk.close();
  });

  it('asks again with reason and note where the server would not have a rejection, unless one is elsewhere already', async () => {
    answers[`${admin}/comments/decide`] = { status: 400, body: { error: { code: 'invalid', message: 'note' } } };
    const desk = new Desk('day');
    queue([item(1), item(2), item(3)]);
    desk.select(1);
    desk.press('reject');
    desk.choose('abuse', 'the third line');
    expect(desk.selected.value).toBe(2);
    await vi.advanceTimersByTimeAsync(10);
    expect(desk.selected.value).toBe(1);
    expect(desk.choosing.value).toEqual([1]);
    expect(desk.kept([1])).toEqual({ reason: 'abuse', note: 'the third line' });
    expect(desk.suggested([1])).toBe('abuse');
    expect(desk.queue.told).toMatchObject([{ kind: 'failed', id: 1 }]);
    desk.choose('abuse', 'the third line');
    desk.select(3);
    await vi.advanceTimersByTimeAsync(10);
    expect(desk.selected.value).toBe(3);
    expect(desk.choosing.value).toBeNull();
    expect(desk.kept([1])?.note).toBe('the third line');
    answers[`${admin}/comments/decide`] = {
      status: 200,
      body: { decided: [{ ...item(1), state: 'rejected' }], refused: [] },
    };
    desk.select(1);
    desk.press('reject');
    desk.choose(null, 'shorter');
    await vi.advanceTimersByTimeAsync(10);
    expect(calls('comments/decide').at(-1)).toMatchObject({ reason: 'abuse', note: 'shorter' });
    expect(desk.kept([1])).toBeNull();
    desk.close();
  });

  it('sends an undo that came before the answer, once that is there', async () => {
    const decided = { ...item(1), state: 'published', decision: { by: 'me', name: 'Me', at: t0, state: 'published', reason: 'ok', undo_until: t0 + 30_000 } }; // prettier-ignore
    answers[`${admin}/comments/decide`] = { status: 200, body: { decided: [decided], refused: [] } };
    answers[`${admin}/comments/undo`] = { status: 200, body: { decided: [item(1)], refused: [] } };
    const desk = new Desk('day');
    queue([item(1)]);
    desk.select(1);
    desk.press('approve');
    expect(desk.rows.value.items).toEqual([]);
    desk.undoNewest();
    expect(calls('comments/undo')).toEqual([]);
    expect(desk.rows.value.items).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(10);
    expect(calls('comments/undo')).toEqual([{ ids: [1] }]);
    expect(desk.queue.acts[0]?.phase).toBe('undone');
    desk.close();
  });

  it('holds what is new from the mode before and back to it, as far as it has seen one, and never opens a closed chat', async () => {
    const patched = () => asked.filter(({ what }) => what === `PATCH ${admin}/room`).map(({ body }) => body);
    const at = async (mode: string) => {
      say({ t: 'room', room: { ...room, mode } });
      await vi.advanceTimersByTimeAsync(100);
    };
    const press = async (desk: Desk) => {
      const mode = desk.room.value?.mode === 'all' ? 'open' : 'all';
      answers[`${admin}/room`] = { status: 200, body: { ...room, mode } };
      desk.holdNew(mode === 'all');
      await vi.advanceTimersByTimeAsync(0);
    };
    const desk = new Desk('day');
    queue([]);
    await at('open');
    await press(desk);
    await press(desk);
    expect(patched()).toEqual([{ mode: 'all' }, { mode: 'open' }]);
    await at('closed');
    expect(desk.mayHoldNew.value).toBe(false);
    await press(desk);
    // Back to closed would shut everybody up, and what was before that is long over.
    await at('all');
    expect(desk.mayHoldNew.value).toBe(false);
    await press(desk);
    expect(patched()).toHaveLength(2);
    await at('risky');
    expect(desk.mayHoldNew.value).toBe(true);
    desk.close();
    // Opened while a colleague holds all.
    const late = new Desk('day');
    await at('all');
    expect(late.mayHoldNew.value).toBe(false);
    await press(late);
    expect(patched()).toHaveLength(2);
    late.close();
  });

  it('keeps a page of older ones, a reported one and the one that is looked at, whatever passes by', async () => {
    const desk = new Desk('day');
    queue([]);
    let next = 1001;
    const pass = async (n: number) => {
      say({ t: 'items', items: Array.from({ length: n }, (_, i) => item(next + i, { state: 'published' })) });
      next += n;
      await vi.advanceTimersByTimeAsync(100);
    };
    const shown = () => desk.rows.value.items.map(({ id }) => id);
    const page = (first: number, n: number, state: Item['state']) => ({
      status: 200,
      body: { comments: Array.from({ length: n }, (_, i) => item(first + n - 1 - i, { state })) },
    });
    await pass(3000);
    answers[`${admin}/comments?limit=50&state=rejected`] = page(1, 20, 'rejected');
    desk.setFilter({ view: 'rejected' });
    await vi.advanceTimersByTimeAsync(0);
    const twenty = Array.from({ length: 20 }, (_, i) => i + 1);
    expect(desk.older.value).toBe('all');
    expect(shown()).toEqual(twenty);
    // Those that a word leaves out are there again without it.
    desk.setFilter({ text: 'comment 7' });
    await pass(2500);
    expect(shown()).toEqual([7]);
    desk.setFilter({ text: '' });
    expect(shown()).toEqual(twenty);

    answers[`${admin}/comments?limit=50&reported=1`] = page(30, 0, 'published');
    desk.setFilter({ view: 'reported' });
    await vi.advanceTimersByTimeAsync(0);
    say({ t: 'items', items: [item(40, { state: 'published', reports: { abuse: 2 } })] });
    await pass(2500);
    expect(shown()).toEqual([40]);

    answers[`${admin}/comments?limit=50`] = page(next - 50, 50, 'published');
    desk.setFilter({ view: 'all' });
    await vi.advanceTimersByTimeAsync(0);
    const first = next - 50;
    desk.select(first);
    desk.check(first + 1);
    desk.setFollowing(false);
    const before = shown();
    desk.queue.leavePages();
    for (let i = 0; i < 10; i++) await pass(500);
    expect(desk.selected.value).toBe(first);
    expect(desk.item.value?.id).toBe(first);
    expect(shown()).toEqual(before);
    // At the end of the list again, only what is in the hand stays.
    desk.setFollowing(true);
    await pass(2500);
    expect(desk.item.value?.id).toBe(first);
    expect(desk.queue.item(first + 1)).not.toBeNull();
    expect(desk.queue.item(first + 2)).toBeNull();
    desk.close();
  });

  it('asks for the queue again before a full one runs out, once', async () => {
    const desk = new Desk('day');
    const all = Array.from({ length: 500 }, (_, i) => item(i + 1));
    queue(all);
    const before = FakeSocket.made;
    say({ t: 'items', items: all.slice(0, 460).map((one) => ({ ...one, state: 'published' })) });
    await vi.advanceTimersByTimeAsync(200);
    say({ t: 'counts', held: 700, oldest_at: t0, per_minute: 0, viewers: 1 });
    await vi.advanceTimersByTimeAsync(200);
    expect(FakeSocket.made).toBe(before + 1);
    expect(desk.frozen.value).toBe(false);
    queue(all.slice(460));
    expect(desk.rows.value.items).toHaveLength(40);
    desk.close();
  });
});
