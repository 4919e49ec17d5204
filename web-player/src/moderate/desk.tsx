// The queue page of one broadcast: bar, list, detail, and the keys.

import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { triageAction, type TriagePress } from '../core/moderation-keys';
import { Refusal } from '../staff/form';
import { Lost } from '../staff/lost';
import { locale } from '../ui/page';
import { Dialog, Failure, IconButton } from '../ui/parts';
import { Acts } from './acts';
import { Bar } from './bar';
import { Detail } from './detail';
import { Help } from './help';
import { List } from './list';
import { moderate } from './messages';
import { number, reasonName } from './names';
import { Desk } from './state';

function focusKind(target: EventTarget | null): TriagePress['target'] {
  if (!(target instanceof Element)) return 'page';
  if (target.closest('dialog') !== null || document.querySelector('dialog[open]') !== null) return 'dialog';
  if (target.closest('input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]') !== null)
    return 'text';
  if (target.closest('.entry') !== null) return 'row';
  return target.closest('button, a') !== null ? 'button' : 'page';
}

/** What is open on top is closed first. */
function back(desk: Desk): void {
  if (desk.choosing.value !== null) desk.choosing.value = null;
  else if (desk.sheet.value && document.querySelector('.queue')?.getClientRects().length === 0)
    desk.sheet.value = false;
  else if (desk.checked.value.size > 0) desk.setChecked([]);
  else if (document.activeElement instanceof HTMLInputElement) document.activeElement.blur();
  document.querySelector<HTMLElement>('.entry--on .entry__open')?.focus();
}

function useKeys(desk: Desk): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      desk.touched();
      const press: TriagePress = {
        key: event.key,
        ctrlKey: event.ctrlKey,
        metaKey: event.metaKey,
        altKey: event.altKey,
        target: focusKind(event.target),
      };
      const action = triageAction(press, desk.singleKeys.value, desk.choosing.value !== null);
      if (action === null) return;
      event.preventDefault();
      // Held down, a key moves on; it decides only once.
      if (event.repeat && action.do !== 'next' && action.do !== 'previous') return;
      switch (action.do) {
        case 'approve':
        case 'reject':
        case 'hold':
          desk.press(action.do);
          break;
        case 'reason':
          desk.choose(action.reason);
          break;
        case 'next':
          desk.move(1);
          break;
        case 'previous':
          desk.move(-1);
          break;
        case 'undo':
          desk.undoNewest();
          break;
        case 'mark':
          if (desk.selected.value !== null) desk.check(desk.selected.value);
          break;
        case 'help':
          desk.helpOpen.value = true;
          break;
        case 'back':
          back(desk);
          break;
      }
    };
    const onTouch = () => {
      if (document.visibilityState === 'visible') desk.touched();
    };
    document.addEventListener('keydown', onKey);
    document.addEventListener('pointerdown', onTouch);
    document.addEventListener('visibilitychange', onTouch);
    return () => {
      document.removeEventListener('keydown', onKey);
      document.removeEventListener('pointerdown', onTouch);
      document.removeEventListener('visibilitychange', onTouch);
    };
  }, [desk]);
}

function Ask({ desk }: { desk: Desk }): JSX.Element | null {
  const t = moderate.in(locale.value);
  const question = desk.question.value;
  if (question === null) return null;
  const n = number(question.ids.length);
  const title = { approve: t.askApprove, reject: t.askReject, hold: t.askHold }[question.verb](n);
  const deed = { approve: t.approve, reject: t.reject, hold: t.takeBack }[question.verb];
  return (
    <Dialog title={title} onClose={() => (desk.question.value = null)}>
      <p>{t.askBody(n)}</p>
      {question.verb === 'reject' && <p>{t.askReason(reasonName(question.reason))}</p>}
      <div class="dialog__foot">
        <button type="button" class="button" onClick={() => (desk.question.value = null)}>
          {t.cancel}
        </button>
        <button
          type="button"
          class={`button ${question.verb === 'reject' ? 'button--danger' : 'button--primary'}`}
          autofocus
          onClick={() => {
            desk.confirm();
          }}
        >
          {deed} ({n})
        </button>
      </div>
    </Dialog>
  );
}

function Skeleton(): JSX.Element {
  const t = moderate.in(locale.value);
  return (
    <main id="main" class="triage" aria-busy="true">
      <span class="visually-hidden">{t.connecting}</span>
      <div class="bar" />
      <div class="triage__panes">
        <div class="pane queue">
          {Array.from({ length: 6 }, (_, i) => (
            <div key={i} class="skeleton triage__wait" />
          ))}
        </div>
        <div class="pane detail" />
      </div>
    </main>
  );
}

export function DeskPage({ id }: { id: string }): JSX.Element {
  const desk = useMemo(() => new Desk(id), [id]);
  useEffect(
    () => () => {
      desk.close();
    },
    [desk],
  );
  useKeys(desk);
  const t = moderate.in(locale.value);
  const error = desk.error.value;
  if (error !== null && (desk.room.value === null || error.status === 404 || error.status === 403)) {
    return (
      <main id="main">
        <Failure
          error={error}
          onRetry={() => {
            desk.reconnect();
            void desk.load();
          }}
          level={1}
        />
      </main>
    );
  }
  if (desk.room.value === null) return <Skeleton />;
  const failure = desk.failure.value;
  const lost = desk.connection.value === 'lost';
  return (
    <main
      id="main"
      class={`triage ${lost ? 'triage--lost' : ''} ${desk.sheet.value && desk.selected.value !== null ? 'triage--sheet' : ''} ${desk.queue.told.length > 0 ? 'triage--told' : ''}`}
    >
      {/* Outside the bar, which is away while a phone shows one comment. */}
      <h1 class="visually-hidden" lang={desk.broadcast.value?.language}>
        {desk.broadcast.value?.title ?? desk.id}
      </h1>
      <Bar desk={desk} />
      <Lost of={desk} words={moderate.in(locale.value)} />
      {failure !== null && (
        <div class="triage__failure">
          <Refusal error={failure} />
          <IconButton icon="close" label={t.putAway} onClick={() => (desk.failure.value = null)} />
        </div>
      )}
      <div class="triage__panes">
        <List desk={desk} />
        <Detail desk={desk} />
      </div>
      <Acts desk={desk} />
      <Ask desk={desk} />
      <Help desk={desk} />
    </main>
  );
}
