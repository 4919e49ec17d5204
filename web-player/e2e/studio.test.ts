import type { Page } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import { browser, admin, expectAccessible, live, loggedIn, mock, open, real, token, type Opened } from './support';

async function logIn(page: Page): Promise<void> {
  await page.getByLabel('Admin token').fill(token);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Broadcasts' }).waitFor();
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
  it('opens with the token, stays open over a reload, and closes', async () => {
    const { context, page, problems } = await open(browser, '/studio/');
    await page.getByLabel('Admin token').fill('wrong-token');
    await page.keyboard.press('Enter');
    await page.getByText('This token is not valid').waitFor();
    await expectAccessible(page);
    await logIn(page);
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
      expect(await venue.locator('.badge').textContent()).toBe('live');
      expect(await venue.locator('.venue__detail').textContent()).toMatch(/^\d+p\d+/);
      await expect
        .poll(async () => Number(await venue.getByRole('meter').getAttribute('aria-valuenow')), { timeout: 10_000 })
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
    await page.getByRole('button', { name: 'Go live' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Go live' }).click();
    await page.getByText(/LIVE\s*00:00:0\d/).waitFor();

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
    expect(await dialog.getByText(/Ends in/).count()).toBe(0);
    await dialog.getByLabel('Type the title to end it').fill('fire drill');
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

  it('asks to log in again when the session has ended', async () => {
    const { context, page } = await openConsole();
    await context.clearCookies();
    await page.locator('.state-bar a').click();
    await page.getByText('You were logged out').waitFor();
    await context.close();
  });
});
