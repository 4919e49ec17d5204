// Every page in two themes, two languages and three widths, for people to look at, scanned for accessibility and for
// anything that sticks out; and once more in the pseudo-locale, whose texts are longer than any language's.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  advances,
  base,
  expectAccessible,
  expectNoSidewaysScroll,
  launch,
  live,
  mock,
  open,
  real,
  shot,
  token,
  wake,
} from './support';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
});

interface Scene {
  name: string;
  /** Brings a page that is somewhere on the site into the state to be shown. */
  show: (page: Page) => Promise<void>;
  full?: boolean;
  mockOnly?: boolean;
  studio?: boolean;
}

const scenes: Scene[] = [
  {
    name: 'index',
    full: true,
    show: async (page) => {
      await page.goto(`${base}/`);
      await page.waitForSelector('.hero, .quiet');
      await page.waitForFunction(() =>
        [...document.images].every((image) => image.complete || image.loading === 'lazy'),
      );
    },
  },
  {
    name: 'watch-live',
    show: async (page) => {
      await page.goto(`${base}/watch/${live}`);
      await advances(page, 1);
      await wake(page);
    },
  },
  {
    name: 'watch-countdown',
    mockOnly: true,
    show: async (page) => {
      await page.goto(`${base}/watch/patrol`);
      await page.waitForSelector('.countdown');
    },
  },
  {
    name: 'watch-replay',
    mockOnly: true,
    show: async (page) => {
      await page.goto(`${base}/watch/academy`);
      await page.waitForSelector('.big-play');
    },
  },
  {
    name: 'watch-missing',
    mockOnly: true,
    show: async (page) => {
      await page.goto(`${base}/watch/nothing-here`);
      await page.waitForSelector('.notice');
    },
  },
  {
    name: 'studio-login',
    show: async (page) => {
      await page.goto(`${base}/studio/`);
      await page.waitForSelector('.login__card');
    },
  },
  {
    name: 'studio-broadcasts',
    studio: true,
    show: async (page) => {
      await page.locator('.login__card input').fill(token);
      await page.keyboard.press('Enter');
      await page.waitForSelector('.rows .row__title');
    },
  },
  {
    name: 'studio-venues',
    studio: true,
    show: async (page) => {
      await page.evaluate(() => (location.hash = '#/venues'));
      await page.waitForSelector('.rows .row__title');
    },
  },
  {
    name: 'studio-console',
    studio: true,
    full: true,
    show: async (page) => {
      await page.evaluate((id) => (location.hash = `#/b/${id}`), live);
      await page.waitForSelector('.tally--air');
      await page.waitForFunction(() => document.querySelectorAll('.venue .thumb img').length >= 2);
      await page.waitForFunction(() => /\d\.\d/.test(document.querySelector('.screen__note')?.textContent ?? ''));
    },
  },
];

const widths: [number, number][] = [
  [360, 740],
  [768, 1024],
  [1440, 900],
];

const wanted = scenes.filter((scene) => !(real && scene.mockOnly === true) && !(token === '' && scene.studio === true));

describe('every page', () => {
  for (const theme of ['dark', 'light'] as const) {
    for (const language of ['en', 'zh-CN'] as const) {
      for (const [width, height] of widths) {
        it(`looks right in ${theme}, ${language}, at ${String(width)}`, async () => {
          if (!real) await mock('reset', {});
          const { context, page, problems } = await open(browser, '/favicon.ico', {
            viewport: { width, height },
            locale: language,
            reducedMotion: 'reduce',
            hasTouch: width < 768,
          });
          await context.addInitScript((chosen) => {
            localStorage.setItem('openday.theme', chosen);
          }, theme);
          for (const scene of wanted) {
            await scene.show(page);
            expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe(theme);
            await shot(page, `${scene.name}-${theme}-${language}-${String(width)}`, scene.full);
            await expectNoSidewaysScroll(page);
            // Colours differ by theme, structure by width; the language changes neither.
            if ((language === 'en') === (width === 360)) await expectAccessible(page);
          }
          expect(problems).toEqual([]);
          await context.close();
        }, 300_000);
      }
    }
  }

  it('holds texts longer than any language’s', async () => {
    for (const [width, height] of widths) {
      const { context, page } = await open(browser, '/favicon.ico', {
        viewport: { width, height },
        reducedMotion: 'reduce',
      });
      await context.addInitScript(() => {
        localStorage.setItem('openday.lang', 'pseudo');
      });
      for (const scene of wanted) {
        await scene.show(page);
        await shot(page, `${scene.name}-pseudo-${String(width)}`, scene.full);
        await expectNoSidewaysScroll(page);
      }
      await context.close();
    }
  }, 300_000);
});
