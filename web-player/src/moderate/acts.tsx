// What this moderator did and may still undo, and what did not go as they saw it.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Act, Told } from '../core/moderation-queue';
import { Icon } from '../ui/icons';
import { locale } from '../ui/page';
import { IconButton } from '../ui/parts';
import { moderate } from './messages';
import { actName, ago, authorName, deedName, number, reasonName } from './names';
import type { Desk } from './state';

function Undo({ desk, act, keys = false }: { desk: Desk; act: Act; keys?: boolean }): JSX.Element {
  const t = moderate.in(locale.value);
  const left = Math.ceil((act.undoUntil - desk.now.value) / 1000);
  if (act.phase === 'undone') return <span class="act__state">{t.actUndone}</span>;
  if (act.phase === 'undoing' || act.undoWanted) return <span class="act__state">{t.actUndoing}</span>;
  if (left <= 0) return <span class="act__state">{act.phase === 'sending' ? t.actSending : t.actOver}</span>;
  return (
    <button
      type="button"
      class="button button--small act__undo"
      disabled={desk.frozen.value}
      aria-label={`${t.undo}: ${actName(act)} ${act.text}`}
      onClick={() => {
        desk.undo(act);
      }}
    >
      <Icon name="undo" />
      {t.undo}
      {keys && desk.singleKeys.value && <kbd aria-hidden="true">U</kbd>}
      <span class="act__left tabular" aria-hidden="true">
        {t.undoFor(String(Math.min(left, 30)))}
      </span>
    </button>
  );
}

function Line({ act }: { act: Act }): JSX.Element {
  return (
    <span class="act__text">
      <strong>{actName(act)}</strong>
      {act.reason !== 'ok' && act.verb === 'reject' && <span> · {reasonName(act.reason)}</span>}
      <span class="act__quote">
        {' · '}
        <bdi>{act.text}</bdi>
      </span>
    </span>
  );
}

/** The newest act at the foot of the page, the others above it on demand. */
export function Acts({ desk }: { desk: Desk }): JSX.Element {
  const t = moderate.in(locale.value);
  const all = useSignal(false);
  const { acts } = desk.queue;
  const newest = acts[0];
  return (
    <section class="acts" aria-label={t.acts}>
      <div class="acts__over">
        <ToldList desk={desk} />
        {all.value && acts.length > 1 && (
          <ul class="acts__all" id="acts-all">
            {acts.slice(1).map((act) => (
              <li class="act" key={act.n}>
                <Line act={act} />
                <Undo desk={desk} act={act} />
              </li>
            ))}
          </ul>
        )}
      </div>
      <div class="acts__bar">
        {newest === undefined ? (
          <p class="acts__none">{t.actsNone}</p>
        ) : (
          <div class="act act--newest">
            <Line act={newest} />
            <Undo desk={desk} act={newest} keys />
          </div>
        )}
        {acts.length > 1 && (
          <button
            type="button"
            class="button button--quiet button--small"
            aria-expanded={all.value}
            aria-controls="acts-all"
            onClick={() => (all.value = !all.value)}
          >
            {t.actsMore(number(acts.length))}
            <Icon name="down" class={all.value ? '' : 'turned'} />
          </button>
        )}
        {desk.singleKeys.value && <p class="acts__keys">{t.hintBar}</p>}
      </div>
    </section>
  );
}

function said(desk: Desk, told: Told): string {
  const t = moderate.in(locale.value);
  const decision = desk.queue.item(told.id)?.decision ?? null;
  switch (told.kind) {
    case 'conflict': {
      const name = told.name === '' ? (decision?.name ?? '') : told.name;
      const state = told.state ?? decision?.state ?? null;
      if (name === '' || state === null) return t.toldConflictUnknown;
      return t.toldConflict(name, deedName(state), decision === null ? t.justNow : ago(desk.now.value - decision.at));
    }
    case 'claimed':
      return t.toldClaimed(told.name);
    case 'not_found':
      return t.toldGone;
    case 'failed':
      return t.toldFailed;
    case 'unsent':
      return t.toldUnsent;
    case 'too-late':
      return t.toldLate;
  }
}

/** Stays until it is put away; the newest three, the others come up after them. */
function ToldList({ desk }: { desk: Desk }): JSX.Element {
  const t = moderate.in(locale.value);
  return (
    <div class="told" role="status">
      {desk.queue.told.slice(0, 3).map((one) => {
        const item = desk.queue.item(one.id);
        return (
          <div class="told__one" key={one.n}>
            <Icon name="alert" />
            <p>
              {said(desk, one)}{' '}
              <q class="told__quote">
                {item !== null && <bdi>{authorName(item)}</bdi>}
                {item !== null && ': '}
                <bdi>{one.text}</bdi>
              </q>
            </p>
            <IconButton
              icon="close"
              label={t.putAway}
              onClick={() => {
                desk.putAway(one.n);
              }}
            />
          </div>
        );
      })}
    </div>
  );
}
