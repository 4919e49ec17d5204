// The tests use the pages as people do, in Debian's Chromium, against the mock hub in dev/ or a real server:
//
//   OPENDAY_URL           where it is; without it every file starts a mock of its own
//   OPENDAY_BROADCAST     a broadcast that is live there and may be ended by the last file (mock: court)
//   OPENDAY_ADMIN_TOKEN   of that server: the studio's tests need it
//   OPENDAY_OFFICER       NAME:PASSWORD of an officer there who can read its tips
//   OPENDAY_ARTIFACTS     folder for screenshots (default: artifacts/ of the repository)
//
// States that a real server cannot show on demand are tested with the mock only, the end of a real broadcast and what comes
// after it with a real server only.

import { mkdirSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject } from 'vitest';
import { startMock } from '../dev/server.mjs';
import { chromiumOptions } from './chromium';

const address = process.env.OPENDAY_URL ?? '';
export const real = address !== '';
export const base = real ? address.replace(/\/$/, '') : (await startMock({ port: 0 })).url;
export const live = process.env.OPENDAY_BROADCAST ?? 'court';
export const token = process.env.OPENDAY_ADMIN_TOKEN ?? (real ? '' : 'mock-admin-token');

const [officerName = '', officerPassword = ''] = (process.env.OPENDAY_OFFICER ?? '').split(':');
export const officer = { name: officerName, password: officerPassword };
const mockPassword = 'mock-password';

const repository = fileURLToPath(new URL('../..', import.meta.url));
export const artifacts = resolve(process.env.OPENDAY_ARTIFACTS ?? join(repository, 'artifacts'));

/** The browser that all files share; closing it here ends only what was opened here. */
export let browser: Browser;
beforeAll(async () => {
  browser = await chromium.connect(inject('browser'));
});
afterAll(async () => {
  await browser.close();
});

/** A browser of one's own that plays sound only after a gesture. */
export async function launchStrict(): Promise<Browser> {
  return chromium.launch(chromiumOptions('muted only'));
}

/** A request of the control API; its JSON. */
export async function admin<T = unknown>(path: string, method = 'GET', body?: unknown): Promise<T> {
  const response = await fetch(`${base}/api/v1/admin/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${String(response.status)} ${await response.text()}`);
  return (response.status === 204 ? null : await response.json()) as T;
}

type Stored = Exclude<BrowserContextOptions['storageState'], string | undefined>;

export interface Account {
  name: string;
  password: string;
}
/** Whoever does what: an account of its own for each file. */
type Role = 'admin' | 'moderator';
const sessions = new Map<Role, Promise<Stored>>();

/** Somebody with a password that the server made and nobody has changed yet. */
export function newAccount(role: Role = 'admin'): Promise<Account> {
  const id = `e2e-${Math.random().toString(36).slice(2, 8)}`;
  const body = { id, name: 'Tester', roles: role === 'admin' ? ['admin', 'producer'] : [role] };
  return admin<{ password: string }>('people', 'POST', body).then(({ password }) => ({ name: id, password }));
}

async function post(path: string, method: string, body: object, cookie = ''): Promise<Response> {
  const response = await fetch(`${base}/api/v1/${path}`, {
    method,
    headers: { 'content-type': 'application/json', origin: base, 'x-openday': '1', cookie },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path} was answered with ${String(response.status)}`);
  return response;
}

/** The session cookie in a log-in's answer, as a browser holds it. */
function held(response: Response): Stored {
  const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const [name, value] = cookie.split('=');
  if (name === undefined || value === undefined) throw new Error('the log-in set no cookie');
  const domain = new URL(base).hostname;
  return {
    cookies: [{ name, value, domain, path: '/', expires: -1, httpOnly: true, secure: false, sameSite: 'Strict' }],
    origins: [],
  };
}

/** What a browser holds that has logged in, to the studio by default: one log-in for each file, the server counts tries. */
export function loggedIn(role: Role = 'admin'): Promise<Stored> {
  const there = sessions.get(role);
  if (there !== undefined) return there;
  const made = (async (): Promise<Stored> => {
    const given = await newAccount(role);
    const stored = held(await post('session', 'POST', given));
    const cookie = stored.cookies.map((one) => `${one.name}=${one.value}`).join();
    await post('session/password', 'PUT', { present: given.password, new: `${given.password} of my own` }, cookie);
    return stored;
  })();
  sessions.set(role, made);
  return made;
}

/** What a browser holds that one of the mock's people has logged in with. */
export async function loggedInAs(name: string): Promise<Stored> {
  return held(await post('session', 'POST', { name, password: mockPassword }));
}

/** A network of one's own between a browser and the server. */
export interface Wire {
  url: string;
  /** Every connection breaks and none comes about until the time is over. */
  cut(ms: number): void;
  /** The time is over. */
  mend(): void;
  close(): void;
}

export async function layWire(): Promise<Wire> {
  const far = new URL(base);
  const sockets = new Set<Socket>();
  let cut: ReturnType<typeof setTimeout> | null = null;
  const server = createServer((near) => {
    if (cut !== null) {
      near.destroy();
      return;
    }
    const there = connect(Number(far.port === '' ? 80 : far.port), far.hostname);
    for (const [socket, other] of [
      [near, there],
      [there, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const mend = () => {
    if (cut !== null) clearTimeout(cut);
    cut = null;
  };
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    cut(ms) {
      mend();
      cut = setTimeout(mend, ms);
      breakAll();
    },
    mend,
    close() {
      mend();
      breakAll();
      server.close();
    },
  };
}

export interface Opened {
  context: BrowserContext;
  page: Page;
  /** Uncaught errors and refusals of the content security policy: there must be none. */
  problems: string[];
}

export async function open(
  browser: Browser,
  path: string,
  options: BrowserContextOptions = {},
  at = base,
): Promise<Opened> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    timezoneId: 'Asia/Shanghai',
    ignoreHTTPSErrors: true,
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy|Refused to/.test(message.text()))
      problems.push(message.text());
  });
  await page.goto(at + path);
  return { context, page, problems };
}

/** Tells the mock what to do. */
export async function mock(command: string, body: unknown): Promise<void> {
  await fetch(`${base}/__mock/${command}`, { method: 'POST', body: JSON.stringify(body) }).catch((error: unknown) => {
    // An outage takes this very connection along.
    if (command !== 'outage') throw error;
  });
}

export interface VideoState {
  time: number;
  height: number;
  paused: boolean;
  muted: boolean;
  ready: number;
  frames: number;
}

export function video(page: Page): Promise<VideoState> {
  return page.evaluate(() => {
    const element = document.querySelector('video');
    if (element === null) return { time: -1, height: 0, paused: true, muted: false, ready: 0, frames: 0 };
    return {
      time: element.currentTime,
      height: element.videoHeight,
      paused: element.paused,
      muted: element.muted,
      ready: element.readyState,
      frames: element.getVideoPlaybackQuality().totalVideoFrames,
    };
  });
}

/** Resolves once it plays and has moved on by so many seconds; the seek to where it begins does not count. */
export async function advances(page: Page, seconds = 1, timeout = 60_000): Promise<void> {
  await page.waitForFunction(
    () => {
      const element = document.querySelector('video');
      return element !== null && !element.seeking && element.readyState >= 2;
    },
    undefined,
    { timeout },
  );
  const { time } = await video(page);
  await page.waitForFunction(
    ([from, by]) => {
      const element = document.querySelector('video');
      return element !== null && !element.paused && element.currentTime >= (from ?? 0) + (by ?? 0);
    },
    [Math.max(0, time), seconds],
    { timeout },
  );
}

/** Brings the controls up. */
export async function wake(page: Page): Promise<void> {
  const stage = page.locator('.stage');
  await stage.hover({ position: { x: 60, y: 60 } });
  await stage.hover({ position: { x: 70, y: 70 } });
}

/** Clicks the scrub bar so many seconds from its start. */
export async function scrubTo(page: Page, second: number): Promise<void> {
  const bar = page.locator('.scrub');
  const length = Number(await bar.getAttribute('aria-valuemax'));
  const box = await bar.boundingBox();
  const [x, y] = [(box?.x ?? 0) + ((box?.width ?? 0) * second) / length, (box?.y ?? 0) + 8];
  // The controls come up under a pointer that moves.
  await page.mouse.move(x, y - 20);
  await page.mouse.move(x, y);
  await page.waitForSelector('.stage:not(.stage--quiet)');
  await page.mouse.click(x, y);
}

/** Resolves once there is a picture; its height. */
export async function pictureHeight(page: Page): Promise<number> {
  await page.waitForFunction(() => (document.querySelector('video')?.videoHeight ?? 0) > 0);
  return (await video(page)).height;
}

/** Seconds behind live, from the badge. */
export async function latency(page: Page): Promise<number> {
  const text = await page.locator('.live-badge--on').textContent();
  const found = /([\d.]+)\s*(s|秒)/.exec(text ?? '');
  return found === null ? NaN : Number(found[1]);
}

/** Resolves once the badge says that the viewer is less than five seconds behind. */
export async function isLive(page: Page): Promise<void> {
  await expect
    .poll(async () => (await page.locator('.live-badge--on').count()) > 0 && (await latency(page)), { timeout: 60_000 })
    .toBeLessThan(5);
}

export async function expectAccessible(page: Page): Promise<void> {
  // What is fading has no colour to judge: nothing begins to fade from here on, and what does is waited for.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.evaluate(() =>
    Promise.allSettled(
      document.getAnimations().map((one) => (one instanceof CSSTransition ? one.finished : Promise.resolve())),
    ),
  );
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .options({ resultTypes: ['violations'] })
    .analyze();
  await page.emulateMedia({ reducedMotion: null });
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((node) => node.target.join(' ')).join(', ')}`)).toEqual([]);
}

/** Controls whose name lacks the text that is on them (WCAG 2.5.3), which axe does not look for by itself. */
export async function misnamed(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withRules(['label-content-name-mismatch']).analyze();
  return violations.flatMap((v) => v.nodes.map((node) => node.html));
}

export async function shot(page: Page, name: string, fullPage = false): Promise<void> {
  const folder = join(artifacts, 'screenshots', real ? 'server' : 'mock');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage });
}

/** Nothing sticks out to the side of the page, nor any control out of the picture, which would cut it off; what does is named. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const out = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const wide =
      document.documentElement.scrollWidth <= width
        ? []
        : [...document.body.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > width);
    const cut = [...document.querySelectorAll('.stage')].flatMap((stage) => {
      const { left, right, bottom } = stage.getBoundingClientRect();
      return [...stage.querySelectorAll('button, a, input, [role=slider], .live-badge, .time')].filter((one) => {
        const box = one.getBoundingClientRect();
        const inBar = one.closest('.bar') !== null;
        // Half a pixel is rounding.
        return box.left < left - 0.5 || box.right > right + 0.5 || (inBar && box.bottom > bottom + 0.5);
      });
    });
    const all = [...wide, ...cut];
    if (all.length === 0) return [];
    return [`${location.href} at ${String(width)}`, ...all.map((one) => `${one.tagName} ${one.className}`)];
  });
  expect(out).toEqual([]);
}

/** Entries of the open menu that no finger would reach, however the panel is scrolled. */
export function outOfReach(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const panel = document.querySelector<HTMLElement>('.menu__panel');
    if (panel === null) return ['no menu is open'];
    const stage = document.querySelector('.stage')?.getBoundingClientRect();
    const out = [...panel.querySelectorAll<HTMLElement>('.menu__item')].filter((item) => {
      if (item.getClientRects().length === 0) return false;
      panel.scrollTop = item.offsetTop;
      const box = item.getBoundingClientRect();
      const inside = stage !== undefined && box.top >= stage.top && box.bottom <= stage.bottom;
      const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
      return !inside || hit?.closest('.menu__item') !== item;
    });
    return out.map((item) => item.textContent);
  });
}
