// How comments fly over the picture: a popover over it, the same in a dialog where the picture is small.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { formatNumber } from '../../core/format';
import { Icon } from '../../ui/icons';
import { locale, tag } from '../../ui/page';
import { block, blockedText, danmakuOn, lacking, lessMotion, look, setDanmaku } from './danmaku-state';
import { words } from './messages';

function Slider(props: {
  label: string;
  of: { value: { value: number }; set: (next: number) => void };
  least: number;
  most: number;
  step: number;
  text: (value: number) => string;
}): JSX.Element {
  const value = props.of.value.value;
  return (
    <label class="tune__row">
      <span>{props.label}</span>
      <input
        type="range"
        min={props.least}
        max={props.most}
        step={props.step}
        value={value}
        disabled={!danmakuOn.value}
        aria-valuetext={props.text(value)}
        onInput={(event) => {
          props.of.set(Number(event.currentTarget.value));
        }}
      />
      <output class="tabular" aria-hidden="true">
        {props.text(value)}
      </output>
    </label>
  );
}

export function DanmakuSettings(): JSX.Element {
  const t = words.in(locale.value);
  const hint = useId();
  const percent = (value: number) => `${formatNumber(tag.value, Math.round(value * 100))}%`;
  const named = (names: string[]) => (value: number) => names[value] ?? '';
  return (
    <div class="tune">
      <label class="tune__switch">
        <span>{t.danmakuOn}</span>
        <input
          type="checkbox"
          role="switch"
          checked={danmakuOn.value}
          disabled={lacking}
          onChange={(event) => {
            setDanmaku(event.currentTarget.checked);
          }}
        />
      </label>
      {lacking && <p class="tune__hint">{t.danmakuLacking}</p>}
      {!lacking && lessMotion.value && !danmakuOn.value && <p class="tune__hint">{t.danmakuReduced}</p>}
      <Slider label={t.area} of={look.area} least={0.25} most={1} step={0.25} text={percent} />
      <Slider label={t.opacity} of={look.opacity} least={0.2} most={1} step={0.1} text={percent} />
      <Slider label={t.size} of={look.size} least={0.75} most={1.75} step={0.25} text={percent} />
      <Slider
        label={t.speed}
        of={look.speed}
        least={0}
        most={2}
        step={1}
        text={named([t.speedSlow, t.speedNormal, t.speedFast])}
      />
      <Slider
        label={t.density}
        of={look.density}
        least={0}
        most={2}
        step={1}
        text={named([t.densityFew, t.densityNormal, t.densityMany])}
      />
      <label class="tune__words">
        <span>{t.blocked}</span>
        <input
          type="text"
          autocomplete="off"
          value={blockedText.value}
          aria-describedby={hint}
          onInput={(event) => {
            block(event.currentTarget.value);
          }}
        />
      </label>
      <p class="tune__hint" id={hint}>
        {t.blockedHint}
      </p>
    </div>
  );
}

/** The button in the bar under the picture. */
export function DanmakuButton(): JSX.Element {
  const t = words.in(locale.value);
  const open = useSignal(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const outside = (event: Event) => {
      if (event.target instanceof Node && root.current?.contains(event.target) === false) open.value = false;
    };
    document.addEventListener('pointerdown', outside);
    return () => {
      document.removeEventListener('pointerdown', outside);
    };
  }, []);
  useEffect(() => {
    if (open.value) root.current?.querySelector<HTMLElement>('.popover input')?.focus();
  }, [open.value]);
  return (
    <div
      class="tune-menu"
      ref={root}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open.value) return;
        open.value = false;
        button.current?.focus();
        event.stopPropagation();
      }}
      onFocusOut={(event) => {
        if (event.relatedTarget instanceof Node && !event.currentTarget.contains(event.relatedTarget))
          open.value = false;
      }}
    >
      <button
        type="button"
        ref={button}
        class="bar-button"
        aria-expanded={open.value}
        aria-label={t.danmaku}
        aria-keyshortcuts="d"
        title={`${t.danmaku} (D)`}
        onClick={() => (open.value = !open.value)}
      >
        <Icon name={danmakuOn.value ? 'danmaku' : 'danmakuOff'} />
      </button>
      {open.value && (
        <div class="popover" role="group" aria-label={t.danmaku}>
          <DanmakuSettings />
        </div>
      )}
    </div>
  );
}
