// The player over an engine that does as it is told. Longer than other files: its states lead into each other, so their cases
// share a stage.

import { describe, expect, it } from 'vitest';
import { liveSource, ranges, setup } from './player.stage';
import type { ReplaySource } from './source';

describe('a live player', () => {
  it('loads the live playlist, plays, and measures its latency by the program clock', async () => {
    const { player, engine, run, playing } = setup();
    await playing();
    expect(engine().loads).toEqual([{ kind: 'live', url: '/live.m3u8', at: null }]);
    expect(player.status.value).toBe('playing');
    run(3000);
    expect(player.latencyMs.value).toBe(1500);
  });

  it('starts muted where sound is refused, and says so', async () => {
    const { video, player, settled } = setup();
    video.policy = 'muted';
    player.open(liveSource, true);
    await settled();
    expect(video.muted).toBe(true);
    expect(player.needsUnmute.value).toBe(true);
    player.setMuted(false);
    expect(player.needsUnmute.value).toBe(false);
  });

  it('knows at once what was pressed, not only when the element tells of it', () => {
    const { video, player } = setup();
    player.setMuted(!player.muted.value);
    player.setMuted(!player.muted.value);
    expect(video.muted).toBe(false);
    player.setVolume(player.volume.value - 0.1);
    player.setVolume(player.volume.value - 0.1);
    expect(video.volume).toBeCloseTo(0.8);
  });

  it('asks for a tap where nothing may play', async () => {
    const { video, player, settled } = setup();
    video.policy = 'nothing';
    player.open(liveSource, true);
    await settled();
    expect(player.needsTap.value).toBe(true);
    expect(player.status.value).toBe('paused');
  });

  it('seeks to live when it has fallen behind, but not while the viewer is in the DVR', async () => {
    const { video, player, engine, run, settled, playing } = setup();
    await playing();
    engine().distance = 5.1;
    engine().live = 42;
    run(250);
    expect(video.currentTime).toBe(42);

    player.seekTo(player.timeline.value.end - 60_000);
    await settled();
    video.currentTime = 7;
    run(1000);
    expect(video.currentTime).toBe(8);
  });

  it('shows a stall after half a second, and loads anew when nothing moves for ten', async () => {
    const { video, player, timers, engine, playing } = setup();
    await playing();
    video.paused = false;
    timers.advance(500);
    expect(player.stalled.value).toBe(false);
    timers.advance(500);
    expect(player.stalled.value).toBe(true);
    timers.advance(11_000);
    expect(engine().calls).toContain('resume');
  });

  it('comes back from a network failure by itself', async () => {
    const { player, engine, run, timers, playing } = setup();
    await playing();
    engine().events.failed('network', 'fragLoadError', 0);
    expect(player.recovery.value).toEqual({ phase: 'waiting', attempt: 1, delayMs: 1000 });
    expect(player.problem.value?.detail).toBe('fragLoadError');
    timers.advance(1000);
    expect(engine().calls).toContain('resume');
    run(500);
    expect(player.recovery.value.phase).toBe('healthy');
    expect(player.problem.value).toBeNull();
  });

  it('tries on while the picture lives on what was loaded before, until more has been loaded', async () => {
    const { video, player, engine, run, playing } = setup();
    await playing();
    video.buffered = ranges([0, 21]);
    engine().events.failed('network', 'levelLoadError', 0);
    run(500);
    expect(player.recovery.value.phase).toBe('waiting');
    run(500);
    expect(engine().calls).toEqual(['resume']);
    run(500);
    expect(player.recovery.value.phase).toBe('trying');
    engine().events.failed('network', 'levelLoadError', 0);
    expect(player.recovery.value).toEqual({ phase: 'waiting', attempt: 2, delayMs: 2000 });
    run(2000);
    expect(engine().calls).toEqual(['resume', 'resume']);
    expect(player.stalled.value).toBe(false);
    video.buffered = ranges([0, 22]);
    run(250);
    expect(player.recovery.value.phase).toBe('healthy');
  });

  it('counts as loaded what is loaded where the viewer is, not farther ahead', async () => {
    const { video, player, engine, timers, run, playing } = setup();
    await playing();
    video.currentTime = 100;
    video.buffered = ranges([90, 121]);
    engine().events.failed('network', 'fragLoadError', 0);
    run(1000);
    expect(player.recovery.value.phase).toBe('trying');
    video.currentTime = 20;
    video.dispatchEvent(new Event('seeking'));
    timers.advance(500);
    expect(player.recovery.value.phase).toBe('trying');
    video.buffered = ranges([18, 24], [90, 121]);
    run(500);
    expect(player.recovery.value.phase).toBe('healthy');
  });

  it('has no try to come once the viewer loads something else, or all of it was played', async () => {
    const { video, player, engine, run, settled, playing } = setup();
    await playing();
    for (let i = 0; i < 3; i++) engine().events.failed('network', 'fragLoadError', 0);
    player.seekTo(player.timeline.value.end - 60_000);
    await settled();
    expect(player.recovery.value).toEqual({ phase: 'trying', attempt: 1 });
    run(10_000);
    expect(player.recovery.value.phase).toBe('healthy');
    expect(engine().calls).toEqual([]);
    expect(engine().loads).toHaveLength(2);

    engine().events.failed('network', 'levelLoadError', 0);
    video.dispatchEvent(new Event('ended'));
    expect(player.recovery.value.phase).toBe('healthy');
  });

  it('is said to stand still from one try to the next, without a moment in between', async () => {
    const { player, engine, timers, playing, settled } = setup();
    await playing();
    engine().events.failed('network', 'fragLoadError', 0);
    timers.advance(1000);
    for (let i = 0; i < 120; i++) {
      timers.advance(250);
      await settled();
      expect(player.stalled.value).toBe(true);
    }
    expect(engine().loads).toHaveLength(2);
  });

  it('loads its engine with the first try where that could not be loaded', async () => {
    const { player, engines, run, timers, settled } = setup({ scriptFailures: 2 });
    player.open(liveSource, true);
    await settled();
    expect(player.problem.value?.kind).toBe('engine');
    expect(player.recovery.value).toEqual({ phase: 'waiting', attempt: 1, delayMs: 1000 });
    timers.advance(1000);
    await settled();
    expect(player.recovery.value).toEqual({ phase: 'waiting', attempt: 2, delayMs: 2000 });
    player.retry();
    await settled();
    expect(engines[0]?.loads).toEqual([{ kind: 'live', url: '/live.m3u8', at: null }]);
    run(1000);
    expect(player.recovery.value.phase).toBe('healthy');
    expect(player.problem.value).toBeNull();
  });

  it('tries again when a try leads to nothing, and not even to an error', async () => {
    const { engine, timers, playing, settled } = setup();
    await playing();
    engine().events.failed('network', 'manifestLoadError', 503);
    timers.advance(1000);
    expect(engine().calls).toEqual(['resume']);
    // Ten seconds for the try, two until the next.
    timers.advance(13_000);
    expect(engine().calls).toEqual(['resume', 'resume']);
    timers.advance(16_000);
    await settled();
    expect(engine().loads).toHaveLength(2);
  });

  it('rebuilds the engine after the second decoder failure', async () => {
    const { engine, engines, settled, playing } = setup();
    await playing();
    engine().events.failed('media', 'bufferAppendError', null);
    expect(engine().calls).toEqual(['recoverMedia']);
    engine().events.failed('media', 'bufferAppendError', null);
    await settled();
    expect(engines).toHaveLength(2);
    expect(engines[0]?.calls).toContain('destroy');
    expect(engines[1]?.loads).toEqual([{ kind: 'live', url: '/live.m3u8', at: null }]);
  });

  it('asks for the broadcast when its playlist is gone', async () => {
    const { engine, playing, refused } = setup();
    await playing();
    engine().events.failed('network', 'manifestLoadError', 404);
    expect(refused()).toBe(1);
  });
});

describe('a viewer who has paused', () => {
  it('stays so when the network returns, and nothing counts as broken', async () => {
    const { video, player, timers, engine, playing } = setup();
    await playing();
    player.pause();
    player.retry();
    timers.advance(60_000);
    expect(video.paused).toBe(true);
    expect(player.status.value).toBe('paused');
    expect(player.stalled.value).toBe(false);
    expect(player.recovery.value.phase).toBe('healthy');
    expect(engine().calls).toEqual(['rest']);
  });

  it('has the broken connection mended at once, but nothing played', async () => {
    const { video, player, timers, engine, settled, playing } = setup();
    await playing();
    for (let i = 0; i < 3; i++) {
      engine().events.failed('network', 'fragLoadError', 0);
      if (i === 1) player.pause();
      player.retry();
      await settled();
    }
    expect(engine().calls).toEqual(['resume', 'resume']);
    expect(engine().loads).toHaveLength(2);
    expect(player.recovery.value).toEqual({ phase: 'trying', attempt: 3 });
    expect(video.paused).toBe(true);
    // No error in ten seconds: it has come through.
    timers.advance(11_000);
    expect(player.recovery.value.phase).toBe('healthy');
    expect(player.problem.value).toBeNull();
    expect(video.paused).toBe(true);
  });

  it('stays so when the decoder is reset', async () => {
    const { video, player, engine, playing } = setup();
    await playing();
    player.pause();
    engine().events.failed('media', 'bufferAppendError', null);
    expect(engine().calls).toEqual(['recoverMedia']);
    expect(video.paused).toBe(true);
  });

  it('does not wait for the next try when playing on', async () => {
    const { video, player, run, engine, playing } = setup();
    await playing();
    player.pause();
    engine().events.failed('network', 'fragLoadError', 0);
    player.play();
    expect(engine().calls).toEqual(['resume']);
    video.dispatchEvent(new Event('playing'));
    run(500);
    expect(player.recovery.value.phase).toBe('healthy');
  });
});

describe('the DVR', () => {
  it('is entered by seeking back, at the moment asked for, and left near its end', async () => {
    const { player, engine, settled, playing } = setup();
    await playing();
    const moment = player.timeline.value.end - 60_000;
    player.seekTo(moment);
    await settled();
    expect(player.mode.value).toBe('dvr');
    expect(engine().loads[1]).toEqual({ kind: 'dvr', url: '/dvr.m3u8', at: moment });
    player.seekTo(player.timeline.value.end - 2000);
    await settled();
    expect(player.mode.value).toBe('live');
    expect(engine().loads[2]?.kind).toBe('live');
  });

  it('needs no new playlist to seek within', async () => {
    const { video, player, engine, settled, run, playing } = setup();
    await playing();
    player.seekTo(player.timeline.value.end - 60_000);
    await settled();
    run(500);
    player.seekTo(player.timeline.value.end - 30_000);
    expect(engine().loads).toHaveLength(2);
    expect(engine().programTime(video.currentTime)).toBe(player.position.value);
  });

  it('continues a long pause where it was left; a short one simply goes on', async () => {
    const { video, player, engine, timers, settled, playing } = setup();
    await playing();
    const moment = engine().programTime(video.currentTime);
    player.pause();
    timers.advance(1000);
    player.play();
    await settled();
    expect(engine().loads).toHaveLength(1);
    video.dispatchEvent(new Event('playing'));

    player.pause();
    timers.advance(12_000);
    expect(engine().calls).toContain('rest');
    player.play();
    await settled();
    expect(engine().loads[1]).toEqual({ kind: 'dvr', url: '/dvr.m3u8', at: moment });
  });

  it('knows where a viewer paused who did so before anything was said to play', async () => {
    const { video, player, engine, timers, settled } = setup();
    player.open(liveSource, true);
    await settled();
    video.currentTime = 3;
    player.pause();
    expect(player.status.value).toBe('paused');
    timers.advance(12_000);
    player.play();
    await settled();
    expect(engine().loads[1]).toEqual({ kind: 'dvr', url: '/dvr.m3u8', at: engine().programTime(3) });
  });

  it('does not go forward past live', async () => {
    const { player, engine, playing } = setup();
    await playing();
    player.seekBy(10_000);
    expect(engine().loads).toHaveLength(1);
    expect(player.mode.value).toBe('live');
  });

  it('is not offered where a broadcast has none', async () => {
    const { player, engine, settled } = setup();
    player.open({ ...liveSource, dvr: null }, true);
    await settled();
    expect(player.hasDvr).toBe(false);
    player.seekTo(0);
    expect(engine().loads).toHaveLength(1);
  });
});

describe('the end of a broadcast', () => {
  /** Playing in the DVR, 40 seconds behind live. */
  async function back() {
    const made = setup();
    await made.playing();
    made.run(60_000);
    const end = made.player.timeline.value.end;
    made.player.seekTo(end - 40_000);
    await made.settled();
    made.video.currentTime = made.engine().positionOf(end - 40_000);
    made.video.dispatchEvent(new Event('playing'));
    made.run(1000);
    return { ...made, end };
  }

  it('lets a viewer in the DVR play on, on a timeline that stands still and has no live end', async () => {
    const { player, engine, engines, run, end, refused, video, settled } = await back();
    expect(player.seeOut(end)).toBe(true);
    const at = player.position.value;
    run(5000);
    expect(player.status.value).toBe('playing');
    expect(player.position.value).toBe(at + 5000);
    expect(player.timeline.value.end).toBe(end);
    // Neither near the end nor by the key for it there is a way to live.
    player.seekTo(end - 1000);
    expect(video.currentTime).toBe(engine().positionOf(end - 1000));
    player.goLive();
    expect(video.currentTime).toBe(engine().positionOf(end));
    await settled();
    expect(player.mode.value).toBe('dvr');
    expect([engines.length, engine().loads.length]).toEqual([1, 2]);

    expect(refused()).toBe(0);
    video.ended = true;
    video.dispatchEvent(new Event('ended'));
    expect(refused()).toBe(1);
    expect(player.seeOut(end)).toBe(false);
    player.open({ kind: 'replay', hls: '/replay.m3u8', audio: null, from: null, lengthMs: 120_000 }, false);
    expect(player.endedAt.value).toBeNull();
    expect(player.status.value).toBe('idle');
  });

  it('keeps one who has paused in the DVR', async () => {
    const { player, timers, end, video } = await back();
    player.pause();
    expect(player.seeOut(end)).toBe(true);
    timers.advance(60_000);
    expect(player.seeOut(end)).toBe(true);
    player.play();
    expect(video.paused).toBe(false);
  });

  it('keeps the place of one who paused while live, without asking for more of it', async () => {
    const { player, engine, run, now, playing, settled } = setup();
    await playing();
    player.pause();
    const moment = player.position.value;
    engine().events.failed('network', 'levelLoadError', 410);
    expect(player.seeOut(now())).toBe(true);
    run(60_000);
    expect(engine().calls).toEqual(['rest']);
    expect(player.recovery.value.phase).toBe('healthy');
    player.play();
    await settled();
    expect(engine().loads[1]).toEqual({ kind: 'dvr', url: '/dvr.m3u8', at: moment });
  });

  it('is the end for who is live, has no DVR, or whose DVR is refused', async () => {
    const live = setup();
    await live.playing();
    expect(live.player.seeOut(live.now())).toBe(false);

    const without = setup();
    without.player.open({ ...liveSource, dvr: null }, true);
    await without.settled();
    without.player.pause();
    expect(without.player.seeOut(without.now())).toBe(false);

    const refused = await back();
    expect(refused.player.seeOut(refused.end)).toBe(true);
    refused.engine().events.failed('network', 'levelLoadError', 404);
    expect(refused.player.seeOut(refused.end)).toBe(false);
  });

  it('is over when the same broadcast is live again', async () => {
    const { player, engine, end, settled } = await back();
    player.seeOut(end);
    player.open(liveSource, true);
    expect(player.endedAt.value).toBeNull();
    player.goLive();
    await settled();
    expect(engine().loads[2]?.kind).toBe('live');
  });
});

describe('a recording', () => {
  const source: ReplaySource = { kind: 'replay', hls: '/replay.m3u8', audio: null, from: null, lengthMs: 120_000 };

  it('waits for the viewer, and knows its length before it is loaded', async () => {
    const { player, engines, settled } = setup();
    player.open(source, false);
    await settled();
    expect(engines).toHaveLength(0);
    expect(player.timeline.value).toEqual({ start: 0, end: 120_000 });
    player.play();
    await settled();
    expect(engines[0]?.loads).toEqual([{ kind: 'replay', url: '/replay.m3u8', at: null }]);
  });

  it('begins where the viewer points before anything is loaded', async () => {
    const { player, engines, settled } = setup();
    player.open(source, false);
    player.seekTo(60_000);
    await settled();
    expect(engines[0]?.loads).toEqual([{ kind: 'replay', url: '/replay.m3u8', at: 60_000 }]);
  });

  it('takes the place of a live broadcast that ended', async () => {
    const { player, engine, playing, settled } = setup();
    await playing();
    player.open(source, false);
    await settled();
    expect(engine().calls).toContain('destroy');
    expect(player.mode.value).toBe('replay');
    expect(player.status.value).toBe('idle');
  });
});

describe('sound only', () => {
  it('loads the audio playlist and remembers nothing of the picture', async () => {
    const { player, engine, settled, playing } = setup();
    await playing();
    player.setAudioOnly(true);
    await settled();
    expect(engine().loads[1]).toEqual({ kind: 'live', url: '/audio.m3u8', at: null });
    expect(player.hasDvr).toBe(false);
  });
});

describe('the time of the picture', () => {
  it('is program clock, live, in the DVR and in a replay', async () => {
    const { video, player, engine, playing, settled } = setup();
    expect(player.pictureTime()).toBeNull();
    await playing();
    expect(player.pictureTime()).toBe(engine().programTime(video.currentTime));
    player.seekTo(player.timeline.value.end - 60_000);
    // Nothing is on screen until it has been loaded.
    expect(player.pictureTime()).toBeNull();
    await settled();
    video.dispatchEvent(new Event('playing'));
    expect(player.pictureTime()).toBe(engine().programTime(video.currentTime));

    const replay: ReplaySource = { kind: 'replay', hls: '/replay.m3u8', audio: null, from: 500_000, lengthMs: 120_000 };
    player.open(replay, false);
    expect(player.pictureTime()).toBeNull();
    player.play();
    await settled();
    video.dispatchEvent(new Event('playing'));
    video.currentTime = 30;
    expect(player.pictureTime()).toBe(1_030_000);
    player.seekToProgramTime(1_045_000);
    expect(video.currentTime).toBe(45);
    // A recording without times is as old as its broadcast says.
    engine().programTime = () => null as unknown as number;
    engine().positionOf = () => null as unknown as number;
    expect(player.pictureTime()).toBe(545_000);
    player.seekToProgramTime(560_000);
    expect(video.currentTime).toBe(60);
  });
});
