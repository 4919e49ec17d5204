import { describe, expect, it } from 'vitest';
import {
  browser,
  advances,
  expectNoSidewaysScroll,
  misnamed,
  mock,
  open,
  outOfReach,
  real,
  scrubTo,
  wake,
} from './support';

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

      await page.locator('.menu > button').click();
      expect(await page.getByRole('menuitemradio').count()).toBeGreaterThanOrEqual(5);
      expect(await outOfReach(page)).toEqual([]);
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
});
