import { afterEach, describe, expect, it } from 'vitest';
import { browser, expectAccessible, live, mock, open, real } from './support';

describe('the index', () => {
  it('leads to what is on air', async () => {
    const { context, page, problems } = await open(browser, '/');
    await page.getByRole('heading', { name: 'On air now' }).waitFor();
    const link = page.locator(`.hero a[href="/watch/${live}"]`).first();
    await link.click();
    await page.waitForSelector('.stage');
    expect(page.url()).toContain(`/watch/${live}`);
    expect(problems).toEqual([]);
    await context.close();
  });

  it('does not lead to the studio', async () => {
    const { context, page } = await open(browser, '/');
    await page.waitForSelector('.hero, .quiet, .notice');
    expect(await page.locator('a[href*="studio"]').count()).toBe(0);
    await context.close();
  });
});

describe.skipIf(real)('the index in its other states', () => {
  afterEach(async () => {
    await mock('reset', {});
  });

  it('lists what comes in order of its start, and recordings, newest first', async () => {
    const { context, page } = await open(browser, '/');
    await page.waitForSelector('.comings');
    const coming = await page.locator('.coming h3').allTextContents();
    expect(coming[0]).toContain('12309');
    expect(coming[1]).toContain('On patrol');
    const past = await page.locator('.card h3').allTextContents();
    expect(past.indexOf('知识产权案件公开庭审')).toBeLessThan(past.indexOf('Police academy: the entrance day'));
    await context.close();
  });

  it('promises no recording that will never be, and names a moment in one style', async () => {
    const { context, page } = await open(browser, '/');
    // This device's clock is an hour fast.
    await context.addInitScript(() => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + 3_600_000;
      Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + 3_600_000 });
    });
    await page.waitForSelector('.cards');
    const card = page.locator('.card', { hasText: 'Town meeting' });
    expect(await card.locator('.meta').textContent()).toBe('There is no recording');
    const coming = page.locator('.coming').first();
    const tile = (await coming.locator('.coming__time').textContent()) ?? '';
    expect(tile).toMatch(/^\d\d:\d\d$/);
    expect(await coming.locator('time').textContent()).toContain(tile);
    await mock('live', { id: 'short', ago_ms: 60_000 });
    await mock('end', { id: 'short' });
    await page.reload();
    const fresh = page.locator('.card', { hasText: 'short' });
    await fresh.getByText('The recording is being prepared').waitFor({ timeout: 30_000 });
    await context.close();
  });

  it('is designed for an empty house', async () => {
    await mock('remove', {});
    const { context, page } = await open(browser, '/');
    await page.getByRole('heading', { name: 'Nothing is announced yet' }).waitFor();
    await expectAccessible(page);
    await context.close();
  });

  it('says that nothing is on air, and what comes', async () => {
    await mock('remove', { ids: ['court'] });
    const { context, page } = await open(browser, '/');
    await page.getByRole('heading', { name: 'Nothing is on air right now' }).waitFor();
    expect(await page.locator('.coming').count()).toBeGreaterThan(0);
    await context.close();
  });

  it('says what happened when the server fails, with a number, and tries again', async () => {
    await mock('fail', { prefix: '/api/v1/broadcasts', status: 500, code: 'internal' });
    const { context, page } = await open(browser, '/');
    await page.getByRole('heading', { name: 'This could not be loaded' }).waitFor();
    expect(await page.locator('.error-id').textContent()).toContain('5eed0bad');
    await expectAccessible(page);
    // Pressed while it still fails: afterwards the page may have tried by itself, and the button be gone.
    const asked = page.waitForRequest((request) => request.url().includes('/api/v1/broadcasts'));
    await page.getByRole('button', { name: 'Try again' }).click();
    await asked;
    await mock('fail', { prefix: '/api/v1/broadcasts', status: 0 });
    await page.waitForSelector('.hero');
    await context.close();
  });

  it('keeps the old list when the connection goes, and says that it is old', async () => {
    const { context, page } = await open(browser, '/');
    await page.waitForSelector('.hero');
    await context.setOffline(true);
    // The page asks again as soon as it is looked at.
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await page.getByText('The connection is lost').waitFor();
    expect(await page.locator('.hero').count()).toBe(1);
    await context.setOffline(false);
    await page.getByText('The connection is lost').waitFor({ state: 'detached' });
    await context.close();
  });
});
