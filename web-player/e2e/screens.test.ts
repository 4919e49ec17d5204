// Every page in two themes, two languages and three widths, for people to look at, scanned for accessibility and for
// anything that sticks out; and once more in the pseudo-locale, whose texts are longer than any language's. A page is opened
// once and then resized: its layout follows.

import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import {
  browser,
  advances,
  base,
  expectAccessible,
  expectNoSidewaysScroll,
  live,
  loggedIn,
  loggedInAs,
  open,
  real,
  shot,
  wake,
} from './support';

interface Scene {
  name: string;
  /** Brings a page that is somewhere on the site into the state to be shown. */
  show: (page: Page) => Promise<void>;
  full?: boolean;
  /** Before each picture. */
  touch?: (page: Page) => Promise<void>;
  mockOnly?: boolean;
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
    touch: wake,
    show: async (page) => {
      await page.goto(`${base}/watch/${live}`);
      await advances(page, 1);
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
    show: async (page) => {
      await page.context().addCookies((await loggedIn()).cookies);
      await page.goto(`${base}/studio/`);
      await page.waitForSelector('.rows .row__title');
    },
  },
  {
    name: 'studio-venues',
    show: async (page) => {
      await page.evaluate(() => (location.hash = '#/venues'));
      await page.waitForSelector('.rows .row__title');
    },
  },
  {
    name: 'studio-people',
    show: async (page) => {
      await page.evaluate(() => (location.hash = '#/people'));
      await page.waitForSelector('.tab[href="#/people"][aria-current]');
      await page.waitForSelector('.rows .row__title');
    },
  },
  {
    name: 'studio-audit',
    show: async (page) => {
      await page.evaluate(() => (location.hash = '#/audit'));
      await page.waitForSelector('.tab[href="#/audit"][aria-current]');
      await page.waitForSelector('.rows .row__title');
    },
  },
  {
    name: 'studio-console',
    full: true,
    show: async (page) => {
      await page.evaluate((id) => (location.hash = `#/b/${id}`), live);
      await page.waitForSelector('.tally--air');
      await page.waitForFunction(() => document.querySelectorAll('.venue .thumb img').length >= 2);
      await page.waitForFunction(() => /\d\.\d/.test(document.querySelector('.screen__note')?.textContent ?? ''));
    },
  },
  {
    name: 'moderate-broadcasts',
    mockOnly: true,
    show: async (page) => {
      await page.goto(`${base}/moderate/`);
      await page.waitForSelector('.rows .row__title');
    },
  },
  {
    name: 'moderate-queue',
    mockOnly: true,
    show: async (page) => {
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.goto(`${base}/moderate/#/b/court`);
      await page.waitForSelector('.entry');
      await page.evaluate(() => {
        document.querySelectorAll<HTMLElement>('.entry__open')[3]?.click();
      });
      await page.waitForSelector('.side');
      // On a phone: the list.
      await page.evaluate(() => document.querySelector<HTMLElement>('.detail__back')?.click());
    },
  },
  {
    name: 'moderate-comment',
    mockOnly: true,
    show: async (page) => {
      await page.evaluate(() => {
        document.querySelectorAll<HTMLElement>('.entry__open')[3]?.click();
      });
      await page.waitForFunction(
        () => (document.querySelector<HTMLImageElement>('.picture img')?.naturalWidth ?? 0) > 0,
      );
    },
  },
  {
    name: 'moderate-words',
    mockOnly: true,
    show: async (page) => {
      await page.goto(`${base}/moderate/#/words/ads`);
      await page.waitForSelector('.lines__text');
    },
  },
  {
    name: 'desk-list',
    mockOnly: true,
    show: async (page) => {
      await page.context().addCookies((await loggedInAs('kai')).cookies);
      await page.goto(`${base}/desk/`);
      await page.waitForSelector('.one');
    },
  },
  {
    name: 'desk-tip',
    mockOnly: true,
    show: async (page) => {
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.evaluate(() => document.querySelector<HTMLElement>('.one[data-id=d35f20c8a7] a')?.click());
      await page.waitForFunction(() => {
        const photos = [...document.querySelectorAll<HTMLImageElement>('.photo img')];
        return photos.length === 3 && photos.every((one) => one.naturalWidth > 0);
      });
    },
  },
  {
    name: 'desk-talk',
    full: true,
    mockOnly: true,
    show: async (page) => {
      await page.evaluate(() => (location.hash = '#/t/94a6b1e03d'));
      await page.waitForSelector('.event__words');
    },
  },
  {
    name: 'desk-officers',
    mockOnly: true,
    show: async (page) => {
      await page.evaluate(() => (location.hash = '#/officers'));
      await page.waitForSelector('.officer');
    },
  },
];

const widths: [number, number][] = [
  [360, 740],
  [768, 1024],
  [1440, 900],
];

const wanted = scenes.filter((scene) => !(real && scene.mockOnly === true));

/** Shows every scene at every width; what the page looks like is drawn before anything is judged. */
async function walk(page: Page, suffix: string, look: (width: number) => Promise<void>): Promise<void> {
  for (const scene of wanted) {
    await scene.show(page);
    for (const [width, height] of widths) {
      await page.setViewportSize({ width, height });
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      await scene.touch?.(page);
      await shot(page, `${scene.name}-${suffix}-${String(width)}`, scene.full);
      await expectNoSidewaysScroll(page);
      await look(width);
    }
  }
}

describe('every page', () => {
  for (const theme of ['dark', 'light'] as const) {
    for (const language of ['en', 'zh-CN'] as const) {
      // The mock's pages show every combination; a real server's show each theme and each language once.
      it.skipIf(real && (theme === 'dark') !== (language === 'en'))(
        `looks right in ${theme} and ${language}`,
        async () => {
          const { context, page, problems } = await open(browser, '/favicon.ico', {
            locale: language,
            reducedMotion: 'reduce',
          });
          await context.addInitScript((chosen) => {
            localStorage.setItem('openday.theme', chosen);
          }, theme);
          // Colours differ by theme, structure by width, the language changes neither: the mock's pages get two scans of the
          // four, a real server's the other two.
          const pairs = (theme === 'dark') === (language === 'en');
          const scanned = pairs !== real ? null : language === 'en' ? 360 : 1440;
          await walk(page, `${theme}-${language}`, async (width) => {
            const { themed, tongue } = await page.evaluate(() => ({
              themed: document.documentElement.dataset.theme,
              tongue: document.documentElement.lang,
            }));
            expect([themed, tongue]).toEqual([theme, language]);
            if (width === scanned) await expectAccessible(page);
          });
          expect(problems).toEqual([]);
          await context.close();
        },
        480_000,
      );
    }
  }

  it.skipIf(real)(
    'holds texts longer than any language’s',
    async () => {
      const { context, page } = await open(browser, '/favicon.ico', { reducedMotion: 'reduce' });
      await context.addInitScript(() => {
        localStorage.setItem('openday.lang', 'pseudo');
      });
      await walk(page, 'pseudo', () => Promise.resolve());
      await context.close();
    },
    480_000,
  );
});
