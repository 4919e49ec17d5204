import { describe, expect, it } from 'vitest';
import { ControlSocket, type Connection, type SocketLike } from './control-socket';
import { EndGuard, titleMatches, type Ending } from './ending';
import { healthOf, meterFraction, venueState } from './health';
import {
  draftOf,
  heard,
  sameScene,
  sceneOf,
  withLayout,
  withoutVenue,
  withVenue,
  withVenueAt,
  type Draft,
} from './scene';
import type { ControlEvent, Layout } from './studio-types';
import { ManualTimers } from './timers';

const tile = { x: 0, y: 0, w: 1, h: 1 };
const layout = (id: string, ...counts: number[]): Layout => ({
  id,
  arrangements: counts.map((venues) => ({ venues, tiles: Array.from({ length: venues }, () => tile) })),
});
const full = layout('full', 1);
const pip = layout('pip', 2);
const grid = layout('grid', 2, 3, 4);

const draft = (id: string, ...places: (string | null)[]): Draft => ({
  layout: id,
  places,
  followAudio: true,
  title: '',
});

describe('composing a scene', () => {
  it('keeps the venues in order when the layout changes', () => {
    expect(withLayout(draft('grid', 'a', 'b', 'c'), pip, []).places).toEqual(['a', 'b']);
    expect(withLayout(draft('grid', 'a', 'b', 'c'), full, []).places).toEqual(['a']);
  });

  it('fills places that a larger layout opens with waiting venues, else leaves them empty', () => {
    expect(withLayout(draft('full', 'a'), pip, ['a', 'b']).places).toEqual(['a', 'b']);
    expect(withLayout(draft('full', 'a'), pip, ['a']).places).toEqual(['a', null]);
  });

  it('swaps two venues instead of showing one twice', () => {
    expect(withVenueAt(draft('grid', 'a', 'b', 'c'), 0, 'c').places).toEqual(['c', 'b', 'a']);
    expect(withVenueAt(draft('grid', 'a', 'b'), 7, 'c').places).toEqual(['a', 'b']);
  });

  it('adds a venue to an empty place, then to one more tile, then instead of the last', () => {
    expect(withVenue(draft('pip', 'a', null), pip, 'b').places).toEqual(['a', 'b']);
    expect(withVenue(draft('grid', 'a', 'b'), grid, 'c').places).toEqual(['a', 'b', 'c']);
    expect(withVenue(draft('pip', 'a', 'b'), pip, 'c').places).toEqual(['a', 'c']);
    expect(withVenue(draft('pip', 'a', 'b'), pip, 'a').places).toEqual(['a', 'b']);
  });

  it('shrinks when a venue is taken out, as far as the layout goes', () => {
    expect(withoutVenue(draft('grid', 'a', 'b', 'c'), grid, 1).places).toEqual(['a', 'c']);
    expect(withoutVenue(draft('grid', 'a', 'b'), grid, 1).places).toEqual(['a', null]);
  });

  it('is no scene while a place is empty', () => {
    expect(sceneOf(draft('pip', 'a', null))).toBeNull();
    expect(sceneOf({ ...draft('full', 'a'), title: '  ' })).toEqual({
      layout: 'full',
      venues: ['a'],
      follow_audio: true,
    });
  });

  it('survives the way to a draft and back', () => {
    const scene = { layout: 'pip', venues: ['a', 'b'], follow_audio: false, title: 'Judge Li' };
    expect(sameScene(sceneOf(draftOf(scene)), scene)).toBe(true);
    expect(sameScene(scene, { ...scene, title: '' })).toBe(false);
    expect(sameScene(scene, null)).toBe(false);
  });

  it('says who is heard', () => {
    const scene = { layout: 'full', venues: ['a'] };
    expect(heard(scene, 'a', false)).toBe(true);
    expect(heard(scene, 'a', true)).toBe(false);
    expect(heard(scene, 'b', false)).toBe(false);
    expect(heard({ ...scene, follow_audio: false }, 'b', false)).toBe(true);
    expect(heard({ ...scene, slate: true }, 'a', false)).toBe(false);
  });
});

class FakeSocket implements SocketLike {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  closed = false;
  close() {
    this.closed = true;
  }
}

describe('the control socket', () => {
  function setup() {
    const timers = new ManualTimers();
    const sockets: FakeSocket[] = [];
    const connections: Connection[] = [];
    const events: ControlEvent[] = [];
    const failures: number[] = [];
    const control = new ControlSocket<ControlEvent>({
      connect: () => {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket;
      },
      timers,
      random: () => 0.5,
      changed: (connection) => connections.push(connection),
      failed: () => failures.push(timers.now()),
      kinds: new Set(['status', 'levels']),
      event: (event) => events.push(event),
    });
    const say = (data: unknown) => sockets[sockets.length - 1]?.onmessage?.({ data });
    return { timers, sockets, connections, failures, events, control, say };
  }

  it('counts as open from the first event on', () => {
    const { connections, events, say } = setup();
    say(JSON.stringify({ t: 'status', viewers: 3 }));
    expect(connections).toEqual(['open']);
    expect(events).toEqual([{ t: 'status', viewers: 3 }]);
  });

  it('counts as lost when it falls silent, and connects again', () => {
    const { timers, sockets, connections, say } = setup();
    say('{"t":"status"}');
    timers.advance(4999);
    expect(connections).toEqual(['open']);
    timers.advance(1);
    expect(connections).toEqual(['open', 'lost']);
    expect(sockets[0]?.closed).toBe(true);
    timers.advance(1000);
    expect(sockets).toHaveLength(2);
    say('{"t":"status"}');
    expect(connections).toEqual(['open', 'lost', 'open']);
  });

  it('waits longer each time, and not at all when asked', () => {
    const { timers, sockets, control } = setup();
    for (const wait of [1000, 2000, 4000, 8000, 8000]) {
      const before = sockets.length;
      sockets[before - 1]?.onclose?.();
      timers.advance(wait - 1);
      expect(sockets).toHaveLength(before);
      timers.advance(1);
      expect(sockets).toHaveLength(before + 1);
    }
    sockets[sockets.length - 1]?.onclose?.();
    const before = sockets.length;
    control.retry();
    expect(sockets).toHaveLength(before + 1);
  });

  it('begins anew when asked, without counting as lost', () => {
    const { sockets, connections, control, say } = setup();
    control.renew();
    expect(sockets).toHaveLength(1); // one is under way
    say('{"t":"status"}');
    control.renew();
    expect(sockets).toHaveLength(2);
    expect(sockets[0]?.closed).toBe(true);
    say('{"t":"status"}');
    expect(connections).toEqual(['open']);
  });

  it('reports every failure, not only the first', () => {
    const { timers, sockets, connections, failures, say } = setup();
    say('{"t":"status"}');
    for (const wait of [1000, 2000]) {
      sockets[sockets.length - 1]?.onclose?.();
      timers.advance(wait);
    }
    expect(connections).toEqual(['open', 'lost']);
    expect(failures).toEqual([0, 1000]);
  });

  it('passes over what it does not understand', () => {
    const { events, connections, say } = setup();
    for (const data of ['{', '[]', 'null', '{"t":"newer"}', new ArrayBuffer(2)]) say(data);
    expect(events).toEqual([]);
    expect(connections).toEqual([]);
  });

  it('is silent after close', () => {
    const { timers, sockets, connections, control } = setup();
    control.close();
    timers.advance(60_000);
    expect(sockets).toHaveLength(1);
    expect(connections).toEqual([]);
    expect(timers.waiting).toBe(0);
  });
});

describe('ending a broadcast', () => {
  function setup() {
    const timers = new ManualTimers();
    const states: Ending['phase'][] = [];
    let ended = 0;
    const guard = new EndGuard(
      timers,
      (state) => states.push(state.phase),
      () => ended++,
    );
    return { timers, states, guard, ended: () => ended };
  }

  it('takes two seconds of holding and ten of grace', () => {
    const { timers, guard, ended } = setup();
    guard.hold();
    timers.advance(2000 + 9999);
    expect(ended()).toBe(0);
    timers.advance(1);
    expect(ended()).toBe(1);
    timers.advance(60_000);
    expect(ended()).toBe(1);
  });

  it('does not happen when the button is let go early', () => {
    const { timers, states, guard, ended } = setup();
    guard.hold();
    timers.advance(1999);
    guard.release();
    timers.advance(60_000);
    expect(ended()).toBe(0);
    expect(states).toEqual(['holding', 'asking']);
  });

  it('can be called off during the grace', () => {
    const { timers, guard, ended } = setup();
    expect(guard.typed('open day', 'Open  Day')).toBe(true);
    timers.advance(9000);
    guard.cancel();
    timers.advance(60_000);
    expect(ended()).toBe(0);
  });

  it('wants the whole title, but not its spaces, width and case', () => {
    expect(titleMatches('法院公众开放日:三地', '法院公众开放日：三地')).toBe(true);
    expect(titleMatches('Open', 'Open Day')).toBe(false);
    expect(titleMatches(' ', ' ')).toBe(false);
    expect(setup().guard.typed('no', 'Open Day')).toBe(false);
  });
});

describe('health', () => {
  it('is full when nothing is wrong', () => {
    expect(healthOf({ engine: 'running', dropped_ticks: 7 }, { dropped_ticks: 7 })).toEqual({
      level: 'ok',
      bars: 4,
      reasons: [],
    });
  });

  it('puts the worst first', () => {
    const health = healthOf(
      {
        engine: 'running',
        dropped_ticks: 9,
        encoders: [{ rendition: '720p', speed: 0.95, shed: 2 }],
        slots: [
          { slot: 0, venue: 'a', state: 'lost', on_air: false },
          { slot: 1, venue: 'b', state: 'none', on_air: false, feed: { state: 'waiting' } },
        ],
        targets: [{ id: 't', state: 'backoff' }],
      },
      { dropped_ticks: 7, encoders: [{ rendition: '720p', shed: 2 }] },
    );
    expect(health.level).toBe('bad');
    expect(health.reasons[0]).toEqual({ what: 'dropped-ticks', level: 'bad', count: 2 });
    expect(health.reasons.map((reason) => reason.what)).toEqual(['dropped-ticks', 'encoder-slow', 'target', 'venue']);
  });

  it('is empty without an engine', () => {
    expect(healthOf({ engine: 'down' }, null).bars).toBe(0);
  });

  it('shows a full disk and a venue that left the program', () => {
    const health = healthOf(
      {
        recording: { state: 'full', why: 'no space' },
        slots: [{ slot: 0, venue: 'a', state: 'none', on_air: true, feed: { state: 'error' } }],
      },
      null,
    );
    expect(health.bars).toBe(1);
    expect(health.reasons.map((reason) => reason.what).sort()).toEqual(['recording', 'venue']);
  });

  it('reads a venue’s state from its feed and from what the mixer has of it', () => {
    const slot = { slot: 0, venue: 'a' };
    expect(venueState({ ...slot, state: 'live', feed: { state: 'live' } })).toBe('live');
    expect(venueState({ ...slot, state: 'held' })).toBe('live');
    expect(venueState({ ...slot, state: 'lost', feed: { state: 'live' } })).toBe('stalled');
    expect(venueState({ ...slot, state: 'live', feed: { state: 'stalled' } })).toBe('stalled');
    expect(venueState({ ...slot, state: 'none', feed: null })).toBe('waiting');
    expect(venueState({ ...slot, state: 'none', feed: { state: 'live' } })).toBe('starting');
  });

  it('draws meters from −60 dB to full scale', () => {
    expect(meterFraction(-60)).toBe(0);
    expect(meterFraction(-30)).toBe(0.5);
    expect(meterFraction(3)).toBe(1);
    expect(meterFraction(-Infinity)).toBe(0);
  });
});
