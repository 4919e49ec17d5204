// One tap says it; what all have tapped in the last moments rises from the buttons.

import type { JSX } from 'preact';
import { formatNumber } from '../../core/format';
import { Icon, type IconName } from '../../ui/icons';
import { locale, tag } from '../../ui/page';
import { IconButton } from '../../ui/parts';
import { narrow } from '../state';
import { danmakuOn, lessMotion } from './danmaku-state';
import { danmakuDialog } from './dialogs-state';
import { words } from './messages';
import { bursts, room } from './state';

export function Viewers(): JSX.Element | null {
  const viewers = room.viewers.value;
  if (viewers === null) return null;
  const number = formatNumber(tag.value, viewers);
  const text = words.in(locale.value).viewers(number);
  return (
    <p class="room__viewers tabular" title={text}>
      <Icon name="eye" />
      <span aria-hidden="true">{number}</span>
      <span class="visually-hidden">{text}</span>
    </p>
  );
}

export function Reactions(): JSX.Element | null {
  const t = words.in(locale.value);
  const known: Record<string, [IconName, string]> = {
    like: ['like', t.reactionLike],
    heart: ['heart', t.reactionHeart],
    clap: ['clap', t.reactionClap],
    flower: ['flower', t.reactionFlower],
  };
  const settings = room.room.value;
  // A kind that only a newer page can draw is left out.
  const kinds = settings?.open === true ? settings.reactions.filter((kind) => known[kind] !== undefined) : [];
  if (kinds.length === 0 && !narrow.value) return null;
  return (
    <div class="react" role="group" aria-label={t.reactions}>
      {kinds.map((kind) => {
        const [icon, label] = known[kind] ?? ['like', kind];
        const mine = bursts.value.filter((one) => one.kind === kind);
        const sum = mine.reduce((total, one) => total + one.n, 0);
        return (
          <button
            key={kind}
            type="button"
            class={`icon-button react__button react__button--${kind}`}
            aria-label={label}
            title={label}
            disabled={room.connection.value !== 'open'}
            onClick={() => {
              room.react(kind);
            }}
          >
            <Icon name={icon} />
            {sum > 0 && (
              <span class="react__count tabular" aria-hidden="true">
                +{formatNumber(tag.value, sum)}
              </span>
            )}
            {!lessMotion.value &&
              mine.map((one) => (
                <span class="react__rise" key={one.id} aria-hidden="true" data-lane={one.id % 3}>
                  <Icon name={icon} />
                </span>
              ))}
          </button>
        );
      })}
      {narrow.value && (
        <>
          <Viewers />
          <IconButton
            icon={danmakuOn.value ? 'danmaku' : 'danmakuOff'}
            label={t.danmaku}
            onClick={() => (danmakuDialog.value = true)}
          />
        </>
      )}
    </div>
  );
}
