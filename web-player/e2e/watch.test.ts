import { describe, expect, it } from 'vitest';
import {
  browser,
  advances,
  base,
  expectAccessible,
  isLive,
  latency,
  launchStrict,
  layWire,
  live,
  misnamed,
  mock,
  open,
  pictureHeight,
  real,
  scrubTo,
  video,
  wake,
} from './support';

describe('a live broadcast', () => {
  it('plays by itself with sound, advances, and says how far behind it is', async () => {
    const { context, page, problems } = await open(browser, `/watch/${live}`);
    await advances(page, 3);
    const state = await video(page);
    expect(state.muted).toBe(false);
    expect(state.height).toBeGreaterThan(0);
    await wake(page);
    await page.waitForFunction(() => /\d\.\d/.test(document.querySelector('.live-badge--on')?.textContent ?? ''));
    await expect.poll(() => latency(page)).toBeLessThan(4);
    expect(await latency(page)).toBeGreaterThan(0.2);
    expect(await page.title()).toContain('●');
    expect(problems).toEqual([]);
    await context.close();
  });

  it('changes quality and remembers the choice', async () => {
    const { context, page } = await open(browser, `/watch/${live}`);
    await advances(page, 1);
    await wake(page);
    await page.locator('.menu > button').click();
    const heights = await page
      .locator('[role=menuitemradio]')
      .filter({ hasText: /^\d+p$/ })
      .allTextContents();
    expect(heights.length).toBeGreaterThanOrEqual(2);
    const lowest = heights[heights.length - 1] ?? '';
    await page.getByRole('menuitemradio', { name: lowest, exact: true }).click();
    await page.waitForFunction(
      (height) => document.querySelector('video')?.videoHeight === height,
      parseInt(lowest, 10),
    );
    await wake(page);
    expect(await page.locator('.menu > button').getAttribute('aria-label')).toBe(`Quality: ${lowest}`);

    await page.reload();
    await advances(page, 1);
    expect(await pictureHeight(page)).toBe(parseInt(lowest, 10));

    await wake(page);
    await page.locator('.menu > button').click();
    await page.getByRole('menuitemradio', { name: 'Auto' }).click();
    await page.waitForFunction(() =>
      /^Auto \(\d+p\)$/.test(document.querySelector('.bar-button__label')?.textContent ?? ''),
    );
    await context.close();
  });

  it.skipIf(real)('keeps the chosen quality when that has failed for a while', async () => {
    const { context, page } = await open(browser, '/watch/court');
    await advances(page, 1);
    await wake(page);
    await page.locator('.menu > button').click();
    await page.getByRole('menuitemradio', { name: '360p', exact: true }).click();
    await page.waitForFunction(() => document.querySelector('video')?.videoHeight === 360);
    await mock('fail', { prefix: '/hls/court/360p/', status: 404, code: 'not_found' });
    // It goes on in another one, which is better than to stand still.
    await page.waitForFunction(() => (document.querySelector('video')?.videoHeight ?? 0) > 360);
    await mock('fail', { prefix: '/hls/court/360p/', status: 0 });
    await page.waitForFunction(() => document.querySelector('video')?.videoHeight === 360);
    await advances(page, 8);
    expect((await video(page)).height).toBe(360);
    await context.close();
  });

  it('survives ten seconds without network and is back at the live edge', async () => {
    const wire = await layWire();
    const { context, page } = await open(browser, `/watch/${live}`, {}, wire.url);
    await advances(page, 3);
    wire.cut(10_000);
    // It stopped, and says so.
    await page.waitForSelector('.over__panel', { timeout: 15_000 });
    expect(await page.locator('.over__panel h2').textContent()).toBe('The connection was interrupted');
    await page.waitForFunction(() => document.querySelector('.over__panel') === null);
    await advances(page, 3);
    await wake(page);
    await isLive(page);
    await context.close();
    wire.close();
  });

  it('goes back in the DVR by the scrub bar and returns to live', async () => {
    const { context, page } = await open(browser, `/watch/${live}`);
    await advances(page, 1);
    // A broadcast that has just begun has nothing to go back to yet.
    await page.waitForFunction(
      () => Number(document.querySelector('.scrub')?.getAttribute('aria-valuemax')) > 40,
      undefined,
      { timeout: 60_000 },
    );
    await wake(page);
    const bar = page.locator('.scrub');
    const box = await bar.boundingBox();
    await bar.hover({ position: { x: (box?.width ?? 0) * 0.5, y: 8 } });
    await page.waitForSelector('.scrub__tip');
    await page.waitForFunction(
      () => (document.querySelector<HTMLImageElement>('.scrub__tip img')?.naturalWidth ?? 0) > 0,
    );
    const half = Number(await bar.getAttribute('aria-valuemax')) / 2;
    await scrubTo(page, half);
    const began = performance.now();
    await page.waitForSelector('.live-badge--go');
    await advances(page, 2);
    const late = await page.locator('.live-badge__late').textContent();
    expect(late).toMatch(/^−[\d:]+/);
    // As far back as was asked for, within the length of a segment or two, and played on from there.
    const now = Number(await bar.getAttribute('aria-valuenow'));
    expect(now).toBeGreaterThan(half - 6);
    expect(now).toBeLessThan(half + 6 + (performance.now() - began) / 1000);

    await wake(page);
    await page.getByRole('button', { name: /Go live/ }).click();
    await isLive(page);
    await advances(page, 1);
    await context.close();
  });

  it.skipIf(real)('loses no time over a network that is away while it seeks back', async () => {
    const wire = await layWire();
    const { context, page } = await open(browser, '/watch/court', {}, wire.url);
    await advances(page, 1);
    await wake(page);
    await scrubTo(page, 600);
    await page.waitForSelector('.live-badge--go');
    await advances(page, 3);
    await wake(page);
    wire.cut(2500);
    await scrubTo(page, 60);
    const began = performance.now();
    await page.waitForFunction(() => Number(document.querySelector('.scrub')?.getAttribute('aria-valuenow')) < 100);
    await advances(page, 2);
    expect(performance.now() - began).toBeLessThan(15_000);
    // All is well: the controls leave the picture.
    await page.waitForSelector('.stage--quiet', { timeout: 10_000 });
    await context.close();
    wire.close();
  });

  it('resumes after a long pause where it was left, not where the broadcast is', async () => {
    const { context, page } = await open(browser, `/watch/${live}`);
    await advances(page, 2);
    await page.keyboard.press('k');
    await page.waitForFunction(() => document.querySelector('video')?.paused === true);
    // A network that returns is no wish to play.
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await page.waitForTimeout(12_000);
    expect((await video(page)).paused).toBe(true);
    expect(await page.locator('.over, .over__panel').count()).toBe(0);
    await page.keyboard.press('k');
    await page.waitForSelector('.live-badge__late');
    await advances(page, 1);
    const text = (await page.locator('.live-badge__late').textContent()) ?? '';
    const [minutes, seconds] = text
      .replace(/[^\d:]/g, '')
      .split(':')
      .map(Number);
    const late = (minutes ?? 0) * 60 + (seconds ?? 0);
    expect(late).toBeGreaterThanOrEqual(8);
    expect(late).toBeLessThan(25);
    await context.close();
  });

  it('obeys the keyboard, and not when single keys are switched off', async () => {
    const { context, page } = await open(browser, `/watch/${live}`);
    await advances(page, 1);
    await page.keyboard.press('m');
    await page.waitForFunction(() => document.querySelector('video')?.muted === true);
    await page.keyboard.press('m');
    await page.waitForFunction(() => document.querySelector('video')?.muted === false);
    await page.keyboard.press('ArrowDown');
    await page.waitForFunction(() => (document.querySelector('video')?.volume ?? 1) < 0.95);
    await page.keyboard.press('j');
    await page.waitForSelector('.live-badge__late');
    await page.keyboard.press('End');
    await page.waitForSelector('.live-badge--on');
    await page.keyboard.press('f');
    await page.waitForFunction(() => document.fullscreenElement !== null);
    await page.keyboard.press('f');
    await page.waitForFunction(() => document.fullscreenElement === null);

    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await help.waitFor();
    await expectAccessible(page);
    await help.getByRole('switch').click();
    await page.keyboard.press('Escape');
    await help.waitFor({ state: 'detached' });
    await page.keyboard.press('m');
    await page.waitForTimeout(300);
    expect((await video(page)).muted).toBe(false);
    await page.keyboard.press('Space');
    await page.waitForFunction(() => document.querySelector('video')?.paused === true);
    await context.close();
  });

  it('plays the sound alone when asked, and the picture again', async () => {
    const { context, page } = await open(browser, `/watch/${live}`);
    await advances(page, 1);
    await wake(page);
    await page.locator('.menu > button').click();
    await page.getByRole('menuitemradio', { name: /Sound only/ }).click();
    await page.waitForSelector('.stage__audio');
    await advances(page, 2);
    expect((await video(page)).height).toBe(0);
    await page.getByRole('button', { name: 'Back to video' }).click();
    expect(await pictureHeight(page)).toBeGreaterThan(0);
    await advances(page, 2);
    await context.close();
  });

  it('can be embedded with nothing but the picture', async () => {
    const { context, page, problems } = await open(browser, `/embed/${live}`, {
      viewport: { width: 640, height: 360 },
    });
    await advances(page, 1);
    expect(await page.locator('header, h1').count()).toBe(0);
    const box = await page.locator('.stage').boundingBox();
    expect([box?.width, box?.height]).toEqual([640, 360]);
    expect(problems).toEqual([]);
    await context.close();
  });

  it('speaks Chinese and English, and shifts nothing when it starts', async () => {
    const { context, page } = await open(browser, `/watch/${live}`, { locale: 'zh-CN' });
    await page.evaluate(() => {
      const marked = window as unknown as { shifts: number };
      marked.shifts = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) marked.shifts += (entry as unknown as { value: number }).value;
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await advances(page, 1);
    await wake(page);
    expect(await page.locator('.live-badge--on').textContent()).toMatch(/^直播/);
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh-CN');
    expect(await page.evaluate(() => (window as unknown as { shifts: number }).shifts)).toBeLessThan(0.05);
    expect(await misnamed(page)).toEqual([]);
    await page.getByRole('button', { name: /切换到英文/ }).click();
    await wake(page);
    expect(await page.locator('.live-badge--on').textContent()).toMatch(/^LIVE/);
    await context.close();
  });
});

describe('where the browser allows no sound without a gesture', () => {
  it('starts muted and offers the sound with one large button', async () => {
    const strict = await launchStrict();
    const context = await strict.newContext({
      viewport: { width: 1280, height: 800 },
      locale: 'en-GB',
      ignoreHTTPSErrors: true,
    });
    const page = await context.newPage();
    // Whatever looks into the page counts as a gesture there: nothing may until the first media have come.
    const media = page.waitForResponse((response) => response.url().endsWith('.m4s'));
    await page.goto(`${base}/watch/${live}`);
    await media;
    expect((await video(page)).muted).toBe(true);
    await advances(page, 1);
    const unmute = page.getByRole('button', { name: 'Tap for sound' });
    const box = await unmute.boundingBox();
    expect(box?.height).toBeGreaterThanOrEqual(44);
    await unmute.click();
    await page.waitForFunction(() => document.querySelector('video')?.muted === false);
    await unmute.waitFor({ state: 'detached' });
    await advances(page, 1);
    await context.close();
    await strict.close();
  });
});

describe.skipIf(real)('the life of a broadcast', () => {
  it('counts down on the server’s clock, offers the calendar, and starts by itself', async () => {
    await mock('broadcast', {
      id: 'soon',
      title: 'Soon',
      state: 'scheduled',
      starts_at: new Date(Date.now() + 30_000).toISOString(),
    });
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' });
    const page = await context.newPage();
    // This device's clock is an hour wrong.
    await page.addInitScript(() => {
      const now = Date.now.bind(Date);
      Date.now = () => now() - 3_600_000;
      Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin - 3_600_000 });
    });
    await page.goto(`${base}/watch/soon`);
    await page.waitForSelector('.countdown');
    await page.waitForFunction(() =>
      /^0000\d\d$/.test([...document.querySelectorAll('.countdown__number')].map((cell) => cell.textContent).join('')),
    );
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Add to calendar' }).click();
    expect((await download).suggestedFilename()).toBe('soon.ics');
    await page.getByText('It has not begun yet').waitFor();
    await mock('live', { id: 'soon' });
    await advances(page, 2);
    await context.close();
  });

  it('shows the end, and the recording by itself when it is ready', async () => {
    await mock('live', { id: 'ending', ago_ms: 60_000 });
    const { context, page } = await open(browser, '/watch/ending');
    await advances(page, 1);
    await mock('end', { id: 'ending' });
    await page.getByText('The broadcast has ended').waitFor({ timeout: 30_000 });
    await mock('end', { id: 'ending', replay: true });
    await page.getByRole('button', { name: 'Play the recording' }).click({ timeout: 30_000 });
    await advances(page, 1);
    await wake(page);
    expect(await page.locator('.time').textContent()).toMatch(/^0:\d\d \/ 2:08$/);
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download (MP4)' }).click();
    await page.getByText(/Preparing the file: \d+%/).waitFor();
    expect((await download).suggestedFilename()).toBe('ending.mp4');
    await page.keyboard.press('ArrowRight');
    await advances(page, 1);
    await context.close();
  });

  it('lets who is in the DVR see the rest, and shows the recording then', async () => {
    await mock('live', { id: 'late', ago_ms: 120_000 });
    const { context, page, problems } = await open(browser, '/watch/late');
    await advances(page, 1);
    await wake(page);
    await scrubTo(page, 60);
    await page.waitForSelector('.live-badge--go');
    await advances(page, 2);

    const askAgain = () => page.evaluate(() => dispatchEvent(new Event('online')));
    await mock('end', { id: 'late' });
    await askAgain();
    await page.waitForSelector('.bar .time');
    await advances(page, 2);
    expect(await page.locator('.over').count()).toBe(0);
    expect(await page.locator('.live-badge').count()).toBe(0);
    await mock('end', { id: 'late', replay: true });
    await askAgain();
    await page.getByRole('link', { name: 'Download (MP4)' }).waitFor();
    await advances(page, 2);
    await wake(page);
    const [at, length] = ((await page.locator('.time').textContent()) ?? '').split(' / ');
    expect(at).toMatch(/^1:[01]\d$/);
    expect(length).toMatch(/^2:[0-3]\d$/);
    expect(await page.title()).not.toContain('●');

    // Near the end there is no live to go to.
    await scrubTo(page, Number(await page.locator('.scrub').getAttribute('aria-valuemax')) - 5);
    await page.waitForFunction(() => Number(document.querySelector('.scrub')?.getAttribute('aria-valuenow')) > 100);
    const recording = page.getByRole('button', { name: 'Play the recording' });
    // The few seconds that are left may be over before they are looked at.
    await Promise.any([advances(page, 1), recording.waitFor()]);
    await recording.click();
    await advances(page, 1);
    await wake(page);
    expect(await page.locator('.time').textContent()).toMatch(/^0:\d\d \/ 2:08$/);
    expect(problems).toEqual([]);
    await context.close();
  });

  it('says that a date is not known yet, and that there is no recording', async () => {
    const { context, page } = await open(browser, '/watch/undated');
    await page.getByRole('heading', { name: 'Date to be announced' }).waitFor();
    await page.goto(`${base}/watch/ended`);
    await page.getByText('There is no recording.').waitFor();
    expect(await page.getByText('will appear here').count()).toBe(0);
    await context.close();
  });

  it('seeks in a recording', async () => {
    const { context, page } = await open(browser, '/watch/hearing');
    await page.getByRole('button', { name: 'Play the recording' }).click();
    await advances(page, 1);
    await wake(page);
    await scrubTo(page, 96);
    await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 90);
    await advances(page, 1);
    await context.close();
  });
});

describe.skipIf(real)('when things go wrong', () => {
  it('says that there is no such broadcast', async () => {
    const { context, page } = await open(browser, '/watch/nothing-here');
    await page.getByRole('heading', { name: 'There is no such broadcast' }).waitFor();
    expect(await page.locator('.error-id').textContent()).toContain('5eed0bad');
    await expectAccessible(page);
    await context.close();
  });

  it('says that a broadcast is not open, and goes on when it is', async () => {
    await mock('fail', { prefix: '/api/v1/broadcasts/court', status: 403, code: 'refused' });
    const { context, page } = await open(browser, '/watch/court');
    await page.getByRole('heading', { name: 'This broadcast is not open to you' }).waitFor();
    await mock('fail', { prefix: '/api/v1/broadcasts/court', status: 0 });
    await advances(page, 1);
    await context.close();
  });

  it('names the server’s error number, and tries again when asked', async () => {
    await mock('fail', { prefix: '/api/v1/broadcasts/court', status: 500, code: 'internal' });
    const { context, page } = await open(browser, '/watch/court');
    await page.getByRole('heading', { name: 'This could not be loaded' }).waitFor();
    expect(await page.locator('.error-id').textContent()).toContain('5eed0bad');
    await mock('fail', { prefix: '/api/v1/broadcasts/court', status: 0 });
    await page.getByRole('button', { name: 'Try again' }).click();
    await advances(page, 1);
    await context.close();
  });

  it('says that the server is busy, and comes back by itself', async () => {
    await mock('fail', { prefix: '/api/v1/broadcasts/court', status: 429, code: 'busy' });
    const { context, page } = await open(browser, '/watch/court');
    await page.getByRole('heading', { name: 'Very many people are here right now' }).waitFor();
    await mock('fail', { prefix: '/api/v1/broadcasts/court', status: 0 });
    await advances(page, 1);
    await context.close();
  });

  it('takes a new page by itself when the player’s script is gone, once, and then offers one', async () => {
    await mock('fail', { prefix: '/assets/engine-hls', status: 404, code: 'not_found' });
    const { context, page } = await open(browser, '/favicon.ico');
    let loads = 0;
    page.on('request', (request) => {
      if (request.isNavigationRequest()) loads++;
    });
    await page.goto(`${base}/watch/court`, { waitUntil: 'commit' });
    const button = page.getByRole('button', { name: 'Reload the page' });
    await button.waitFor();
    await page.waitForTimeout(3000);
    expect(loads).toBe(2);
    await mock('fail', { prefix: '/assets/engine-hls', status: 0 });
    await Promise.race([button.click().catch(() => undefined), button.waitFor({ state: 'detached' })]);
    await advances(page, 1);
    await context.close();
  });

  it('keeps the page when the media fail, shows a number, and recovers', async () => {
    await mock('fail', { prefix: '/media/', status: 503, code: 'unavailable' });
    const { context, page } = await open(browser, '/watch/court');
    await page.getByRole('heading', { name: 'The connection was interrupted' }).waitFor({ timeout: 45_000 });
    expect(await page.locator('.over .error-id').textContent()).toMatch(/p-[0-9a-f]{8}/);
    // Seconds that count down are not announced.
    expect(await page.locator('.over').getByRole('alert').textContent()).toBe('The connection was interrupted');
    await expectAccessible(page);
    await mock('fail', { prefix: '/media/', status: 0 });
    // It tries by itself, too: whichever comes first.
    const button = page.getByRole('button', { name: 'Try now' });
    await Promise.race([button.click().catch(() => undefined), button.waitFor({ state: 'detached' })]);
    await advances(page, 1);
    await context.close();
  });
});
