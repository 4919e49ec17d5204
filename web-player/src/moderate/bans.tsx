// The bans of one broadcast that are in force.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ApiError } from '../core/api';
import { formatWhen } from '../core/format';
import type { Ban } from '../core/moderation-types';
import type { Broadcast } from '../core/studio-types';
import { FormDialog } from '../staff/form';
import { admin, asApiError } from '../staff/session';
import { Icon } from '../ui/icons';
import { locale, tag } from '../ui/page';
import { Failure, Notice } from '../ui/parts';
import { moderate } from './messages';
import { authorName, personName, reasonName } from './names';

const bansOf = (broadcast: string) => admin<{ bans: Ban[] }>(`broadcasts/${broadcast}/bans`);
const lift = (broadcast: string, n: number) => admin(`broadcasts/${broadcast}/bans/${String(n)}`, { method: 'DELETE' });

/** Lifts what binds this author; null: done. */
export async function liftBan(broadcast: string, by: string): Promise<ApiError | null> {
  try {
    const { bans } = await bansOf(broadcast);
    for (const ban of bans) if (ban.by === by) await lift(broadcast, ban.n);
    return null;
  } catch (error) {
    return asApiError(error);
  }
}

export function Bans({ id }: { id: string }): JSX.Element {
  const t = moderate.in(locale.value);
  const bans = useSignal<Ban[] | null>(null);
  const title = useSignal('');
  const error = useSignal<ApiError | null>(null);
  const lifting = useSignal<Ban | null>(null);
  const load = async () => {
    try {
      const [list, broadcast] = await Promise.all([bansOf(id), admin<Broadcast>(`broadcasts/${id}`)]);
      bans.value = list.bans;
      title.value = broadcast.title;
      error.value = null;
    } catch (failure) {
      error.value = asApiError(failure);
    }
  };
  useEffect(() => void load(), [id]);
  const list = bans.value;
  return (
    <main id="main" class="list">
      <div class="list__head">
        <h1>{title.value === '' ? t.bans : t.bansIn(title.value)}</h1>
        <a class="button" href={`#/b/${id}`}>
          <Icon name="chevron" class="flip" />
          {t.queue}
        </a>
      </div>
      {list === null ? (
        error.value === null ? (
          <div class="rows" aria-busy="true">
            <div class="row skeleton" />
            <div class="row skeleton" />
          </div>
        ) : (
          <Failure error={error.value} onRetry={() => void load()} />
        )
      ) : list.length === 0 ? (
        <Notice icon="ban" title={t.noBansTitle} body={t.noBansBody} />
      ) : (
        <ul class="rows">
          {list.map((ban) => (
            <li class="row" key={ban.n}>
              <div class="row__text">
                <p class="row__title">{authorName(ban)}</p>
                <p class="row__meta tabular">
                  {ban.until === null ? t.bannedEnd : t.bannedUntil(formatWhen(tag.value, ban.until))}
                  {` · ${reasonName(ban.reason)} · ${t.banSince(formatWhen(tag.value, ban.since), personName(ban.person, ban.person_name))}`}
                </p>
              </div>
              <div class="row__actions">
                <button
                  type="button"
                  class="button"
                  aria-label={`${t.banLift}: ${authorName(ban)}`}
                  onClick={() => (lifting.value = ban)}
                >
                  {t.banLift}
                </button>
              </div>
            </li>
          ))}
        </ul>
      )}
      {lifting.value !== null && (
        <FormDialog
          title={t.banLiftTitle(authorName(lifting.value))}
          submit={t.banLift}
          onSubmit={async () => {
            if (lifting.value !== null) await lift(id, lifting.value.n);
            await load();
            return true;
          }}
          onClose={() => (lifting.value = null)}
        >
          <p>{t.banLiftBody}</p>
        </FormDialog>
      )}
    </main>
  );
}
