// Who may log in, and what was done: for admins.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { roles, type AuditEntry, type Person, type Role } from '../core/people';
import { formatDateTime } from '../core/format';
import { Icon } from '../ui/icons';
import { locale, tag } from '../ui/page';
import { CopyButton, Dialog, Failure, IconButton, Notice } from '../ui/parts';
import { FormDialog, TextField } from '../staff/form';
import { audit, listError, loadAudit, loadPeople, people } from './lists';
import { studio } from './messages';
import { admin, me } from '../staff/session';

function roleName(role: Role): string {
  const t = studio.in(locale.value);
  const names = { admin: t.roleAdmin, producer: t.roleProducer, moderator: t.roleModerator, officer: t.roleOfficer };
  return names[role];
}

function roleHint(role: Role): string {
  const t = studio.in(locale.value);
  const hints = {
    admin: t.roleAdminHint,
    producer: t.roleProducerHint,
    moderator: t.roleModeratorHint,
    officer: t.roleOfficerHint,
  };
  return hints[role];
}

function Editor(props: { value: Person | null; onMade: (person: Person) => void; onClose: () => void }): JSX.Element {
  const t = studio.in(locale.value);
  const { value } = props;
  const id = useSignal(value?.id ?? '');
  const name = useSignal(value?.name ?? '');
  const chosen = useSignal<Role[]>(value?.roles ?? []);
  const disabled = useSignal(value?.disabled ?? false);
  const checked = useSignal(false);
  const badId = !/^[a-z0-9][a-z0-9_-]{0,63}$/.test(id.value);
  const submit = async () => {
    checked.value = true;
    if (badId || name.value.trim() === '' || chosen.value.length === 0) return false;
    const body = { name: name.value.trim(), roles: chosen.value };
    if (value === null)
      props.onMade(await admin<Person>('people', { method: 'POST', body: { id: id.value, ...body } }));
    else await admin(`people/${value.id}`, { method: 'PATCH', body: { ...body, disabled: disabled.value } });
    await loadPeople();
    return true;
  };
  return (
    <FormDialog
      title={value === null ? t.newPerson : t.editPerson}
      submit={value === null ? t.create : t.save}
      onSubmit={submit}
      onClose={props.onClose}
    >
      {value === null && (
        <TextField
          label={t.loginName}
          value={id}
          hint={t.loginNameHint}
          maxLength={64}
          error={checked.value && badId ? t.badId : null}
        />
      )}
      <TextField
        label={t.fieldName}
        value={name}
        maxLength={80}
        error={checked.value && name.value.trim() === '' ? t.required : null}
      />
      <fieldset class="field">
        <legend>{t.fieldRoles}</legend>
        {roles.map((role) => (
          <label class="check" key={role}>
            <input
              type="checkbox"
              checked={chosen.value.includes(role)}
              onChange={(event) => {
                const rest = chosen.value.filter((one) => one !== role);
                chosen.value = event.currentTarget.checked ? [...rest, role] : rest;
              }}
            />
            <span>
              {roleName(role)}
              <small class="check__hint">{roleHint(role)}</small>
            </span>
          </label>
        ))}
        {checked.value && chosen.value.length === 0 && (
          <p class="field__hint field__hint--error" role="alert">
            {t.rolesMissing}
          </p>
        )}
      </fieldset>
      {value !== null && value.id !== me.value?.person?.id && (
        <label class="check">
          <input
            type="checkbox"
            checked={disabled.value}
            onChange={(event) => (disabled.value = event.currentTarget.checked)}
          />
          <span>
            {t.fieldDisabled}
            <small class="check__hint">{t.fieldDisabledHint}</small>
          </span>
        </label>
      )}
    </FormDialog>
  );
}

/** A password that the server made, shown once. */
function PasswordOnce({ person, onClose }: { person: Person; onClose: () => void }): JSX.Element {
  const t = studio.in(locale.value);
  const password = person.password ?? '';
  return (
    <Dialog title={t.passwordOf(person.name)} onClose={onClose}>
      <p class="key__once">
        <Icon name="alert" />
        {t.passwordOnce}
      </p>
      <dl>
        <div class="secret">
          <dt>{t.loginName}</dt>
          <dd>
            <code>{person.id}</code>
            <CopyButton text={person.id} label={t.loginName} />
          </dd>
        </div>
        <div class="secret">
          <dt>{t.password}</dt>
          <dd>
            <code>{password}</code>
            <CopyButton text={password} label={t.password} />
          </dd>
        </div>
      </dl>
      <div class="dialog__foot">
        <button type="button" class="button button--primary" onClick={onClose}>
          {t.keyDone}
        </button>
      </div>
    </Dialog>
  );
}

function Waiting(): JSX.Element {
  return (
    <div class="rows" aria-busy="true">
      <div class="row skeleton" />
      <div class="row skeleton" />
    </div>
  );
}

export function People(): JSX.Element {
  const t = studio.in(locale.value);
  const editing = useSignal<Person | 'new' | null>(null);
  const renewing = useSignal<Person | null>(null);
  const made = useSignal<Person | null>(null);
  useEffect(() => {
    void loadPeople();
  }, []);
  const list = people.value;
  return (
    <>
      <div class="list__head">
        <h1>{t.people}</h1>
        <button
          type="button"
          class="button button--primary"
          onClick={() => {
            editing.value = 'new';
          }}
        >
          <Icon name="plus" />
          {t.newPerson}
        </button>
      </div>
      {list === null ? (
        listError.value === null ? (
          <Waiting />
        ) : (
          <Failure error={listError.value} onRetry={() => void loadPeople()} />
        )
      ) : list.length === 0 ? (
        <Notice icon="lock" title={t.noPeopleTitle} body={t.noPeopleBody} />
      ) : (
        <ul class="rows">
          {list.map((person) => (
            <li class="row" key={person.id}>
              <div class="row__text">
                <span class="row__title">{person.name}</span>
                <p class="row__meta">
                  {person.id} ·{' '}
                  {roles
                    .filter((role) => person.roles.includes(role))
                    .map(roleName)
                    .join(', ')}
                  {person.disabled ? ` · ${t.disabled}` : person.must_change_password ? ` · ${t.notYetIn}` : ''}
                </p>
              </div>
              <div class="row__actions">
                <IconButton
                  icon="edit"
                  label={`${t.edit}: ${person.name}`}
                  onClick={() => {
                    editing.value = person;
                  }}
                />
                <button
                  type="button"
                  class="button"
                  aria-label={t.passwordOf(person.name)}
                  onClick={() => {
                    renewing.value = person;
                  }}
                >
                  <Icon name="key" />
                  {t.password}
                </button>
              </div>
            </li>
          ))}
        </ul>
      )}
      {editing.value !== null && (
        <Editor
          value={editing.value === 'new' ? null : editing.value}
          onMade={(person) => {
            made.value = person;
          }}
          onClose={() => {
            editing.value = null;
          }}
        />
      )}
      {renewing.value !== null && (
        <FormDialog
          title={t.passwordOf(renewing.value.name)}
          submit={t.passwordMake}
          onSubmit={async () => {
            made.value = await admin<Person>(`people/${renewing.value?.id ?? ''}/password`, {
              method: 'POST',
              body: {},
            });
            await loadPeople();
            return true;
          }}
          onClose={() => {
            renewing.value = null;
          }}
        >
          <p>{t.passwordAsk}</p>
        </FormDialog>
      )}
      {made.value !== null && editing.value === null && renewing.value === null && (
        <PasswordOnce
          person={made.value}
          onClose={() => {
            made.value = null;
          }}
        />
      )}
    </>
  );
}

function detailOf(entry: AuditEntry): string {
  return Object.entries(entry.detail ?? {})
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

export function Audit(): JSX.Element {
  const t = studio.in(locale.value);
  useEffect(() => {
    void loadAudit(true);
  }, []);
  const { entries, more } = audit.value;
  return (
    <>
      <div class="list__head">
        <h1>{t.audit}</h1>
      </div>
      <p class="list__note">{t.auditNote}</p>
      {entries === null ? (
        listError.value === null ? (
          <Waiting />
        ) : (
          <Failure error={listError.value} onRetry={() => void loadAudit(true)} />
        )
      ) : entries.length === 0 ? (
        <Notice icon="lock" title={t.noAuditTitle} body={t.noAuditBody} />
      ) : (
        <>
          <ol class="rows">
            {entries.map((entry) => (
              <li class="row" key={entry.number}>
                <div class="row__text">
                  <span class="row__title">
                    <code>{entry.action}</code> {entry.subject}
                  </span>
                  <p class="row__meta tabular">
                    {String(entry.number)} · {formatDateTime(tag.value, Date.parse(entry.time))} · {entry.by} (
                    {entry.via})
                  </p>
                  {entry.detail !== null && <p class="row__meta">{detailOf(entry)}</p>}
                </div>
              </li>
            ))}
          </ol>
          {more && (
            <button type="button" class="button" onClick={() => void loadAudit(false)}>
              {t.auditMore}
            </button>
          )}
        </>
      )}
    </>
  );
}
