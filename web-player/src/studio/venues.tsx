// The list of venues, the form that makes or changes one, and its ingest key.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ApiError } from '../core/api';
import type { IngestKey, SourceKind, Venue, VenueSource } from '../core/studio-types';
import { Icon } from '../ui/icons';
import { locale } from '../ui/page';
import { CopyButton, Dialog, Failure, IconButton, Notice } from '../ui/parts';
import { Field, FormDialog, Refusal, TextField } from '../staff/form';
import { listError, loadVenues, venues } from './lists';
import { studio } from './messages';
import { admin, asApiError } from '../staff/session';

function Editor({ value, onClose }: { value: Venue | null; onClose: () => void }): JSX.Element {
  const t = studio.in(locale.value);
  const name = useSignal(value?.name ?? '');
  const kind = useSignal<SourceKind>(value?.source.kind ?? 'ingest');
  const where = useSignal(value?.source.url ?? value?.source.path ?? '');
  const offset = useSignal(String(value?.av_offset_ms ?? 0));
  const checked = useSignal(false);
  const noName = name.value.trim() === '';
  const wantsPlace = kind.value === 'pull' || kind.value === 'file';
  const noPlace = wantsPlace && where.value.trim() === '';
  const kinds: [SourceKind, string][] = [
    ['ingest', t.sourceIngest],
    ['pull', t.sourcePull],
    ['file', t.sourceFile],
    ['test', t.sourceTest],
  ];
  const submit = async () => {
    checked.value = true;
    if (noName || noPlace) return false;
    const source: VenueSource = { kind: kind.value };
    if (kind.value === 'pull') source.url = where.value.trim();
    if (kind.value === 'file') source.path = where.value.trim();
    const body = { name: name.value.trim(), source, av_offset_ms: Math.round(Number(offset.value)) || 0 };
    if (value === null) await admin('venues', { method: 'POST', body });
    else await admin(`venues/${value.id}`, { method: 'PATCH', body });
    await loadVenues();
    return true;
  };
  return (
    <FormDialog
      title={value === null ? t.newVenue : t.editVenue}
      submit={value === null ? t.create : t.save}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField
        label={t.fieldName}
        value={name}
        hint={t.fieldNameHint}
        maxLength={80}
        error={checked.value && noName ? t.required : null}
      />
      <Field label={t.fieldSource}>
        {(ids) => (
          <select
            {...ids}
            class="input"
            value={kind.value}
            onChange={(event) => (kind.value = event.currentTarget.value as SourceKind)}
          >
            {kinds.map(([id, text]) => (
              <option key={id} value={id}>
                {text}
              </option>
            ))}
          </select>
        )}
      </Field>
      {wantsPlace && (
        <TextField
          label={kind.value === 'pull' ? t.fieldUrl : t.fieldPath}
          value={where}
          error={checked.value && noPlace ? t.required : null}
        />
      )}
      <TextField label={t.fieldOffset} value={offset} type="number" hint={t.fieldOffsetHint} />
    </FormDialog>
  );
}

function Secret({ label, value }: { label: string; value: string }): JSX.Element {
  return (
    <div class="secret">
      <dt>{label}</dt>
      <dd>
        <code>{value}</code>
        <CopyButton text={value} label={label} />
      </dd>
    </div>
  );
}

export function KeyDialog({ venue, onClose }: { venue: Venue; onClose: () => void }): JSX.Element {
  const t = studio.in(locale.value);
  const key = useSignal<IngestKey | null>(null);
  const error = useSignal<ApiError | null>(null);
  const busy = useSignal(false);
  const make = async () => {
    if (busy.value) return;
    busy.value = true;
    error.value = null;
    try {
      key.value = await admin<IngestKey>(`venues/${venue.id}/key`, { method: 'POST', body: {} });
      void loadVenues();
    } catch (failure) {
      error.value = asApiError(failure);
    } finally {
      busy.value = false;
    }
  };
  const made = key.value;
  const rtmp = (name: string, part: { url: string; stream_key: string } | null) =>
    part !== null && (
      <section>
        <h3>{name}</h3>
        <dl>
          <Secret label={t.keyServer} value={part.url} />
          <Secret label={t.keyStream} value={part.stream_key} />
        </dl>
      </section>
    );
  return (
    <Dialog title={t.keyTitle(venue.name)} onClose={onClose}>
      {made === null ? (
        <>
          <p>{t.keyAsk}</p>
          {error.value !== null && <Refusal error={error.value} />}
          <div class="dialog__foot">
            <button type="button" class="button" onClick={onClose}>
              {t.cancel}
            </button>
            <button type="button" class="button button--primary" aria-busy={busy.value} onClick={() => void make()}>
              <Icon name="key" />
              {t.keyMake}
            </button>
          </div>
        </>
      ) : (
        <>
          <p class="key__once">
            <Icon name="alert" />
            {t.keyOnce}
          </p>
          {rtmp('RTMP', made.rtmp)}
          {rtmp('RTMPS', made.rtmps)}
          {made.srt !== null && (
            <section>
              <h3>SRT</h3>
              <dl>
                <Secret label={t.keyServer} value={made.srt.url} />
                <Secret label={t.keyStreamId} value={made.srt.stream_id} />
                <Secret label={t.keyPassphrase} value={made.srt.passphrase} />
              </dl>
            </section>
          )}
          <div class="dialog__foot">
            <button type="button" class="button button--primary" onClick={onClose}>
              {t.keyDone}
            </button>
          </div>
        </>
      )}
    </Dialog>
  );
}

export function Venues(): JSX.Element {
  const t = studio.in(locale.value);
  const editing = useSignal<Venue | 'new' | null>(null);
  const removing = useSignal<Venue | null>(null);
  const keyOf = useSignal<Venue | null>(null);
  useEffect(() => {
    void loadVenues();
  }, []);
  const list = venues.value;
  const kinds: Record<SourceKind, string> = {
    ingest: t.sourceIngestShort,
    pull: t.sourcePullShort,
    file: t.sourceFileShort,
    test: t.sourceTestShort,
  };
  return (
    <>
      <div class="list__head">
        <h1>{t.venues}</h1>
        <button
          type="button"
          class="button button--primary"
          onClick={() => {
            editing.value = 'new';
          }}
        >
          <Icon name="plus" />
          {t.newVenue}
        </button>
      </div>
      {list === null ? (
        listError.value === null ? (
          <div class="rows" aria-busy="true">
            <div class="row skeleton" />
            <div class="row skeleton" />
          </div>
        ) : (
          <Failure error={listError.value} onRetry={() => void loadVenues()} />
        )
      ) : list.length === 0 ? (
        <Notice icon="camera" title={t.noVenuesTitle} body={t.noVenuesBody} />
      ) : (
        <ul class="rows">
          {list.map((venue) => (
            <li class="row" key={venue.id}>
              <div class="row__text">
                <span class="row__title">{venue.name}</span>
                <p class="row__meta">
                  {kinds[venue.source.kind]}
                  {venue.source.kind === 'ingest' && ` · ${venue.has_key === true ? t.hasKey : t.noKey}`}
                  {venue.source.url !== undefined && ` · ${venue.source.url}`}
                  {venue.source.path !== undefined && ` · ${venue.source.path}`}
                </p>
              </div>
              <div class="row__actions">
                <IconButton
                  icon="edit"
                  label={`${t.edit}: ${venue.name}`}
                  onClick={() => {
                    editing.value = venue;
                  }}
                />
                <IconButton
                  icon="trash"
                  label={`${t.remove}: ${venue.name}`}
                  onClick={() => {
                    removing.value = venue;
                  }}
                />
                {venue.source.kind === 'ingest' && (
                  <button
                    type="button"
                    class="button"
                    aria-label={t.keyTitle(venue.name)}
                    onClick={() => {
                      keyOf.value = venue;
                    }}
                  >
                    <Icon name="key" />
                    {t.key}
                  </button>
                )}
              </div>
            </li>
          ))}
        </ul>
      )}
      {editing.value !== null && (
        <Editor
          value={editing.value === 'new' ? null : editing.value}
          onClose={() => {
            editing.value = null;
          }}
        />
      )}
      {keyOf.value !== null && (
        <KeyDialog
          venue={keyOf.value}
          onClose={() => {
            keyOf.value = null;
          }}
        />
      )}
      {removing.value !== null && (
        <FormDialog
          title={t.deleteVenue(removing.value.name)}
          submit={t.remove}
          danger
          onSubmit={async () => {
            await admin(`venues/${removing.value?.id ?? ''}`, { method: 'DELETE' });
            await loadVenues();
            return true;
          }}
          onClose={() => {
            removing.value = null;
          }}
        >
          <p>{t.deleteVenueBody}</p>
        </FormDialog>
      )}
    </>
  );
}
