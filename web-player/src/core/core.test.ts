import { describe, expect, it } from 'vitest';
import { bestOffset, ServerClock } from './clock';
import {
  clampTo,
  fractionOf,
  liveTimeline,
  meansLive,
  positionAt,
  programTimeAt,
  startingAt,
  thumbnailUrl,
  timeAt,
} from './dvr';
import { nearestHeight, prefersNative } from './engine';
import {
  behind,
  clockLength,
  fixedClock,
  formatDateTime,
  formatLength,
  formatTime,
  formatWhen,
  remaining,
} from './format';
import { catalogue, chooseLocale, pseudo } from './i18n';
import { calendarFile } from './ics';
import { watchAction, type KeyPress } from './keys';
import { fellBehind, LatencyMeter, Watchdog } from './latency';
import { endIsToCome, pollDelay, viewOf } from './lifecycle';
import { Settings } from './settings';
import { tipUrl } from './tip';
import type { PublicBroadcast } from './types';

describe('the server clock', () => {
  it('believes the sample with the shortest round trip', () => {
    const offset = bestOffset([
      { sent: 0, received: 400, server: 10_350 },
      { sent: 1000, received: 1020, server: 11_010 },
      { sent: 2000, received: 2600, server: 12_000 },
    ]);
    expect(offset).toBe(10_000);
  });

  it('stays on local time while no answer comes, and corrects itself with the first', async () => {
    let local = 5000;
    let fails = true;
    const clock = new ServerClock(
      () => (fails ? Promise.reject(new Error('away')) : Promise.resolve(65_000)),
      () => local,
    );
    await clock.sync();
    expect(clock.synced).toBe(false);
    expect(clock.now()).toBe(5000);
    fails = false;
    await clock.sync(1);
    local += 250;
    expect(clock.now()).toBe(65_250);
  });
});

describe('lengths of time', () => {
  it('are written as people write them', () => {
    expect(clockLength(7_900)).toBe('0:07');
    expect(clockLength(760_000)).toBe('12:40');
    expect(clockLength(3_723_000)).toBe('1:02:03');
    expect(clockLength(-5)).toBe('0:00');
    expect(fixedClock(4_360_000)).toBe('01:12:40');
    expect(behind(42_000)).toBe('\u22120:42');
    expect(formatLength('en', 125 * 60_000)).toBe('2 hr 5 min');
  });

  it('name a moment by 24 hours in every language and place', () => {
    const at = new Date(2026, 2, 4, 0, 6).getTime();
    const later = new Date(2026, 2, 4, 15, 6).getTime();
    for (const tag of ['en', 'zh-CN']) {
      expect(formatTime(tag, at)).toBe('00:06');
      expect(formatDateTime(tag, at)).toContain('00:06');
      expect(formatTime(tag, later)).toBe('15:06');
      expect(formatDateTime(tag, later)).toContain('15:06');
      expect(formatDateTime(tag, later)).not.toMatch(/[ap]m|[上下]午/i);
    }
  });

  it('say the day of a moment that is not today', () => {
    const now = new Date(2026, 0, 14, 23, 30).getTime();
    const hours = (n: number) => now + n * 3_600_000;
    expect(formatWhen('en', hours(0.25), now)).toBe('23:45');
    expect(formatWhen('en', hours(1), now)).toBe('Jan 15 00:30');
    expect(formatWhen('zh-CN', hours(7 * 24), now)).toBe('1月21日 23:30');
    expect(formatWhen('en', hours(365 * 24), now)).toBe('Jan 14, 2027 23:30');
  });

  it('count down to one, not to zero, until the start', () => {
    expect(remaining(1)).toEqual({ days: 0, hours: 0, minutes: 0, seconds: 1 });
    expect(remaining(0)).toEqual({ days: 0, hours: 0, minutes: 0, seconds: 0 });
    expect(remaining(90_061_000)).toEqual({ days: 1, hours: 1, minutes: 1, seconds: 1 });
  });
});

describe('the DVR timeline', () => {
  const edge = 1_000_000_000_000;

  it('reaches back to the start of a young broadcast and no farther than the window of an old one', () => {
    expect(liveTimeline(edge - 60_000, 3600, edge)).toEqual({ start: edge - 60_000, end: edge });
    expect(liveTimeline(edge - 7_200_000, 3600, edge)).toEqual({ start: edge - 3_600_000, end: edge });
    expect(liveTimeline(edge + 5000, 3600, edge)).toEqual({ start: edge, end: edge });
  });

  it('maps the bar to moments and back', () => {
    const line = { start: edge - 100_000, end: edge };
    expect(timeAt(line, 0.25)).toBe(edge - 75_000);
    expect(fractionOf(line, edge - 75_000)).toBe(0.25);
    expect(fractionOf(line, edge + 1)).toBe(1);
    expect(fractionOf({ start: 5, end: 5 }, 5)).toBe(1);
    expect(clampTo(line, 0)).toBe(line.start);
  });

  it('takes the last seconds for "live"', () => {
    const line = { start: edge - 100_000, end: edge };
    expect(meansLive(line, edge - 5000)).toBe(true);
    expect(meansLive(line, edge - 7000)).toBe(false);
  });

  it('asks for thumbnails at round moments', () => {
    expect(thumbnailUrl('court', 1_700_000_019_999)).toBe('/thumb/court/1700000010000.jpg');
  });

  const anchors = [
    { position: 0, duration: 2, at: 10_000 },
    { position: 2, duration: 2, at: 12_000 },
    { position: 4, duration: 2, at: 60_000 },
  ];

  it('finds the program time of a position, also after the engine restarted', () => {
    expect(programTimeAt(anchors, 3)).toBe(13_000);
    expect(programTimeAt(anchors, 4.5)).toBe(60_500);
    expect(programTimeAt(anchors, 7)).toBe(63_000);
    expect(programTimeAt([], 7)).toBeNull();
  });

  it('finds the position of a moment; one in a gap becomes the next there is', () => {
    expect(positionAt(anchors, 12_500)).toBe(2.5);
    expect(positionAt(anchors, 30_000)).toBe(4);
    expect(positionAt(anchors, 1)).toBe(0);
    expect(positionAt(anchors, 99_000)).toBe(6);
    expect(positionAt([], 1)).toBeNull();
  });
});

describe('a playlist that begins at a moment', () => {
  const playlist = [
    '#EXTM3U',
    '#EXT-X-TARGETDURATION:2',
    '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z',
    '#EXTINF:2.00000,',
    'a.m4s',
    '#EXTINF:2.00000,',
    'b.m4s',
    '#EXT-X-DISCONTINUITY',
    '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:01:00.000Z',
    '#EXTINF:2.00000,',
    'c.m4s',
    '',
  ].join('\n');
  const at = (text: string) => /TIME-OFFSET=([\d.]+)/.exec(startingAt(playlist, Date.parse(text)))?.[1];

  it('says so at its top', () => {
    expect(at('2026-01-01T00:00:03.250Z')).toBe('3.250');
    expect(at('2026-01-01T00:01:00.500Z')).toBe('4.500');
  });

  it('begins at the next segment when the moment fell into a gap, and at the start when it is older', () => {
    expect(at('2026-01-01T00:00:30Z')).toBe('4.000');
    expect(at('2025-01-01T00:00:00Z')).toBe('0.000');
  });

  it('begins with the last segment past the end of a complete one', () => {
    const complete = `${playlist}#EXT-X-ENDLIST\n`;
    expect(startingAt(complete, Date.parse('2026-01-01T00:09:00Z'))).toContain('TIME-OFFSET=4.000,');
    expect(startingAt(complete, Date.parse('2026-01-01T00:00:03.250Z'))).toContain('TIME-OFFSET=3.250,');
  });

  it('stays as it is without times or past its end', () => {
    expect(at('2026-01-01T00:09:00Z')).toBeUndefined();
    expect(startingAt('#EXTM3U\n#EXT-X-ENDLIST\n', 0)).not.toContain('EXT-X-START');
    expect(startingAt('#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n', 0)).not.toContain('EXT-X-START');
  });
});

describe('latency', () => {
  it('is the median, so that one late sample does not move the badge', () => {
    const meter = new LatencyMeter(5);
    for (const value of [1400, 1500, 9000, 1300, 1450]) meter.add(value);
    expect(meter.value).toBe(1450);
    meter.add(Number.NaN);
    expect(meter.value).toBe(1450);
    meter.reset();
    expect(meter.value).toBeNull();
  });

  it('counts as fallen behind past the target and two target durations', () => {
    expect(fellBehind({ behind: 5, target: 1, targetDuration: 2 })).toBe(false);
    expect(fellBehind({ behind: 5.1, target: 1, targetDuration: 2 })).toBe(true);
  });

  it('makes the watchdog seek, but not again and again', () => {
    const dog = new Watchdog(4000);
    const far = { behind: 20, target: 1, targetDuration: 2 };
    expect(dog.shouldSeek(0, far)).toBe(true);
    expect(dog.shouldSeek(1000, far)).toBe(false);
    expect(dog.shouldSeek(4000, far)).toBe(true);
    expect(dog.shouldSeek(9000, null)).toBe(false);
    expect(dog.shouldSeek(9000, { ...far, behind: 1 })).toBe(false);
  });
});

describe('the choice of engine', () => {
  const video = (answer: string) => ({ canPlayType: () => answer }) as unknown as HTMLVideoElement;
  const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15';

  it('is the native one on iPhones and where there is no Media Source', () => {
    expect(prefersNative(video('maybe'), iphone, true)).toBe(true);
    expect(prefersNative(video('maybe'), 'Mozilla/5.0 (X11; Linux x86_64) Chrome/156', true)).toBe(false);
    expect(prefersNative(video('maybe'), 'something old', false)).toBe(true);
    expect(prefersNative(video(''), iphone, true)).toBe(false);
  });

  it('finds the height nearest to what was chosen before', () => {
    expect(nearestHeight([720, 480, 360], 1080)).toBe(720);
    expect(nearestHeight([720, 480, 360], 400)).toBe(360);
    expect(nearestHeight([], 400)).toBeNull();
  });
});

describe('catalogues', () => {
  const messages = catalogue(
    { live: 'LIVE', left: (n: string) => `${n} left` },
    { live: '直播', left: (n: string) => `还剩 ${n}` },
  );

  it('speak each language and the pseudo one', () => {
    expect(messages.in('en').left('3')).toBe('3 left');
    expect(messages.in('zh-CN').live).toBe('直播');
    expect(messages.in('pseudo').live).toBe(pseudo('LIVE'));
    expect(messages.in('pseudo').left('3').startsWith('[3 \u013a\u00e9f\u0301t\u0301')).toBe(true);
  });

  it('follow the address, then the memory, then the browser', () => {
    expect(chooseLocale('en', 'zh-CN', ['zh'])).toBe('en');
    expect(chooseLocale(null, 'zh-CN', ['en'])).toBe('zh-CN');
    expect(chooseLocale(null, null, ['fr-FR', 'zh-Hant-TW', 'en'])).toBe('zh-CN');
    expect(chooseLocale('xx', null, ['fr'])).toBe('en');
  });
});

describe('what a watch page shows', () => {
  const live = { hls: '/hls/b/live.m3u8', dvr: null, audio: null, dvr_window_s: 0 };
  const replay = { hls: '/hls/b/replay.m3u8', audio: null, mp4: null };
  const base: PublicBroadcast = {
    id: 'b',
    title: 'b',
    description: '',
    language: 'en',
    state: 'scheduled',
    starts_at: '2026-01-01T10:00:00Z',
    live_at: null,
    ended_at: null,
    poster: null,
    live: null,
    replay: null,
    venues: [],
  };
  const start = Date.parse('2026-01-01T10:00:00Z');

  it('follows the state of the broadcast', () => {
    expect(viewOf(base, start - 1)).toBe('countdown');
    expect(viewOf(base, start)).toBe('starting');
    expect(viewOf({ ...base, starts_at: null }, 0)).toBe('undated');
    expect(viewOf({ ...base, state: 'live', live }, start)).toBe('live');
    expect(viewOf({ ...base, state: 'live' }, start)).toBe('starting');
    expect(viewOf({ ...base, state: 'live', starts_at: null }, start)).toBe('starting');
    expect(viewOf({ ...base, state: 'ended', replay }, start)).toBe('replay');
  });

  it('promises a recording for a minute after the end, and then says that there is none', () => {
    const ended = { ...base, state: 'ended' as const, ended_at: base.starts_at };
    expect(viewOf(ended, start + 59_999)).toBe('ended');
    expect(viewOf(ended, start + 60_000)).toBe('unrecorded');
    expect(viewOf({ ...ended, ended_at: null }, start)).toBe('unrecorded');
    expect(pollDelay(ended, start + 1000, () => 0.5)).toBe(8000);
    expect(pollDelay(ended, start + 60_000, () => 0.5)).toBe(120_000);
  });

  it('asks rarely long before the start, and never sleeps past it', () => {
    const random = () => 0.5;
    expect(pollDelay(base, start - 86_400_000, random)).toBe(60_000);
    expect(pollDelay(base, start - 100_000, random)).toBe(20_000);
    expect(pollDelay(base, start - 2000, random)).toBe(2500);
    expect(pollDelay(base, start + 1, random)).toBe(4000);
    expect(pollDelay({ ...base, starts_at: null }, start, random)).toBe(45_000);
  });

  it('lets the end be seen by who is behind it, but waits for nobody who stands still', () => {
    expect(endIsToCome(1500, 4400)).toBe(true);
    expect(endIsToCome(1500, 4500)).toBe(false);
    expect(endIsToCome(null, 2999)).toBe(true);
    expect(endIsToCome(14_000, 14_900)).toBe(true);
    for (const since of [15_000, 60_000, 3_600_000]) expect(endIsToCome(since + 1500, since)).toBe(false);
  });
});

describe('the keyboard', () => {
  const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
    key,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    target: 'page',
    ...more,
  });

  it('knows the shortcuts in either case', () => {
    expect(watchAction(press('k'), true)).toBe('toggle');
    expect(watchAction(press('F'), true)).toBe('fullscreen');
    expect(watchAction(press('?'), true)).toBe('help');
    expect(watchAction(press('D'), true)).toBe('danmaku');
    expect(watchAction(press('x'), true)).toBeNull();
  });

  it('leaves combinations, text fields and dialogs alone', () => {
    expect(watchAction(press('f', { ctrlKey: true }), true)).toBeNull();
    expect(watchAction(press('m', { metaKey: true }), true)).toBeNull();
    expect(watchAction(press('k', { target: 'text' }), true)).toBeNull();
    expect(watchAction(press('k', { target: 'dialog' }), true)).toBeNull();
  });

  it('gives arrows to a focused slider and the space bar to a focused button', () => {
    expect(watchAction(press('ArrowLeft'), true)).toBe('back-small');
    expect(watchAction(press('ArrowLeft', { target: 'slider' }), true)).toBeNull();
    expect(watchAction(press(' '), true)).toBe('toggle');
    expect(watchAction(press(' ', { target: 'button' }), true)).toBeNull();
  });

  it('keeps arrows and space when single keys are switched off', () => {
    expect(watchAction(press('k'), false)).toBeNull();
    expect(watchAction(press('End'), false)).toBe('live');
    expect(watchAction(press(' '), false)).toBe('toggle');
  });
});

describe('the way to the tips site', () => {
  it('takes broadcast, moment and language along, and nothing else', () => {
    expect(tipUrl('https://tips.example/', 'court', 1_700_000_000_000.4, 'en')).toBe(
      'https://tips.example/?b=court&at=1700000000000&lang=en',
    );
    expect(tipUrl('https://tips.example:8443/x?lang=zh', 'court', null, 'zh-CN')).toBe(
      'https://tips.example:8443/x?lang=zh-CN&b=court',
    );
  });
});

describe('the calendar file', () => {
  const event = {
    uid: 'b@host',
    start: Date.parse('2026-03-04T05:06:07Z'),
    title: 'Open day, part 1; with\nguests',
    description: '市中级人民法院邀请公众走进法庭。三个法庭的庭审与讲解同步播出，您可以随时回看。',
    url: 'https://host/watch/b',
    stamp: 0,
  };

  it('escapes text and writes times in UTC', () => {
    const file = calendarFile(event);
    expect(file).toContain('SUMMARY:Open day\\, part 1\\; with\\nguests\r\n');
    expect(file).toContain('DTSTART:20260304T050607Z\r\n');
  });

  it('folds lines at 75 octets without breaking a character', () => {
    const file = calendarFile(event);
    for (const line of file.split('\r\n')) expect(new TextEncoder().encode(line).length).toBeLessThanOrEqual(75);
    expect(file.replaceAll('\r\n ', '')).toContain(`DESCRIPTION:${event.description}`);
  });
});

describe('remembered choices', () => {
  it('last as long as the page where storage is refused', () => {
    const refusing = {
      getItem: () => {
        throw new Error('denied');
      },
      setItem: () => {
        throw new Error('denied');
      },
    };
    const settings = new Settings(refusing);
    settings.set('quality', '480');
    expect(settings.number('quality', 0)).toBe(480);
    expect(settings.number('other', 7)).toBe(7);
    expect(settings.flag('muted', true)).toBe(true);
  });
});
