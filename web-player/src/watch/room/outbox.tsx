// One's own comments that are not public: on their way, held, refused, rejected, removed; each says why.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Sent } from '../../core/room';
import { Icon, type IconName } from '../../ui/icons';
import { locale } from '../../ui/page';
import { words } from './messages';
import { draft, edit, room } from './state';
import { codeText, Marked, reasonText, ruleText } from './why';

function One({ one }: { one: Sent }): JSX.Element {
  const t = words.in(locale.value);
  const explained = useSignal(false);
  const offline = room.connection.value !== 'open';
  const looks: Record<Sent['state'], [IconName, string]> = {
    sending: ['clock', offline ? t.sendingOffline : t.sending],
    held: ['eye', t.held],
    // What a rule has refused was sent, and the hub keeps it.
    refused: ['alert', one.id === null ? t.refused : t.rejected],
    rejected: ['alert', t.rejected],
    removed: ['alert', t.removed],
  };
  const [icon, title] = looks[one.state];
  const because =
    one.why !== null ? ruleText(one.why) : one.state === 'refused' && one.code !== null ? codeText(one.code) : null;
  const decided = (one.state === 'rejected' || one.state === 'removed') && one.reason !== null;
  return (
    <li class={`mine mine--${one.state}`}>
      <p class="mine__state">
        <Icon name={icon} />
        <strong>{title}</strong>
        {decided && <span>{t.bannedReason(reasonText(one.reason ?? 'other'))}</span>}
      </p>
      <p class="mine__text">
        <Marked text={one.text} why={one.state === 'held' && !explained.value ? null : one.why} />
      </p>
      {one.state === 'held' && (
        <>
          {explained.value && (
            <p class="mine__why">
              {because ?? t.ruleOther} {t.heldBody}
            </p>
          )}
          <button
            type="button"
            class="mine__button"
            aria-expanded={explained.value}
            title={t.whyTitle}
            onClick={() => (explained.value = !explained.value)}
          >
            {t.whyHeld}
          </button>
        </>
      )}
      {one.state === 'refused' && because !== null && <p class="mine__why">{because}</p>}
      {one.state === 'refused' && (
        <button
          type="button"
          class="mine__button"
          disabled={draft.value.trim() !== ''}
          onClick={() => {
            edit(one);
            document.querySelector<HTMLElement>('.write__text')?.focus();
          }}
        >
          {t.edit}
        </button>
      )}
      {one.state !== 'sending' && (
        <button
          type="button"
          class="mine__button"
          onClick={() => {
            room.dismiss(one.ref);
          }}
        >
          {t.dismiss}
        </button>
      )}
    </li>
  );
}

export function Outbox(): JSX.Element | null {
  const t = words.in(locale.value);
  const sent = room.sent.value;
  if (sent.length === 0) return null;
  return (
    <ul class="outbox" aria-label={t.own}>
      {sent.map((one) => (
        <One key={one.ref} one={one} />
      ))}
    </ul>
  );
}
