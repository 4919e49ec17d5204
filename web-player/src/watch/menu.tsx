// Quality menu: a list of choices in a panel above its button. Escape and a click elsewhere close it. Where the bar has no
// room for it, the help is in here too.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../ui/icons';
import { locale } from '../ui/page';
import { watch } from './messages';
import { helpOpen, player } from './state';

const heightsOffered = () =>
  [...new Set(player.qualities.value.map((quality) => quality.height))].sort((a, b) => b - a);

/** Whether there is anything to choose. */
export function menuOffered(): boolean {
  return heightsOffered().length >= 2 || player.audioAvailable;
}

export function qualityName(): string {
  const t = watch.in(locale.value);
  const height = player.height.value;
  const chosen = player.chosen.value;
  if (chosen !== null) return `${String(height ?? chosen)}p`;
  return height === null ? t.auto : t.autoNow(`${String(height)}p`);
}

export function QualityMenu(): JSX.Element | null {
  const t = watch.in(locale.value);
  const open = useSignal(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const items = () =>
    Array.from(root.current?.querySelectorAll<HTMLElement>('.menu__item') ?? []).filter(
      (one) => one.getClientRects().length > 0,
    );
  /** The item with the focus is the one that can be reached by Tab. */
  const focus = (item: HTMLElement | undefined) => {
    for (const one of items()) one.tabIndex = one === item ? 0 : -1;
    item?.focus();
  };
  useEffect(() => {
    const outside = (event: Event) => {
      if (open.value && event.target instanceof Node && root.current?.contains(event.target) === false)
        open.value = false;
    };
    document.addEventListener('pointerdown', outside);
    return () => {
      document.removeEventListener('pointerdown', outside);
    };
  }, []);
  useEffect(() => {
    if (!open.value) return;
    const all = items();
    focus(all.find((one) => one.getAttribute('aria-checked') === 'true') ?? all[0]);
  }, [open.value]);

  const audio = player.audioOnly.value;
  if (!menuOffered()) return null;

  const close = () => {
    open.value = false;
    button.current?.focus();
  };
  const choose = (run: () => void) => () => {
    run();
    close();
  };
  const onKey = (event: KeyboardEvent) => {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 };
    const to = moves[event.key];
    if (to !== undefined) focus(all[(to + all.length) % all.length]);
    else if (event.key === 'Escape') close();
    else if (event.key === 'Tab') open.value = false;
    else return;
    if (event.key !== 'Tab') event.preventDefault();
    event.stopPropagation();
  };
  const item = (checked: boolean, name: string, hint: string, run: () => void) => (
    <button
      type="button"
      role="menuitemradio"
      aria-checked={checked}
      tabIndex={-1}
      class="menu__item"
      onClick={choose(run)}
    >
      <Icon name="check" class="menu__check" />
      <span>{name}</span>
      {hint !== '' && <span class="menu__hint">{hint}</span>}
    </button>
  );
  const name = audio ? t.audioOnly : qualityName();
  return (
    <div class="menu" ref={root}>
      <button
        type="button"
        ref={button}
        class="bar-button bar-button--text"
        aria-haspopup="menu"
        aria-expanded={open.value}
        aria-label={t.qualityNow(name)}
        title={t.quality}
        onClick={() => (open.value = !open.value)}
      >
        <Icon name={audio ? 'headphones' : 'quality'} />
        <span class="bar-button__label tabular">{name}</span>
      </button>
      {open.value && (
        <div class="menu__panel" role="menu" aria-label={t.quality} onKeyDown={onKey}>
          {heightsOffered().map((height) =>
            item(!audio && player.chosen.value === height, `${String(height)}p`, '', () => {
              player.setAudioOnly(false);
              player.setQuality(height);
            }),
          )}
          {item(!audio && player.chosen.value === null, t.auto, '', () => {
            player.setAudioOnly(false);
            player.setQuality(null);
          })}
          {player.audioAvailable &&
            item(audio, t.audioOnly, t.audioOnlyHint, () => {
              player.setAudioOnly(true);
            })}
          <button
            type="button"
            role="menuitem"
            tabIndex={-1}
            class="menu__item menu__item--narrow"
            onClick={choose(() => (helpOpen.value = true))}
          >
            <Icon name="help" />
            {t.help}
          </button>
        </div>
      )}
    </div>
  );
}
