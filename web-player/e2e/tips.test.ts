// A tip's whole way through a real server: from the watch page to the site of its own, with photos and without JavaScript, to an
// officer who reads and answers, and back to who holds the receipt.

import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import {
  advances,
  base,
  browser,
  expectAccessible,
  expectNoSidewaysScroll,
  live,
  officer,
  open,
  real,
  shot,
  type Opened,
} from './support';

const row = (page: Page, text: string) => page.locator('.one', { hasText: text });

/** The officer, at the desk. */
async function sitDown(options: Parameters<typeof open>[2] = {}): Promise<Opened> {
  const opened = await open(browser, '/desk/', { viewport: { width: 1440, height: 900 }, ...options });
  await opened.page.locator('input[name=name], input[autocomplete=username]').first().fill(officer.name);
  await opened.page.locator('input[type=password]').fill(officer.password);
  await opened.page.keyboard.press('Enter');
  await opened.page.locator('.one').first().waitFor();
  return opened;
}

/** What the site showed once. */
async function receiptOn(page: Page): Promise<string> {
  const text = (await page.locator('.receipt .number').textContent()) ?? '';
  expect(text).toMatch(/^\d{4}( \d{4}){5}$/);
  return text;
}

describe.runIf(real && officer.name !== '')('a tip to a real desk', () => {
  /** The officer who has read the first tip, and waits for its clip. */
  let atDesk: Opened | null = null;

  it('goes from the watch page with its moment and a photo to the officer, and the answer back by receipt', async () => {
    const viewer = await open(browser, `/watch/${live}`);
    await advances(viewer.page, 1);
    const photo = await viewer.page.locator('.stage').screenshot({ type: 'jpeg' });
    const before = Date.now();
    await viewer.page.getByRole('button', { name: 'Send a tip' }).click();
    const href = await viewer.page
      .getByRole('dialog', { name: 'Send a confidential tip' })
      .getByRole('link', { name: 'Open the tips page' })
      .getAttribute('href');
    if (href === null) throw new Error('the dialog leads nowhere');
    // The moment of the picture: what was aired a few seconds ago.
    const at = Number(new URL(href).searchParams.get('at'));
    expect(at).toBeGreaterThan(before - 30_000);
    expect(at).toBeLessThanOrEqual(Date.now());
    await viewer.context.close();

    const { context, page, problems } = await open(browser, href, {}, '');
    await page.getByRole('heading', { name: 'Send a tip' }).waitFor();
    expect(await page.getByLabel('Which broadcast?').inputValue()).toBe(live);
    // In the server's local time, which need not be this one's; the page names its zone.
    const shown = await page.getByLabel('Moment in the broadcast').inputValue();
    expect(shown).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d/);
    const zone = /Time zone: UTC(?:([+-]\d+)(?::(\d\d))?)?/.exec(await page.locator('main').innerText());
    expect(zone).not.toBeNull();
    const hours = Number(zone?.[1] ?? 0);
    const offset = (hours * 60 + Math.sign(hours) * Number(zone?.[2] ?? 0)) * 60_000;
    expect(Math.abs(Date.parse(`${shown}Z`) - offset - at)).toBeLessThan(1000);
    const words = `The man in the second row, ${String(Date.now())}`;
    await page.getByLabel('Your message').fill(words);
    await page.getByLabel('How to reach you').fill('through the receipt');
    // Another language costs nothing that was typed.
    await page.getByRole('button', { name: '中文' }).click();
    await page.getByRole('heading', { name: '提供线索' }).waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Send a tip' }).waitFor();
    expect(await page.getByLabel('Your message').inputValue()).toBe(words);
    expect(await page.getByLabel('Moment in the broadcast').inputValue()).toBe(shown);
    await page.getByLabel('Photos').setInputFiles([
      { name: 'a.jpg', mimeType: 'image/jpeg', buffer: photo },
      { name: 'b.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('not a photo at all') },
    ]);
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    // The second is none: said in words, and nothing that was written is lost.
    await page.getByText('There is a problem:').waitFor();
    expect(await page.getByLabel('Your message').inputValue()).toBe(words);
    await expectAccessible(page);
    await shot(page, 'tip-photo-refused', true);
    await page.getByLabel('Photos').setInputFiles([{ name: 'a.jpg', mimeType: 'image/jpeg', buffer: photo }]);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    const receipt = await receiptOn(page);
    await expectAccessible(page);
    await shot(page, 'tip-receipt');
    expect(await context.cookies()).toEqual([]);

    const desk = await sitDown();
    await row(desk.page, words).locator('a').click();
    await desk.page.getByText('through the receipt').waitFor();
    await desk.page.waitForFunction(
      () => (document.querySelector<HTMLImageElement>('.photo img')?.naturalWidth ?? 0) > 0,
    );
    await desk.page.getByRole('radio', { name: 'a lead' }).check();
    await desk.page.getByRole('button', { name: 'Triage' }).click();
    await desk.page.getByText('triaged it as a lead').waitFor();
    await desk.page.getByLabel('Your answer').fill('Thank you. Somebody is on the way.');
    await desk.page.getByRole('button', { name: 'Send the answer…' }).click();
    await desk.page.getByRole('dialog').getByRole('button', { name: 'Send', exact: true }).click();
    await desk.page.getByText('The answer is sent.').waitFor();

    const site = new URL(href).origin;
    await page.goto(`${site}/answer?lang=en`);
    await page.getByLabel('Receipt (24 digits)').fill(receipt);
    await page.keyboard.press('Enter');
    await page.getByText('Thank you. Somebody is on the way.').waitFor();
    await expectAccessible(page);
    await shot(page, 'tip-answer');
    await page.getByLabel('Write again').fill('He has left by the back door.');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('Your message has been added.').waitFor();
    await desk.page.getByText('He has left by the back door.').waitFor();
    await row(desk.page, words).getByText('wrote again').waitFor();
    expect(problems).toEqual([]);
    await context.close();
    atDesk = desk;
  });

  it('goes without JavaScript, in Chinese, on a phone', async () => {
    const there = await open(browser, `/watch/${live}`, { locale: 'zh-CN' });
    await there.page.getByRole('button', { name: '提供线索' }).click();
    const href = await there.page.getByRole('dialog').getByRole('link').first().getAttribute('href');
    await there.context.close();
    const context = await browser.newContext({
      javaScriptEnabled: false,
      viewport: { width: 360, height: 740 },
      locale: 'zh-CN',
    });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    // The watch page cannot play then, but leads there.
    await page.goto(`${base}/watch/${live}`);
    await page.getByRole('link', { name: '提供线索' }).click();
    await page.getByLabel('内容').waitFor();
    await page.goto(href ?? '');
    const words = `在车站后面，${String(Date.now())}`;
    await page.getByLabel('内容').fill(words);
    await shot(page, 'tip-form-phone', true);
    await page.getByRole('button', { name: '提交' }).click();
    const receipt = await receiptOn(page);
    await shot(page, 'tip-receipt-phone');

    const desk = await sitDown({ locale: 'zh-CN', viewport: { width: 360, height: 740 } });
    await row(desk.page, words).locator('a').click();
    await desk.page.locator('.event__words, .tip', { hasText: words }).first().waitFor();
    await desk.page.getByRole('radio', { name: '举报' }).check();
    await desk.page.getByRole('button', { name: '确定分类' }).click();
    await desk.page.getByLabel('您的答复').fill('已转交当地法院。');
    await expectNoSidewaysScroll(desk.page);
    await expectAccessible(desk.page);
    await shot(desk.page, 'desk-tip-phone');
    await desk.page.getByRole('button', { name: '发送答复…' }).click();
    await desk.page.getByRole('dialog').getByRole('button', { name: '发送', exact: true }).click();
    await desk.page.locator('.event__words', { hasText: '已转交当地法院。' }).waitFor();
    await desk.context.close();

    await page.getByRole('link', { name: '已有回执？查看答复' }).click();
    await page.getByLabel('回执号码').fill(receipt);
    await page.getByRole('button', { name: '查看' }).click();
    await page.getByText('已转交当地法院。').waitFor();
    await shot(page, 'tip-answer-phone');
    await context.close();
  });

  it('brings the officer what was on air then, without their asking', async () => {
    if (atDesk === null) throw new Error('the tip did not come to the desk');
    const { page, problems, context } = atDesk;
    // Put aside at the turn of a minute.
    await page.getByRole('button', { name: 'Play from the moment' }).click({ timeout: 75_000 });
    await advances(page, 1);
    await expectAccessible(page);
    await shot(page, 'desk-tip');
    expect(problems).toEqual([]);
    await context.close();
  });
});
