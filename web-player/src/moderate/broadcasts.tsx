// The broadcasts to look after: live ones first, then what comes, then what is over.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ApiError } from '../core/api';
import { formatDay, formatTime } from '../core/format';
import type { Broadcast } from '../core/studio-types';
import { admin, asApiError } from '../staff/session';
import { StateBadge } from '../staff/state-badge';
import { Icon } from '../ui/icons';
import { locale, tag } from '../ui/page';
import { Failure, Notice } from '../ui/parts';
import { moderate } from './messages';

const order = { live: 0, rehearsal: 1, scheduled: 2, ended: 3 } as const;

export function inOrder(list: readonly Broadcast[]): Broadcast[] {
  const time = (one: Broadcast) => Date.parse(one.starts_at ?? '') || Infinity;
  return [...list].sort((a, b) => {
    const by = order[a.state] - order[b.state];
    if (by !== 0) return by;
    return a.state === 'ended' ? time(b) - time(a) : time(a) - time(b);
  });
}

export function Broadcasts(): JSX.Element {
  const t = moderate.in(locale.value);
  const list = useSignal<Broadcast[] | null>(null);
  const error = useSignal<ApiError | null>(null);
  const load = async () => {
    try {
      list.value = inOrder((await admin<{ broadcasts: Broadcast[] }>('broadcasts')).broadcasts);
      error.value = null;
    } catch (failure) {
      error.value = asApiError(failure);
    }
  };
  useEffect(() => void load(), []);
  const all = list.value;
  return (
    <>
      <div class="list__head">
        <h1>{t.broadcasts}</h1>
        <p class="list__note">{t.broadcastsNote}</p>
      </div>
      {all === null ? (
        error.value === null ? (
          <div class="rows" aria-busy="true">
            <div class="row skeleton" />
            <div class="row skeleton" />
          </div>
        ) : (
          <Failure error={error.value} onRetry={() => void load()} />
        )
      ) : all.length === 0 ? (
        <Notice icon="camera" title={t.noBroadcastsTitle} body={t.noBroadcastsBody} />
      ) : (
        <ul class="rows">
          {all.map((one) => {
            const starts = Date.parse(one.starts_at ?? '');
            return (
              <li class="row" key={one.id}>
                <StateBadge state={one.state} />
                <div class="row__text">
                  <a class="row__title" href={`#/b/${one.id}`} lang={one.language}>
                    {one.title}
                  </a>
                  <p class="row__meta tabular">
                    {Number.isFinite(starts)
                      ? `${formatDay(tag.value, starts)} ${formatTime(tag.value, starts)}`
                      : t.noStart}
                    {one.hidden && ` · ${t.hidden}`}
                  </p>
                </div>
                <div class="row__actions">
                  <a
                    class="icon-button"
                    href={`/watch/${one.id}`}
                    target="_blank"
                    rel="noopener"
                    title={t.watchPage}
                    aria-label={`${t.watchPage}: ${one.title}`}
                  >
                    <Icon name="external" />
                  </a>
                  <a
                    class={`button ${one.state === 'live' ? 'button--primary' : ''}`}
                    href={`#/b/${one.id}`}
                    aria-label={`${t.openQueue}: ${one.title}`}
                  >
                    {t.openQueue}
                  </a>
                </div>
              </li>
            );
          })}
        </ul>
      )}
    </>
  );
}
