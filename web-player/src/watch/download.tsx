// The recording as a file. What the server still has to make is waited for here, with its progress in sight.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ApiError, localErrorId } from '../core/api';
import { askForFile } from '../core/download';
import { formatNumber } from '../core/format';
import { Icon } from '../ui/icons';
import { locale, tag } from '../ui/page';
import { ErrorId } from '../ui/parts';
import { watch } from './messages';

export function Download({ url, name }: { url: string; name: string }): JSX.Element {
  const t = watch.in(locale.value);
  /** Share that is done; null: nothing is being prepared. */
  const progress = useSignal<number | null>(null);
  const failure = useSignal<ApiError | null>(null);
  const here = useRef(true);
  const timer = useRef(0);
  useEffect(
    () => () => {
      here.current = false;
      window.clearTimeout(timer.current);
    },
    [],
  );

  const save = () => {
    const link = document.createElement('a');
    link.href = url;
    link.download = name;
    link.click();
  };
  const ask = async () => {
    try {
      const answer = await askForFile(url);
      if (!here.current) return;
      if (answer.ready) {
        progress.value = null;
        save();
      } else {
        progress.value = answer.progress;
        timer.current = window.setTimeout(() => void ask(), answer.retryMs);
      }
    } catch (error) {
      progress.value = null;
      failure.value = error instanceof ApiError ? error : new ApiError(0, 'failed', String(error), localErrorId());
    }
  };
  const busy = progress.value !== null;
  return (
    <>
      <a
        class="button button--touch"
        href={url}
        download={name}
        aria-busy={busy}
        onClick={(event) => {
          event.preventDefault();
          if (busy) return;
          failure.value = null;
          progress.value = 0;
          void ask();
        }}
      >
        <Icon name="download" />
        {progress.value === null
          ? t.downloadMp4
          : t.preparingMp4(formatNumber(tag.value, Math.round(progress.value * 100)) + '%')}
      </a>
      {failure.value !== null && (
        <p class="info__problem" role="alert">
          {t.downloadFailed} <ErrorId id={failure.value.id} />
        </p>
      )}
    </>
  );
}
