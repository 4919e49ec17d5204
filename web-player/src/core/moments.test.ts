import { describe, expect, it } from 'vitest';
import { ApiError } from './api';
import { Minutes } from './minutes';
import { isGap, Moments, standing } from './moments';
import type { Comment, MinuteOfComments } from './room-types';
import { ManualTimers } from './timers';

const noon = 1_700_000_000_000 - (1_700_000_000_000 % 60_000);

let ids = 0;
const said = (second: number, fields: Partial<Comment> = {}): Comment => {
  const moment = noon + second * 1000;
  return { id: ++ids, at: moment, moment, by: 'aaaa0000', name: '', text: `at ${String(second)}`, ...fields };
};

function stage() {
  const flown: string[] = [];
  const vanished: number[] = [];
  const shown: string[] = [];
  const moments = new Moments({
    shown: (comments) => shown.push(...comments.map((one) => one.text)),
    fly: (comments) => flown.push(...comments.map((one) => one.text)),
    vanish: (id) => vanished.push(id),
    jumped: () => flown.push('jump'),
  });
  let clock = 0;
  /** The picture is at a second of the program; null: there is none. */
  const at = (second: number | null, live = true, elapsed = 250) => {
    clock += elapsed;
    moments.tick({ at: second === null ? null : noon + second * 1000, live }, clock);
  };
  const play = (from: number, to: number, live = true) => {
    for (let second = from; second <= to; second += 0.25) at(second, live);
  };
  const list = () => moments.list.value.map((one) => (isGap(one) ? 'gap' : one.text));
  return { moments, flown, vanished, shown, at, play, list };
}

describe('a viewer at the live edge', () => {
  it('sees a comment when the picture has reached its moment', () => {
    const { moments, flown, at, list } = stage();
    at(10);
    moments.add([said(12)]);
    expect(list()).toEqual([]);
    expect(moments.waiting.value).toBe(1);
    at(11.9);
    expect(list()).toEqual([]);
    at(12.1);
    expect(list()).toEqual(['at 12']);
    expect(flown).toEqual(['at 12']);
    expect(moments.waiting.value).toBe(0);
  });

  it('is told of a comment when it shows, once, and of nothing that was there before', () => {
    const { moments, shown, at } = stage();
    moments.replace([said(1)], false);
    at(10);
    moments.add([said(9), said(12)]);
    expect(shown).toEqual(['at 9']);
    at(11.9);
    expect(shown).toEqual(['at 9']);
    at(12.1);
    at(13);
    expect(shown).toEqual(['at 9', 'at 12']);
  });

  it('sees one that lies behind at once, over the picture only within 30 s', () => {
    const { moments, flown, at, list } = stage();
    at(100);
    moments.add([said(69.9), said(70), said(99)]);
    expect(list()).toEqual(['at 69.9', 'at 70', 'at 99']);
    expect(flown).toEqual(['at 70', 'at 99']);
  });

  it('reads what comes in the order in which it shows, whatever its moment', () => {
    const { moments, at, list } = stage();
    at(100);
    moments.add([said(99)]);
    moments.add([said(90)]);
    expect(list()).toEqual(['at 99', 'at 90']);
  });

  it('reads the history before there is a picture, and nothing of it twice', () => {
    const { moments, flown, at, play, list } = stage();
    moments.replace([said(5), said(11)], false);
    at(null);
    expect(list()).toEqual(['at 5', 'at 11']);
    play(10, 12);
    expect(list()).toEqual(['at 5', 'at 11']);
    expect(flown).toEqual([]);
  });

  it('waits with a picture that was paused, and reads on when the picture is lost', () => {
    const { moments, flown, at, list } = stage();
    at(10);
    moments.add([said(14), said(20)]);
    at(10, true, 60_000);
    expect(moments.waiting.value).toBe(2);
    at(null);
    expect(list()).toEqual(['at 14', 'at 20']);
    expect(flown).toEqual([]);
    expect(moments.waiting.value).toBe(0);
  });

  it('is shown nothing old as new when the picture is lost, however much was said before', () => {
    const { moments, shown, at, list } = stage();
    at(1000);
    for (let i = 0; i < 900; i++) moments.add([said(i)]);
    moments.add([said(1003)]);
    shown.length = 0;
    at(null);
    expect(shown).toEqual(['at 1003']);
    expect(list().length).toBe(600);
    expect(list().slice(-3)).toEqual(['at 898', 'at 899', 'at 1003']);
  });

  it('is shown what a jump to the edge passes by', () => {
    const { moments, at, list } = stage();
    at(10);
    moments.add([said(14)]);
    at(16);
    expect(list()).toEqual(['at 14']);
  });
});

describe('a viewer who seeks', () => {
  it('sees in the DVR what was said before the picture, and the rest at its moments', () => {
    const { moments, flown, at, play, list } = stage();
    at(600);
    moments.replace([said(590)], false);
    at(300, false);
    expect(list()).toEqual([]);
    const minute = noon / 60_000 + 5;
    expect(moments.wanted()).toEqual([minute, minute - 1, minute - 2]);
    moments.load(minute, [said(301), said(310)]);
    moments.load(minute - 1, [said(250)]);
    expect(list()).toEqual(['at 250']);
    play(300, 305, false);
    expect(list()).toEqual(['at 250', 'at 301']);
    expect(flown).toEqual(['jump', 'at 301']);
    at(200, false);
    expect(list()).toEqual([]);
    at(311, false);
    expect(list()).toEqual(['at 250', 'at 301', 'at 310']);
    expect(flown).toEqual(['jump', 'at 301', 'jump', 'jump']);
  });

  it('asks for the next minute in time, and for none twice', () => {
    const { moments, at } = stage();
    const minute = noon / 60_000;
    at(10, false);
    for (const one of moments.wanted()) moments.load(one, []);
    expect(moments.wanted()).toEqual([]);
    at(29, false);
    expect(moments.wanted()).toEqual([]);
    at(31, false);
    expect(moments.wanted()).toEqual([minute + 1]);
    moments.load(minute + 1, [said(62)]);
    expect(moments.begun.value).toBe(1);
  });

  it('is given what came in meanwhile when it returns to live: the last minutes, and a gap for what is older', () => {
    const { moments, at, list } = stage();
    at(300);
    moments.add([said(299)]);
    at(100, false);
    const meanwhile = [said(310), said(311), said(400), said(1001), said(1002)];
    moments.add(meanwhile);
    expect(moments.waiting.value).toBe(1);
    at(1003, true);
    expect(list()).toEqual(['at 299', 'gap']);
    const minuteOf = (one: Comment) => Math.floor(one.moment / 60_000);
    const asked = moments.wanted();
    expect(asked[0]).toBe(Math.floor((noon + 1003_000) / 60_000));
    const load = (minute: number) => {
      moments.load(minute, meanwhile.filter((one) => minuteOf(one) === minute)); // prettier-ignore
    };
    asked.forEach(load);
    expect(list()).toEqual(['at 299', 'gap', 'at 1001', 'at 1002']);
    expect(moments.wanted()).toEqual([]);
    // Those minutes were seen in the DVR later.
    at(310, false);
    for (const minute of [5, 6]) load(noon / 60_000 + minute);
    at(1004, true, 1000);
    expect(list()).toEqual(['at 299', 'at 310', 'at 311', 'at 400', 'at 1001', 'at 1002']);
  });

  it('keeps what it sees while the picture loads', () => {
    const { moments, at, list } = stage();
    at(100, false);
    moments.load(noon / 60_000 + 1, [said(99)]);
    at(null, false);
    expect(list()).toEqual(['at 99']);
  });

  it('merges minutes with what came by itself', () => {
    const { moments, at, list } = stage();
    at(100, false);
    const twice = said(90);
    moments.add([twice]);
    moments.load(noon / 60_000 + 1, [said(80), twice]);
    expect(list()).toEqual(['at 80', 'at 90']);
  });
});

describe('a removed comment', () => {
  it('is gone from the list, from what waits, from quotes and from later answers', () => {
    const { moments, vanished, at, list } = stage();
    at(100);
    const bad = said(99);
    const ahead = said(120);
    const answer = said(99.5, { reply_to: { id: bad.id, name: '', text: 'at 99' } });
    moments.add([bad, ahead, answer]);
    moments.remove(bad.id);
    moments.remove(ahead.id);
    expect(vanished).toEqual([bad.id, ahead.id]);
    expect(list()).toEqual(['at 99.5']);
    expect(moments.list.value[0]).toMatchObject({ reply_to: { text: '' } });
    expect(moments.waiting.value).toBe(0);
    moments.load(noon / 60_000 + 1, [bad, said(98, { reply_to: { id: bad.id, name: '', text: 'at 99' } })]);
    expect(list()).toEqual(['at 98', 'at 99.5']);
    expect(moments.list.value[0]).toMatchObject({ reply_to: { text: '' } });
    at(121);
    expect(list()).toEqual(['at 98', 'at 99.5']);
  });

  it('vanishes with the history that takes the place of what was known, though nobody says that it was removed', () => {
    const { moments, flown, vanished, at, list } = stage();
    at(100);
    const [gone, stays, ahead] = [said(98), said(99), said(120)];
    moments.add([gone, stays, ahead]);
    moments.replace([stays, said(100)], true);
    expect(vanished).toEqual([gone.id, ahead.id]);
    expect(list()).toEqual(['gap', 'at 99', 'at 100']);
    expect(flown).toEqual(['at 98', 'at 99']);
  });

  it('may be one of a minute that was answered before the first history: that takes nothing away', () => {
    const { moments, vanished, at } = stage();
    at(100, false);
    moments.load(noon / 60_000 + 1, [said(90)]);
    moments.replace([said(100)], false);
    expect(vanished).toEqual([]);
  });
});

describe('a comment that comes again', () => {
  const event = (one: Comment) => ({ k: 'comment' as const, ...one });

  it('after its removal was undone is shown again, whoever tells of it but an older answer', () => {
    const { moments, at, list } = stage();
    at(100);
    const one = said(99);
    moments.add([one]);
    moments.remove(one.id);
    moments.load(noon / 60_000 + 1, [one]);
    expect(list()).toEqual([]);
    moments.add([one]);
    expect(list()).toEqual(['at 99']);
    moments.remove(one.id);
    expect(list()).toEqual([]);
    moments.replace([one], false);
    expect(list()).toEqual(['at 99']);
  });

  it('stands or not by what came last', () => {
    const [a, b, c] = [said(1), said(2), said(3)];
    const removed: number[] = [];
    const left = standing(
      [
        event(a),
        { k: 'removed', id: a.id },
        { k: 'removed', id: b.id },
        event(b),
        event(c),
        event(a),
        { k: 'removed', id: c.id },
      ],
      (id) => removed.push(id),
    );
    expect(left.map((one) => one.id)).toEqual([b.id, a.id]);
    expect(removed).toEqual([a.id, b.id, c.id]);
  });
});

describe('memory', () => {
  it('is bounded, and what was let go is asked for again', () => {
    const { moments, at, list } = stage();
    at(10_000);
    for (let i = 0; i < 36_000; i++) moments.add([said(1000 + i / 4)]);
    expect(list().length).toBe(600);
    at(9000, false);
    expect(moments.wanted().length).toBeGreaterThan(0);
    const known = moments as unknown as { known: unknown[]; ids: Set<number> };
    expect(known.known.length).toBe(12_000);
    expect(known.ids.size).toBe(12_000);
  });

  /**
   * Ten minutes of a room that shows `rate` comments a second, with the picture so many seconds behind the live edge; the
   * minutes are answered with samples, as the hub does. What was asked for, and how often the list was made anew.
   */
  const crowd = (behind: number, rate: number, live: boolean) => {
    const { moments, at, list } = stage();
    const all = new Map<number, Comment[]>();
    const asked: number[] = [];
    let begun = 0;
    for (let quarter = 0; quarter < 2400; quarter++) {
      const second = 600 + quarter / 4;
      const news = Array.from({ length: rate / 4 }, (_, i) => said(second + i / rate));
      const minute = Math.floor((noon + second * 1000) / 60_000);
      all.set(minute, [...(all.get(minute) ?? []), ...news]);
      moments.add(news);
      at(second - behind, live);
      for (const one of moments.wanted().slice(0, 2)) {
        asked.push(one);
        const there = all.get(one) ?? [];
        moments.load(one, there.filter((_, i) => i % Math.ceil(there.length / 300) === 0)); // prettier-ignore
      }
      // Where it begins it is made from what was said before.
      if (quarter === 240) begun = moments.begun.value;
    }
    return { moments, at, list, asked, anew: moments.begun.value - begun };
  };

  it('asks for nothing in live in a busy room, and the list is not made anew', () => {
    for (const rate of [28, 100]) {
      const { moments, list, asked } = crowd(0, rate, true);
      expect(asked).toEqual([]);
      expect(moments.begun.value).toBe(0);
      expect(list().length).toBe(600);
    }
  });

  it('asks for each minute once in the DVR of a busy room', () => {
    for (const rate of [28, 100]) {
      const { moments, at, asked, anew } = crowd(60, rate, false);
      expect(asked.length).toBe(new Set(asked).size);
      expect(asked.length).toBeGreaterThan(9);
      expect(anew).toBe(0);
      // What was let go is asked for again where it is needed.
      at(700, false);
      expect(moments.wanted()).toContain(noon / 60_000 + 11);
    }
  });

  it('asks for the last minutes once after a stay in the DVR of a busy room', () => {
    const { moments, at } = crowd(300, 28, false);
    const asked = new Set<number>();
    for (let quarter = 0; quarter < 480; quarter++) {
      const second = 1200 + quarter / 4;
      moments.add(Array.from({ length: 7 }, (_, i) => said(second + i / 28)));
      at(second, true);
      for (const minute of moments.wanted()) {
        expect(asked).not.toContain(minute);
        asked.add(minute);
        moments.load(minute, []);
      }
    }
    expect(asked.size).toBe(3);
  });

  it('says where something is missing', () => {
    const { moments, at, list } = stage();
    at(100);
    moments.replace([said(99)], true);
    expect(list()).toEqual(['gap', 'at 99']);
  });
});

describe('minutes', () => {
  const settle = async () => {
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };

  it('are asked for two at a time, and again later when that failed', async () => {
    const timers = new ManualTimers();
    const asked: number[] = [];
    const loaded: number[] = [];
    let fails = true;
    const minutes = new Minutes({
      ask: (minute): Promise<MinuteOfComments> => {
        asked.push(minute);
        return fails
          ? Promise.reject(new ApiError(503, 'busy', '', 'x'))
          : Promise.resolve({ minute, comments: [], left_out: 0 });
      },
      loaded: (answer) => loaded.push(answer.minute),
      timers,
      random: () => 0.5,
    });
    minutes.want([7, 6, 5]);
    expect(asked).toEqual([7, 6]);
    expect(minutes.state.value).toBe('loading');
    await settle();
    expect(minutes.state.value).toBe('failed');
    minutes.want([7]);
    expect(asked).toEqual([7, 6]);
    fails = false;
    timers.advance(30_000);
    minutes.want([7]);
    await settle();
    expect(loaded).toEqual([7]);
    expect(minutes.state.value).toBe('idle');

    fails = true;
    minutes.want([4]);
    await settle();
    minutes.retry();
    minutes.want([4]);
    minutes.close();
    await settle();
    expect(asked).toEqual([7, 6, 7, 4, 4]);
  });
});
