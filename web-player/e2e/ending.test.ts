// A real broadcast to its end, and what comes after it: a dead hub, a withdrawal, the replay, its file, the next broadcast.
// These change the server for good, so they come last and in this order; they run against a real server only.

import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import {
  browser,
  admin,
  advances,
  base,
  expectAccessible,
  isLive,
  live,
  loggedIn,
  open,
  real,
  scrubTo,
  shot,
  video,
  wake,
} from './support';

interface Segment {
  url: string;
  at: number;
  seconds: number;
}

/** A media playlist's segments with their program times. */
async function segments(path: string): Promise<Segment[]> {
  const found: Segment[] = [];
  let at = NaN;
  let seconds = 0;
  for (const line of (await (await fetch(base + path)).text()).split('\n')) {
    if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) at = Date.parse(line.slice(25));
    else if (line.startsWith('#EXTINF:')) seconds = parseFloat(line.slice(8));
    else if (line.startsWith('/media/')) {
      found.push({ url: line, at, seconds });
      at += seconds * 1000;
    }
  }
  return found;
}

interface Status {
  processes: { role: string; pid: number }[];
}

/** Kills the hub and waits for its successor. */
async function killHub(): Promise<void> {
  const hub = async () =>
    (await admin<Status>(`broadcasts/${live}/status`)).processes.find((process) => process.role === 'hub')?.pid;
  const old = await hub();
  if (old === undefined) throw new Error('the status names no hub');
  process.kill(old, 'SIGKILL');
  await expect.poll(() => hub().catch(() => old), { timeout: 20_000 }).not.toBe(old);
  await expect
    .poll(async () => (await fetch(`${base}/readyz`).catch(() => null))?.status, { timeout: 20_000 })
    .toBe(200);
}

/** Every medium that this page was given from now on. */
function given(page: Page): Set<string> {
  const paths = new Set<string>();
  page.on('response', (response) => {
    if (response.ok()) paths.add(new URL(response.url()).pathname);
  });
  return paths;
}

/** Seconds of the broadcast on screen, as the scrub bar tells. */
const seconds = async (page: Page) => Number(await page.locator('.scrub').getAttribute('aria-valuenow'));

describe.runIf(real)('a real broadcast to its end', () => {
  /** Media that were withdrawn, in every rendition. */
  const taken: string[] = [];
  let hole = { from: 0, to: 0 };
  const renditions = ['720p', '480p', '360p', 'audio'];

  it('goes on for viewers and for the studio when the hub dies', async () => {
    const watching = await open(browser, `/watch/${live}`);
    const working = await open(browser, `/studio/#/b/${live}`, { storageState: await loggedIn() });
    await advances(watching.page, 2);
    await working.page.waitForSelector('.tally--air');
    await killHub();
    await advances(watching.page, 6);
    await wake(watching.page);
    await isLive(watching.page);
    expect(await watching.page.locator('.over__panel').count()).toBe(0);
    await working.page.getByText('you are seeing an old state').waitFor({ state: 'detached' });
    await working.page.locator('.tally--air').first().waitFor();
    await expect.poll(() => working.page.locator('.venue__button').first().isDisabled()).toBe(false);
    await watching.context.close();
    await working.context.close();
  });

  it('does not play in the DVR what was withdrawn', async () => {
    const { context, page } = await open(browser, `/watch/${live}`);
    await advances(page, 1);
    await page.waitForFunction(
      () => Number(document.querySelector('.scrub')?.getAttribute('aria-valuemax')) > 50,
      undefined,
      { timeout: 60_000 },
    );
    const { live_at: liveAt } = await admin<{ live_at: string }>(`broadcasts/${live}`);
    const start = Date.parse(liveAt);
    hole = { from: start + 20_000, to: start + 30_000 };
    for (const rendition of renditions) {
      for (const one of await segments(`/hls/${live}/${rendition}/dvr.m3u8`))
        if (one.at < hole.to && one.at + one.seconds * 1000 > hole.from) taken.push(one.url);
    }
    expect(taken.length).toBeGreaterThanOrEqual(4 * renditions.length);
    const answer = await admin<{ segments: number }>(`broadcasts/${live}/withdraw`, 'POST', {
      from: hole.from,
      to: hole.to,
      reason: 'a name was said',
    });
    expect(answer.segments).toBeGreaterThanOrEqual(4);
    for (const path of taken) expect((await fetch(base + path)).ok).toBe(false);

    const got = given(page);
    await scrubTo(page, 14);
    await page.waitForSelector('.live-badge--go');
    await expect.poll(() => seconds(page), { timeout: 60_000, interval: 200 }).toBeGreaterThan(32);
    await advances(page, 1);
    expect(taken.filter((path) => got.has(path))).toEqual([]);
    expect([...got].filter((path) => path.endsWith('.m4s')).length).toBeGreaterThan(2);
    await context.close();
  });

  it('becomes a recording that plays, seeks and can be taken along, without what was withdrawn', async () => {
    const { context, page, problems } = await open(browser, `/watch/${live}`);
    await advances(page, 1);
    await admin(`broadcasts/${live}/end`, 'POST', { confirm: live });
    await page.getByRole('button', { name: 'Play the recording' }).click({ timeout: 60_000 });
    const got = given(page);
    await advances(page, 1);
    await wake(page);
    expect(await page.locator('.time').textContent()).toMatch(/^\d+:\d\d \/ \d+:\d\d$/);
    // From one side of the hole to the other.
    await scrubTo(page, 14);
    await expect.poll(() => seconds(page), { timeout: 60_000, interval: 200 }).toBeGreaterThan(24);
    const listed = await segments(`/hls/${live}/720p/replay.m3u8`);
    const whole = listed.reduce((sum, one) => sum + one.seconds, 0);
    expect(Math.abs((await page.evaluate(() => document.querySelector('video')?.duration ?? 0)) - whole)).toBeLessThan(
      2,
    );
    await scrubTo(page, whole * 0.75);
    await page.waitForFunction(
      (least) => (document.querySelector('video')?.currentTime ?? 0) > least,
      whole * 0.75 - 2,
    );
    await advances(page, 2);
    expect((await video(page)).height).toBeGreaterThan(0);
    expect(taken.filter((path) => got.has(path))).toEqual([]);
    expect(listed.filter((one) => taken.includes(one.url))).toEqual([]);
    await shot(page, 'watch-replay');
    await expectAccessible(page);

    const download = page.waitForEvent('download', { timeout: 60_000 });
    await page.getByRole('link', { name: 'Download (MP4)' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe(`${live}.mp4`);
    expect(await file.failure()).toBe(null);
    // It plays, and is as long as the recording.
    const answer = await fetch(`${base}/hls/${live}/replay.mp4`, { headers: { range: 'bytes=4-7' } });
    expect([answer.status, await answer.text()]).toEqual([206, 'ftyp']);
    const length = await page.evaluate(async (from) => {
      const other = document.createElement('video');
      other.src = from;
      await new Promise((loaded, failed) => {
        other.addEventListener('loadedmetadata', loaded);
        other.addEventListener('error', failed);
      });
      return other.duration;
    }, `/hls/${live}/replay.mp4`);
    expect(Math.abs(length - whole)).toBeLessThan(2);
    expect(problems).toEqual([]);
    await context.close();
  });

  it('keeps its poster when the hub starts anew', async () => {
    await killHub();
    const { context, page } = await open(browser, `/watch/${live}`);
    await page.getByRole('button', { name: 'Play the recording' }).waitFor();
    await page.waitForFunction(
      () => (document.querySelector<HTMLImageElement>('.stage__poster img')?.naturalWidth ?? 0) > 0,
    );
    await context.close();
  });
});

describe.runIf(real)('a broadcast made in the studio', () => {
  it('goes from its making over the rehearsal to live and to its end, and viewers go with it', async () => {
    const { context, page, problems } = await open(browser, '/studio/', {
      viewport: { width: 1440, height: 900 },
      storageState: await loggedIn(),
    });
    await page.getByRole('button', { name: 'New broadcast' }).click();
    await page.getByLabel('Title', { exact: true }).fill('Fire drill');
    for (const box of (await page.getByRole('dialog').locator('fieldset').getByRole('checkbox').all()).slice(0, 2))
      await box.check();
    await page.getByLabel(/^Address/).fill('drill');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('button', { name: 'Start rehearsal' }).waitFor();

    const viewer = await open(browser, '/watch/drill');
    await viewer.page.getByText('Date to be announced').waitFor();

    await page.getByRole('button', { name: 'Start rehearsal' }).click();
    await page.locator('.state-badge', { hasText: 'REHEARSAL' }).waitFor();
    await page.getByRole('button', { name: 'End rehearsal' }).click();
    await page.getByRole('button', { name: 'Start rehearsal' }).click();
    await page.locator('.state-badge', { hasText: 'REHEARSAL' }).waitFor();
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.venue .badge')].every((badge) => badge.textContent === 'live'),
    );
    await page.getByRole('button', { name: /^Full screen/ }).click();
    await page.getByRole('button', { name: /^Tile 1/ }).click();
    await page.locator('.venue__button').nth(1).click();
    await page.keyboard.press('Enter');
    await page.locator('.venue').nth(1).locator('.tally--air').waitFor();
    await page.getByRole('button', { name: 'Go live' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Go live' }).click();
    await page.getByText(/LIVE\s*00:00:\d\d/).waitFor();
    // Without a date it asks about once a minute.
    await viewer.page.evaluate(() => dispatchEvent(new Event('online')));
    await advances(viewer.page, 2);

    await page.getByRole('button', { name: 'End…' }).click();
    await page.getByRole('dialog').getByLabel('Type the title to end it').fill('fire drill');
    await page.keyboard.press('Enter');
    await page.getByText(/Ends in \d+ s/).waitFor();
    await page.getByRole('heading', { name: 'This broadcast has ended' }).waitFor();
    await viewer.page.getByRole('button', { name: 'Play the recording' }).waitFor({ timeout: 60_000 });
    expect(problems).toEqual([]);
    expect(viewer.problems).toEqual([]);
    await viewer.context.close();
    await context.close();
  });
});
