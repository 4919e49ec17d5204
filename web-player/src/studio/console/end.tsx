// Ending a broadcast: the title typed or a button held, then ten seconds of grace.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import type { ApiError } from '../../core/api';
import { EndGuard, graceMs, holdMs, type Ending } from '../../core/ending';
import { browserTimers } from '../../core/timers';
import { Icon } from '../../ui/icons';
import { common } from '../../ui/messages';
import { locale } from '../../ui/page';
import { Dialog } from '../../ui/parts';
import { Refusal, TextField } from '../../staff/form';
import { studio } from '../messages';
import type { Console } from './state';

export function EndDialog({ room, onClose }: { room: Console; onClose: () => void }): JSX.Element {
  const t = studio.in(locale.value);
  const state = useSignal<Ending>({ phase: 'asking' });
  const typed = useSignal('');
  /** What was typed and is not the title. */
  const refused = useSignal<string | null>(null);
  const failure = useSignal<ApiError | null>(null);
  const left = useSignal(graceMs / 1000);
  const end = () => {
    failure.value = null;
    void room.end().then((ok) => {
      if (ok) return;
      // Said here and not on the page, where it would read like a take's.
      failure.value = room.failure.value;
      room.failure.value = null;
    });
  };
  const guard = useMemo(() => new EndGuard(browserTimers, (next) => (state.value = next), end), [room]);
  useEffect(
    () => () => {
      guard.cancel();
    },
    [guard],
  );
  useEffect(() => {
    const now = state.value;
    if (now.phase !== 'grace') return;
    const update = () => {
      left.value = Math.max(1, Math.ceil((now.since + graceMs - performance.now()) / 1000));
    };
    update();
    const timer = window.setInterval(update, 200);
    return () => {
      window.clearInterval(timer);
    };
  }, [state.value]);
  const title = room.broadcast.value?.title ?? '';
  const close = () => {
    guard.cancel();
    onClose();
  };
  // Ended: by this request, by one whose answer was lost, or by somebody else.
  const live = room.broadcast.value?.state === 'live';
  useEffect(() => {
    if (!live) close();
  }, [live]);
  if (state.value.phase === 'grace' || state.value.phase === 'done') {
    const done = state.value.phase === 'done';
    // Nothing can be called off any more, and a failure must not go unseen: it stays until the answer is here.
    const waiting = done && failure.value === null;
    return (
      <Dialog title={t.endTitle} onClose={waiting ? undefined : close}>
        {failure.value === null ? (
          <div class="grace" role="status">
            <p class="grace__count tabular">{done ? t.endNow : t.endGrace(String(left.value))}</p>
            {!done && <p>{t.endGraceBody}</p>}
          </div>
        ) : (
          <>
            <p>{t.endFailed}</p>
            <Refusal error={failure.value} />
            <button type="button" class="button button--danger button--touch" onClick={end}>
              {common.in(locale.value).retry}
            </button>
          </>
        )}
        {!waiting && (
          <button type="button" class="button button--touch" onClick={close}>
            {t.endCancel}
          </button>
        )}
      </Dialog>
    );
  }
  const holding = state.value.phase === 'holding';
  return (
    <Dialog title={t.endTitle} onClose={close}>
      <p>{t.endBody}</p>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          refused.value = guard.typed(typed.value, title) ? null : typed.value;
        }}
      >
        <p class="end__title">{title}</p>
        <TextField label={t.endType} value={typed} error={refused.value === typed.value ? t.endMismatch : null} />
        <button type="submit" class="button button--danger button--touch" disabled={typed.value.trim() === ''}>
          {t.end.replace('…', '')}
        </button>
      </form>
      <p class="end__or">{t.endOr}</p>
      <button
        type="button"
        class={`button button--touch hold ${holding ? 'hold--on' : ''}`}
        style={{ '--hold': `${String(holdMs)}ms` }}
        onPointerDown={() => {
          guard.hold();
        }}
        onPointerUp={() => {
          guard.release();
        }}
        onPointerLeave={() => {
          guard.release();
        }}
        onPointerCancel={() => {
          guard.release();
        }}
        onContextMenu={(event) => {
          event.preventDefault();
        }}
        onKeyDown={(event) => {
          if ((event.key === ' ' || event.key === 'Enter') && !event.repeat) guard.hold();
        }}
        onKeyUp={() => {
          guard.release();
        }}
        onBlur={() => {
          guard.release();
        }}
      >
        <Icon name="alert" />
        <span>{holding ? t.endHolding : t.endHold}</span>
      </button>
    </Dialog>
  );
}
