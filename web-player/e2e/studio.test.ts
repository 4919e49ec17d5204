// The studio as producers use it. Longer than other files: one log-in for all of its cases, since the server counts tries.

import type { Page } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import {
  browser,
  admin,
  expectAccessible,
  expectNoSidewaysScroll,
  live,
  loggedIn,
  mock,
  newAccount,
  open,
  real,
  token,
  type Account,
  type Opened,
} from './support';

async function logIn(page: Page, account: Account): Promise<void> {
  await page.getByLabel('Log-in name').fill(account.name);
  await page.getByLabel('Password').fill(account.password);
  await page.keyboard.press('Enter');
}

/** Which venues carry the tally, by their place in the strip. */
function onAir(page: Page): Promise<number[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('.venue')].flatMap((venue, i) =>
      venue.querySelector('.tally--air') === null ? [] : [i],
    ),
  );
}

async function waitOnAir(page: Page, venues: number[]): Promise<void> {
  await expect.poll(() => onAir(page), { timeout: 20_000 }).toEqual(venues);
}

async function openConsole(id = live, height = 900): Promise<Opened> {
  const opened = await open(browser, `/studio/#/b/${id}`, {
    viewport: { width: 1440, height },
    storageState: await loggedIn(),
  });
  await opened.page.locator('.venue').first().waitFor();
  return opened;
}

describe.skipIf(token === '')('the studio', () => {
  it('opens to an account once its first password is changed, stays open over a reload, and closes', async () => {
    const { context, page, problems } = await open(browser, '/studio/');
    const account = await newAccount();
    await logIn(page, { name: account.name, password: 'wrong' });
    await page.getByText('Name or password is wrong').waitFor();
    await expectAccessible(page);
    await logIn(page, account);
    await page.getByRole('heading', { name: 'Your password' }).waitFor();
    await page.getByLabel('Present password').fill(account.password);
    await page.getByLabel('New password', { exact: true }).fill('too short');
    await page.getByLabel('New password, again').fill('too short');
    await page.keyboard.press('Enter');
    await page.locator('.field__hint--error').waitFor();
    await expectAccessible(page);
    await page.getByLabel('New password', { exact: true }).fill('three quiet words');
    await page.getByLabel('New password, again').fill('three quiet words');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Broadcasts' }).waitFor();
    expect(new URL(page.url()).search).toBe('');
    await page.reload();
    await page.getByRole('heading', { name: 'Broadcasts' }).waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Log in to the studio' }).waitFor();
    expect(problems).toEqual([]);
    await context.close();
  });

  it('puts a scene on air, and tallies only what the engine confirmed', async () => {
    const { context, page, problems } = await openConsole();
    await page.waitForSelector('.tally--air');
    const before = await onAir(page);
    // A scene that is not on air already.
    const target = before.length === 1 && before[0] === 1 ? 0 : 1;
    await page.getByRole('button', { name: /^Full screen/ }).click();
    const tile = page.getByRole('button', { name: /^Tile 1/ });
    await tile.click();
    const name = (await page.locator('.venue__name').nth(target).textContent()) ?? '';
    await page.locator('.venue__button').nth(target).click();
    expect(await tile.getAttribute('aria-label')).toContain(name);
    if (!real) {
      await mock('studio', { take: 'slow' });
      await page.keyboard.press('Enter');
      await page.getByText('Cutting…').waitFor();
      // Not confirmed yet: nothing has moved.
      expect(await onAir(page)).toEqual(before);
    } else {
      await page.keyboard.press('Enter');
    }
    await waitOnAir(page, [target]);
    expect(await page.locator('.venue').nth(target).locator('.tally').textContent()).toBe('ON AIR');
    // The scene that was on air stands ready in the preview.
    await page.locator('.cut__button').click();
    await waitOnAir(page, before);
    expect(problems).toEqual([]);
    await context.close();
  });

  it('shows levels, thumbnails and the program as it goes out', async () => {
    const { context, page } = await openConsole();
    await page.waitForFunction(
      () =>
        [...document.querySelectorAll('.venue .thumb img')].filter((img) => (img as HTMLImageElement).naturalWidth > 0)
          .length >= 2,
    );
    const first = await page.locator('.venue .thumb img').first().getAttribute('src');
    await page.waitForFunction(
      (old) => document.querySelector('.venue .thumb img')?.getAttribute('src') !== old,
      first,
    );
    await page.waitForFunction(() => {
      const cover = document.querySelector<HTMLElement>('.channel--program .meter__cover');
      return cover !== null && cover.style.transform !== '' && cover.style.transform !== 'scaleX(1)';
    });
    await page.waitForFunction(() =>
      /\d\.\d s behind/.test(document.querySelector('.screen__note')?.textContent ?? ''),
    );
    // Each venue: what its feed does, how large its picture is, how loud it is.
    for (const venue of (await page.locator('.venue').all()).slice(0, 2)) {
      await expect.poll(() => venue.locator('.badge').textContent()).toBe('live');
      await expect.poll(() => venue.locator('.venue__detail').textContent()).toMatch(/^\d+p\d+/);
      await expect
        .poll(async () => Number(await venue.getByRole('meter').getAttribute('aria-valuenow')))
        .toBeGreaterThan(-60);
    }
    await context.close();
  });

  it('covers the program with the slate and takes it off again', async () => {
    const { context, page } = await openConsole();
    await page.waitForSelector('.tally--air');
    const before = await onAir(page);
    await page.getByRole('button', { name: 'Emergency slate' }).click();
    await page.getByRole('button', { name: /SLATE ON AIR/ }).waitFor();
    expect(await onAir(page)).toEqual([]);
    await page.getByRole('button', { name: /SLATE ON AIR/ }).click();
    await waitOnAir(page, before);
    await context.close();
  });

  it('sets gain, mute and the lower third', async () => {
    const { context, page } = await openConsole();
    const before = await admin<{ scene: { title?: string } }>(`broadcasts/${live}`);
    const [first, second] = await page.locator('.venue__name').allTextContents();
    await page.getByRole('slider', { name: `Gain of ${first ?? ''}` }).fill('-6');
    await page.getByText('−6 dB').waitFor();
    await page.getByRole('button', { name: `Mute ${second ?? ''}` }).click();
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.channel__state')].some((state) => state.textContent === 'muted'),
    );
    const stored = async () => {
      const { mix, venues } = await admin<{
        mix: { venues: Record<string, { gain_db: number; mute: boolean }> };
        venues: { id: string }[];
      }>(`broadcasts/${live}`);
      const [one, other] = venues.map((venue) => mix.venues[venue.id]);
      return [one?.gain_db, other?.mute];
    };
    await expect.poll(stored).toEqual([-6, true]);

    await page.getByRole('textbox', { name: 'Lower third' }).fill('Judge Li, presiding');
    await page.getByRole('button', { name: 'Show on air' }).click();
    await page.getByText('On air: Judge Li, presiding').waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByText('On air: Judge Li, presiding').waitFor({ state: 'detached' });
    // As it was.
    await page.getByRole('slider', { name: `Gain of ${first ?? ''}` }).fill('0');
    await page.getByRole('button', { name: `Mute ${second ?? ''}` }).click();
    if (before.scene.title !== undefined && before.scene.title !== '') {
      await page.getByRole('textbox', { name: 'Lower third' }).fill(before.scene.title);
      await page.getByRole('button', { name: 'Show on air' }).click();
    }
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.channel__state')].every((state) => state.textContent !== 'muted'),
    );
    await context.close();
  });
});

describe.skipIf(real)('the studio on good and bad days', () => {
  afterEach(async () => {
    await mock('reset', {});
  });

  it('composes by keyboard alone', async () => {
    const { context, page } = await openConsole();
    await page.getByRole('button', { name: /^Side by side/ }).focus();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: /^Tile 2/ }).focus();
    await page.keyboard.press('Space');
    await page.keyboard.press('3');
    expect(await page.getByRole('button', { name: /^Tile 2/ }).getAttribute('aria-label')).toContain('Remote');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelectorAll('.tally--air').length === 2);
    await context.close();
  });

  it('leaves Enter to the button that has the focus, and cuts from what composes the preview', async () => {
    const { context, page } = await openConsole();
    await page.waitForSelector('.tally--air');
    const before = await onAir(page);
    await page.getByRole('button', { name: /^Full screen/ }).click();
    await page.getByRole('button', { name: 'Emergency slate' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /SLATE ON AIR/ }).waitFor();
    await page.getByRole('button', { name: /SLATE ON AIR/ }).focus();
    await page.keyboard.press('Enter');
    await waitOnAir(page, before);
    // A key that is held presses once.
    const mute = page.getByRole('button', { name: /^Mute/ }).first();
    await mute.focus();
    for (let i = 0; i < 4; i++) await page.keyboard.down('Enter');
    await page.keyboard.up('Enter');
    expect(await mute.getAttribute('aria-pressed')).toBe('true');
    await page.getByRole('checkbox', { name: 'Sound follows the picture' }).focus();
    await page.keyboard.press('Enter');
    expect(await onAir(page)).toEqual(before);
    for (const place of [page.locator('.venue__button').nth(1), page.locator('.layout').first()]) {
      const air = await onAir(page);
      await place.focus();
      await page.keyboard.press('Enter');
      await expect.poll(() => onAir(page)).not.toEqual(air);
    }
    await context.close();
  });

  it('takes venues dragged into the preview', async () => {
    const { context, page } = await openConsole();
    await page.locator('.venue__button').nth(2).dragTo(page.locator('.tile').first());
    expect(await page.getByRole('button', { name: /^Tile 1/ }).getAttribute('aria-label')).toContain('Remote');
    await context.close();
  });

  it('says when the engine did not confirm, and leaves the tally where it was', async () => {
    const { context, page } = await openConsole();
    await page.getByRole('button', { name: /^Full screen/ }).click();
    await mock('studio', { take: 'fail' });
    const air = await page.locator('.tally--air').count();
    await page.locator('.cut__button').click();
    await page.getByText('The engine did not confirm the change').waitFor();
    expect(await page.locator('.tally--air').count()).toBe(air);
    await context.close();
  });

  it('freezes when the connection is lost, says so, and goes on when it is back', async () => {
    const { context, page } = await openConsole();
    await page.waitForSelector('.tally--air');
    await mock('outage', { ms: 6000 });
    await page.getByText('you are seeing an old state').waitFor({ timeout: 10_000 });
    expect(await page.locator('.cut__button').isDisabled()).toBe(true);
    expect(await page.locator('.venue__button').first().isDisabled()).toBe(true);
    await expectAccessible(page);
    await page.getByText('you are seeing an old state').waitFor({ state: 'detached', timeout: 30_000 });
    expect(await page.locator('.venue__button').first().isDisabled()).toBe(false);
    await context.close();
  });

  it('freezes too when the connection stays open but silent', async () => {
    const { context, page } = await openConsole();
    await page.waitForSelector('.tally--air');
    await mock('studio', { silent: true });
    await page.getByText('you are seeing an old state').waitFor({ timeout: 10_000 });
    await mock('studio', { silent: false });
    await page.getByText('you are seeing an old state').waitFor({ state: 'detached', timeout: 20_000 });
    await context.close();
  });

  it('names what is wrong with the program', async () => {
    const { context, page } = await openConsole();
    await mock('studio', { slots: { 'hall-b': 'stalled' } });
    await page.getByText('is on air without a picture').waitFor();
    expect(await page.locator('.bars').textContent()).toBe('trouble');
    await context.close();
  });

  it('raises no alarm before the rehearsal', async () => {
    const { context, page } = await openConsole('patrol');
    await page.getByRole('region', { name: 'Health' }).getByText('The program does not run yet').waitFor();
    await page.locator('.venue .badge', { hasText: 'live' }).first().waitFor();
    expect(await page.locator('.health__item').count()).toBe(0);
    expect(await page.locator('.bars').count()).toBe(0);
    await expectAccessible(page);
    await context.close();
  });

  it('says when most viewers cannot be counted', async () => {
    const { context, page } = await openConsole();
    await mock('studio', { viewers: 2, viewers_at_least: true });
    await page.getByText('≥ 2 viewers, cache not counted').waitFor();
    await page.setViewportSize({ width: 360, height: 740 });
    await expectNoSidewaysScroll(page);
    await context.close();
  });

  it('goes from a new broadcast over the rehearsal to live, and ends after its grace', async () => {
    const { context, page } = await open(browser, '/studio/', {
      viewport: { width: 1440, height: 900 },
      storageState: await loggedIn(),
    });
    await page.getByRole('button', { name: 'New broadcast' }).click();
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByText('Please fill this in.').waitFor();
    await page.getByLabel('Title', { exact: true }).fill('Fire drill');
    await page.getByRole('checkbox', { name: /Hall A/ }).check();
    await page.getByRole('checkbox', { name: /Hall B/ }).check();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('button', { name: 'Start rehearsal' }).click();
    await page.locator('.state-badge', { hasText: 'REHEARSAL' }).waitFor();
    expect(await page.getByRole('button', { name: 'End…' }).count()).toBe(0);
    // One that ends without an audience, and another.
    await page.getByRole('button', { name: 'End rehearsal' }).click();
    await page.getByRole('button', { name: 'Start rehearsal' }).click();
    await page.locator('.state-badge', { hasText: 'REHEARSAL' }).waitFor();
    await page.getByRole('button', { name: 'Go live' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Go live' }).click();
    await page.getByText(/LIVE\s*00:\d\d:\d\d/).waitFor();
    const id = /#\/b\/([^/]+)/.exec(page.url())?.[1] ?? '';
    const staffed = page.getByRole('link', { name: 'Write as staff' });
    expect(await staffed.getAttribute('href')).toBe(`/watch/${id}?as=staff`);

    await page.getByRole('button', { name: 'End…' }).click();
    const dialog = page.getByRole('dialog', { name: 'End the broadcast?' });
    await expectAccessible(page);
    // Too short a hold, then a wrong title: nothing happens.
    const hold = dialog.getByRole('button', { name: 'Hold for two seconds' });
    await hold.hover();
    await page.mouse.down();
    await page.waitForTimeout(500);
    await page.mouse.up();
    await dialog.getByLabel('Type the title to end it').fill('Fire');
    await page.keyboard.press('Enter');
    await dialog.getByText('This is not the title').waitFor();
    const field = dialog.getByLabel('Type the title to end it');
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    await expectAccessible(page);
    expect(await dialog.getByText(/Ends in/).count()).toBe(0);
    await field.fill('fire drill');
    expect(await field.getAttribute('aria-invalid')).toBe('false');
    await page.keyboard.press('Enter');
    await dialog.getByText(/Ends in \d+ s/).waitFor();
    await dialog.getByRole('button', { name: 'Do not end' }).click();
    await page.getByRole('button', { name: 'End…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Hold for two seconds' }).hover();
    await page.mouse.down();
    await page.getByText(/Ends in \d+ s/).waitFor();
    await page.mouse.up();
    await page.getByRole('heading', { name: 'This broadcast has ended' }).waitFor({ timeout: 15_000 });
    await context.close();
  });

  it('says when the end was refused, that alone, and tries again', async () => {
    const { context, page } = await openConsole();
    await page.getByRole('button', { name: /^Full screen/ }).click();
    await mock('studio', { take: 'fail', end: 'fail' });
    await page.locator('.cut__button').click();
    await page.getByText('The engine did not confirm the change').waitFor();
    await page.getByRole('button', { name: 'End…' }).click();
    const dialog = page.getByRole('dialog', { name: 'End the broadcast?' });
    const title = (await dialog.locator('.end__title').textContent()) ?? '';
    await dialog.getByLabel('Type the title to end it').fill(title);
    await page.keyboard.press('Enter');
    await dialog.getByText(/Ends in \d+ s/).waitFor();
    expect(await dialog.locator('.refusal').count()).toBe(0);
    // Nobody sends away the answer that is still to come.
    await page.route('**/end', async (route) => {
      await dialog.getByText('Ending…').waitFor();
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await page.mouse.click(5, 5);
      expect(await dialog.getByRole('button').count()).toBe(0);
      await route.continue();
    });
    await dialog.getByText('The server has not confirmed the end').waitFor({ timeout: 15_000 });
    await dialog.getByText('the books cannot be written').waitFor();
    expect(await dialog.getByText('Ending…').count()).toBe(0);
    expect(await page.getByText('The engine did not confirm the change').count()).toBe(0);
    await expectAccessible(page);
    await page.unroute('**/end');
    await mock('studio', { end: null });
    await dialog.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: 'This broadcast has ended' }).waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
    await context.close();
  });

  it('makes a key and shows it once, for copying', async () => {
    const { context, page } = await open(browser, '/studio/#/venues', { storageState: await loggedIn() });
    await page.getByRole('button', { name: /Key of 第一法庭/ }).click();
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.getByText('only time the key is shown').waitFor();
    expect(await page.locator('.secret code').count()).toBe(7);
    await expectAccessible(page);
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.locator('.secret .button').nth(1).click();
    await page.getByText('Copied').first().waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toBe(await page.locator('.secret code').nth(1).textContent());
    await page.getByRole('button', { name: 'I have copied it' }).click();
    expect(await page.locator('.secret').count()).toBe(0);
    await context.close();
  });

  it('makes a venue', async () => {
    const { context, page } = await open(browser, '/studio/#/venues', { storageState: await loggedIn() });
    await page.getByRole('button', { name: 'New venue' }).click();
    await page.getByLabel('Name').fill('Roof camera');
    await page.getByLabel('Where its feed comes from').selectOption('pull');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByText('Please fill this in.').waitFor();
    await page.getByLabel('Address of the feed').fill('rtsp://203.0.113.9/roof');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByText('Roof camera').waitFor();
    await context.close();
  });

  it('adds a person, shows the password once, and disables them', async () => {
    const { context, page } = await open(browser, '/studio/#/people', { storageState: await loggedIn() });
    await page.getByRole('button', { name: 'New person' }).click();
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByText('Choose at least one role.').waitFor();
    await expectAccessible(page);
    await page.getByLabel('Log-in name').fill('sun');
    await page.getByLabel('Name', { exact: true }).fill('Officer Sun');
    await page.getByRole('checkbox', { name: /^Officer/ }).check();
    await page.getByRole('button', { name: 'Create' }).click();
    const once = page.getByRole('dialog', { name: 'Password of Officer Sun' });
    await once.getByText('This is shown once').waitFor();
    expect(await once.locator('code').nth(1).textContent()).toMatch(/^[0-9a-f]{16}$/);
    await expectAccessible(page);
    await page.keyboard.press('Escape');
    const row = page.locator('.row', { hasText: 'Officer Sun' });
    await row.getByText('has not chosen a password yet').waitFor();
    await row.getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('checkbox', { name: /^Disabled/ }).check();
    await page.getByRole('button', { name: 'Save' }).click();
    await row.getByText('disabled').waitFor();
    await row.getByRole('button', { name: 'Password of Officer Sun' }).click();
    await page.getByRole('button', { name: 'Make a new password' }).click();
    await once.getByText('This is shown once').waitFor();
    await context.close();
  });

  it('shows what was done, page by page', async () => {
    const { context, page } = await open(browser, '/studio/#/audit', { storageState: await loggedIn() });
    await page.locator('.row').nth(49).waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Older entries' }).click();
    await page.locator('.row').nth(59).waitFor();
    expect(await page.getByRole('button', { name: 'Older entries' }).count()).toBe(0);
    await context.close();
  });

  it('shows nobody more than they may', async () => {
    const { context, page } = await open(browser, '/studio/#/people');
    await logIn(page, { name: 'li', password: 'mock-password' });
    await page.getByText('Welcome, 李导播 Li.').waitFor();
    await page.getByLabel('Present password').fill('mock-password');
    await page.getByLabel('New password', { exact: true }).fill('three quiet words');
    await page.getByLabel('New password, again').fill('three quiet words');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Broadcasts' }).waitFor();
    expect(await page.locator('.tab').allTextContents()).toEqual(['Broadcasts', 'Venues']);
    await page.getByRole('button', { name: 'Your password: 李导播 Li' }).click();
    await page.getByLabel('Present password').fill('wrong');
    await page.getByLabel('New password', { exact: true }).fill('four more quiet words');
    await page.getByLabel('New password, again').fill('four more quiet words');
    await page.keyboard.press('Enter');
    await page.getByText('This is not your present password').waitFor();
    await context.close();
  });

  it('asks to log in again when the session has ended', async () => {
    const { context, page } = await openConsole();
    await context.clearCookies();
    await page.locator('.state-bar a[href="#/"]').click();
    await page.getByText('You were logged out').waitFor();
    await context.close();
  });

  it('asks too when it learns of it from the connection', async () => {
    const { context, page } = await openConsole();
    await page.waitForSelector('.tally--air');
    await context.clearCookies();
    await mock('outage', { ms: 1 });
    await page.getByText('You were logged out').waitFor({ timeout: 10_000 });
    await context.close();
  });

  it('does not wait for a broadcast that was deleted', async () => {
    const { context, page } = await openConsole();
    await page.waitForSelector('.tally--air');
    await mock('remove', { ids: ['court'] });
    await page.getByRole('heading', { name: 'This could not be loaded' }).waitFor({ timeout: 15_000 });
    await context.close();
  });

  it('stays logged in, and says so, until the server has confirmed the end of the session', async () => {
    const { context, page } = await open(browser, '/studio/', { storageState: await loggedIn() });
    await page.getByRole('heading', { name: 'Broadcasts' }).waitFor();
    await mock('fail', { prefix: '/api/v1/session', status: 500 });
    await page.getByRole('button', { name: 'Log out' }).click();
    const dialog = page.getByRole('dialog', { name: 'You are still logged in' });
    await dialog.getByRole('alert').waitFor();
    await expectAccessible(page);
    await mock('fail', { prefix: '/api/v1/session', status: 0 });
    await dialog.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Log in to the studio' }).waitFor();
    expect(await page.getByText('You were logged out').count()).toBe(0);
    await context.close();
  });
});
