// The audience of a real broadcast: what one browser says, others see in step with their pictures; what a moderator takes
// away is gone from all of them; what waits for a moderator appears once one has let it. Against a real server only.

import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import {
  admin,
  advances,
  base,
  browser,
  expectAccessible,
  isLive,
  live,
  loggedIn,
  open,
  type Opened,
  real,
  scrubTo,
  shot,
  wake,
} from './support';

/** What says it itself, not what quotes it. */
const row = (page: Page, text: string) =>
  page.locator('.say').filter({ has: page.locator('.say__text', { hasText: text }) });
/** Seconds of the broadcast on screen, as the scrub bar tells. */
const position = async (page: Page) => Number(await page.locator('.scrub').getAttribute('aria-valuenow'));

async function write(page: Page, text: string): Promise<void> {
  await page.locator('.write__text').fill(text);
  await page.keyboard.press('Enter');
}

/** As the position is when the text appears, both read at once. */
async function positionWhenSeen(page: Page, text: string): Promise<number> {
  const seen = await page.waitForFunction(
    (wanted) => {
      const there = [...document.querySelectorAll('.say')].some((one) => one.textContent.includes(wanted));
      return there && document.querySelector('.scrub')?.getAttribute('aria-valuenow');
    },
    text,
    { polling: 50 },
  );
  return Number(await seen.jsonValue());
}

interface Told {
  id: number;
  text: string;
  moment: number;
  state: string;
}

async function onServer(text: string): Promise<Told | undefined> {
  const { comments } = await admin<{ comments: Told[] }>(`broadcasts/${live}/comments?limit=200`);
  return comments.find((one) => one.text === text);
}

async function told(text: string): Promise<Told> {
  const one = await onServer(text);
  if (one === undefined) throw new Error(`“${text}” is not on the server`);
  return one;
}

/** Seconds of the broadcast that the writer saw. */
async function saidAt({ moment }: Told): Promise<number> {
  const { live_at } = await admin<{ live_at: string }>(`broadcasts/${live}`);
  return (moment - Date.parse(live_at)) / 1000;
}

/** What anybody is told was said of the minute. */
async function inThePast(minute: number): Promise<string[]> {
  const answer = await fetch(`${base}/api/v1/broadcasts/${live}/comments?minute=${String(minute)}`);
  return ((await answer.json()) as { comments: Told[] }).comments.map((one) => one.text);
}

describe.runIf(real)('the audience of a real broadcast', () => {
  const moderator = async () =>
    open(browser, `/moderate/#/b/${live}`, {
      viewport: { width: 1440, height: 900 },
      storageState: await loggedIn('moderator'),
    });
  const patchRoom = (change: object) => admin(`broadcasts/${live}/room`, 'PATCH', change);
  const heldText = (n: number) => `Call me: 13${String(n)}${String(Date.now()).slice(-8)}`;
  /** Its minute passes while the others are tried. */
  let banned: Opened | null = null;

  it('is banned by somebody with a name', async () => {
    banned = await open(browser, `/watch/${live}`);
    const text = heldText(7);
    await write(banned.page, text);
    await banned.page.locator('.mine').getByText('Being looked at').waitFor();
    const mo = await moderator();
    await mo.page.locator('.entry', { hasText: text }).locator('.entry__open').click();
    await mo.page.getByRole('button', { name: 'Mute or ban…' }).click();
    await mo.page.getByLabel('Other…').check();
    await mo.page.getByLabel('Minutes', { exact: true }).fill('1');
    await mo.page.getByRole('button', { name: 'Ban', exact: true }).click();
    await banned.page.locator('.shut').waitFor();
    await mo.page.getByRole('link', { name: 'Bans' }).click();
    // The name of every account that the tests make.
    await mo.page.getByText(/by Tester/).waitFor();
    expect(mo.problems).toEqual([]);
    await mo.context.close();
    // Others need the machine more than its picture does.
    await banned.page.evaluate(() => document.querySelector('video')?.pause());
  });

  it('sees a comment in step with its picture, live and further back, until it is taken away everywhere', async () => {
    const ana = await open(browser, `/watch/${live}`);
    const wei = await open(browser, `/watch/${live}`, { locale: 'zh-CN' });
    await advances(ana.page, 1);
    await advances(wei.page, 1);
    await isLive(ana.page);
    await isLive(wei.page);
    await wake(wei.page);

    // Both live: not before its moment, and at once where that is over.
    const before = await position(wei.page);
    const seenLive = positionWhenSeen(wei.page, 'Both of us are live');
    await write(ana.page, 'Both of us are live');
    await row(ana.page, 'Both of us are live').waitFor();
    const seenAt = await seenLive;
    let said = await saidAt(await told('Both of us are live'));
    expect(seenAt).toBeGreaterThanOrEqual(said - 1);
    expect(seenAt).toBeLessThanOrEqual(Math.max(said, before) + 4);

    // One of them further back: it waits for the picture that its writer saw. A young broadcast has to grow first.
    await expect.poll(() => position(wei.page), { timeout: 40_000 }).toBeGreaterThan(26);
    await wake(wei.page);
    await scrubTo(wei.page, (await position(wei.page)) - 25);
    await wei.page.waitForSelector('.live-badge--go');
    await advances(wei.page, 1);
    await write(ana.page, 'You are behind me');
    await row(ana.page, 'You are behind me').waitFor();
    const behind = await told('You are behind me');
    said = await saidAt(behind);
    expect(await position(wei.page)).toBeLessThan(said - 10);
    expect(await row(wei.page, 'You are behind me').count()).toBe(0);
    const seen = await positionWhenSeen(wei.page, 'You are behind me');
    expect(Math.abs(seen - said)).toBeLessThanOrEqual(3);
    await shot(wei.page, 'audience-behind');
    const minute = Math.floor(behind.moment / 60_000);
    await expect.poll(() => inThePast(minute), { timeout: 15_000 }).toContain('You are behind me');

    // A moderator takes it away: from both lists, from the past, and from what a newcomer is told.
    const mo = await open(browser, `/moderate/#/b/${live}`, {
      viewport: { width: 1440, height: 900 },
      storageState: await loggedIn('moderator'),
    });
    await mo.page.locator('.filters__view', { hasText: 'All' }).click();
    await mo.page.locator('.entry', { hasText: 'You are behind me' }).locator('.entry__open').click();
    await mo.page.keyboard.press('f');
    await mo.page.getByRole('group', { name: 'Why?' }).waitFor();
    await mo.page.keyboard.press('1');
    await row(ana.page, 'You are behind me').waitFor({ state: 'detached' });
    await row(wei.page, 'You are behind me').waitFor({ state: 'detached' });
    await expect.poll(() => inThePast(minute), { timeout: 15_000 }).not.toContain('You are behind me');
    const late = await open(browser, `/watch/${live}`);
    await late.page.locator('.say').first().waitFor();
    expect(await row(late.page, 'You are behind me').count()).toBe(0);
    await row(late.page, 'Both of us are live').first().waitFor();
    expect([...ana.problems, ...wei.problems, ...mo.problems, ...late.problems]).toEqual([]);
    for (const one of [ana, wei, mo, late]) await one.context.close();
  });

  it('sees what was held once a moderator has let it, and its writer is told all the way', async () => {
    const ana = await open(browser, `/watch/${live}`);
    const wei = await open(browser, `/watch/${live}`, { locale: 'zh-CN', viewport: { width: 360, height: 740 } });
    await advances(wei.page, 1);
    const text = `Call me: 138${String(Date.now()).slice(-8)}`;
    await write(ana.page, text);
    const mine = ana.page.locator('.mine');
    await mine.getByText('Being looked at').waitFor();
    const mo = await open(browser, `/moderate/#/b/${live}`, {
      viewport: { width: 1440, height: 900 },
      storageState: await loggedIn('moderator'),
      locale: 'zh-CN',
    });
    const entry = mo.page.locator('.entry', { hasText: text });
    await entry.locator('.entry__open').click();
    // A viewer: without a badge, and somebody who can be banned.
    expect(await entry.locator('.badge--ok').count()).toBe(0);
    await mo.page.locator('.author').getByRole('button', { name: '禁言…' }).waitFor();
    await mo.page.locator('.picture__image').waitFor();
    await expectAccessible(mo.page);
    await shot(mo.page, 'audience-queue');
    expect(await row(wei.page, text).count()).toBe(0);
    await mo.page.keyboard.press('d');
    await row(ana.page, text).waitFor();
    await row(wei.page, text).waitFor();
    await mine.waitFor({ state: 'detached' });
    await expectAccessible(wei.page);
    await shot(wei.page, 'audience-phone');
    expect([...ana.problems, ...wei.problems, ...mo.problems]).toEqual([]);
    for (const one of [ana, wei, mo]) await one.context.close();
  });

  it('sees a comment again that was approved, taken back and approved', async () => {
    const ana = await open(browser, `/watch/${live}`);
    const wei = await open(browser, `/watch/${live}`);
    await advances(wei.page, 1);
    const text = heldText(5);
    await write(ana.page, text);
    await ana.page.locator('.mine').getByText('Being looked at').waitFor();
    const mo = await moderator();
    await mo.page.locator('.entry', { hasText: text }).locator('.entry__open').click();
    await mo.page.keyboard.press('d');
    await row(wei.page, text).waitFor();
    await mo.page.keyboard.press('u');
    await row(wei.page, text).waitFor({ state: 'detached' });
    await row(ana.page, text).waitFor({ state: 'detached' });
    await ana.page.locator('.mine').getByText('Being looked at').waitFor();
    await mo.page.locator('.entry', { hasText: text }).locator('.entry__open').click();
    await mo.page.keyboard.press('d');
    await row(wei.page, text).waitFor();
    await row(ana.page, text).waitFor();
    await ana.page.locator('.mine').waitFor({ state: 'detached' });
    expect([...ana.problems, ...wei.problems, ...mo.problems]).toEqual([]);
    for (const one of [ana, wei, mo]) await one.context.close();
  });

  it('is told on return what was decided meanwhile', async () => {
    const ana = await open(browser, `/watch/${live}`);
    const text = heldText(6);
    await write(ana.page, text);
    const mine = ana.page.locator('.mine');
    await mine.getByText('Being looked at').waitFor();
    // Away: what is written stays with the tab.
    await ana.page.goto('about:blank');
    const mo = await moderator();
    const entry = mo.page.locator('.entry', { hasText: text });
    await entry.locator('.entry__open').click();
    await mo.page.keyboard.press('f');
    await mo.page.getByRole('group', { name: 'Why?' }).waitFor();
    await mo.page.keyboard.press('3');
    await expect.poll(async () => (await onServer(text))?.state).toBe('rejected');
    await ana.page.goto(`${base}/watch/${live}`);
    await ana.page.locator('.mine--rejected', { hasText: text }).waitFor();
    expect([...ana.problems, ...mo.problems]).toEqual([]);
    for (const one of [ana, mo]) await one.context.close();
  });

  it('is free to write once slow mode is off', async () => {
    await patchRoom({ slow_s: 300 });
    try {
      const ana = await open(browser, `/watch/${live}`);
      await ana.page.getByText('Slow mode: one comment in 300 s').waitFor();
      const text = `slowly ${String(Date.now())}`;
      await write(ana.page, text);
      await row(ana.page, text).waitFor();
      await ana.page.getByRole('button', { name: /^Send: in \d+/ }).waitFor();
      await patchRoom({ slow_s: 0 });
      await ana.page.getByRole('button', { name: 'Send', exact: true }).waitFor();
      expect(ana.problems).toEqual([]);
      await ana.context.close();
    } finally {
      await patchRoom({ slow_s: 0 });
    }
  });

  it('is free by itself when its ban is over', async () => {
    if (banned === null) throw new Error('nobody was banned');
    await banned.page.locator('.write__text').waitFor({ timeout: 90_000 });
    expect(banned.problems).toEqual([]);
    await banned.context.close();
  });
});
