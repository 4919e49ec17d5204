import { describe, expect, it } from 'vitest';
import { Recovery, type RecoveryState } from './recovery';
import { ManualTimers } from './timers';

function setup(random = () => 0.5) {
  const timers = new ManualTimers();
  const calls: string[] = [];
  const states: RecoveryState[] = [];
  const recovery = new Recovery(timers, random, {
    resume: () => calls.push('resume'),
    reload: () => calls.push('reload'),
    recoverMedia: () => calls.push('recoverMedia'),
    rebuild: () => calls.push('rebuild'),
    changed: (state) => states.push(state),
  });
  return { timers, calls, states, recovery };
}

describe('after a network failure', () => {
  it('tries after 1, 2, 4, 8 and then every 8 seconds, first loading on, then loading anew', () => {
    const { timers, calls, recovery } = setup();
    const expected: [number, string][] = [
      [1000, 'resume'],
      [2000, 'resume'],
      [4000, 'reload'],
      [8000, 'reload'],
      [8000, 'reload'],
    ];
    for (const [delay, call] of expected) {
      recovery.networkFailed();
      timers.advance(delay - 1);
      expect(calls).toHaveLength(0);
      timers.advance(1);
      expect(calls.splice(0)).toEqual([call]);
    }
  });

  it('spreads its tries by thirty per cent either way', () => {
    const early = setup(() => 0);
    early.recovery.networkFailed();
    expect(early.recovery.state).toEqual({ phase: 'waiting', attempt: 1, delayMs: 700 });
    const late = setup(() => 1);
    late.recovery.networkFailed();
    expect(late.recovery.state).toEqual({ phase: 'waiting', attempt: 1, delayMs: 1300 });
  });

  it('plans one try however many errors arrive meanwhile', () => {
    const { timers, calls, recovery } = setup();
    recovery.networkFailed();
    recovery.networkFailed();
    recovery.networkFailed();
    expect(timers.waiting).toBe(1);
    timers.advance(10_000);
    expect(calls).toEqual(['resume']);
  });

  it('starts over with short waits once playback advanced', () => {
    const { timers, recovery } = setup();
    recovery.networkFailed();
    timers.advance(1000);
    recovery.networkFailed();
    timers.advance(2000);
    recovery.progressed();
    expect(recovery.state.phase).toBe('healthy');
    recovery.networkFailed();
    expect(recovery.state).toEqual({ phase: 'waiting', attempt: 1, delayMs: 1000 });
  });

  it('tries at once when the viewer asks, and only once', () => {
    const { timers, calls, recovery } = setup();
    recovery.networkFailed();
    recovery.tryNow();
    timers.advance(60_000);
    expect(calls).toEqual(['resume']);
  });

  it('takes a load that somebody else began for its next try, also after the player was given up', () => {
    const { timers, calls, recovery } = setup();
    recovery.loading();
    expect(recovery.state.phase).toBe('healthy');
    recovery.networkFailed();
    recovery.loading();
    expect(recovery.state).toEqual({ phase: 'trying', attempt: 1 });
    timers.advance(60_000);
    expect(calls).toEqual([]);

    for (let i = 0; i < 3; i++) recovery.mediaFailed();
    expect(recovery.state.phase).toBe('failed');
    recovery.loading();
    expect(recovery.state.phase).toBe('trying');
    recovery.mediaFailed();
    expect(calls).toEqual(['recoverMedia', 'rebuild', 'recoverMedia']);
  });

  it('does nothing on demand while playback is healthy', () => {
    const { calls, recovery } = setup();
    recovery.tryNow();
    expect(calls).toEqual([]);
  });
});

describe('after a media failure', () => {
  it('resets the decoder once, then rebuilds the player, then tells the viewer', () => {
    const { calls, recovery } = setup();
    recovery.mediaFailed();
    recovery.mediaFailed();
    expect(calls).toEqual(['recoverMedia', 'rebuild']);
    recovery.mediaFailed();
    expect(recovery.state.phase).toBe('failed');
    recovery.tryNow();
    expect(calls).toEqual(['recoverMedia', 'rebuild', 'rebuild']);
  });

  it('forgets failures that are half a minute old', () => {
    const { timers, calls, recovery } = setup();
    recovery.mediaFailed();
    timers.advance(30_001);
    recovery.mediaFailed();
    expect(calls).toEqual(['recoverMedia', 'recoverMedia']);
  });
});
