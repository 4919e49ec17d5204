// Restreaming: where else the program goes, and how that is going.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { formatNumber } from '../../core/format';
import type { Target, TargetStatus } from '../../core/studio-types';
import { Icon } from '../../ui/icons';
import { locale, tag } from '../../ui/page';
import { IconButton } from '../../ui/parts';
import { Field, FormDialog, TextField } from '../../staff/form';
import { studio } from '../messages';
import { admin } from '../../staff/session';
import type { Console } from './state';

function Editor({ room, value, onClose }: { room: Console; value: Target | null; onClose: () => void }): JSX.Element {
  const t = studio.in(locale.value);
  const name = useSignal(value?.name ?? '');
  const url = useSignal(value?.url ?? '');
  const key = useSignal('');
  const rendition = useSignal(value?.rendition ?? '');
  const enabled = useSignal(value?.enabled ?? true);
  const checked = useSignal(false);
  const noName = name.value.trim() === '';
  const badUrl = !/^(rtmps?|srt):\/\/[^/]+/.test(url.value.trim());
  const renditions = (room.status.value?.encoders ?? []).map((encoder) => encoder.rendition);
  const path = `broadcasts/${room.id}/targets`;
  const submit = async () => {
    checked.value = true;
    if (noName || badUrl) return false;
    const body: Record<string, unknown> = { name: name.value.trim(), url: url.value.trim(), enabled: enabled.value };
    if (key.value !== '') body.key = key.value;
    if (rendition.value !== '') body.rendition = rendition.value;
    if (value === null) await admin(path, { method: 'POST', body });
    else await admin(`${path}/${value.id}`, { method: 'PATCH', body });
    await room.load();
    return true;
  };
  return (
    <FormDialog
      title={value === null ? t.addTarget : t.editTarget}
      submit={value === null ? t.create : t.save}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField label={t.fieldName} value={name} maxLength={80} error={checked.value && noName ? t.required : null} />
      <TextField
        label={t.keyServer}
        value={url}
        hint={t.targetUrlHint}
        error={checked.value && badUrl ? t.targetUrlHint : null}
      />
      <TextField
        label={t.keyStream}
        value={key}
        type="password"
        hint={value === null ? t.targetNewKeyHint : t.targetKeyHint}
      />
      {renditions.length > 0 && (
        <Field label={t.targetRendition}>
          {(ids) => (
            <select
              {...ids}
              class="input"
              value={rendition.value}
              onChange={(event) => (rendition.value = event.currentTarget.value)}
            >
              <option value="">{t.targetBest}</option>
              {renditions.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          )}
        </Field>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={enabled.value}
          onChange={(event) => (enabled.value = event.currentTarget.checked)}
        />
        <span>{t.targetOn}</span>
      </label>
    </FormDialog>
  );
}

function look(target: Target, status: TargetStatus | undefined): string {
  if (!target.enabled || status === undefined) return 'plain';
  return status.state === 'live' ? 'ok' : status.state === 'off' ? 'plain' : 'warn';
}

/** The target's state in the page's language; a state of a newer server as it says it. */
export function targetText(state: string | undefined): string {
  const t = studio.in(locale.value);
  switch (state) {
    case undefined:
      return t.feedUnknown;
    case 'live':
      return t.targetLive;
    case 'connecting':
      return t.targetConnecting;
    case 'backoff':
      return t.targetBackoff;
    case 'stalled':
      return t.targetStalled;
    case 'off':
      return t.off;
    default:
      return state;
  }
}

export function Targets({ room }: { room: Console }): JSX.Element {
  const t = studio.in(locale.value);
  const editing = useSignal<Target | 'new' | null>(null);
  const targets = room.broadcast.value?.targets ?? [];
  return (
    <section aria-labelledby="targets" class="panel">
      <h2 id="targets" class="panel__name">
        {t.targets}
        <span class="panel__end">
          <IconButton
            icon="plus"
            label={t.addTarget}
            onClick={() => {
              editing.value = 'new';
            }}
          />
        </span>
      </h2>
      {targets.length === 0 && <p class="panel__empty">{t.noTargets}</p>}
      <ul class="targets">
        {targets.map((target) => {
          const status = room.status.value?.targets?.find((one) => one.id === target.id);
          return (
            <li class="target" key={target.id}>
              <Icon name="target" />
              <div class="target__text">
                <span>{target.name}</span>
                <span class="target__detail tabular">
                  {status?.why ?? (status?.kbps === undefined ? '' : `${formatNumber(tag.value, status.kbps)} kbit/s`)}
                </span>
              </div>
              <span class={`badge badge--${look(target, status)}`}>
                {target.enabled ? targetText(status?.state) : t.off}
              </span>
              <IconButton
                icon="edit"
                label={`${t.editTarget}: ${target.name}`}
                onClick={() => {
                  editing.value = target;
                }}
              />
            </li>
          );
        })}
      </ul>
      {editing.value !== null && (
        <Editor
          room={room}
          value={editing.value === 'new' ? null : editing.value}
          onClose={() => {
            editing.value = null;
          }}
        />
      )}
    </section>
  );
}
