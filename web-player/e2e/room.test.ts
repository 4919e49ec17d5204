// The room as viewers use it, against the mock. Longer than other files: its cases share the spy on what the worker draws and the
// words for the mock, which are of use nowhere else.

import { afterEach, describe, expect, it } from 'vitest';
import type { Locator, Page } from 'playwright-core';
import {
  advances,
  base,
  browser,
  expectAccessible,
  expectNoSidewaysScroll,
  layWire,
  misnamed,
  mock,
  open,
  real,
  scrubTo,
  shot,
  wake,
} from './support';

/** Tells a room of the mock what to do. */
const tell = (id: string, body: object) => mock('room', { id, ...body });

/** What says it itself, not what quotes it. */
const row = (page: Page, text: string) =>
  page.locator('.say').filter({ has: page.locator('.say__text', { hasText: text }) });
const field = (page: Page) => page.getByRole('textbox', { name: 'Write a comment' });

async function write(page: Page, text: string): Promise<void> {
  await field(page).fill(text);
  await page.keyboard.press('Enter');
}

/** A live broadcast of one's own where nobody has said anything. */
async function quiet(id: string, ago_ms = 60_000): Promise<void> {
  await mock('live', { id, ago_ms });
  await tell(id, { clear: true });
}

/** When it began, ms, as the server has it. */
async function beganAt(id: string): Promise<number> {
  const answer = (await (await fetch(`${base}/api/v1/broadcasts/${id}`)).json()) as { live_at: string };
  return Date.parse(answer.live_at);
}

/** A time of the viewer's clock, as a time input takes it. */
const clockAt = (at: number) => new Date(at).toLocaleTimeString('en-GB', { timeZone: 'Asia/Shanghai' });

const seen = (flying: () => Promise<string[]>) => expect.poll(flying);

interface Drawn {
  /** Labels of the last frame. */
  frame: string[];
  frames: number;
  /** How clearly that frame was drawn, and the last label's letters. */
  alpha: number;
  font: string;
}

/** What the worker draws, by the texts it has written into its bitmaps. */
async function spy(page: Page) {
  const worker = page.workers()[0] ?? (await page.waitForEvent('worker'));
  await worker.evaluate(() => {
    const prototype = OffscreenCanvasRenderingContext2D.prototype;
    const labels = new WeakMap<object, string>();
    const drawn: Drawn = { frame: [], frames: 0, alpha: 1, font: '' };
    // The originals are called on the contexts they belong to.
    /* eslint-disable @typescript-eslint/unbound-method */
    const { fillText, drawImage, clearRect } = prototype;
    /* eslint-enable @typescript-eslint/unbound-method */
    prototype.fillText = function (text, ...rest) {
      labels.set(this.canvas, text);
      drawn.font = this.font;
      fillText.call(this, text, ...rest);
    };
    prototype.clearRect = function (...all) {
      drawn.frame = [];
      drawn.frames++;
      clearRect.apply(this, all);
    };
    prototype.drawImage = function (this: OffscreenCanvasRenderingContext2D, ...all: unknown[]) {
      drawn.alpha = this.globalAlpha;
      drawn.frame.push(labels.get(all[0] as object) ?? '?');
      (drawImage as (...args: unknown[]) => void).apply(this, all);
    };
    Object.assign(globalThis, { drawn });
  });
  const read = () => worker.evaluate(() => (globalThis as unknown as { drawn: Drawn }).drawn);
  return {
    flying: async () => (await read()).frame,
    frames: async () => (await read()).frames,
    alpha: async () => (await read()).alpha,
    /** Of the letters, in pixels. */
    size: async () => Number(/([\d.]+)px/.exec((await read()).font)?.[1]),
  };
}

afterEach(async () => {
  // A test that failed has left its pages.
  await Promise.all(browser.contexts().map((context) => context.close()));
  if (!real) await mock('reset', {});
});

describe.skipIf(real)('the room', () => {
  it('carries a comment from one page to another, in the list and over the picture', async () => {
    await quiet('talk');
    const ana = await open(browser, '/watch/talk');
    const wei = await open(browser, '/watch/talk', { locale: 'zh-CN' });
    const { flying } = await spy(wei.page);
    await advances(ana.page, 1);
    await advances(wei.page, 1);
    await write(ana.page, 'Hello from page one');
    await row(ana.page, 'Hello from page one').waitFor();
    expect(await row(ana.page, 'Hello from page one').getAttribute('class')).toContain('say--own');
    await row(wei.page, 'Hello from page one').waitFor();
    await seen(flying).toEqual(['Hello from page one']);
    expect(await field(ana.page).inputValue()).toBe('');

    // An answer, and the same from many.
    await row(wei.page, 'Hello from page one').click();
    await wei.page.getByRole('button', { name: '回复' }).click();
    await wei.page.keyboard.type('你好');
    await wei.page.keyboard.press('Enter');
    await row(ana.page, '你好').waitFor();
    expect(await row(ana.page, '你好').locator('.say__quote').textContent()).toContain('Hello from page one');
    await tell('talk', { flood: 14, text: '加油' });
    await seen(flying).toContain('加油 ×14');

    // Removed: gone from both lists, from over the picture, and from what quotes it.
    await tell('talk', { remove: 'Hello from page one' });
    await row(ana.page, 'Hello from page one').waitFor({ state: 'detached' });
    await row(wei.page, 'Hello from page one').waitFor({ state: 'detached' });
    expect(await row(ana.page, '你好').locator('.say__quote').textContent()).toBe('Removed comment');
    await seen(flying).not.toContain('Hello from page one');
    await tell('talk', { remove: '加油' });
    await seen(flying).not.toContain('加油 ×14');
    expect([...ana.problems, ...wei.problems]).toEqual([]);
    await ana.context.close();
    await wei.context.close();
  });

  it('says why a comment is held, what it found, and what became of it', async () => {
    await quiet('holding');
    const { context, page } = await open(browser, '/watch/holding');
    await write(page, 'look at www.example.com now');
    const mine = page.locator('.mine');
    await mine.getByText('Being looked at').waitFor();
    await mine.getByRole('button', { name: 'Why?' }).click();
    expect(await mine.locator('mark').textContent()).toBe('www.example.com');
    await mine.getByText('It contains a web address.').waitFor();
    await expectAccessible(page);
    // It survives a reload.
    await page.reload();
    await mine.getByText('Being looked at').waitFor();
    await tell('holding', { decide: { text: 'look at www.example.com now', state: 'rejected', reason: 'spam' } });
    await mine.getByText('Not published').waitFor();
    await mine.getByText('Reason: advertising or spam.').waitFor();
    await mine.getByRole('button', { name: 'Dismiss' }).click();
    await mine.waitFor({ state: 'detached' });

    await write(page, 'my number is 13812345678');
    await mine.getByText('Being looked at').waitFor();
    await tell('holding', { decide: { text: 'my number is 13812345678', state: 'published', reason: 'ok' } });
    await row(page, 'my number is').waitFor();
    await mine.waitFor({ state: 'detached' });
    await expect
      .poll(() => page.locator('.room [role=status]').last().textContent())
      .toBe('Your comment has been published.');
    await tell('holding', { decide: { text: 'my number is 13812345678', state: 'removed', reason: 'private' } });
    await mine.getByText('Reason: personal data.').waitFor();
    await row(page, 'my number is').waitFor({ state: 'detached' });
    await context.close();
  });

  it('says what a word list refuses, lets it be put right at once, and shows what a moderator publishes after all', async () => {
    await quiet('refusing');
    const { context, page } = await open(browser, '/watch/refusing');
    await tell('refusing', { slow_s: 15 });
    await page.getByText('Slow mode: one comment in 15 s').waitFor();
    await write(page, 'let this plan drop dead');
    const mine = page.locator('.mine');
    await mine.getByText('It contains something on the list “insults”.').waitFor();
    await mine.getByText('Not published').waitFor();
    expect(await mine.locator('mark').textContent()).toBe('drop dead');
    await expectAccessible(page);
    await write(page, 'let us drop this plan');
    await row(page, 'let us drop this plan').waitFor();
    await page.reload();
    await mine.getByText('It contains something on the list “insults”.').waitFor();
    await tell('refusing', { decide: { text: 'let this plan drop dead', state: 'published', reason: 'ok' } });
    await row(page, 'let this plan drop dead').waitFor();
    await mine.waitFor({ state: 'detached' });
    await context.close();
  });

  it('counts down in slow mode, and keeps what was written through refusal and reload', async () => {
    await quiet('slow');
    const { context, page } = await open(browser, '/watch/slow');
    await advances(page, 1);
    await tell('slow', { slow_s: 15 });
    await page.getByText('Slow mode: one comment in 15 s').waitFor();
    await write(page, 'first');
    await row(page, 'first').waitFor();
    const button = page.locator('.write__send');
    await expect.poll(() => button.getAttribute('aria-label')).toMatch(/^Send: in \d+ s$/);
    await write(page, 'second');
    expect(await field(page).inputValue()).toBe('second');
    await page.waitForFunction(() => document.querySelector('.write__send')?.getAttribute('aria-label') === 'Send');
    await page.keyboard.press('Enter');
    await row(page, 'second').waitFor();

    // The hub's own refusal: back into the field, with its countdown.
    await tell('slow', { slow_s: 0, refuse: { code: 'slow_down', retry_ms: 15_000 } });
    await page.waitForFunction(() => document.querySelector('.write__send')?.getAttribute('aria-label') === 'Send');
    await write(page, 'third');
    await expect.poll(() => button.getAttribute('aria-label')).toMatch(/^Send: in \d+ s$/);
    await page.waitForFunction(() => document.querySelector<HTMLTextAreaElement>('.write__text')?.value === 'third');
    await page.reload();
    await page.waitForFunction(() => document.querySelector<HTMLTextAreaElement>('.write__text')?.value === 'third');
    await tell('slow', { refuse: { code: 'rule', why: { rule: 'word:abuse', from: 0, to: 5 } } });
    await field(page).press('Enter');
    const mine = page.locator('.mine');
    await mine.getByText('It contains something on the list “abuse”.').waitFor();
    expect(await mine.locator('mark').textContent()).toBe('third');
    await mine.getByRole('button', { name: 'Edit' }).click();
    expect(await field(page).inputValue()).toBe('third');
    await field(page).fill('x'.repeat(203));
    await page.getByText('3 characters too many').waitFor();
    expect(await button.getAttribute('aria-disabled')).toBe('true');
    await context.close();
  });

  it('keeps what is written and what it answers for each tab, and nothing of what was removed meanwhile', async () => {
    await quiet('tabs');
    await tell('tabs', { say: { text: 'cruel saying', by: 'dddd0000', name: 'Rude' } });
    await tell('tabs', { say: { text: 'gentle saying', by: 'eeee0000', name: 'Kind' } });
    const { context, page } = await open(browser, '/watch/tabs');
    await advances(page, 1);
    const other = await context.newPage();
    await other.goto(`${base}/watch/tabs`);
    const bar = (at: Page) => at.locator('.write__reply');
    const reply = async (at: Page, to: string) => {
      await row(at, to).click();
      await at.getByRole('button', { name: 'Reply' }).click();
      await bar(at).getByText(to).waitFor();
    };
    await reply(page, 'cruel saying');
    await field(page).fill('half a comment');
    await reply(other, 'gentle saying');
    await write(other, 'a whole one');
    await row(page, 'a whole one').waitFor();
    expect(await field(other).inputValue()).toBe('');

    // What the other tab has sent took nothing from this one.
    await page.reload();
    await bar(page).getByText('Reply to Rude').waitFor();
    expect(await field(page).inputValue()).toBe('half a comment');
    await row(page, 'gentle saying').click();
    await page.getByRole('button', { name: 'Report' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('gentle saying').waitFor();

    await tell('tabs', { remove: 'cruel saying' });
    await tell('tabs', { remove: 'gentle saying' });
    await dialog.getByText('Removed comment', { exact: true }).waitFor();
    await bar(page).getByText('Removed comment', { exact: true }).waitFor();
    await row(page, 'gentle saying').waitFor({ state: 'detached' });
    expect(await page.locator('body').textContent()).not.toMatch(/(cruel|gentle) saying/);
    expect(await field(page).inputValue()).toBe('half a comment');
    const stored = (at: Page) =>
      at.evaluate(() => JSON.stringify([localStorage, sessionStorage].map((one) => Object.entries(one))));
    expect(await stored(page)).toContain('half a comment');
    expect(await stored(other)).toContain('a whole one');
    for (const tab of [page, other]) expect(await stored(tab)).not.toMatch(/(cruel|gentle) saying/);
    await page.reload();
    await row(page, 'a whole one').waitFor();
    expect(await field(page).inputValue()).toBe('half a comment');
    expect(await bar(page).count()).toBe(0);
    await context.close();
  });

  it('sends what was written without a connection once there is one, and once', async () => {
    await quiet('wire');
    const wire = await layWire();
    const { context, page } = await open(browser, '/watch/wire', {}, wire.url);
    await advances(page, 1);
    await field(page).waitFor();
    wire.cut(120_000);
    await page.getByText('No connection to the chat.').waitFor();
    await write(page, 'from the tunnel');
    await page.getByText('Waits for the connection').waitFor();
    await tell('wire', { say: { text: 'meanwhile' } });
    wire.mend();
    await row(page, 'from the tunnel').waitFor({ timeout: 30_000 });
    await row(page, 'meanwhile').waitFor();
    expect(await row(page, 'from the tunnel').count()).toBe(1);
    await page.locator('.mine').waitFor({ state: 'detached' });
    // Another epoch: something may be missing, and the list says so.
    await tell('wire', { epoch: true, cut: true });
    await page.getByText('Some comments in between could not be loaded').waitFor({ timeout: 30_000 });
    expect(await row(page, 'from the tunnel').count()).toBe(1);
    await context.close();
    wire.close();
  });

  it('says that one is banned, until when and why, and that the chat is closed', async () => {
    await quiet('shut');
    const { context, page } = await open(browser, '/watch/shut');
    await field(page).waitFor();
    await tell('shut', { ban: { until: Date.now() + 3 * 86_400_000, reason: 'abuse' } });
    await page.getByText('You cannot comment').waitFor();
    expect(await page.locator('.shut').textContent()).toMatch(
      /Until [A-Z][a-z]+ \d+(, \d{4})? \d\d:\d\d\. Reason: insult or hate\./,
    );
    await tell('shut', { ban: null, mode: 'closed' });
    await page.getByText('The chat is closed for now.').waitFor();
    await tell('shut', { mode: 'all' });
    await page.getByText('Everything is looked at before it appears.').waitFor();
    await mock('end', { id: 'shut' });
    await page.goto(`${base}/watch/patrol`);
    await page.getByText('The chat opens when the broadcast begins.').first().waitFor();
    await context.close();
  });

  it('shows in the DVR and in the recording what was said at the moment of the picture', async () => {
    await quiet('old', 300_000);
    const from = await beganAt('old');
    for (const second of [95, 104, 140]) {
      await tell('old', { say: { text: `said at ${String(second)}`, moment: from + second * 1000 } });
    }
    const { context, page } = await open(browser, '/watch/old');
    await advances(page, 1);
    await row(page, 'said at 140').waitFor();
    await wake(page);
    await scrubTo(page, 40);
    await row(page, 'said at 140').waitFor({ state: 'detached' });
    expect(await row(page, 'said at 95').count()).toBe(0);
    // It stands there while one looks.
    await advances(page, 1);
    await page.keyboard.press('k');
    await page.waitForFunction(() => document.querySelector('video')?.paused === true);
    await wake(page);
    await scrubTo(page, 98);
    await row(page, 'said at 95').waitFor();
    expect(await row(page, 'said at 104').count()).toBe(0);
    await page.keyboard.press('k');
    await row(page, 'said at 104').waitFor();
    // What is said now waits for the picture.
    await tell('old', { say: { text: 'said now' } });
    await page.waitForTimeout(1000);
    expect(await row(page, 'said now').count()).toBe(0);
    await wake(page);
    await page
      .locator('.stage')
      .getByRole('button', { name: /Go live/ })
      .click();
    await row(page, 'said now').waitFor();
    await row(page, 'said at 140').waitFor();

    await mock('end', { id: 'old', replay: true });
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await page.getByRole('button', { name: 'Play the recording' }).waitFor({ timeout: 30_000 });
    await row(page, 'said at 95').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Play the recording' }).click();
    await advances(page, 1);
    await wake(page);
    await scrubTo(page, 100);
    await row(page, 'said at 95').waitFor();
    expect(await row(page, 'said at 95').locator('time').textContent()).toBe('1:35');
    await row(page, 'said at 104').waitFor();
    expect(await row(page, 'said at 140').count()).toBe(0);
    await context.close();
  });

  it('stands still while one reads, tells how many are new, and never has more rows than it can bear', async () => {
    await quiet('flood');
    const { context, page } = await open(browser, '/watch/flood');
    await advances(page, 1);
    await tell('flood', { flood: 300 });
    await row(page, 'flood 299').waitFor();
    expect(await page.locator('.say').count()).toBe(200);
    const list = page.locator('.room__scroll');
    await list.hover();
    await page.mouse.wheel(0, -2500);
    await page.getByRole('button', { name: /to the newest/ }).waitFor();
    const top = () =>
      list.evaluate((box) => {
        const edge = box.getBoundingClientRect().top;
        const first = [...box.querySelectorAll('.say')].find((one) => one.getBoundingClientRect().bottom > edge + 1);
        return `${first?.querySelector('.say__text')?.textContent ?? ''} ${String(Math.round((first?.getBoundingClientRect().top ?? 0) - edge))}`;
      });
    // It comes to rest first.
    let before = '';
    await expect
      .poll(
        async () => {
          const last = before;
          before = await top();
          return before === last;
        },
        { interval: 200 },
      )
      .toBe(true);
    for (let i = 0; i < 12; i++) await tell('flood', { say: { text: `later ${String(i)}` } });
    const button = page.getByRole('button', { name: '12 new comments: to the newest' });
    await button.waitFor();
    expect(await top()).toBe(before);
    // The first of the rows goes.
    await tell('flood', { remove: 'flood 100' });
    await row(page, 'flood 100').waitFor({ state: 'detached' });
    expect(await top()).toBe(before);
    expect(await page.locator('.say').count()).toBeLessThanOrEqual(200);
    await button.click();
    await row(page, 'later 11').waitFor();
    expect(await list.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight)).toBeLessThan(2);
    await context.close();
  });

  it('takes a name, refuses staff’s, and hides an author or reports a comment', async () => {
    await quiet('names');
    const { context, page } = await open(browser, '/watch/names');
    await advances(page, 1);
    await page.getByRole('button', { name: 'Choose a name' }).click();
    const dialog = page.getByRole('dialog', { name: 'Your name in this chat' });
    await dialog.getByRole('textbox').fill('Moderator');
    await page.keyboard.press('Enter');
    await dialog.getByText('This name cannot be used here.').waitFor();
    await expectAccessible(page);
    await dialog.getByRole('textbox').fill('Ana');
    await dialog.getByRole('button', { name: 'Use this name' }).click();
    await dialog.waitFor({ state: 'detached' });
    await write(page, 'with a name');
    expect(await row(page, 'with a name').locator('.say__name').textContent()).toBe('Ana');
    // What is said twice is another text the second time: the same one would not be read.
    const told = () => page.locator('.room [role=status]').last().textContent();
    const first = await told();
    expect(first).toBe('The others see you under this name from now on.');
    await page.getByRole('button', { name: 'Your name: Ana' }).click();
    await dialog.getByRole('button', { name: 'Use this name' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await told()).not.toBe(first);
    expect((await told())?.trim()).toBe(first);

    await tell('names', { say: { text: 'unkind words', by: 'dddd0000', name: 'Rude' } });
    await tell('names', { say: { text: 'more of them', by: 'dddd0000', name: 'Rude' } });
    // By the keyboard alone.
    await row(page, 'more of them').waitFor();
    await page.locator('.say__more[tabindex="0"]').focus();
    await page.keyboard.press('ArrowDown');
    const has = (what: Locator) => what.evaluate((one) => one === document.activeElement);
    const tabTo = async (what: Locator) => {
      await what.waitFor();
      for (let i = 0; i < 12 && !(await has(what)); i++) await page.keyboard.press('Tab');
      expect(await has(what)).toBe(true);
    };
    const choose = async (name: string) => {
      await page.keyboard.press('Enter');
      await tabTo(page.getByRole('button', { name, exact: true }));
      await page.keyboard.press('Enter');
    };
    const handle = (text: string) => row(page, text).locator('.say__more');
    const report = page.getByRole('dialog', { name: 'Report this comment' });
    // Who reports it a second time is thanked again.
    for (let time = 0; time < 2; time++) {
      await choose('Report');
      await tabTo(report.getByRole('radio').first());
      await page.keyboard.press('ArrowDown');
      expect(await report.getByRole('radio', { name: 'insult or hate' }).isChecked()).toBe(true);
      await tabTo(report.getByRole('button', { name: 'Send report' }));
      await page.keyboard.press('Enter');
      await report.getByText('Thank you.').waitFor();
      await page.keyboard.press('Escape');
      await report.waitFor({ state: 'detached' });
      expect(await has(handle('more of them'))).toBe(true);
    }
    await page.keyboard.press('ArrowUp');
    expect(await has(handle('unkind words'))).toBe(true);
    await choose('Hide author');
    await row(page, 'more of them').waitFor({ state: 'detached' });
    await page.getByText('1 author hidden').waitFor();
    expect(await has(handle('with a name'))).toBe(true);
    await choose('This moment');
    await page.locator('.say__actions').waitFor({ state: 'detached' });
    expect(await has(handle('with a name'))).toBe(true);
    await page.getByRole('button', { name: 'Show again' }).click();
    await row(page, 'unkind words').waitFor();
    await context.close();
  });

  it('shows nothing of a hidden author, nor of blocked words, in a quote or pinned', async () => {
    await quiet('hush');
    const { context, page } = await open(browser, '/watch/hush');
    await advances(page, 1);
    await tell('hush', { say: { text: 'rude words', by: 'dddd0000', name: 'Rude' } });
    await row(page, 'rude words').waitFor();
    const reply_to = {
      id: Number(await row(page, 'rude words').getAttribute('data-id')),
      name: 'Rude',
      text: 'rude words',
    };
    await tell('hush', { say: { text: 'do not say that', reply_to }, pin: 'rude words' });
    const quote = row(page, 'do not say that').locator('.say__quote');
    const pinned = page.getByRole('group', { name: 'Pinned' });
    await quote.waitFor();
    await pinned.waitFor();
    await row(page, 'rude words').click();
    await page.getByRole('button', { name: 'Hide author' }).click();
    await row(page, 'rude words').waitFor({ state: 'detached' });
    expect(await quote.count()).toBe(0);
    expect(await pinned.count()).toBe(0);
    expect(await row(page, 'do not say that').count()).toBe(1);
    await page.getByRole('button', { name: 'Show again' }).click();
    await quote.waitFor();
    await pinned.waitFor();
    await wake(page);
    await page.getByRole('button', { name: 'Comments over the picture' }).click();
    await page.locator('.popover').getByLabel('Blocked words').fill('rude');
    await quote.waitFor({ state: 'detached' });
    await pinned.waitFor({ state: 'detached' });
    expect(await row(page, 'do not say that').count()).toBe(1);
    await context.close();
  });

  it('tells a reader of a comment when it shows, not before', async () => {
    await quiet('aloud');
    const { context, page } = await open(browser, '/watch/aloud');
    await advances(page, 1);
    await page.keyboard.press('k');
    await page.waitForFunction(() => document.querySelector('video')?.paused === true);
    await tell('aloud', { say: { text: 'the picture has not got there' } });
    await tell('aloud', { say: { text: 'of a while ago', moment: Date.now() - 50_000 } });
    await row(page, 'of a while ago').waitFor();
    const told = () => page.locator('.room [role=status]').last().textContent();
    await expect.poll(told, { timeout: 60_000 }).toBe('Wei: of a while ago');
    await context.close();
  });

  it('says of a name and of a report that they wait for the connection', async () => {
    await quiet('cable');
    const wire = await layWire();
    const { context, page } = await open(browser, '/watch/cable', {}, wire.url);
    await advances(page, 1);
    await tell('cable', { say: { text: 'not nice' } });
    await row(page, 'not nice').waitFor();
    const offline = async () => {
      wire.cut(120_000);
      await page.getByText('No connection to the chat.').waitFor();
    };
    await offline();
    await page.getByRole('button', { name: 'Choose a name' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox').fill('Ana');
    await dialog.getByRole('button', { name: 'Use this name' }).click();
    await dialog.getByText('Waits for the connection').waitFor();
    await expectAccessible(page);
    wire.mend();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /Ana/ }).waitFor();
    await offline();
    await row(page, 'not nice').click();
    await page.getByRole('button', { name: 'Report', exact: true }).click();
    await dialog.getByRole('radio', { name: 'insult or hate' }).check();
    await dialog.getByRole('button', { name: 'Send report' }).click();
    await dialog.getByText('Waits for the connection').waitFor();
    wire.mend();
    await dialog.getByText('Thank you.').waitFor();
    await context.close();
    wire.close();
  });

  it('shows what is pinned, who is of the staff, and how many watch', async () => {
    await quiet('board');
    const { context, page } = await open(browser, '/watch/board');
    await advances(page, 1);
    await tell('board', { say: { text: 'Please be kind', name: 'Li', staff: 'moderator' }, crowd: 1284 });
    await tell('board', { say: { text: 'Who are you?' } });
    await row(page, 'Who are you?').waitFor();
    expect(await row(page, 'Please be kind').locator('.say__badge').textContent()).toBe('Moderator');
    expect(await row(page, 'Who are you?').locator('.say__badge').count()).toBe(0);
    await page.locator('.room__viewers').getByText('1,285 people are watching').waitFor();
    const pinned = page.getByRole('group', { name: 'Pinned' });
    expect(await pinned.count()).toBe(0);
    await tell('board', { pin: 'Please be kind' });
    await pinned.getByText('Please be kind').waitFor();
    expect(await pinned.locator('b').textContent()).toBe('Li');
    expect(await pinned.locator('.say__badge').textContent()).toBe('Moderator');
    await pinned.getByRole('button', { name: 'Show all of it' }).click();
    await pinned.getByRole('button', { name: 'Show less' }).waitFor();
    await expectAccessible(page);
    await tell('board', { pin: null });
    await pinned.waitFor({ state: 'detached' });
    await context.close();
  });

  it('lets no script turn the order of names and words', async () => {
    await quiet('script');
    const { context, page } = await open(browser, '/watch/script');
    await advances(page, 1);
    const text = '5 دقائق فقط';
    await tell('script', { say: { text, name: 'علي' }, pin: text });
    await tell('script', { say: { text: 'really?', reply_to: { id: 1, name: 'علي', text } } });
    const pinned = page.getByRole('group', { name: 'Pinned' });
    const quote = row(page, 'really?').locator('.say__quote');
    await row(page, 'really?').waitFor();
    await row(page, text).click();
    await page.getByRole('button', { name: 'Reply', exact: true }).click();
    /** How far after the one the other begins. */
    const follows = async (name: Locator, words: Locator) =>
      ((await words.boundingBox())?.x ?? 0) - ((await name.boundingBox())?.x ?? Infinity);
    const said = row(page, text);
    expect(await follows(said.locator('.say__name'), said.locator('.say__text'))).toBeGreaterThan(0);
    for (const one of [pinned, quote, page.locator('.write__reply')])
      expect(await follows(one.locator('b'), one.locator('bdi'))).toBeGreaterThan(0);
    await context.close();
  });

  it('gathers reactions, and shows those of all', async () => {
    await quiet('clap');
    const one = await open(browser, '/watch/clap');
    const other = await open(browser, '/watch/clap', { reducedMotion: 'reduce' });
    await field(other.page).waitFor();
    const applause = one.page.getByRole('button', { name: 'Applause' });
    await applause.click({ trial: true });
    // What all have tapped is shown for a moment: watched for from before the taps.
    const rise = one.page.locator('.react__rise').first().waitFor();
    const count = other.page.locator('.react__button--clap .react__count');
    const sum = expect.poll(() => count.allTextContents(), { timeout: 60_000 }).toEqual(['+4']);
    await applause.evaluate((button: HTMLElement) => {
      for (let i = 0; i < 4; i++) button.click();
    });
    await Promise.all([rise, sum]);
    expect(await other.page.locator('.react__rise').count()).toBe(0);
    await one.context.close();
    await other.context.close();
  });

  it('leads to the tips site with the moment of the picture and the language, and nothing else', async () => {
    await quiet('court2');
    const { context, page } = await open(browser, '/watch/court2');
    await advances(page, 2);
    await page.getByRole('button', { name: 'Send a tip' }).click();
    const dialog = page.getByRole('dialog', { name: 'Send a confidential tip' });
    const link = dialog.getByRole('link', { name: 'Open the tips page' });
    const at = async () => Number(new URL((await link.getAttribute('href')) ?? '').searchParams.get('at'));
    const first = await at();
    expect(Math.abs(Date.now() - first)).toBeLessThan(30_000);
    expect(await link.getAttribute('rel')).toBe('noopener noreferrer');
    expect(await link.getAttribute('target')).toBe('_blank');
    await dialog.getByRole('button', { name: '10 seconds earlier' }).click();
    expect(await at()).toBe(first - 10_000);
    await expectAccessible(page);
    await dialog.getByLabel('Moment', { exact: true }).fill(clockAt(Date.now() + 12 * 3_600_000));
    await dialog.getByText('This moment is not part of the broadcast.').waitFor();
    await dialog.getByRole('switch').click();
    expect(await link.getAttribute('href')).toBe('https://tips.example/?b=court2&lang=en');
    await context.close();
  });

  it('takes the time of a tip for that of yesterday where the broadcast began then', async () => {
    await quiet('vigil', 24.5 * 3_600_000);
    const { context, page } = await open(browser, '/watch/vigil');
    await page.getByRole('button', { name: 'Send a tip' }).click();
    const dialog = page.getByRole('dialog', { name: 'Send a confidential tip' });
    const link = dialog.getByRole('link', { name: 'Open the tips page' });
    const wanted = Date.now() - 23 * 3_600_000;
    await dialog.getByLabel('Moment', { exact: true }).fill(clockAt(wanted));
    const at = async () => Number(new URL((await link.getAttribute('href')) ?? '').searchParams.get('at'));
    await expect.poll(at).toBe(wanted - (wanted % 1000));
    // And forward again.
    const later = Date.now() - 3_600_000;
    await dialog.getByLabel('Moment', { exact: true }).fill(clockAt(later));
    await expect.poll(at).toBe(later - (later % 1000));
    await context.close();
  });

  it('leads there from a phone, too, whichever tab is open, and before it begins', async () => {
    await quiet('court3');
    await mock('broadcast', {
      id: 'soon3',
      state: 'scheduled',
      starts_at: new Date(Date.now() + 3_600_000).toISOString(),
    });
    for (const id of ['court3', 'soon3']) {
      const { context, page, problems } = await open(browser, `/watch/${id}`, {
        viewport: { width: 360, height: 740 },
      });
      await page.getByRole('tab', { name: 'Info' }).click();
      await page.getByRole('button', { name: 'Send a tip' }).click();
      const dialog = page.getByRole('dialog', { name: 'Send a confidential tip' });
      const link = dialog.getByRole('link', { name: 'Open the tips page' });
      await link.click({ trial: true });
      expect(new URL((await link.getAttribute('href')) ?? '').searchParams.get('b')).toBe(id);
      await expectAccessible(page);
      await shot(page, `tip-phone-${id}`);
      await dialog.getByRole('button', { name: 'Cancel' }).click();
      await page.getByRole('tab', { name: 'Chat' }).click();
      expect(problems).toEqual([]);
      await context.close();
    }
  });
});

describe.skipIf(real)('without its script', () => {
  it('the room says so, the picture plays, and trying again helps', async () => {
    await quiet('lame');
    await mock('fail', { prefix: '/assets/panel-', status: 404, code: 'not_found' });
    const { context, page } = await open(browser, '/watch/lame');
    await page.getByRole('heading', { name: 'The chat could not be loaded' }).waitFor();
    await advances(page, 1);
    const tip = page.getByRole('link', { name: 'Send a tip' });
    expect(await tip.getAttribute('href')).toBe('https://tips.example/?b=lame&lang=en');
    expect(await tip.getAttribute('rel')).toBe('noopener noreferrer');
    await expectAccessible(page);
    await mock('fail', { prefix: '/assets/panel-', status: 0 });
    const again = page.getByRole('button', { name: 'Try again' });
    await expect
      .poll(
        async () => {
          await again.click({ timeout: 500 }).catch(() => undefined);
          return field(page).count();
        },
        { timeout: 30_000, interval: 1000 },
      )
      .toBe(1);
    await context.close();
  });
});

describe.skipIf(real)('comments over the picture', () => {
  it('are switched by a key, adjusted in a popover, and free of blocked words', async () => {
    await quiet('fly');
    const { context, page } = await open(browser, '/watch/fly');
    const { flying } = await spy(page);
    await advances(page, 1);
    await tell('fly', { say: { text: 'over the picture' } });
    await seen(flying).toContain('over the picture');
    await wake(page);
    await page.getByRole('button', { name: 'Comments over the picture' }).click();
    const popover = page.locator('.popover');
    await popover.getByLabel('Blocked words').fill('spoiler');
    await page.keyboard.press('Escape');
    await popover.waitFor({ state: 'detached' });
    await tell('fly', { say: { text: 'a Spoiler!' } });
    await tell('fly', { say: { text: 'no harm' } });
    await seen(flying).toContain('no harm');
    expect(await flying()).not.toContain('a Spoiler!');
    expect(await row(page, 'a Spoiler!').count()).toBe(0);
    await page
      .locator('.stage')
      .focus()
      .catch(() => undefined);
    await page.keyboard.press('d');
    await page.waitForFunction(() => document.querySelector('.danmaku canvas') === null);
    await page.reload();
    await advances(page, 1);
    expect(await page.locator('.danmaku canvas').count()).toBe(0);
    await page.keyboard.press('d');
    await page.locator('.danmaku canvas').waitFor({ state: 'attached' });
    await context.close();
  });

  it('are as large and as clear as they were chosen, also after a reload', async () => {
    await quiet('large');
    const { context, page } = await open(browser, '/watch/large');
    let drawn = await spy(page);
    await advances(page, 1);
    await tell('large', { say: { text: 'as it comes' } });
    await seen(drawn.flying).toContain('as it comes');
    const usual = await drawn.size();
    expect(await drawn.alpha()).toBeCloseTo(0.9);
    await wake(page);
    await page.getByRole('button', { name: 'Comments over the picture' }).click();
    await page.locator('.popover').getByLabel('Opacity').fill('0.4');
    await page.locator('.popover').getByLabel('Size').fill('1.5');
    const asChosen = async () => {
      await expect.poll(drawn.alpha).toBeCloseTo(0.4);
      expect(Math.abs((await drawn.size()) - 1.5 * usual)).toBeLessThanOrEqual(1);
    };
    await tell('large', { say: { text: 'large and faint' } });
    await seen(drawn.flying).toContain('large and faint');
    await asChosen();
    await page.reload();
    drawn = await spy(page);
    await advances(page, 1);
    await tell('large', { say: { text: 'still so' } });
    await seen(drawn.flying).toContain('still so');
    await asChosen();
    await context.close();
  });

  it('stand still with the picture', async () => {
    await quiet('still');
    const { context, page } = await open(browser, '/watch/still');
    const { flying, frames } = await spy(page);
    await advances(page, 1);
    await tell('still', { say: { text: 'I stay here' } });
    await seen(flying).toContain('I stay here');
    await page.keyboard.press('k');
    await page.waitForFunction(() => document.querySelector('video')?.paused === true);
    const drawnIn = async (ms: number) => {
      const before = await frames();
      await page.waitForTimeout(ms);
      return (await frames()) - before;
    };
    await expect.poll(() => drawnIn(700)).toBe(0);
    expect(await flying()).toContain('I stay here');
    const before = await frames();
    await page.keyboard.press('k');
    await expect.poll(frames).toBeGreaterThan(before);
    await context.close();
  });

  it('are off where less motion is asked for, until they are switched on there', async () => {
    await quiet('less');
    const { context, page } = await open(browser, '/watch/less', { reducedMotion: 'reduce' });
    await advances(page, 1);
    expect(await page.locator('.danmaku canvas').count()).toBe(0);
    await wake(page);
    await page.getByRole('button', { name: 'Comments over the picture' }).click();
    await page.getByText('Off because your device asks for less motion.').waitFor();
    await page.locator('.popover').getByRole('switch').click();
    await page.locator('.danmaku canvas').waitFor({ state: 'attached' });
    await expectAccessible(page);
    await context.close();
  });
});

describe.skipIf(real)('the room on a phone', () => {
  it('has tabs below a picture that stays, and the field in view also above a keyboard', async () => {
    await mock('live', { id: 'pocket', ago_ms: 600_000 });
    const { context, page } = await open(browser, '/watch/pocket', {
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
    });
    await advances(page, 1);
    await field(page).waitFor();
    const inView = async () => {
      const size = page.viewportSize();
      const box = await page.locator('.write__row').boundingBox();
      expect(box?.y).toBeGreaterThan(0);
      expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(size?.height ?? 0);
      const stage = await page.locator('.stage').boundingBox();
      expect(stage?.y).toBeGreaterThanOrEqual(0);
      await expectNoSidewaysScroll(page);
    };
    await inView();
    expect(await misnamed(page)).toEqual([]);
    await page.getByRole('tab', { name: 'Info' }).click();
    expect(await page.locator('.room').isVisible()).toBe(false);
    await page.locator('.info h1').waitFor();
    await page.keyboard.press('ArrowLeft');
    await field(page).waitFor();
    // A browser that resizes the page for its keyboard.
    await field(page).tap();
    await page.setViewportSize({ width: 360, height: 420 });
    // The page hears of it with the next frame.
    await page.waitForSelector('html[data-keyboard]');
    await inView();
    // One that lays the keyboard over it: only the visual viewport shrinks.
    await page.setViewportSize({ width: 360, height: 740 });
    await page.waitForSelector('html:not([data-keyboard])');
    await page.evaluate(() => {
      const visual = window.visualViewport;
      if (visual === null) return;
      Object.defineProperty(visual, 'height', { value: 420, configurable: true });
      visual.dispatchEvent(new Event('resize'));
    });
    const box = await page.locator('.write__row').boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(420);
    expect(await page.locator('.stage').boundingBox()).toMatchObject({ y: 0 });
    await context.close();
  });

  for (const theme of ['dark', 'light']) {
    for (const language of ['en', 'zh-CN']) {
      it(`is accessible and whole in ${theme} and ${language}`, async () => {
        const id = `shown-${theme}-${language.toLowerCase()}`;
        await mock('live', { id, ago_ms: 600_000 });
        const { context, page, problems } = await open(browser, '/favicon.ico', { locale: language });
        await context.addInitScript((chosen) => {
          localStorage.setItem('openday.theme', chosen);
        }, theme);
        await page.goto(`${base}/watch/${id}`);
        await page.locator('.write__text').waitFor();
        await page.locator('.write__text').fill('联系 13812345678');
        await page.keyboard.press('Enter');
        await page.locator('.mine__button[aria-expanded]').click();
        await tell(id, { slow_s: 30, crowd: 1284, react: { like: 9, heart: 3 } });
        for (const [width, height] of [
          [360, 740],
          [768, 1024],
          [1440, 900],
        ] as const) {
          await page.setViewportSize({ width, height });
          await page.locator('.say').last().click();
          await page.waitForSelector('.say--open');
          await expectNoSidewaysScroll(page);
          await shot(page, `room-${theme}-${language}-${String(width)}`);
          // Colours differ by theme, structure by width, words change neither.
          if (width === (language === 'en' ? 360 : 1440)) await expectAccessible(page);
          await page.locator('.say--open .say__line').click();
        }
        expect(problems).toEqual([]);
        await context.close();
      });
    }
  }
});
