// One comment in the list, with what can be done about it.

import type { JSX } from 'preact';
import { clockLength, formatTime } from '../../core/format';
import type { Comment, StaffRole } from '../../core/room-types';
import { Icon, type IconName } from '../../ui/icons';
import { locale, tag } from '../../ui/page';
import { broadcast, player, view } from '../state';
import { reporting } from './dialogs-state';
import { words } from './messages';
import { answer, authorOf, mayWrite, mute, room, wantedQuote } from './state';

export function Badge({ staff }: { staff: StaffRole }): JSX.Element {
  const t = words.in(locale.value);
  return <span class="say__badge">{staff === 'moderator' ? t.moderator : t.producer}</span>;
}

/** The clock on the wall while it is live, the recording's own in a replay. */
function timeOf(one: Comment): string {
  const from = Date.parse(broadcast.value?.live_at ?? '');
  if (view.value === 'replay' && Number.isFinite(from)) return clockLength(one.moment - from);
  return formatTime(tag.value, one.moment);
}

function Action(props: { icon: IconName; label: string; onClick: () => void }): JSX.Element {
  return (
    <button type="button" class="say__action" onClick={props.onClick}>
      <Icon name={props.icon} />
      {props.label}
    </button>
  );
}

export interface RowProps {
  one: Comment;
  open: boolean;
  /** Reached by Tab: one row is, the arrows lead to the others. */
  reachable: boolean;
  onToggle: () => void;
  onDone: () => void;
}

export function Row({ one, open, reachable, onToggle, onDone }: RowProps): JSX.Element {
  const t = words.in(locale.value);
  const own = one.by === room.me.value?.viewer;
  const name = own && one.name === '' ? t.you : authorOf(one);
  const can = mayWrite.value;
  const choose = (run: () => void) => () => {
    run();
    onDone();
  };
  const seekable = view.value === 'replay' || player.hasDvr;
  return (
    <li
      class={`say ${own ? 'say--own' : ''} ${one.staff === undefined ? '' : 'say--staff'} ${open ? 'say--open' : ''}`}
      data-id={one.id}
      onClick={(event) => {
        // A selection of text is no click; buttons have their own.
        if (getSelection()?.isCollapsed === false) return;
        if (event.target instanceof Element && event.target.closest('button') === null) onToggle();
      }}
    >
      {one.reply_to !== undefined && wantedQuote(one.reply_to) && (
        <p class="say__quote">
          <Icon name="reply" />
          {one.reply_to.text === '' ? (
            <span>{t.replyRemoved}</span>
          ) : (
            <span>
              {one.reply_to.name !== '' && <b>{one.reply_to.name}</b>} <bdi>{one.reply_to.text}</bdi>
            </span>
          )}
        </p>
      )}
      <p class="say__line">
        <span class="say__name">{name}</span>
        {one.staff !== undefined && <Badge staff={one.staff} />} <span class="say__text">{one.text}</span>
      </p>
      <time class="say__time tabular" dateTime={new Date(one.moment).toISOString()}>
        {timeOf(one)}
      </time>
      <button
        type="button"
        class="say__more"
        aria-label={t.actions(name)}
        aria-expanded={open}
        tabIndex={reachable ? 0 : -1}
        onClick={onToggle}
      >
        <Icon name="more" />
      </button>
      {open && (
        <div class="say__actions" role="group" aria-label={t.actions(name)}>
          {can && (
            <Action
              icon="reply"
              label={t.reply}
              onClick={choose(() => {
                answer(one);
              })}
            />
          )}
          {seekable && (
            <Action
              icon="replay"
              label={t.seek}
              onClick={choose(() => {
                player.seekToProgramTime(one.moment);
              })}
            />
          )}
          {!own && (
            <Action
              icon="hide"
              label={t.mute}
              onClick={choose(() => {
                mute(one.by);
              })}
            />
          )}
          {!own && (
            <Action
              icon="flag"
              label={t.report}
              onClick={choose(() => {
                reporting.value = one;
              })}
            />
          )}
        </div>
      )}
    </li>
  );
}
