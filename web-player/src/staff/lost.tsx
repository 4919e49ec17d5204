// The banner of a page that has lost its connection and goes on showing what it last heard.

import type { ReadonlySignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Connection } from '../core/control-socket';
import { Icon } from '../ui/icons';

interface LostProps {
  /** Whose connection it is. */
  of: { connection: ReadonlySignal<Connection>; reconnect: () => void };
  words: { lostTitle: string; lostBody: string; lostRetry: string };
}

export function Lost({ of, words }: LostProps): JSX.Element | null {
  if (of.connection.value !== 'lost') return null;
  return (
    <div class="lost" role="alert">
      <Icon name="offline" />
      <p>
        <strong>{words.lostTitle}</strong> {words.lostBody}
      </p>
      <button
        type="button"
        class="button"
        onClick={() => {
          of.reconnect();
        }}
      >
        {words.lostRetry}
      </button>
    </div>
  );
}
