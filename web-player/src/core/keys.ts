// Keyboard of the watch page. Single keys never fire with Ctrl, Cmd or Alt held, while text is typed, or when switched off
// (WCAG 2.1.4); arrows, Home and End belong to a focused slider.

export type WatchAction =
  | 'toggle'
  | 'back'
  | 'forward'
  | 'back-small'
  | 'forward-small'
  | 'louder'
  | 'quieter'
  | 'mute'
  | 'fullscreen'
  | 'captions'
  | 'danmaku'
  | 'start'
  | 'live'
  | 'help';

export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  /** Where the focus is. */
  target: 'page' | 'button' | 'slider' | 'text' | 'dialog';
}

const letters: Record<string, WatchAction> = {
  k: 'toggle',
  j: 'back',
  l: 'forward',
  m: 'mute',
  f: 'fullscreen',
  c: 'captions',
  d: 'danmaku',
  '?': 'help',
};

const named: Record<string, WatchAction> = {
  ArrowLeft: 'back-small',
  ArrowRight: 'forward-small',
  ArrowUp: 'louder',
  ArrowDown: 'quieter',
  Home: 'start',
  End: 'live',
};

export function watchAction(press: KeyPress, singleKeys: boolean): WatchAction | null {
  if (press.ctrlKey || press.metaKey || press.altKey) return null;
  if (press.target === 'text' || press.target === 'dialog') return null;
  if (press.key === ' ') return press.target === 'page' ? 'toggle' : null;
  if (press.target !== 'slider') {
    const action = named[press.key];
    if (action !== undefined) return action;
  }
  if (!singleKeys) return null;
  return letters[press.key.length === 1 ? press.key.toLowerCase() : press.key] ?? null;
}
