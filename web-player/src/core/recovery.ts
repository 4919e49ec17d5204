// How playback comes back after a fatal error of the player library.
//
// Network: after 1, 2, 4, then every 8 s (± 30 %, so that an audience does not return in step), first by loading on, from
// the third try by loading the source anew. It never gives up by itself: a broadcast's network may return at any time.
// Media: the decoder is reset once; if it fails again soon, the player is rebuilt; a third failure is told to the viewer.
//
// Home thread: the page. Not reusable after stop().

import type { Timers } from './timers';

export interface RecoveryActions {
  /** Load on from where playback is. */
  resume(): void;
  /** Load the source anew. */
  reload(): void;
  /** Reset the decoder. */
  recoverMedia(): void;
  /** Throw the player away and make a new one. */
  rebuild(): void;
  changed(state: RecoveryState): void;
}

export type RecoveryState =
  | { phase: 'healthy' }
  | { phase: 'waiting'; attempt: number; delayMs: number }
  | { phase: 'trying'; attempt: number }
  | { phase: 'failed' };

const delays = [1000, 2000, 4000, 8000] as const;
const jitter = 0.3;
/** A decoder that played this long since its last failure is trusted again. */
const mediaTrustMs = 30_000;

export class Recovery {
  private attempt = 0;
  private timer: number | null = null;
  private mediaFailures = 0;
  private lastMediaFailure = -Infinity;
  private current: RecoveryState = { phase: 'healthy' };

  constructor(
    private readonly timers: Timers,
    private readonly random: () => number,
    private readonly actions: RecoveryActions,
  ) {}

  get state(): RecoveryState {
    return this.current;
  }

  networkFailed(): void {
    if (this.timer !== null) return; // a try is already on its way
    const base = delays[Math.min(this.attempt, delays.length - 1)] ?? 8000;
    const delayMs = Math.round(base * (1 + jitter * (2 * this.random() - 1)));
    this.attempt++;
    this.become({ phase: 'waiting', attempt: this.attempt, delayMs });
    this.timer = this.timers.after(delayMs, () => {
      this.try();
    });
  }

  mediaFailed(): void {
    const now = this.timers.now();
    if (now - this.lastMediaFailure > mediaTrustMs) this.mediaFailures = 0;
    this.lastMediaFailure = now;
    this.mediaFailures++;
    if (this.mediaFailures === 1) {
      this.actions.recoverMedia();
    } else if (this.mediaFailures === 2) {
      this.actions.rebuild();
    } else {
      this.cancel();
      this.become({ phase: 'failed' });
    }
  }

  /** The viewer asks, or the browser says that it is online again: no more waiting. */
  tryNow(): void {
    if (this.current.phase === 'healthy') return;
    this.cancel();
    if (this.current.phase === 'failed') {
      this.mediaFailures = 0;
      this.become({ phase: 'trying', attempt: this.attempt });
      this.actions.rebuild();
      return;
    }
    this.try();
  }

  /** The source is loaded anew, whoever asked for it: that is the next try. */
  loading(): void {
    if (this.current.phase !== 'waiting' && this.current.phase !== 'failed') return;
    this.cancel();
    this.mediaFailures = 0;
    this.become({ phase: 'trying', attempt: this.attempt });
  }

  /** Loading works again. A picture that moves is no sign of it: it may live on what was loaded before. */
  progressed(): void {
    if (this.current.phase === 'healthy') return;
    this.cancel();
    this.attempt = 0;
    this.become({ phase: 'healthy' });
  }

  stop(): void {
    this.cancel();
  }

  private try(): void {
    this.timer = null;
    this.become({ phase: 'trying', attempt: this.attempt });
    if (this.attempt <= 2) this.actions.resume();
    else this.actions.reload();
  }

  private cancel(): void {
    if (this.timer !== null) this.timers.cancel(this.timer);
    this.timer = null;
  }

  private become(state: RecoveryState): void {
    this.current = state;
    this.actions.changed(state);
  }
}
