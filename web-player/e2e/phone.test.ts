import { describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import {
  browser,
  advances,
  expectAccessible,
  expectNoSidewaysScroll,
  misnamed,
  mock,
  open,
  outOfReach,
  pictureHeight,
  real,
  scrubTo,
  shot,
  video,
  wake,
} from './support';

/** Controls of the stage that something else lies over, or that are out of sight. */
function covered(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.stage :is(button, [role=slider])')]
      .filter((one) => one.checkVisibility({ visibilityProperty: true }))
      .flatMap((one) => {
        const { left, top, width, height } = one.getBoundingClientRect();
        const hit = document.elementFromPoint(left + width / 2, top + height / 2);
        return hit !== null && one.contains(hit)
          ? []
          : [`${one.getAttribute('aria-label') ?? one.textContent}: ${hit?.className ?? 'nothing'}`];
      }),
  );
}

/** The page on small and large phones, in both languages. */
async function onPhones(page: Page, check: (name: string) => Promise<void>): Promise<void> {
  for (const [width, height] of [
    [390, 844],
    [320, 568],
  ] as const) {
    await page.setViewportSize({ width, height });
    for (const other of [/切换到英文/, /Switch to Chinese/]) {
      await page.getByRole('button', { name: other }).click();
      await page.mouse.move(0, 0);
      await wake(page);
      await check(`${(await page.getAttribute('html', 'lang')) ?? ''}-${String(width)}`);
    }
  }
}

describe.skipIf(real)('on a phone', () => {
  for (const [language, width, height] of [
    ['en', 320, 640],
    ['zh-CN', 320, 640],
    ['en', 360, 640],
    ['pseudo', 360, 740],
  ] as const) {
    it(`keeps everything within reach at ${String(width)} in ${language}`, async () => {
      await mock('live', { id: 'long', ago_ms: (1 * 3600 + 24 * 60) * 1000 });
      const { context, page } = await open(browser, `/watch/long?lang=${language}`, {
        viewport: { width, height },
        reducedMotion: 'reduce',
      });
      await advances(page, 1);
      await wake(page);
      await page.waitForFunction(() => /\d\.\d/.test(document.querySelector('.live-badge--on')?.textContent ?? ''));
      await expectNoSidewaysScroll(page);

      const bar = page.locator('.scrub');
      const line = await bar.boundingBox();
      for (const x of [1, (line?.width ?? 0) - 1]) {
        await bar.hover({ position: { x, y: 8 } });
        await page.waitForFunction(
          () => (document.querySelector<HTMLImageElement>('.scrub__tip img')?.naturalWidth ?? 0) > 0,
        );
        const tip = await page.locator('.scrub__tip').boundingBox();
        const stage = await page.locator('.stage').boundingBox();
        expect(tip?.x).toBeGreaterThanOrEqual(0);
        expect((tip?.x ?? 0) + (tip?.width ?? 0)).toBeLessThanOrEqual(width);
        expect(tip?.y).toBeGreaterThanOrEqual(stage?.y ?? 0);
      }

      await scrubTo(page, 15);
      await page.waitForSelector('.live-badge__late');
      await advances(page, 1);
      await wake(page);
      expect(await page.locator('.live-badge__late').textContent()).toMatch(/^−1:2\d:\d\d/);
      await expectNoSidewaysScroll(page);
      expect(await misnamed(page)).toEqual([]);

      // They may have hidden meanwhile.
      await wake(page);
      await page.locator('.menu > button').click();
      expect(await page.getByRole('menuitemradio').count()).toBeGreaterThanOrEqual(5);
      expect(await outOfReach(page)).toEqual([]);
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await context.close();
    });
  }

  it('leads to the help by the menu, also when single keys are switched off', async () => {
    const { context, page } = await open(browser, '/watch/court', { viewport: { width: 360, height: 740 } });
    await advances(page, 1);
    const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    const byMenu = async () => {
      await wake(page);
      await page.locator('.menu > button').click();
      await page.getByRole('menuitem', { name: 'Keyboard shortcuts' }).click();
      await help.waitFor();
    };
    await byMenu();
    await help.getByRole('switch').click();
    await page.keyboard.press('Escape');
    await help.waitFor({ state: 'detached' });
    await page.keyboard.press('?');
    await byMenu();
    expect(await help.getByRole('switch').isChecked()).toBe(false);
    await context.close();
  });

  it('has the way back from the sound alone above the controls', async () => {
    const { context, page } = await open(browser, '/watch/court', { locale: 'zh-CN' });
    const soundOnly = async () => {
      await advances(page, 1);
      await wake(page);
      await page.locator('.menu > button').click();
      await page.getByRole('menuitemradio', { name: /只听声音/ }).click();
      await page.waitForSelector('.stage__audio');
      await advances(page, 1);
      await wake(page);
    };
    await soundOnly();
    await onPhones(page, async (name) => {
      expect(await covered(page)).toEqual([]);
      await shot(page, `sound-only-${name}`);
      await expectAccessible(page);
    });
    await page.setViewportSize({ width: 320, height: 180 });
    await page.goto(page.url().replace('/watch/', '/embed/'));
    await soundOnly();
    expect(await covered(page)).toEqual([]);
    await page.locator('.stage__audio button').click();
    expect(await pictureHeight(page)).toBeGreaterThan(0);
    await context.close();
  });

  it('says above the controls what is wrong with the connection', async () => {
    const { context, page } = await open(browser, '/watch/court', { locale: 'zh-CN' });
    await advances(page, 1);
    for (const prefix of ['/hls/', '/media/']) await mock('fail', { prefix, status: 503, code: 'unavailable' });
    // The longest of what there is to say.
    await page.getByText('恢复时间比平时长').waitFor({ timeout: 90_000 });
    await onPhones(page, async (name) => {
      expect(await covered(page)).toEqual([]);
      await shot(page, `trouble-${name}`);
      await expectAccessible(page);
    });
    for (const prefix of ['/hls/', '/media/']) await mock('fail', { prefix, status: 0 });
    await advances(page, 1);
    await context.close();
  });

  it('shows its controls by a tap that presses none of them, and hides them by another', async () => {
    const { context, page } = await open(browser, '/watch/court', {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    await advances(page, 1);
    const quiet = page.locator('.stage--quiet');
    await quiet.waitFor();
    const pause = await page.getByRole('button', { name: 'Pause' }).boundingBox();
    const [x, y] = [(pause?.x ?? 0) + 22, (pause?.y ?? 0) + 22];
    // How long they were up each time, by the page's clock: without a tap they hide after three seconds by themselves.
    const spans = await page.evaluateHandle(() => {
      const all: number[] = [];
      const stage = document.querySelector('.stage');
      let hidden = true;
      let since = 0;
      new MutationObserver(() => {
        const now = stage?.classList.contains('stage--quiet') === true;
        if (now === hidden) return;
        hidden = now;
        if (hidden) all[all.length - 1] = performance.now() - since;
        else {
          since = performance.now();
          all.push(Infinity);
        }
      }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ['class'] });
      return all;
    });
    const shown = () => spans.evaluate((all) => all.length);
    await page.touchscreen.tap(x, y);
    await expect.poll(shown).toBe(1);
    await advances(page, 0.5);
    expect((await video(page)).paused).toBe(false);
    await quiet.waitFor();
    // A tap that comes too late for them is one that shows them again: another try.
    await expect
      .poll(
        async () => {
          const times = await shown();
          await page.touchscreen.tap(200, 120);
          await expect.poll(shown).toBe(times + 1);
          await page.touchscreen.tap(200, 120);
          await quiet.waitFor();
          return spans.evaluate((all) => all[all.length - 1]);
        },
        { timeout: 60_000 },
      )
      .toBeLessThan(2500);
    await expect
      .poll(
        async () => {
          if ((await quiet.count()) > 0) await page.touchscreen.tap(200, 120);
          await page.touchscreen.tap(x, y);
          const paused = page.waitForFunction(() => document.querySelector('video')?.paused === true, undefined, {
            timeout: 3000,
          });
          return paused.then(
            () => true,
            () => false,
          );
        },
        { timeout: 60_000 },
      )
      .toBe(true);
    await context.close();
  });
});
