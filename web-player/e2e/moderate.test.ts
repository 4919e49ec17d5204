// The moderators' page, used by keyboard and finger against the mock, with a second moderator (Ana) who acts when told to.
// Longer than other files: its cases share the words for the queue, which are of use nowhere else.

import type { Page } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import {
  admin,
  advances,
  base,
  browser,
  expectAccessible,
  expectNoSidewaysScroll,
  loggedIn,
  mock,
  open,
  real,
  shot,
  type Opened,
} from './support';

const court = '/moderate/#/b/court';

async function openQueue(options: Parameters<typeof open>[2] = {}): Promise<Opened> {
  const opened = await open(browser, court, {
    viewport: { width: 1440, height: 900 },
    storageState: await loggedIn(),
    ...options,
  });
  await opened.page.locator('.entry').first().waitFor();
  return opened;
}

/** Ids of the rows, from the top. */
const rows = (page: Page) =>
  page.locator('.entry').evaluateAll((list) => list.map((one) => Number((one as HTMLElement).dataset.id)));
const selected = async (page: Page) => Number(await page.locator('.entry--on').getAttribute('data-id'));
const row = (page: Page, id: number) => page.locator(`.entry[data-id="${String(id)}"]`);

async function figure(page: Page, name: string): Promise<string> {
  return (await page.locator('.figure', { hasText: name }).locator('dd').textContent()) ?? '';
}

/** What the server has, as another moderator would see it. */
async function onServer(id: number): Promise<{ state: string; reason: string | null; note: string | null }> {
  const { comments } = await admin<{
    comments: { id: number; state: string; decision: { reason: string; note: string | null } | null }[];
  }>('broadcasts/court/comments?limit=200');
  const one = comments.find((comment) => comment.id === id);
  return { state: one?.state ?? 'none', reason: one?.decision?.reason ?? null, note: one?.decision?.note ?? null };
}

afterEach(async () => {
  // A test that failed has left its page, which would go on claiming.
  await Promise.all(browser.contexts().map((context) => context.close()));
  if (!real) await mock('reset', {});
});

describe.skipIf(real)('the moderators’ page', () => {
  it('is triaged by keyboard through ten comments, and every decision is the server’s', async () => {
    const { context, page, problems } = await openQueue();
    const all = await rows(page);
    expect(all.length).toBeGreaterThanOrEqual(11);
    const [first = 0, second = 0, third = 0] = all;
    expect(await figure(page, 'Pending')).toBe(String(all.length));
    await page.keyboard.press('j');
    expect(await selected(page)).toBe(first);
    // The row has the focus, so that a reader speaks it.
    expect(await page.evaluate(() => document.activeElement?.closest('.entry')?.getAttribute('data-id'))).toBe(
      String(first),
    );
    await page.keyboard.press('d');
    expect(await selected(page)).toBe(second);
    await page.keyboard.press('f');
    await page.getByRole('group', { name: 'Why?' }).waitFor();
    // D does not decide while a reason is asked for.
    await page.keyboard.press('d');
    expect(await selected(page)).toBe(second);
    await page.keyboard.press('1');
    expect(await selected(page)).toBe(third);
    // The suggested reason: a telephone number is personal data.
    await page.keyboard.press('f');
    await page.keyboard.press('f');
    const later = await selected(page);
    await page.keyboard.press('h');
    expect(await selected(page)).not.toBe(later);
    for (let i = 0; i < 7; i++) await page.keyboard.press('d');
    await expect.poll(() => rows(page)).toHaveLength(all.length - 10);
    await expect.poll(() => onServer(first)).toMatchObject({ state: 'published', reason: 'ok' });
    await expect.poll(() => onServer(second)).toMatchObject({ state: 'rejected', reason: 'spam' });
    await expect.poll(() => onServer(third)).toMatchObject({ state: 'rejected', reason: 'private' });
    expect(await onServer(later)).toMatchObject({ state: 'held' });
    expect(await figure(page, 'Pending')).toBe(String(all.length - 10));
    expect(problems).toEqual([]);
    await context.close();
  });

  it('shows an empty queue calmly', async () => {
    const { context, page } = await openQueue();
    for (const id of await rows(page)) await mock('moderation', { ana: { decide: [{ id, state: 'published' }] } });
    await page.getByRole('heading', { name: 'Nothing waits' }).waitFor();
    expect(await figure(page, 'Oldest')).toBe('none');
    await expectAccessible(page);
    await shot(page, 'moderate-empty');
    // What comes in appears by itself.
    await mock('moderation', { say: [{ text: 'Is anybody there?', rule: 'mode' }] });
    await page.getByText('Is anybody there?').waitFor();
    await context.close();
  });

  it('moves nothing under the eye while new comments come and others go', async () => {
    const { context, page } = await openQueue({ viewport: { width: 1440, height: 620 } });
    const [a = 0, b = 0, c = 0, d = 0] = await rows(page);
    await row(page, d).locator('.entry__open').click();
    const top = async () => (await row(page, d).boundingBox())?.y ?? 0;
    await page.locator('.queue__scroll').evaluate((box) => (box.scrollTop = 200));
    const before = await top();
    await mock('moderation', {
      say: [1, 2, 3].map((i) => ({ text: `new ${String(i)}`, rule: 'mode' })),
      ana: { decide: [a, b].map((id) => ({ id, state: 'published' })) },
    });
    await expect.poll(() => rows(page)).not.toContain(a);
    expect(await rows(page)).toContain(c);
    expect(Math.abs((await top()) - before)).toBeLessThanOrEqual(1);
    expect(await selected(page)).toBe(d);
    await context.close();
  });

  it('keeps apart two moderators: claims are shown, and what another holds cannot be decided', async () => {
    const { context, page } = await openQueue();
    const [first = 0, second = 0] = await rows(page);
    await mock('moderation', { ana: { claim: [first] } });
    await row(page, first).getByText('Ana Souza is deciding').waitFor();
    await row(page, first).locator('.entry__open').click();
    await page.getByText('Ana Souza has this one open').waitFor();
    expect(await page.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true);
    await page.keyboard.press('d');
    await page.getByText('Not decided: Ana Souza has it open').waitFor();
    expect(await onServer(first)).toMatchObject({ state: 'held' });
    await expectAccessible(page);
    await shot(page, 'moderate-claimed');
    await mock('moderation', { ana: { release: [first] } });
    await expect.poll(() => page.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(false);
    // One's own claim reaches the server once somebody looks.
    const claimed = page.waitForRequest(
      (request) => request.url().endsWith('/comments/claim') && request.postData()?.includes(String(second)) === true,
    );
    await page.keyboard.press('j');
    await claimed;
    await context.close();
  });

  it('tells of a conflict: who was faster, with what', async () => {
    const { context, page } = await openQueue();
    const [first = 0, second = 0] = await rows(page);
    await mock('moderation', { faults: { decide_waits: true } });
    await page.keyboard.press('j');
    await page.keyboard.press('d');
    expect(await selected(page)).toBe(second);
    await mock('moderation', { ana: { decide: [{ id: first, state: 'rejected', reason: 'abuse' }] } });
    await mock('moderation', { faults: { decide_waits: false } });
    await page.getByText(/Ana Souza rejected this .*before you/).waitFor();
    expect(await onServer(first)).toMatchObject({ state: 'rejected', reason: 'abuse' });
    expect(await rows(page)).not.toContain(first);
    await expectAccessible(page);
    await shot(page, 'moderate-conflict');
    await page.getByRole('button', { name: 'Put away' }).click();
    expect(await page.locator('.told__one').count()).toBe(0);
    await context.close();
  });

  it('undoes for 30 s, the newest by key and any from the list', async () => {
    const { context, page } = await openQueue();
    const [first = 0, second = 0, third = 0] = await rows(page);
    for (const key of ['j', 'd', 'd', 'd']) await page.keyboard.press(key);
    await expect.poll(() => onServer(third)).toMatchObject({ state: 'published' });
    await page.keyboard.press('u');
    await expect.poll(() => onServer(third)).toMatchObject({ state: 'held' });
    expect(await selected(page)).toBe(third);
    await page.getByRole('button', { name: /^All 3/ }).click();
    await expectAccessible(page);
    await shot(page, 'moderate-undo');
    await page.locator('.acts__all .act').last().getByRole('button', { name: /^Undo/ }).click();
    await expect.poll(() => onServer(first)).toMatchObject({ state: 'held' });
    expect(await onServer(second)).toMatchObject({ state: 'published' });
    await expect.poll(() => rows(page)).toContain(first);
    await context.close();
  });

  it('goes back to what the server says when a decision fails', async () => {
    const { context, page } = await openQueue();
    const [first = 0] = await rows(page);
    await mock('moderation', { faults: { decide: 500 } });
    await page.keyboard.press('j');
    await page.keyboard.press('d');
    await page.getByText('The server did not answer.').waitFor();
    await page.getByText('the books cannot be written').waitFor();
    expect(await rows(page)).toContain(first);
    await context.close();
  });

  it('decides several at once after one question with their count', async () => {
    const { context, page } = await openQueue();
    await row(page, (await rows(page))[0] ?? 0)
      .locator('.entry__open')
      .click();
    await page.getByRole('button', { name: 'Select these 2' }).click();
    await page.getByText('2 selected').waitFor();
    await page.keyboard.press('f');
    await page.getByRole('button', { name: /Advertising/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Reject or remove 2 comments?' });
    await dialog.waitFor();
    await expectAccessible(page);
    await shot(page, 'moderate-bulk');
    const before = await rows(page);
    await page.keyboard.press('Enter');
    await expect.poll(() => rows(page)).toHaveLength(before.length - 2);
    await page.getByText('Rejected: 2 comments').waitFor();
    await page.keyboard.press('u');
    await expect.poll(() => rows(page)).toHaveLength(before.length);
    await context.close();
  });

  it('filters by state, reports, rule, author and words, and says so when nothing fits', async () => {
    const { context, page } = await openQueue();
    await page.getByLabel('Rule').selectOption('link');
    await expect.poll(() => rows(page)).toHaveLength(2);
    await page.getByLabel('Search what is loaded').fill('还在发');
    await expect.poll(() => rows(page)).toHaveLength(1);
    await page.getByLabel('Search what is loaded').fill('nothing like that');
    await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
    await expectAccessible(page);
    await page.locator('.notice').getByRole('button', { name: 'Clear the filter' }).click();
    await page.getByRole('button', { name: 'Reported', exact: true }).click();
    await expect.poll(() => rows(page)).toHaveLength(2);
    await page.getByRole('button', { name: 'All', exact: true }).click();
    await expect.poll(async () => (await rows(page)).length).toBe(16);
    await page.getByText('These are all.').waitFor();
    await page.locator('.entry', { hasText: '看直播领红包' }).locator('.entry__open').click();
    await page.getByRole('button', { name: 'Show only this author' }).click();
    await expect.poll(() => rows(page)).toHaveLength(2);
    await page.getByRole('button', { name: /^Only Viewer/ }).click();
    await expect.poll(async () => (await rows(page)).length).toBe(16);
    await context.close();
  });

  it('shows what a word list has refused among the rejected ones only, with what it found, and publishes it', async () => {
    const { context, page } = await openQueue();
    const before = await rows(page);
    const text = 'That theory should drop dead';
    await mock('moderation', {
      say: [{ author: 'a1', text, state: 'rejected', rule: 'word:insults', found: 'drop dead' }],
    });
    // Its author's other comments have it; the queue does not.
    await mock('moderation', { say: [{ author: 'a1', text: 'And call me on 138', rule: 'phone' }] });
    await page.locator('.entry', { hasText: 'And call me on 138' }).locator('.entry__open').click();
    const earlier = page.locator('.earlier', { hasText: text });
    await earlier.getByText('word list “insults”').waitFor();
    expect(await rows(page)).toHaveLength(before.length + 1);
    expect(await figure(page, 'Pending')).toBe(String(before.length + 1));
    await page.getByRole('button', { name: 'Rejected', exact: true }).click();
    // What is looked at stays in the list.
    await expect.poll(() => rows(page)).toHaveLength(2);
    await page.getByLabel('Rule').selectOption('word:insults');
    const refused = page.locator('.entry', { hasText: text });
    await refused.getByText('word list “insults”').waitFor();
    const id = Number(await refused.getAttribute('data-id'));
    expect(await row(page, id).locator('mark').textContent()).toBe('drop dead');
    await row(page, id).locator('.entry__open').click();
    await page.getByText('by the word list “insults”, not by a person.').waitFor();
    await page.getByText('Why it was refused').waitFor();
    await expectAccessible(page);
    await shot(page, 'moderate-refused');
    await page.keyboard.press('d');
    await expect.poll(() => onServer(id)).toMatchObject({ state: 'published', reason: 'ok' });
    await page.getByText(/: public, /).waitFor();
    await page.keyboard.press('u');
    await expect.poll(() => onServer(id)).toMatchObject({ state: 'rejected', reason: 'undo' });
    await context.close();
  });

  it('counts what is new while somebody reads further up, and goes there when asked', async () => {
    const { context, page } = await openQueue({ viewport: { width: 1440, height: 620 } });
    await page.getByRole('button', { name: 'All', exact: true }).click();
    await expect.poll(async () => (await rows(page)).length).toBe(16);
    await page.locator('.queue__scroll').evaluate(async (box) => {
      if (box.scrollTop === 0) throw new Error('the list does not stand at its end');
      // The page hears of it with the next frame.
      const heard = new Promise((done) => {
        box.addEventListener('scroll', done, { once: true });
      });
      box.scrollTop = 0;
      await heard;
    });
    await mock('moderation', { say: [{ text: 'further down' }] });
    await page.locator('.fresh').waitFor();
    expect(await page.locator('.queue__scroll').evaluate((box) => box.scrollTop)).toBe(0);
    await page.locator('.fresh').click();
    await expect.poll(() => page.locator('.entry', { hasText: 'further down' }).last().isVisible()).toBe(true);
    expect(await page.locator('.fresh').count()).toBe(0);
    await context.close();
  });

  it('takes back and removes what is public, with a note', async () => {
    const { context, page } = await openQueue();
    await page.getByRole('button', { name: 'Reported', exact: true }).click();
    const one = page.locator('.entry', { hasText: '第二法庭的声音' });
    await one.locator('.entry__open').click();
    const id = await selected(page);
    await page.getByRole('button', { name: /^Take back for review/ }).click();
    await expect.poll(() => onServer(id)).toMatchObject({ state: 'held' });
    await page.keyboard.press('d');
    await expect.poll(() => onServer(id)).toMatchObject({ state: 'published' });
    await page.getByRole('button', { name: 'Pin it' }).click();
    await page.locator('.bar__pinned', { hasText: '第二法庭的声音' }).waitFor();
    await page.getByRole('button', { name: /^Remove/ }).click();
    await page.getByLabel(/Note for colleagues/).fill('the microphone 1 is meant');
    await page.getByRole('button', { name: /Off topic/ }).click();
    await expect
      .poll(() => onServer(id))
      .toEqual({ state: 'removed', reason: 'off_topic', note: 'the microphone 1 is meant' });
    await page.getByText('Note: the microphone 1 is meant').waitFor();
    await context.close();
  });

  it('bans an author with everything they wrote, and lifts it', async () => {
    const { context, page } = await openQueue();
    await page.locator('.entry', { hasText: '看直播领红包' }).locator('.entry__open').click();
    const other = page.locator('.entry', { hasText: '红包还在发' });
    expect(await other.count()).toBe(1);
    await page.getByRole('button', { name: 'Mute or ban…' }).click();
    await page.getByLabel('Other…').check();
    await page.getByRole('button', { name: 'Ban', exact: true }).click();
    await page.getByText('A whole number from 1 to 10080.').waitFor();
    await expectAccessible(page);
    await shot(page, 'moderate-ban');
    await page.getByLabel('Minutes', { exact: true }).fill('45');
    await page.getByLabel(/Remove all their comments/).check();
    await page.getByRole('button', { name: 'Ban', exact: true }).click();
    await expect.poll(() => other.count()).toBe(0);
    await page.getByRole('link', { name: 'Bans' }).click();
    // With the day after 23:15.
    await page.getByText(/Banned until ([A-Z].* )?\d\d:\d\d · Advertising/).waitFor();
    await expectAccessible(page);
    await shot(page, 'moderate-bans');
    await page.getByRole('button', { name: /^Lift the ban/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Lift the ban' }).click();
    await page.getByRole('heading', { name: 'Nobody is banned' }).waitFor();
    await context.close();
  });

  it('sets the room: mode, slow mode, hold new; closing asks first', async () => {
    const { context, page } = await openQueue();
    const modes = page.getByRole('group', { name: 'Who may comment' }).last();
    await page.getByRole('button', { name: 'Hold new' }).click();
    await modes.locator('[aria-pressed=true]', { hasText: 'Hold all' }).waitFor();
    await page.getByRole('button', { name: 'Hold new' }).click();
    await modes.locator('[aria-pressed=true]', { hasText: 'Hold risky' }).waitFor();
    await page.getByLabel('Slow mode').selectOption('30');
    await modes.getByRole('button', { name: 'Closed' }).click();
    await page.getByRole('dialog', { name: 'Close the comments?' }).waitFor();
    await page.keyboard.press('Escape');
    await modes.locator('[aria-pressed=true]', { hasText: 'Hold risky' }).waitFor();
    await modes.getByRole('button', { name: 'Closed' }).click();
    await page.getByRole('button', { name: 'Close the comments' }).click();
    await modes.locator('[aria-pressed=true]', { hasText: 'Closed' }).waitFor();
    await page.reload();
    await modes.locator('[aria-pressed=true]', { hasText: 'Closed' }).waitFor();
    expect(await page.getByLabel('Slow mode').inputValue()).toBe('30');
    await context.close();
  });

  it('shows what the author saw, and plays from there', async () => {
    const { context, page, problems } = await openQueue();
    await page.keyboard.press('j');
    await page.waitForFunction(() => (document.querySelector<HTMLImageElement>('.picture img')?.naturalWidth ?? 0) > 0);
    await page.getByRole('button', { name: 'Play from here' }).click();
    await advances(page, 1);
    await shot(page, 'moderate-player');
    // The next comment shows its own picture again.
    await page.keyboard.press('j');
    await page.getByRole('button', { name: 'Play from here' }).waitFor();
    expect(await page.locator('video').count()).toBe(0);
    expect(problems).toEqual([]);
    await context.close();
  });

  it('freezes when the connection is lost, says so, and goes on by itself', async () => {
    const { context, page } = await openQueue();
    const [first = 0] = await rows(page);
    await page.keyboard.press('j');
    await mock('outage', { ms: 6000 });
    await page.getByText('You see an old state').waitFor();
    expect(await page.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true);
    await page.keyboard.press('d');
    expect(await selected(page)).toBe(first);
    expect(await page.getByRole('button', { name: 'Hold new' }).isDisabled()).toBe(true);
    await expectAccessible(page);
    await shot(page, 'moderate-lost');
    await page.getByText('You see an old state').waitFor({ state: 'hidden' });
    await page.keyboard.press('d');
    await expect.poll(() => onServer(first)).toMatchObject({ state: 'published' });
    await context.close();
  });

  it('leaves the keys to those who switched them off', async () => {
    const { context, page } = await openQueue();
    await page.keyboard.press('?');
    const dialog = page.getByRole('dialog', { name: 'Keys' });
    await dialog.waitFor();
    await expectAccessible(page);
    await shot(page, 'moderate-keys');
    await dialog.getByRole('switch').uncheck();
    await page.keyboard.press('Escape');
    const before = await rows(page);
    await page.locator('.entry__open').first().click();
    for (const key of ['d', 'f', '1', 'x']) await page.keyboard.press(key);
    expect(await rows(page)).toEqual(before);
    expect(await page.locator('.reasons, .bulk').count()).toBe(0);
    // The arrows of the list are no single keys.
    await page.keyboard.press('ArrowDown');
    expect(await selected(page)).toBe(before[1]);
    await page.keyboard.press('Control+d');
    expect(await rows(page)).toEqual(before);
    await context.close();
  });

  it('edits word lists, shows the server’s complaint at its line, and loses no draft', async () => {
    const { context, page } = await open(browser, '/moderate/#/words', {
      viewport: { width: 1280, height: 800 },
      storageState: await loggedIn(),
    });
    await page.getByRole('link', { name: 'insults', exact: true }).click();
    const text = page.getByLabel('Words, one on each line');
    await text.fill('alpha\nbeta\n!\ngamma');
    await page.reload();
    await expect.poll(() => text.inputValue()).toBe('alpha\nbeta\n!\ngamma');
    await page.getByText('Not saved yet').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('no letters; expected a word').waitFor();
    expect(await page.locator('.lines__wrong').textContent()).toBe('3');
    // The caret stands in the line.
    expect(await text.evaluate((field: HTMLTextAreaElement) => field.selectionStart)).toBe(11);
    await expectAccessible(page);
    await shot(page, 'moderate-words-error');
    await text.fill('alpha\nbeta\ngamma');
    await page.keyboard.press('Control+s');
    await page.getByText('Saved. It counts from the next comment on.').waitFor();
    await page.getByRole('link', { name: 'All word lists' }).click();
    await expect.poll(() => page.locator('.row', { hasText: 'insults' }).textContent()).toContain('3 words');
    await page.getByRole('button', { name: 'New list' }).click();
    await page.getByLabel('Name').fill('scams');
    await page.getByRole('button', { name: 'Create' }).click();
    await text.fill('prize');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved. It counts').waitFor();
    await page.getByRole('button', { name: 'Delete the list' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete the list' }).click();
    await page.getByRole('heading', { name: 'Word lists' }).waitFor();
    expect(await page.getByText('scams').count()).toBe(0);
    await page.goto(`${base}/moderate/#/words/none`);
    await page.getByRole('heading', { name: 'There is no list of this name.' }).waitFor();
    await context.close();
  });

  it('leads to the broadcast’s page, to write there as staff', async () => {
    const { context, page } = await openQueue();
    const there = context.waitForEvent('page');
    await page.getByRole('link', { name: 'Write as staff' }).click();
    const watching = await there;
    await watching.waitForURL(`${base}/watch/court?as=staff`);
    await watching.getByRole('textbox', { name: 'Write a comment' }).waitFor();
    await context.close();
  });

  it('is a list and a sheet on a phone, with deeds for a thumb', async () => {
    const { context, page } = await openQueue({
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
      deviceScaleFactor: 2,
    });
    const [first = 0, second = 0] = await rows(page);
    await row(page, first).locator('.entry__open').tap();
    const approve = page.getByRole('button', { name: 'Approve' });
    await approve.waitFor();
    expect((await approve.boundingBox())?.height).toBeGreaterThanOrEqual(44);
    expect(await page.locator('.queue').isVisible()).toBe(false);
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
    await page.setViewportSize({ width: 320, height: 568 });
    await expectNoSidewaysScroll(page);
    await approve.tap();
    // The next one comes up in the sheet.
    await expect.poll(() => onServer(first)).toMatchObject({ state: 'published' });
    expect(await selected(page)).toBe(second);
    await page.getByRole('button', { name: 'Back to the list' }).tap();
    expect(await page.locator('.queue').isVisible()).toBe(true);
    await expectNoSidewaysScroll(page);
    for (const place of ['bans', 'words'] as const) {
      await page.goto(`${base}${place === 'bans' ? `${court}/bans` : '/moderate/#/words'}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await expectNoSidewaysScroll(page);
    }
    await context.close();
  });

  it('is for moderators: others are told, and a moderator finds it from the studio', async () => {
    const { context, page } = await open(browser, '/studio/', { viewport: { width: 1280, height: 800 } });
    await page.getByLabel('Log-in name').fill('wei');
    await page.getByLabel('Password').fill('mock-password');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Broadcasts' }).waitFor();
    expect(await page.getByRole('button', { name: 'New broadcast' }).count()).toBe(0);
    await page.getByRole('link', { name: 'Moderation', exact: true }).click();
    await page.getByRole('heading', { name: 'Broadcasts' }).waitFor();
    // Live ones first.
    await page.locator('.row').first().getByText('LIVE').waitFor();
    await page
      .locator('.row')
      .first()
      .getByRole('link', { name: /^Moderate/ })
      .click();
    await page.locator('.entry').first().waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Log in to moderate' }).waitFor();
    await page.getByLabel('Log-in name').fill('kai');
    await page.getByLabel('Password').fill('mock-password');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Moderating is not among your rights' }).waitFor();
    await expectAccessible(page);
    await shot(page, 'moderate-denied');
    await context.close();
  });

  it('shows what could not be loaded, and tries again', async () => {
    const { context, page } = await open(browser, '/favicon.ico', { storageState: await loggedIn() });
    const broken = page.getByRole('heading', { name: 'This could not be loaded' });
    const again = page.getByRole('button', { name: 'Try again' });
    await mock('fail', { prefix: '/api/v1/admin/broadcasts', status: 500 });
    await page.goto(`${base}/moderate/`);
    await broken.waitFor();
    // Nothing but the button helps here.
    await mock('fail', { prefix: '/api/v1/admin/broadcasts', status: 0 });
    await again.click();
    await page.locator('.row__title').first().waitFor();
    // A queue whose connection fails comes back by itself.
    await mock('fail', { prefix: '/api/v1/admin/broadcasts', status: 500 });
    await mock('moderation', { faults: { refuse_socket: true } });
    await page.goto(`${base}${court}`);
    await page.reload();
    await broken.waitFor();
    await again.waitFor();
    await expectAccessible(page);
    await mock('fail', { prefix: '/api/v1/admin/broadcasts', status: 0 });
    await mock('moderation', { faults: { refuse_socket: false } });
    await page.locator('.entry').first().waitFor();
    // One that is connected asks for its broadcast again only when it is told to. The answer is held back until it is connected.
    await mock('fail', { prefix: '/api/v1/admin/broadcasts', status: 404 });
    let answer: () => void = () => undefined;
    const connected = new Promise<void>((resolve) => (answer = resolve));
    await page.route(`${base}/api/v1/admin/broadcasts/court`, async (request) => {
      await connected;
      await request.continue();
    });
    await page.reload();
    await page.locator('.entry').first().waitFor();
    answer();
    await broken.waitFor();
    await mock('fail', { prefix: '/api/v1/admin/broadcasts', status: 0 });
    await again.click();
    await page.locator('.entry').first().waitFor();
    await mock('fail', { prefix: '/api/v1/admin/broadcasts/court/comments', status: 500 });
    await page.getByRole('button', { name: 'All', exact: true }).click();
    await page.locator('.older').getByText('The server refused').waitFor();
    await mock('fail', { prefix: '/api/v1/admin/broadcasts/court/comments', status: 0 });
    await page.getByRole('button', { name: 'Older ones' }).click();
    await expect.poll(async () => (await rows(page)).length).toBe(16);
    await context.close();
  });
});
