// Where the room is put once its script is there: beside or below the picture, over it, and in its bar. The picture waits for
// none of it.

import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Icon } from '../ui/icons';
import { common } from '../ui/messages';
import { locale } from '../ui/page';
import { watch } from './messages';
import type * as RoomParts from './room/panel';
import { embedded } from './state';

/** Null: its script is not there. */
export const parts = signal<typeof RoomParts | null>(null);
const failed = signal(false);
let loading = false;
let failures = 0;

function load(): void {
  if (loading || parts.value !== null) return;
  loading = true;
  failed.value = false;
  import('./room/panel')
    .then(
      (loaded) => {
        parts.value = loaded;
      },
      () => {
        failures++;
        failed.value = true;
      },
    )
    .finally(() => {
      loading = false;
    });
}

export function toggleDanmaku(): void {
  parts.value?.toggleDanmaku();
}

export function RoomOverlay(): JSX.Element | null {
  const loaded = parts.value;
  return loaded === null ? null : <loaded.Danmaku />;
}

export function RoomBarButton(): JSX.Element | null {
  const loaded = parts.value;
  return loaded === null ? null : <loaded.DanmakuButton />;
}

/** Outside of the panel, which may be out of sight: a dialog in it would shut the page and show nothing. */
export function RoomDialogs(): JSX.Element | null {
  const loaded = parts.value;
  return loaded === null ? null : <loaded.Dialogs />;
}

export function RoomPanel(): JSX.Element {
  const t = watch.in(locale.value);
  useEffect(() => {
    if (!embedded) load();
  }, []);
  const loaded = parts.value;
  if (loaded !== null) return <loaded.Panel />;
  if (failed.value) {
    return (
      <div class="room__fallback" role="alert">
        <Icon name="chat" />
        <h2>{t.chatFailed}</h2>
        <p>{t.chatFailedBody}</p>
        {/* A browser may remember the failure for as long as the page lives (HTML's module map): then a new page helps. */}
        <button
          type="button"
          class="button button--touch"
          onClick={() => {
            if (failures > 1) location.reload();
            else load();
          }}
        >
          <Icon name="replay" />
          {common.in(locale.value).retry}
        </button>
      </div>
    );
  }
  return (
    <div class="room__fallback" aria-busy="true">
      <span class="visually-hidden">{t.chatLoading}</span>
      {[0, 1, 2, 3].map((line) => (
        <div key={line} class="skeleton bar-line" aria-hidden="true" />
      ))}
    </div>
  );
}
