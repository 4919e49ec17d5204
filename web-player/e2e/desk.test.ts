// The officers' page, used by keyboard and finger against the mock, with a colleague (Bo) and tipsters who act when told to.
// Longer than other files: one page goes through many states, so that few browsers are started.

import type { Page } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import {
  browser,
  expectAccessible,
  expectNoSidewaysScroll,
  loggedInAs,
  mock,
  open,
  real,
  shot,
  type Opened,
} from './support';

const wide = { width: 1440, height: 900 };
const phone = { width: 360, height: 740 };
const waits = 'd35f20c8a7';
const answeredOnce = '94a6b1e03d';
const sealed = '60d1f7a8b4';
const arriving = '7740e9ab16';
const fresh = 'b8825c6f09';

async function openDesk(place = '', name = 'kai', options: Parameters<typeof open>[2] = {}): Promise<Opened> {
  return open(browser, `/desk/${place}`, { viewport: wide, storageState: await loggedInAs(name), ...options });
}

interface Whole {
  state: string;
  verdict: string | null;
  timeline: { deed: string; by: string | null; text: string | null }[];
}

/** What the server has of a tip, for whoever is logged in. */
function onServer(page: Page, id: string): Promise<Whole> {
  return page.evaluate(async (path) => (await (await fetch(path)).json()) as Whole, `/api/v1/desk/tips/${id}`);
}

const rows = (page: Page) =>
  page.locator('.one').evaluateAll((list) => list.map((one) => (one as HTMLElement).dataset.id ?? ''));
const row = (page: Page, id: string) => page.locator(`.one[data-id="${id}"]`);
const chosen = (page: Page) => page.locator('.one--on').getAttribute('data-id');
const stored = (page: Page) =>
  page.evaluate(() =>
    [sessionStorage, localStorage].flatMap((store) => Object.keys(store).map((key) => store.getItem(key))).join(),
  );

afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  if (!real) await mock('reset', {});
});

describe.skipIf(real)('an officer’s key', () => {
  it('founds the desk once, and lets nobody go on before the recovery key is on paper', async () => {
    await mock('desk', { founded: false, keys: { kai: 'waiting' }, clear: true });
    const { page, problems } = await open(browser, '/desk/', { viewport: wide });
    await page.getByRole('heading', { name: 'Log in to the tips' }).waitFor();
    // Light unless somebody chose otherwise.
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('light');
    await page.getByLabel('Log-in name').fill('kai');
    await page.getByLabel('Password').fill('mock-password');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Found the desk' }).waitFor();
    await expectAccessible(page);
    await shot(page, 'desk-found');
    await page.getByRole('button', { name: 'Found the desk' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Found the desk' }).click();
    await page.getByRole('heading', { name: 'The recovery key' }).waitFor();
    const groups = await page.locator('.recovery .groups span').allTextContents();
    expect(groups.map((one) => one.trim())).toHaveLength(9);
    await page.getByRole('heading', { name: 'Recovery key of the tips of Yunzhou Live' }).waitFor();
    await expectAccessible(page);
    await shot(page, 'desk-recovery-key');
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.recovery').isVisible()).toBe(true);
    expect(await page.locator('.top, .no-print').evaluateAll((all) => all.some((one) => one.checkVisibility()))).toBe(
      false,
    );
    await page.emulateMedia({ media: null });
    await page.getByLabel('Type the last group').fill(groups[0] ?? '');
    await page.getByRole('button', { name: 'It is on paper' }).click();
    await page.getByText('This is not the last group').waitFor();
    await page.getByLabel('Type the last group').fill((groups[8] ?? '').toLowerCase());
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'No tips yet' }).waitFor();
    expect(await page.content()).not.toContain(groups[4]?.trim());
    expect(await stored(page)).not.toContain(groups[4]?.trim());
    await expectAccessible(page);
    await shot(page, 'desk-empty');
    // What comes in appears by itself, and is told to who does not see it.
    await mock('desk', { tips: [{ id: 'first1', text: 'the very first', kind: 'lead' }] });
    await page.getByText('the very first').waitFor();
    await expect.poll(() => page.getByRole('status').first().textContent()).toContain('A new tip has come in.');
    expect(problems).toEqual([]);
  });

  it('waits for a colleague, or for the printed key, and goes on by itself', async () => {
    await mock('desk', { keys: { kai: 'waiting', bo: 'root' } });
    const { page, problems } = await openDesk();
    await page.getByRole('heading', { name: 'A colleague has to vouch for your key' }).waitFor();
    await page.getByText('薄警官 Bo').waitFor();
    expect(await page.locator('.groups--big span').count()).toBe(8);
    await expectAccessible(page);
    await shot(page, 'desk-waiting');
    await page.getByRole('button', { name: 'Use the printed recovery key' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Use it' }).click();
    await dialog.getByText('Please fill this in.').waitFor();
    await dialog.getByLabel('The nine groups').fill('AAAA-BBBB');
    await dialog.getByRole('button', { name: 'Use it' }).click();
    await dialog.getByText('This is mistyped, or not this desk’s key').waitFor();
    await expectAccessible(page);
    await dialog.getByLabel('The nine groups').fill('abcd efgh jkmn pqrs tvwx yzo1 2345 6789 0abc');
    await dialog.getByRole('button', { name: 'Use it' }).click();
    await page.locator('.one').first().waitFor();
    await mock('desk', { keys: { kai: 'waiting', bo: 'root' } });
    await page.getByRole('heading', { name: 'A colleague has to vouch for your key' }).waitFor();
    await mock('desk', { keys: { kai: 'countersigned', bo: 'root' } });
    await page.locator('.one').first().waitFor();
    expect(problems).toEqual([]);
  });

  it('vouches for a colleague only with the fingerprint they read aloud', async () => {
    const { page } = await openDesk();
    await page.getByText('Waiting for a countersignature: 林 Lin.').waitFor();
    await page.getByRole('link', { name: 'Compare keys' }).click();
    await page.getByRole('heading', { name: 'Officers' }).waitFor();
    await expectAccessible(page);
    await shot(page, 'desk-officers');
    await page.getByRole('button', { name: 'Countersign… 林 Lin' }).click();
    const dialog = page.getByRole('dialog', { name: 'Vouch for the key of 林 Lin' });
    const groups = (await dialog.locator('.groups span').allTextContents()).map((one) => one.trim());
    expect(groups).toHaveLength(8);
    const submit = dialog.getByRole('button', { name: 'Countersign', exact: true });
    await dialog.getByLabel('The last two groups').fill('0000 0000');
    await submit.click();
    await dialog.getByText('This is not what stands above').waitFor();
    await expectAccessible(page);
    await shot(page, 'desk-countersign');
    await dialog.getByLabel('The last two groups').fill(groups.slice(6).join(''));
    await submit.click();
    await dialog.getByText('Please fill this in.').waitFor();
    await dialog.getByRole('checkbox').check();
    await submit.click();
    await page.getByText('林 Lin reads tips from now on.').waitFor();
    expect(await page.getByRole('button', { name: /^Countersign/ }).count()).toBe(0);
    await page.getByRole('link', { name: 'Tips', exact: true }).click();
    await page.locator('.one').first().waitFor();
    expect(await page.locator('.desk__banner').count()).toBe(0);
  });

  it('asks for the password again when the server has restarted, and keeps the draft', async () => {
    const { page } = await openDesk(`#/t/${answeredOnce}`);
    await page.getByLabel('Your answer').fill('half an answer');
    await mock('desk', { lock: true });
    await page.getByRole('heading', { name: 'Open your key' }).waitFor();
    expect(await page.content()).not.toContain('grey van');
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    await page.getByText('Please fill this in.').waitFor();
    await page.getByRole('textbox', { name: 'Password' }).fill('wrong');
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    await page.getByText('The password is wrong.').waitFor();
    await expectAccessible(page);
    await shot(page, 'desk-locked');
    await page.getByRole('textbox', { name: 'Password' }).fill('mock-password');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByLabel('Your answer').inputValue()).toBe('half an answer');
  });
});

describe.skipIf(real)('the list of tips', () => {
  it('shows states, counts and what does not open; and moves nothing under the eye', async () => {
    const { page, problems } = await openDesk('', 'kai', { viewport: { width: 1280, height: 620 } });
    await page.locator('.one').first().waitFor();
    expect(await rows(page)).toHaveLength(8);
    expect((await rows(page))[0]).toBe(fresh);
    const filter = (name: RegExp) => page.getByRole('group', { name: 'State' }).getByRole('button', { name });
    expect(await filter(/^All/).textContent()).toBe('All8');
    expect(await row(page, sealed).textContent()).toContain('Does not open with your key');
    expect(await row(page, answeredOnce).textContent()).toContain('wrote again');
    expect(await row(page, waits).textContent()).toMatch(/on air \d\d:\d\d.*3 photos.*clip/);
    await expectAccessible(page);
    // By keyboard: from row to row, and into one.
    await row(page, fresh).locator('a').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect.poll(() => chosen(page)).toBe(waits);
    await page.getByText('穿灰色夹克的那个人').last().waitFor();
    await page.locator('.tips__scroll').evaluate((box) => (box.scrollTop = 120));
    const top = async () => (await row(page, waits).boundingBox())?.y ?? 0;
    const before = await top();
    await mock('desk', { tips: [1, 2, 3].map((i) => ({ id: `new${String(i)}`, text: `new ${String(i)}` })) });
    await expect.poll(() => rows(page)).toContain('new3');
    expect(Math.abs((await top()) - before)).toBeLessThanOrEqual(1);
    expect(await chosen(page)).toBe(waits);
    // A filter that the tip leaves keeps it as long as it is looked at.
    await filter(/^Received/).click();
    await expect.poll(() => rows(page)).not.toContain(answeredOnce);
    await mock('desk', { act: { id: waits, by: 'bo', verdict: 'lead' } });
    await row(page, waits).getByText('To answer').waitFor();
    expect(await chosen(page)).toBe(waits);
    await page.getByText('薄警官 Bo triaged it as a lead').waitFor();
    await row(page, fresh).locator('a').click();
    await mock('desk', { tips: [{ id: 'new4', text: 'new 4' }] });
    await expect.poll(() => rows(page)).toContain('new4');
    expect(await rows(page)).not.toContain(waits);
    await mock('desk', { remove: ['f1c07a52e9', '8be24d0c31'] });
    await filter(/^Closed/).click();
    await page.getByRole('heading', { name: 'None in this state' }).waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await mock('desk', { fill: 60 });
    await page.getByText('1–50 of 70').waitFor();
    await page.getByRole('button', { name: 'Older tips' }).click();
    await page.getByText('51–70 of 70').waitFor();
    expect(await rows(page)).toHaveLength(20);
    expect(await page.getByRole('button', { name: 'Older tips' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Newer tips' }).click();
    await page.getByText('1–50 of 70').waitFor();
    expect(problems).toEqual([]);
  });

  it('says so when it cannot: no rights, no tips here, an error, no connection, nothing yet', async () => {
    await mock('fail', { prefix: '/api/v1/desk/tips', status: 500, code: 'internal' });
    const { page } = await openDesk();
    await page.getByRole('heading', { name: 'This could not be loaded' }).waitFor();
    await expectAccessible(page);
    await shot(page, 'desk-error');
    await mock('fail', { prefix: '/api/v1/desk/tips', status: 0 });
    await page.getByRole('button', { name: 'Try again' }).click();
    await row(page, waits).locator('a').click();
    await page.getByLabel('Your answer').waitFor();
    // While a tip is on its way its place is kept.
    let go: () => void = () => undefined;
    const held = new Promise<void>((done) => (go = done));
    await page.route(`**/desk/tips/${sealed}`, async (route) => {
      await held;
      await route.continue();
    });
    await row(page, sealed).locator('a').click();
    await page.locator('.tip[aria-busy=true] .skeleton').first().waitFor();
    go();
    await page.getByText('Your key does not open this tip').waitFor();
    await page.getByText('Only who can read a tip').waitFor();
    expect(await page.getByRole('radio').count()).toBe(0);
    await expectAccessible(page);
    await shot(page, 'desk-unreadable');
    await page.evaluate(() => (location.hash = '#/t/none'));
    await page.getByRole('heading', { name: 'This tip is not there any more' }).waitFor();
    await expectAccessible(page);
    await row(page, answeredOnce).locator('a').click();
    await page.getByLabel('Your answer').fill('kept');
    await mock('outage', { ms: 2500 });
    await page.getByText('You see an old state').waitFor();
    expect(await page.getByRole('button', { name: 'Send the answer' }).getAttribute('aria-disabled')).toBe('true');
    await expectAccessible(page);
    await shot(page, 'desk-lost');
    await page.getByText('You see an old state').waitFor({ state: 'hidden' });
    await expect
      .poll(() => page.getByRole('button', { name: 'Send the answer' }).getAttribute('aria-disabled'))
      .toBe('false');
    // The session ends: out of the storage, and back for the same officer.
    expect(await stored(page)).toContain('kept');
    await mock('desk', { expire: true });
    await page.getByText('You were logged out').waitFor();
    expect(await stored(page)).not.toContain('kept');
    await page.getByLabel('Log-in name').fill('kai');
    await page.getByLabel('Password').fill('mock-password');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByLabel('Your answer').inputValue()).toBe('kept');
    // Logged out by hand, nothing is left, for the same officer either.
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Log in to the tips' }).waitFor();
    expect(await stored(page)).not.toContain('kept');
    await page.getByLabel('Log-in name').fill('kai');
    await page.getByLabel('Password').fill('mock-password');
    await page.keyboard.press('Enter');
    await page.getByLabel('Your answer').waitFor();
    expect(await page.getByLabel('Your answer').inputValue()).toBe('');
    await mock('desk', { enabled: false });
    await page.getByRole('heading', { name: 'This server takes no tips' }).waitFor();
    await expectAccessible(page);
    await page.context().addCookies((await loggedInAs('chief')).cookies);
    await page.reload();
    await page.getByRole('heading', { name: 'Tips are for officers only' }).waitFor();
    await page.getByRole('link', { name: 'Studio' }).waitFor();
    await expectAccessible(page);
    await shot(page, 'desk-denied');
  });
});

describe.skipIf(real)('a tip', () => {
  it('is triaged, answered and closed, each with its reason why not yet, and asked before what is final', async () => {
    const { page, problems } = await openDesk(`#/t/${waits}`);
    const button = (name: string | RegExp) => page.getByRole('button', { name });
    const answer = page.getByLabel('Your answer');
    await answer.fill('Thank you.\nWe look into it.');
    await page.getByText('First say what it is.').first().waitFor();
    expect(await page.getByText('First say what it is.').count()).toBe(2);
    await button('Send the answer').click({ force: true });
    expect(await page.getByRole('dialog').count()).toBe(0);
    // The arrows choose, and note nothing.
    await page.getByRole('radio', { name: 'spam' }).focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowDown');
    expect(await page.getByRole('radio', { name: 'a lead' }).isChecked()).toBe(true);
    expect((await onServer(page, waits)).state).toBe('received');
    await button('Triage').click();
    await page.getByText('Noted.').waitFor();
    await page.getByText('凯 Kai triaged it as a lead').waitFor();
    await page.getByText('if it stays “To answer”').waitFor();
    // The draft outlives a reload.
    await page.reload();
    await expect.poll(() => answer.inputValue()).toBe('Thank you.\nWe look into it.');
    await row(page, waits).getByText('draft').waitFor();
    await page.getByText('a tip is closed after one only').waitFor();
    await button('Send the answer').click();
    const dialog = page.getByRole('dialog', { name: 'Send this answer?' });
    await dialog.getByText('We look into it.').waitFor();
    await expectAccessible(page);
    await shot(page, 'desk-answer');
    await page.keyboard.press('Escape');
    expect((await onServer(page, waits)).state).toBe('triaged');
    // What fails loses nothing.
    await mock('desk', { faults: { answer: 500 } });
    await button('Send the answer').click();
    await dialog.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('the books cannot be written').waitFor();
    expect(await answer.inputValue()).toContain('We look into it.');
    await mock('desk', { faults: { answer: null } });
    await button('Put away').click();
    await page.context().setOffline(true);
    await button('Send the answer').click();
    await dialog.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('this may or may not have been done').waitFor();
    await page.context().setOffline(false);
    await expect.poll(() => button('Send the answer').getAttribute('aria-disabled'), { timeout: 20_000 }).toBe('false');
    await button('Send the answer').click();
    await dialog.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('The answer is sent.').waitFor();
    expect(await answer.inputValue()).toBe('');
    await page.locator('.event__words', { hasText: 'We look into it.' }).waitFor();
    expect(await stored(page)).not.toContain('We look into it.');
    // The sender writes again: it waits once more.
    await mock('desk', { write: { id: waits, text: '补充：他今天又来了。' } });
    await page.locator('.event__words', { hasText: '他今天又来了' }).waitFor();
    await row(page, waits).getByText('wrote again').waitFor();
    await button('Close the tip').click({ force: true });
    expect(await page.getByRole('dialog').count()).toBe(0);
    await mock('desk', { act: { id: waits, by: 'bo', answer: 'We have called the police station.' } });
    await page.locator('.event', { hasText: '薄警官 Bo' }).getByText('We have called').waitFor();
    await expect.poll(() => row(page, waits).getByText('wrote again').count()).toBe(0);
    await answer.fill('too late');
    await button('Close the tip').click();
    const close = page.getByRole('dialog', { name: 'Close this tip for good?' });
    await close.getByText('Your unsent answer is thrown away.').waitFor();
    await close.getByRole('button', { name: 'Close it' }).click();
    await page.getByText('The tip is closed.').waitFor();
    await expect.poll(() => answer.count()).toBe(0);
    expect((await onServer(page, waits)).timeline.map(({ deed }) => deed)).toEqual(
      ['received', 'triaged', 'answered', 'wrote', 'answered', 'closed'], // prettier-ignore
    );
    await expectAccessible(page);
    await shot(page, 'desk-closed');
    expect(problems).toEqual([]);
  });

  it('tells of a colleague who was faster, and has a standard answer for spam', async () => {
    const { page } = await openDesk(`#/t/${fresh}`);
    await page.getByRole('radio', { name: 'spam' }).check();
    await page.getByRole('button', { name: 'Triage' }).click();
    await page.getByRole('button', { name: 'Standard answer for spam' }).waitFor();
    await mock('desk', { faults: { ms: 5000 } });
    await page.getByRole('radio', { name: 'feedback' }).check();
    await page.getByRole('button', { name: 'Change' }).click();
    await mock('desk', { act: { id: fresh, by: 'bo', answer: 'Thank you.', close: true } });
    await page.getByText('the tip is closed').first().waitFor();
    expect((await onServer(page, fresh)).verdict).toBe('spam');
    await mock('desk', { faults: { ms: 0 } });
    await row(page, arriving).locator('a').click();
    await page.getByRole('radio', { name: 'spam' }).check();
    await page.getByRole('button', { name: 'Triage' }).click();
    await page.getByRole('button', { name: 'Standard answer for spam' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Send', exact: true }).click();
    await page.locator('.event__words', { hasText: 'nothing this institution can act on' }).waitFor();
  });

  it('does not cross what the tipster writes while an answer is asked about', async () => {
    const { page } = await openDesk(`#/t/${answeredOnce}`);
    const answer = page.getByLabel('Your answer');
    await answer.fill('When was it?');
    await page.getByRole('button', { name: 'Send the answer' }).click();
    const dialog = page.getByRole('dialog', { name: 'Send this answer?' });
    await dialog.waitFor();
    await mock('desk', { write: { id: answeredOnce, text: 'I remember now: at ten.' } });
    const words = page.locator('.event__words', { hasText: 'at ten' });
    await words.waitFor({ state: 'attached' });
    await dialog.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('the tipster has written meanwhile; read it first').waitFor();
    await expectAccessible(page);
    expect(await answer.inputValue()).toBe('When was it?');
    expect((await onServer(page, answeredOnce)).timeline.at(-1)?.deed).toBe('wrote');
    // Now it has been seen.
    await page.getByRole('button', { name: 'Send the answer' }).click();
    await dialog.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('The answer is sent.').waitFor();
    expect(await answer.inputValue()).toBe('');
  });

  it('shows what it came with: photos by keyboard, and the clip from its moment', async () => {
    const { page, problems } = await openDesk(`#/t/${waits}`);
    await page.getByText('微信 qinghe-2231').waitFor();
    await page.getByRole('link', { name: /^Watch page: “阳光司法”/ }).waitFor();
    await page.waitForFunction(() => {
      const all = [...document.querySelectorAll<HTMLImageElement>('.photo img')];
      return all.length === 3 && all.every((one) => one.naturalWidth > 0);
    });
    await page.getByRole('button', { name: 'Enlarge photo 2' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Photo 2 of 3' }).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('dialog', { name: 'Photo 3 of 3' }).waitFor();
    expect(await page.getByRole('button', { name: 'Next photo' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Previous photo' }).click();
    await page.getByRole('dialog', { name: 'Photo 2 of 3' }).waitFor();
    await expectAccessible(page);
    await shot(page, 'desk-photo');
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.getByRole('button', { name: 'Play from the moment' }).click();
    // Five seconds before the moment. The clip begins 15 s before its minute, less the 10 s that there was nothing yet.
    const { moment, minute } = await page.evaluate(async (path) => {
      const tip = (await (await fetch(path)).json()) as { minute: string; content: { moment: string } };
      return { moment: Date.parse(tip.content.moment), minute: Date.parse(tip.minute) };
    }, `/api/v1/desk/tips/${waits}`);
    const from = (moment - minute) / 1000 + 15 - 10 - 5;
    await page.waitForFunction((at) => {
      const element = document.querySelector('video');
      return element !== null && !element.paused && Math.abs(element.currentTime - at) < 4;
    }, from + 3);
    await shot(page, 'desk-clip');
    await row(page, arriving).locator('a').click();
    await page.getByText('The broadcast is still being recorded').waitFor();
    expect(await page.locator('video').count()).toBe(0);
    await mock('desk', { tips: [{ id: arriving, withdrawn: true }] });
    await page.getByText('what was aired then has been withdrawn').waitFor();
    await mock('desk', { tips: [{ id: arriving, clip: null }] });
    await page.getByText('No clip was kept').waitFor();
    await mock('desk', { tips: [{ id: arriving, at: Date.now() }] });
    await page.getByText('The clip is being put aside').waitFor();
    await row(page, fresh).locator('a').click();
    await page.getByText('The sender named no moment').waitFor();
    await mock('fail', { prefix: `/api/v1/desk/tips/${waits}/photos`, status: 500 });
    await row(page, waits).locator('a').click();
    // The browser has seen these photos and would not ask again.
    await page.reload();
    await page.getByText('This photo could not be opened.').first().waitFor();
    await mock('fail', { prefix: `/api/v1/desk/tips/${waits}/photos`, status: 0 });
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await page.waitForFunction(() => (document.querySelector<HTMLImageElement>('.photo img')?.naturalWidth ?? 0) > 0);
    expect(problems).toEqual([]);
  });

  it('says that what it shows may be old while the server fails, until it answers again', async () => {
    const { page, problems } = await openDesk();
    await page.locator('.one').first().waitFor();
    await mock('fail', { prefix: '/api/v1/desk', status: 500, code: 'internal' });
    await mock('desk', { tips: [{ id: 'late1', text: 'what came meanwhile', kind: 'lead' }] });
    const banner = page.locator('.desk__banner', { hasText: 'what you see may be old' });
    await banner.waitFor();
    expect(await page.locator('.one').count()).toBeGreaterThan(0);
    expect(await row(page, 'late1').count()).toBe(0);
    await expectAccessible(page);
    await mock('fail', { prefix: '/api/v1/desk', status: 0 });
    await banner.getByRole('button').click();
    await row(page, 'late1').waitFor();
    await banner.waitFor({ state: 'detached' });
    expect(problems).toEqual([]);
  });

  it('is read and answered on a phone in Chinese, one thing at a time', async () => {
    const { page, problems } = await openDesk('', 'kai', { viewport: phone, locale: 'zh-CN', hasTouch: true });
    await row(page, answeredOnce).locator('a').click();
    await page.getByText('I know the defendant from work.').last().waitFor();
    expect(await page.locator('.tips').isVisible()).toBe(false);
    // A reader goes on at the tip.
    await expect.poll(() => page.evaluate(() => document.activeElement?.className)).toBe('tip__name');
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
    await shot(page, 'desk-phone-zh', true);
    const narrow = { width: 320, height: 568 };
    await page.setViewportSize(narrow);
    await expectNoSidewaysScroll(page);
    await page.setViewportSize(phone);
    await page.getByLabel('您的答复').fill('谢谢您的补充，我们已经联系报刊亭。');
    await page.getByRole('button', { name: '发送答复' }).click();
    await page.getByRole('dialog').getByRole('button', { name: '发送', exact: true }).click();
    await page.getByText('答复已发送。').waitFor();
    await page.getByRole('button', { name: '返回列表' }).click();
    await row(page, answeredOnce).getByText('已答复').waitFor();
    await page.getByRole('link', { name: /^办案人员/ }).click();
    await page.getByRole('heading', { name: '办案人员' }).waitFor();
    await expectNoSidewaysScroll(page);
    await page.setViewportSize(narrow);
    await expectNoSidewaysScroll(page);
    await page.goBack();
    await row(page, answeredOnce).waitFor();
    await expectNoSidewaysScroll(page);
    expect(problems).toEqual([]);
  });
});
