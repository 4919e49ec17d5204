import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Console } from './console/state';
import { expired, login, logOut, logoutError } from '../staff/session';

/** What the page asks and what it is answered; null: nobody answers. */
let answers: Record<string, { status: number; body?: unknown } | null> = {};
let asked: string[] = [];

class FakeSocket {
  static last: FakeSocket;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  constructor() {
    FakeSocket.last = this;
  }
  close() {
    this.onclose = null;
  }
}

beforeEach(() => {
  asked = [];
  answers = {};
  vi.stubGlobal('window', globalThis);
  vi.stubGlobal('location', { href: 'http://studio.test/studio/' });
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('fetch', (path: string, { method }: { method: string }) => {
    asked.push(`${method} ${path}`);
    const answer = answers[path] ?? null;
    if (answer === null) return Promise.reject(new TypeError('Failed to fetch'));
    const body = answer.status === 204 ? null : JSON.stringify(answer.body ?? {});
    return Promise.resolve(new Response(body, { status: answer.status }));
  });
  login.value = 'in';
  expired.value = false;
});

afterEach(() => {
  vi.unstubAllGlobals();
});

const day = '/api/v1/admin/broadcasts/day';
const broadcast = (state: string) => ({ id: 'day', state, venues: [], targets: [], scene: null, mix: null });
const say = (event: unknown) => FakeSocket.last.onmessage?.({ data: JSON.stringify(event) });

describe('the console', () => {
  async function opened(state: string): Promise<Console> {
    answers = {
      [day]: { status: 200, body: broadcast(state) },
      '/api/v1/admin/layouts': { status: 200, body: { layouts: [] } },
    };
    const room = new Console('day');
    say({ t: 'status', engine: state === 'live' ? 'starting' : 'down' });
    await vi.waitFor(() => {
      expect(room.broadcast.value).not.toBeNull();
    });
    return room;
  }

  it('leads to the log-in when the connection ends because the session has', async () => {
    const room = await opened('live');
    answers = { [day]: { status: 401 } };
    FakeSocket.last.onclose?.();
    await vi.waitFor(() => {
      expect(login.value).toBe('out');
    });
    expect(expired.value).toBe(true);
    room.close();
  });

  it('keeps the log-in and what it shows while nobody answers', async () => {
    const room = await opened('live');
    answers = {};
    FakeSocket.last.onclose?.();
    await vi.waitFor(() => {
      expect(room.error.value?.offline).toBe(true);
    });
    expect(login.value).toBe('in');
    expect(room.broadcast.value?.state).toBe('live');
    room.close();
  });

  it('has no health before the rehearsal: an engine that nobody wants is not down', async () => {
    const room = await opened('scheduled');
    expect(room.status.value?.engine).toBe('down');
    expect(room.health.value).toBeNull();
    say({ t: 'broadcast', ...broadcast('rehearsal') });
    expect(room.health.value?.reasons).toEqual([{ what: 'engine', level: 'bad' }]);
    room.close();
  });
});

describe('logging out', () => {
  it('is done when the server has confirmed it', async () => {
    answers = { '/api/v1/session': { status: 204 } };
    await logOut();
    expect(asked).toEqual(['DELETE /api/v1/session']);
    expect(login.value).toBe('out');
    expect(expired.value).toBe(false);
  });

  it('is not done when nobody answers, and says so until the next try', async () => {
    await logOut();
    expect(login.value).toBe('in');
    expect(logoutError.value?.offline).toBe(true);
    answers = { '/api/v1/session': { status: 204 } };
    await logOut();
    expect(login.value).toBe('out');
    expect(logoutError.value).toBeNull();
  });
});
