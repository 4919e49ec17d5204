import { describe, expect, it } from 'vitest';
import { labelOf, Lanes, rank, type LaneShape } from './lanes';
import { Pictures } from './pictures';
import { dice } from './room.stage';

const shape: LaneShape = { width: 1000, lanes: 3, gap: 20, speed: 100, most: 50 };
/** Every letter is ten wide. */
const width = (label: string) => label.length * 10;

/** In each lane what is ahead has ended, and its gap, before the next begins. */
function collisions(lanes: Lanes, gap: number): string[] {
  return lanes.flying.flatMap((one) =>
    lanes.flying
      .filter((other) => other !== one && other.lane === one.lane && other.x >= one.x)
      .filter((other) => one.x + one.width + gap > other.x + 1e-6)
      .map((other) => `${one.text} / ${other.text}`),
  );
}

describe('lanes', () => {
  it('are filled from the top, and used again once there is room behind the last', () => {
    const lanes = new Lanes(shape, width);
    for (let i = 0; i < 4; i++) lanes.say(i, `text ${String(i)}`, rank.other);
    lanes.advance(0);
    expect(lanes.flying.map((one) => one.lane)).toEqual([0, 1, 2]);
    // "text 0" is 60 wide and wants a gap of 20.
    lanes.advance(0.79);
    expect(lanes.flying.length).toBe(3);
    lanes.advance(0.02);
    expect(lanes.flying.map((one) => [one.text, one.lane])).toContainEqual(['text 3', 0]);
  });

  it('let nothing run into anything, whatever is said and however the picture changes', () => {
    const touching: string[] = [];
    for (let seed = 1; seed <= 12; seed++) {
      const random = dice(seed);
      const lanes = new Lanes(shape, width);
      let gap = shape.gap;
      for (let step = 0; step < 400; step++) {
        if (random() < 0.4) {
          const text = 'x'.repeat(1 + Math.floor(random() * 30)) + String(Math.floor(random() * 4));
          lanes.say(step, text, ([rank.own, rank.staff, rank.other] as const)[Math.floor(random() * 3)] ?? rank.other);
        }
        if (random() < 0.05) lanes.remove(Math.floor(random() * step));
        if (random() < 0.01) {
          gap = 10 + Math.floor(random() * 50);
          lanes.reshape({ ...shape, gap, lanes: 1 + Math.floor(random() * 5), width: 300 + random() * 1500 });
        }
        lanes.advance(random() * 0.2);
        touching.push(...collisions(lanes, gap));
      }
    }
    expect(touching).toEqual([]);
  });

  it('go to one’s own first, then to staff, then to the others, who are dropped when it takes too long', () => {
    const lanes = new Lanes({ ...shape, lanes: 1 }, width);
    lanes.say(1, 'the first of all', rank.other);
    lanes.advance(0);
    lanes.say(2, 'other', rank.other);
    lanes.say(3, 'staff', rank.staff);
    lanes.say(4, 'own', rank.own);
    const order: string[] = [];
    for (let i = 0; i < 100; i++) {
      lanes.advance(0.1);
      for (const one of lanes.flying) if (!order.includes(one.text)) order.push(one.text);
    }
    expect(order).toEqual(['the first of all', 'own', 'staff', 'other']);

    const full = new Lanes({ ...shape, lanes: 1, speed: 1 }, width);
    for (let i = 0; i < 3; i++) full.say(i, `o${String(i)}`, rank.other);
    for (let i = 0; i < 40; i++) full.advance(0.1);
    expect(full.flying.length).toBe(1);
    expect(full.dropped).toBe(2);
  });

  it('keep a bounded number waiting and flying', () => {
    const lanes = new Lanes({ ...shape, most: 2 }, width);
    lanes.say(0, 'mine', rank.own);
    for (let i = 1; i < 200; i++) lanes.say(i, `n${String(i)}`, rank.other);
    expect(lanes.dropped).toBe(140);
    lanes.advance(0);
    expect(lanes.flying.map((one) => one.text)).toEqual(['mine', 'n141']);
  });

  it('show equal ones as one with a count, and count down when some are removed', () => {
    const lanes = new Lanes(shape, width);
    for (let i = 0; i < 5; i++) lanes.say(i, '加油', rank.other);
    lanes.advance(0.1);
    for (let i = 5; i < 14; i++) lanes.say(i, '加油', rank.other);
    expect(lanes.flying.map(labelOf)).toEqual(['加油 ×14']);
    lanes.say(14, '加油', rank.own);
    expect(lanes.flying[0]?.rank).toBe(rank.own);
    for (let i = 0; i < 14; i++) lanes.remove(i);
    expect(lanes.flying.map(labelOf)).toEqual(['加油']);
    lanes.remove(14);
    expect(lanes.idle).toBe(true);
  });

  it('carry the beginning of a long text, in whole characters, and count only what is equal to the end', () => {
    const lanes = new Lanes(shape, width);
    const long = '𠮷'.repeat(300);
    for (const [id, text] of [long, long, `${long}!`, '𠮷'.repeat(60)].entries()) lanes.say(id, text, rank.other);
    lanes.advance(0);
    const begins = `${'𠮷'.repeat(60)}…`;
    expect(lanes.flying.map(labelOf)).toEqual([`${begins} ×2`, begins, '𠮷'.repeat(60)]);
    expect(lanes.flying.map((one) => one.width)).toEqual([1240, 1210, 1200]);
  });

  it('do not count into what is about to leave, nor where the longer label would touch the next', () => {
    const lanes = new Lanes({ ...shape, lanes: 1 }, width);
    lanes.say(1, 'hello', rank.other);
    lanes.advance(0);
    lanes.advance(0.71);
    lanes.say(2, 'follower', rank.other);
    lanes.advance(0);
    expect(lanes.flying.length).toBe(2);
    lanes.say(3, 'hello', rank.other);
    expect(lanes.flying.map(labelOf)).toEqual(['hello', 'follower']);

    const late = new Lanes(shape, width);
    late.say(1, 'hello', rank.other);
    late.advance(0);
    late.advance(8.5);
    late.say(2, 'hello', rank.other);
    late.advance(0);
    expect(late.flying.length).toBe(2);
  });

  it('are left when one has gone by, and empty when cleared', () => {
    const lanes = new Lanes(shape, width);
    lanes.say(1, 'hello', rank.other);
    lanes.advance(0);
    lanes.advance(10.6);
    expect(lanes.idle).toBe(true);
    lanes.say(2, 'again', rank.other);
    lanes.clear();
    expect(lanes.idle).toBe(true);
  });
});

describe('pictures of labels', () => {
  const stage = () => {
    const pictures = new Pictures<{ width: number; height: number }>();
    let made = 0;
    const get = (key: string, width: number) => {
      pictures.get(key, () => {
        made++;
        return { width, height: 1024 };
      });
    };
    /** Which are still there; asking makes the others. */
    const kept = (keys: string[]) =>
      keys.filter((key) => {
        const before = made;
        get(key, 1);
        return made === before;
      });
    return { pictures, get, kept };
  };
  const keys = (n: number) => Array.from({ length: n }, (_, i) => String(i));

  it('are let go by their size, whose use is longest ago first', () => {
    const { pictures, get, kept } = stage();
    // Four mebipixels each: four of them fit.
    for (const key of keys(5)) get(key, 4096);
    get('0', 4096);
    pictures.trim(0);
    expect(kept(['2', '3', '4', '0', '1'])).toEqual(['2', '3', '4', '0']);
  });

  it('are let go by their number', () => {
    const { pictures, get, kept } = stage();
    for (const key of keys(161)) get(key, 1);
    pictures.trim(0);
    expect(kept(keys(161).reverse()).length).toBe(160);
    pictures.clear();
    expect(kept(['160'])).toEqual([]);
  });

  it('stay while they are in use, however large', () => {
    const { pictures, get, kept } = stage();
    for (const key of keys(7)) get(key, 4096);
    pictures.trim(6);
    expect(kept(keys(7).reverse())).toEqual(['6', '5', '4', '3', '2', '1']);
  });
});
