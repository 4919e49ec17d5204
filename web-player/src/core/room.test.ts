// The room’s client against a model of the hub. Longer than other files: each promise of docs/ROOM.md to a client is a short case
// here, over the same stage.

import { describe, expect, it } from 'vitest';
import { dice, enter, MapMemory, ModelHub, openRoom } from './room.stage';
import type { RoomEvent } from './room-types';

const texts = (told: readonly (RoomEvent | string)[]) =>
  told.flatMap((one) => (typeof one === 'object' && one.k === 'comment' ? [one.text] : []));

describe('joining', () => {
  it('shows the history and goes on with what comes', () => {
    const hub = new ModelHub();
    hub.emit({ k: 'comment', ...hub.comment() }, { k: 'comment', ...hub.comment() });
    const { room, told, arrive } = enter(hub);
    expect(room.connection.value).toBe('connecting');
    arrive();
    expect(room.connection.value).toBe('open');
    expect(room.me.value).toEqual({ viewer: 'v0', name: '', staff: null });
    expect(room.viewers.value).toBe(3);
    hub.emit({ k: 'comment', ...hub.comment() });
    hub.last.settle();
    expect(told[0]).toBe('replaced');
    expect(texts(told)).toEqual(['comment 1', 'comment 2', 'comment 3']);
  });

  it('is the same viewer after a cut, and resumes where it was', () => {
    const { hub, room, told, timers, arrive } = enter();
    arrive();
    hub.emit({ k: 'comment', ...hub.comment() });
    hub.last.settle();
    hub.last.cut();
    expect(room.connection.value).toBe('lost');
    hub.emit({ k: 'comment', ...hub.comment() });
    timers.advance(1000);
    arrive();
    expect(hub.last.received[0]).toEqual({ t: 'join', token: 't0', since: { epoch: 'e1', offset: 1 } });
    expect(room.me.value?.viewer).toBe('v0');
    expect(texts(told)).toEqual(['comment 1', 'comment 2']);
    expect(told[0]).toBe('replaced');
  });

  it('says that something is missing when it was away for too long, or the hub began anew', () => {
    const { hub, told, timers, arrive } = enter(new ModelHub({ history: 2, kept: 3 }));
    arrive();
    hub.last.cut();
    for (let i = 0; i < 5; i++) hub.emit({ k: 'comment', ...hub.comment() });
    timers.advance(1000);
    arrive();
    expect(told[0]).toBe('gap');
    expect(texts(told)).toEqual(['comment 4', 'comment 5']);
    hub.restart();
    timers.advance(1000);
    arrive();
    expect(told).toEqual(['gap']);
  });

  it('tries again after 1, 2, 4, then every 8 s, ± 30 %, and at once when told to', () => {
    const { hub, room, timers } = enter();
    for (const wait of [1000, 2000, 4000, 8000, 8000]) {
      const before = hub.sockets.length;
      hub.last.cut();
      timers.advance(wait - 1);
      expect(hub.sockets.length).toBe(before);
      timers.advance(1);
      expect(hub.sockets.length).toBe(before + 1);
    }
    hub.last.cut();
    room.retry();
    expect(hub.sockets.length).toBe(7);
    const low = enter(new ModelHub(), { random: () => 0 });
    low.hub.last.cut();
    low.timers.advance(700);
    expect(low.hub.sockets.length).toBe(2);
  });

  it('takes a connection without an answer for lost', () => {
    const { hub, room, timers, arrive } = enter();
    hub.last.onopen?.();
    timers.advance(10_000);
    expect(room.connection.value).toBe('lost');
    timers.advance(1000);
    arrive();
    expect(room.connection.value).toBe('open');
    room.comment('hello', 1);
    timers.advance(9999);
    expect(room.connection.value).toBe('open');
    timers.advance(1);
    expect(room.connection.value).toBe('lost');
  });

  it('takes one without a word from the hub for lost, which counts every 15 s', () => {
    const { hub, room, timers, arrive } = enter();
    arrive();
    for (let i = 0; i < 8; i++) {
      timers.advance(15_000);
      hub.last.say({ t: 'counts', viewers: 3, reactions: {} });
      hub.last.settle();
    }
    timers.advance(39_999);
    expect(room.connection.value).toBe('open');
    timers.advance(1);
    expect(room.connection.value).toBe('lost');
    expect(hub.last.closed).toBe(true);
    timers.advance(1000);
    arrive();
    expect(room.connection.value).toBe('open');
  });

  it('is told that the network is back: a connection that has long been silent is made anew, another is left', () => {
    const { hub, room, timers, arrive } = enter();
    arrive();
    timers.advance(20_000);
    room.retry();
    expect(hub.sockets.length).toBe(1);
    timers.advance(1);
    room.retry();
    expect(hub.sockets.length).toBe(2);
    expect(hub.sockets[0]?.closed).toBe(true);
    // One that is only just coming about has its own time.
    timers.advance(9000);
    room.retry();
    expect(hub.sockets.length).toBe(2);
    arrive();
    expect(room.connection.value).toBe('open');
  });

  it('joins again where it was told that it was too slow', () => {
    const { hub, room, timers, told, arrive } = enter();
    arrive();
    hub.last.say({ t: 'resync', from: 5 });
    hub.emit({ k: 'comment', ...hub.comment() });
    hub.last.settle();
    expect(room.connection.value).toBe('lost');
    timers.advance(1000);
    arrive();
    expect(texts(told)).toEqual(['comment 1']);
  });

  it('is a viewer where it may not be staff', () => {
    const { hub, timers, arrive } = enter(new ModelHub(), { staff: true });
    hub.last.onopen?.();
    expect(hub.last.received).toEqual([{ t: 'join', as: 'staff' }]);
    hub.last.say({ t: 'refused', code: 'forbidden', message: 'no such right' });
    hub.last.deliver();
    timers.advance(1000);
    arrive();
    expect(hub.last.received).toEqual([{ t: 'join' }]);
  });

  it('ignores what it does not know, and what is no message', () => {
    const { hub, room, told, arrive } = enter();
    arrive();
    for (const data of ['{', 'null', '{"t":"later","x":1}', '{"t":"events","from":0,"events":7}', new ArrayBuffer(2)])
      hub.last.onmessage?.({ data });
    hub.emit({ k: 'poll' } as unknown as RoomEvent, { k: 'comment', ...hub.comment() });
    hub.last.settle();
    expect(room.connection.value).toBe('open');
    expect(texts(told)).toEqual(['comment 1']);
  });

  it('is over when closed', () => {
    const { hub, room, timers, arrive } = enter();
    arrive();
    room.react('like');
    room.close();
    expect(hub.last.closed).toBe(true);
    expect(timers.waiting).toBe(0);
    room.retry();
    expect(hub.sockets.length).toBe(1);
  });
});

describe('a comment', () => {
  it('waits without a connection, and is sent again until it is acknowledged', () => {
    const { hub, room, told, timers, arrive } = enter();
    room.comment('hello', 1234.6);
    expect(room.sent.value.map((one) => one.state)).toEqual(['sending']);
    arrive();
    expect(room.sent.value).toEqual([]);
    expect(hub.last.received[1]).toMatchObject({ t: 'comment', text: 'hello', moment: 1235 });

    // The hub has it, and its acknowledgement is lost.
    room.comment('again', null);
    hub.last.read();
    hub.last.cut();
    expect(room.sent.value.map((one) => one.text)).toEqual(['again']);
    timers.advance(1000);
    arrive();
    expect(room.sent.value).toEqual([]);
    expect(texts(hub.log)).toEqual(['hello', 'again']);
    expect(new Set(texts(told))).toEqual(new Set(['hello', 'again']));
  });

  it('outlives the page', () => {
    const memory = new MapMemory();
    const hub = new ModelHub();
    const first = enter(hub, { memory });
    first.arrive();
    hub.last.closed = true;
    first.room.comment('written on a train', 7);
    first.room.close();
    const second = enter(hub, { memory });
    expect(second.room.sent.value.map((one) => one.text)).toEqual(['written on a train']);
    second.arrive();
    expect(texts(hub.log)).toEqual(['written on a train']);
    expect(hub.log[0]).toMatchObject({ by: 'v0' });
  });

  it('of one’s own is shown even when the crowd’s sample leaves it out', () => {
    const { hub, room, told, arrive } = enter();
    arrive();
    hub.sampledOut = true;
    room.comment('me too', 4000, { id: 1, name: 'Wei', text: 'who is here' });
    hub.last.settle();
    expect(told[1]).toMatchObject({ k: 'comment', id: 1, by: 'v0', text: 'me too', moment: 4000, reply_to: { id: 1 } });
  });

  it('that is held says why, and then what became of it', () => {
    const { hub, room, told, arrive } = enter();
    arrive();
    hub.verdict = 'held';
    for (const text of ['one', 'two', 'three']) room.comment(text, 1);
    hub.last.settle();
    expect(room.sent.value.map((one) => [one.state, one.id])).toEqual([['held', 1], ['held', 2], ['held', 3]]); // prettier-ignore
    hub.last.say({ t: 'decided', id: 1, state: 'published', reason: 'ok' });
    hub.last.say({ t: 'decided', id: 2, state: 'rejected', reason: 'abuse' });
    hub.emit({ k: 'comment', ...hub.comment({ id: 3, by: 'v0', text: 'three' }) });
    hub.last.settle();
    expect(texts(told)).toEqual(['one', 'three']);
    expect(room.sent.value).toMatchObject([{ text: 'two', state: 'rejected', reason: 'abuse' }]);
    room.dismiss(room.sent.value[0]?.ref ?? '');
    expect(room.sent.value).toEqual([]);
    // Removed after all.
    hub.last.say({ t: 'decided', id: 1, state: 'removed', reason: 'private' });
    hub.last.settle();
    expect(room.sent.value).toMatchObject([{ text: 'one', state: 'removed', reason: 'private' }]);
  });

  it('that was decided while its author was away is told on return', () => {
    const { hub, room, told, timers, arrive } = enter();
    arrive();
    hub.verdict = 'held';
    for (const text of ['one', 'two', 'three']) room.comment(text, 1);
    hub.last.settle();
    hub.last.cut();
    hub.decided.set(1, { state: 'published', reason: 'ok' });
    hub.decided.set(2, { state: 'rejected', reason: 'abuse' });
    timers.advance(1000);
    arrive();
    expect(hub.publishedTexts).toEqual(['one', 'two', 'three']);
    expect(texts(told)).toEqual(['one']);
    expect(room.sent.value).toMatchObject([
      { text: 'two', state: 'rejected', reason: 'abuse' },
      { text: 'three', state: 'held' },
    ]);
    // What was only asked after stays what it is, and nobody waits for it.
    hub.last.cut();
    hub.forget();
    hub.verdict = { code: 'closed' };
    timers.advance(1000);
    arrive();
    expect(room.sent.value[1]).toMatchObject({ text: 'three', state: 'held' });
    expect(room.nextAt.value).toBe(0);
  });

  it('that was published and taken away while its author was away is told on return, after a reload, too', () => {
    const memory = new MapMemory();
    const { hub, room, timers, arrive } = enter(new ModelHub(), { memory });
    arrive();
    room.comment('one', 1);
    room.comment('two', 1);
    hub.last.settle();
    hub.last.cut();
    hub.decided.set(1, { state: 'removed', reason: 'abuse' });
    timers.advance(1000);
    arrive();
    expect(hub.last.received[0]).toMatchObject({ t: 'join', mine: [1, 2] });
    expect(room.sent.value).toMatchObject([{ text: 'one', state: 'removed', reason: 'abuse' }]);
    room.dismiss(room.sent.value[0]?.ref ?? '');
    room.close();
    hub.decided.set(2, { state: 'removed', reason: 'spam' });
    const again = enter(hub, { memory });
    again.arrive();
    expect(hub.last.received[0]).toMatchObject({ t: 'join', mine: [2] });
    expect(again.room.sent.value).toMatchObject([{ text: 'two', state: 'removed', reason: 'spam' }]);
  });

  it('that was taken back and let again is shown, taken away and shown', () => {
    const { hub, room, told, arrive } = enter();
    arrive();
    room.comment('yes', 1);
    hub.last.settle();
    hub.last.say({ t: 'decided', id: 1, state: 'held', reason: 'other' });
    hub.last.settle();
    expect(told[told.length - 1]).toEqual({ k: 'removed', id: 1 });
    expect(room.sent.value).toMatchObject([{ text: 'yes', state: 'held' }]);
    hub.last.say({ t: 'decided', id: 1, state: 'published', reason: 'ok' });
    hub.last.settle();
    expect(told[told.length - 1]).toMatchObject({ k: 'comment', id: 1, text: 'yes' });
    expect(room.sent.value).toEqual([]);
  });

  it('that is refused says why, and when the next may come', () => {
    const { hub, room, timers, arrive } = enter();
    arrive();
    timers.advance(5000);
    hub.verdict = { code: 'slow_mode', retry_ms: 8000 };
    room.comment('too soon', 1);
    hub.last.settle();
    expect(room.sent.value).toMatchObject([{ state: 'refused', code: 'slow_mode' }]);
    expect(room.nextAt.value).toBe(13_000);
    hub.verdict = { code: 'rule', why: { rule: 'word:abuse', from: 0, to: 3 } };
    room.comment('bad word', 1);
    hub.last.settle();
    expect(room.sent.value[1]).toMatchObject({ state: 'refused', why: { rule: 'word:abuse', from: 0, to: 3 } });
  });

  it('that a rule has refused may be sent differently at once, and shows when a moderator publishes it', () => {
    const { hub, room, told, arrive } = enter();
    hub.room = { ...openRoom, slow_s: 30 };
    arrive();
    hub.verdict = { code: 'rule', id: 700, why: { rule: 'word:abuse', from: 0, to: 3 } };
    room.comment('bad word', 1);
    hub.last.settle();
    expect(room.sent.value).toMatchObject([{ state: 'refused', id: 700 }]);
    expect(room.nextAt.value).toBe(0);
    hub.last.say({ t: 'decided', id: 700, state: 'published', reason: 'ok' });
    hub.last.settle();
    expect(told[told.length - 1]).toMatchObject({ k: 'comment', id: 700, text: 'bad word' });
    expect(room.sent.value).toEqual([]);
    hub.last.say({ t: 'decided', id: 700, state: 'rejected', reason: 'undo' });
    hub.last.settle();
    expect(told[told.length - 1]).toEqual({ k: 'removed', id: 700 });
    expect(room.sent.value).toMatchObject([{ text: 'bad word', state: 'rejected' }]);
  });

  it('starts the countdown of slow mode once it is taken, which goes with the mode', () => {
    const { hub, room, timers, arrive } = enter();
    const slow = (slow_s: number) => {
      hub.emit({ k: 'room', room: { ...openRoom, slow_s } });
      hub.last.settle();
    };
    hub.room = { ...openRoom, slow_s: 20 };
    arrive();
    timers.advance(7000);
    room.comment('first', 1);
    hub.last.settle();
    expect(room.nextAt.value).toBe(27_000);
    timers.advance(2000);
    slow(5);
    expect(room.nextAt.value).toBe(12_000);
    slow(0);
    expect(room.nextAt.value).toBe(0);
    slow(30);
    expect(room.nextAt.value).toBe(37_000);
    // A wait for another reason outlasts it.
    hub.verdict = { code: 'slow_down', retry_ms: 3000 };
    room.comment('quick', 1);
    hub.last.settle();
    slow(0);
    expect(room.nextAt.value).toBe(12_000);
  });

  it('that slow mode has refused is free once the mode is off', () => {
    const { hub, room, timers, arrive } = enter();
    hub.room = { ...openRoom, slow_s: 60 };
    arrive();
    hub.verdict = { code: 'slow_mode', retry_ms: 50_000 };
    room.comment('from another tab', 1);
    hub.last.settle();
    expect(room.nextAt.value).toBe(50_000);
    timers.advance(1000);
    hub.emit({ k: 'room', room: { ...openRoom, slow_s: 10 } });
    hub.last.settle();
    expect(room.nextAt.value).toBe(11_000);
    hub.emit({ k: 'room', room: openRoom });
    hub.last.settle();
    expect(room.nextAt.value).toBe(0);
  });

  it('is sent again by itself to a hub that was busy', () => {
    const { hub, room, timers, arrive } = enter();
    arrive();
    hub.verdict = { code: 'busy', retry_ms: 15_000 };
    room.comment('patience', 1);
    hub.last.settle();
    expect(room.sent.value).toMatchObject([{ state: 'sending' }]);
    hub.verdict = 'published';
    timers.advance(15_000);
    hub.last.settle();
    expect(room.connection.value).toBe('open');
    expect(room.sent.value).toEqual([]);
    expect(texts(hub.log)).toEqual(['patience']);
  });

  it('is not taken when twenty wait already; none of those is dropped', () => {
    const { hub, room, arrive } = enter();
    for (let i = 0; i < 25; i++) expect(room.comment(`n ${String(i)}`, 1)).toBe(i < 20);
    hub.verdict = { code: 'duplicate' };
    arrive();
    for (let i = 0; i < 25; i++) {
      room.comment(`m ${String(i)}`, 1);
      hub.last.settle();
    }
    expect(room.sent.value.length).toBe(40);
    expect(room.sent.value[39]?.text).toBe('m 24');
  });
});

describe('the room', () => {
  it('knows its settings, its pinned comment, its bans and its counts', () => {
    const { hub, room, reactions, arrive } = enter();
    arrive();
    const pinned = hub.comment();
    hub.emit({ k: 'comment', ...pinned }, { k: 'pinned', comment: pinned });
    hub.last.say({ t: 'counts', viewers: 42, reactions: { like: 3 } });
    hub.last.say({ t: 'banned', ban: { until: null, reason: 'spam' } });
    hub.last.settle();
    expect(room.room.value?.pinned?.id).toBe(pinned.id);
    expect(room.viewers.value).toBe(42);
    expect(reactions).toEqual([{ like: 3 }]);
    expect(room.banned.value).toEqual({ until: null, reason: 'spam' });
    hub.remove(pinned.id);
    hub.last.say({ t: 'banned', ban: null });
    hub.emit({ k: 'room', room: { ...openRoom, mode: 'closed' } });
    hub.last.settle();
    expect(room.room.value).toMatchObject({ mode: 'closed', pinned: null });
    expect(room.banned.value).toBeNull();
  });

  it('ends a mute when its time is over, by the server’s clock', () => {
    const { hub, room, timers, arrive } = enter();
    arrive();
    const until = 5000 + 60_000;
    hub.last.say({ t: 'banned', ban: { until, reason: 'flood' } });
    hub.last.settle();
    timers.advance(29_999);
    hub.last.say({ t: 'counts', viewers: 3, reactions: {} });
    hub.last.settle();
    timers.advance(30_000);
    expect(room.banned.value).toEqual({ until, reason: 'flood' });
    timers.advance(1);
    expect(room.banned.value).toBeNull();
    // One without an end stays, and one that is longer than a timer.
    hub.last.say({ t: 'banned', ban: { until: until + 2 ** 33, reason: 'spam' } });
    hub.last.settle();
    expect(room.banned.value?.reason).toBe('spam');
    hub.last.say({ t: 'banned', ban: { until: null, reason: 'abuse' } });
    hub.last.settle();
    room.close();
    expect(timers.waiting).toBe(0);
    expect(room.banned.value?.reason).toBe('abuse');
  });

  it('gathers the taps of a moment', () => {
    const { hub, room, timers, arrive } = enter();
    arrive();
    for (let i = 0; i < 14; i++) room.react('like');
    room.react('heart');
    timers.advance(600);
    expect(hub.last.received.slice(1)).toEqual([
      { t: 'react', kind: 'like', n: 10 },
      { t: 'react', kind: 'heart', n: 1 },
    ]);
  });

  it('takes a name and a report, also over a lost connection', async () => {
    const { hub, room, timers, arrive } = enter();
    arrive();
    const named = room.rename('Wei');
    const reported = room.report(7, 'spam');
    hub.last.cut();
    timers.advance(1000);
    arrive();
    expect(await named).toEqual({ ok: true });
    expect(await reported).toEqual({ ok: true });
    expect(room.me.value?.name).toBe('Wei');
    const refused = room.rename('Moderator');
    const ref = hub.last.received[hub.last.received.length - 1]?.ref;
    hub.last.say({ t: 'refused', ref, code: 'rule', message: 'staff', why: { rule: 'name' } });
    hub.last.deliver();
    expect(await refused).toEqual({ ok: false, code: 'rule', why: { rule: 'name' } });
  });
});

describe('whatever is cut whenever', () => {
  // A model of the hub, a client, and a network that breaks anywhere: between any two messages of either direction.
  for (let seed = 1; seed <= 60; seed++) {
    it(`loses nothing and repeats nothing, seed ${String(seed)}`, () => {
      const random = dice(seed);
      const hub = new ModelHub({ history: 6, kept: 25 });
      const { room, told, timers, arrive } = enter(hub, { random });
      const written: string[] = [];
      const acts: [number, () => void][] = [
        [8, () => hub.last.read()],
        [10, () => hub.last.deliver()],
        [4, () => hub.emit({ k: 'comment', ...hub.comment() })],
        [2, () => {
          const event = hub.log[Math.floor(random() * hub.log.length)];
          if (event?.k === 'comment') hub.remove(event.id);
        }],
        [2, () => (room.comment(`mine ${String(written.length)}`, 1) && written.push(`mine ${String(written.length)}`))],
        [2, () => hub.last.cut()],
        [3, () => timers.advance(Math.floor(random() * 3000))],
        [4, () => !hub.last.closed && !hub.last.received.some((one) => one.t === 'join') && hub.last.onopen?.()],
        [0.2, () => hub.restart()],
        [0.5, () => hub.last.say({ t: 'resync', from: hub.log.length })],
      ]; // prettier-ignore
      const total = acts.reduce((sum, [weight]) => sum + weight, 0);
      for (let step = 0; step < 600; step++) {
        let draw = random() * total;
        for (const [weight, act] of acts) {
          draw -= weight;
          if (draw >= 0) continue;
          act();
          break;
        }
      }
      // The network is well again.
      for (let i = 0; i < 40 && (room.connection.value !== 'open' || room.sent.value.length > 0); i++) {
        timers.advance(11_000);
        if (!hub.last.closed) arrive();
      }
      hub.last.settle();
      expect(room.connection.value).toBe('open');
      expect(room.sent.value).toEqual([]);

      // Since it last began anew, the page was told exactly what is in the log, in order, each once. Where a comment has
      // been removed since, the page was told of both. Own comments may be told when they are acknowledged, too.
      const removed = new Set<number>();
      for (const one of told) if (typeof one === 'object' && one.k === 'removed') removed.add(one.id);
      const others = (event: RoomEvent | string) =>
        typeof event === 'object' && event.k === 'comment' && event.by === 'ffff0000' ? [event.id] : [];
      const left = told.flatMap(others).filter((id) => !removed.has(id));
      const began = left[0] ?? Infinity;
      expect(left).toEqual(hub.log.flatMap(others).filter((id) => id >= began));
      // It began with a whole history, and this is all of it.
      expect(
        hub.log
          .slice(-6)
          .flatMap(others)
          .every((id) => left.includes(id)),
      ).toBe(true);
      // Each own comment was published once, whatever was sent again.
      expect(hub.publishedTexts.filter((text) => text.startsWith('mine')).sort()).toEqual([...written].sort());
    });
  }
});
