// The tests use the pages as people do, in Debian's Chromium, against the mock hub in dev/ or a real server:
//
//   OPENDAY_URL           where it is; without it the mock is started
//   OPENDAY_BROADCAST     a broadcast that is live there for the whole run (mock: court)
//   OPENDAY_ADMIN_TOKEN   for the studio tests; without it they are left out on a real server
//   OPENDAY_ARTIFACTS     folder for screenshots (default: artifacts/ of the repository)
//
// States that a real server cannot show on demand are tested with the mock only.

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { expect, inject } from 'vitest';

export const real = (process.env.OPENDAY_URL ?? '') !== '';
export const base = inject('base');
export const live = process.env.OPENDAY_BROADCAST ?? 'court';
export const token = process.env.OPENDAY_ADMIN_TOKEN ?? (real ? '' : 'mock-admin-token');

const repository = fileURLToPath(new URL('../..', import.meta.url));
export const artifacts = resolve(process.env.OPENDAY_ARTIFACTS ?? join(repository, 'artifacts'));

const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A page that is not on a screen would otherwise be slowed down.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
];

/** autoplay: what the browser allows without a gesture. */
export async function launch(autoplay: 'with sound' | 'muted only' = 'with sound'): Promise<Browser> {
  const policy = autoplay === 'with sound' ? 'no-user-gesture-required' : 'document-user-activation-required';
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...args, `--autoplay-policy=${policy}`],
  });
}

export interface Opened {
  context: BrowserContext;
  page: Page;
  /** Uncaught errors and refusals of the content security policy: there must be none. */
  problems: string[];
}

export async function open(browser: Browser, path: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    timezoneId: 'Asia/Shanghai',
    ignoreHTTPSErrors: true,
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy|Refused to/.test(message.text()))
      problems.push(message.text());
  });
  await page.goto(base + path);
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

/** Resolves once the picture has moved on by so many seconds. */
export async function advances(page: Page, seconds = 1, timeout = 30_000): Promise<void> {
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

/** Seconds behind live, from the badge. */
export async function latency(page: Page): Promise<number> {
  const text = await page.locator('.live-badge--on').textContent();
  const found = /([\d.]+)\s*(s|秒)/.exec(text ?? '');
  return found === null ? NaN : Number(found[1]);
}

/** Resolves once the badge says that the viewer is less than five seconds behind. */
export async function isLive(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const badge = /([\d.]+) s/.exec(document.querySelector('.live-badge--on')?.textContent ?? '');
    return badge !== null && Number(badge[1]) < 5;
  });
}

export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((node) => node.target.join(' ')).join(', ')}`)).toEqual([]);
}

export async function shot(page: Page, name: string, fullPage = false): Promise<void> {
  const folder = join(artifacts, 'screenshots');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage });
}

/** Nothing sticks out to the side. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(over).toBeLessThanOrEqual(0);
}
