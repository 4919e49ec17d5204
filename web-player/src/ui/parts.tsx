// Pieces that every page uses.

import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ApiError } from '../core/api';
import { Icon, Mark, type IconName } from './icons';
import { common } from './messages';
import { locale, setLocale, setTheme, theme } from './page';

export function Header({ site, children }: { site?: string | undefined; children?: ComponentChildren }): JSX.Element {
  const t = common.in(locale.value);
  const chinese = locale.value === 'zh-CN';
  return (
    <header class="top">
      <a class="top__brand" href="/" aria-label={site ?? t.brand}>
        <Mark class="top__mark" />
        <span>{site ?? t.brand}</span>
      </a>
      <div class="top__space" />
      {children}
      <button
        class="button button--quiet button--touch button--small"
        onClick={() => {
          setLocale(chinese ? 'en' : 'zh-CN');
        }}
      >
        <Icon name="globe" />
        <span lang={chinese ? 'en' : 'zh-CN'}>{t.otherLanguage}</span>
        <span class="visually-hidden"> {t.language}</span>
      </button>
      <IconButton
        icon={theme.value === 'dark' ? 'sun' : 'moon'}
        label={theme.value === 'dark' ? t.toLight : t.toDark}
        onClick={() => {
          setTheme(theme.value === 'dark' ? 'light' : 'dark');
        }}
      />
    </header>
  );
}

export interface IconButtonProps {
  icon: IconName;
  label: string;
  onClick: () => void;
  pressed?: boolean | undefined;
  disabled?: boolean | undefined;
  class?: string | undefined;
  keys?: string | undefined;
}

export function IconButton({
  icon,
  label,
  onClick,
  pressed,
  disabled,
  class: extra,
  keys,
}: IconButtonProps): JSX.Element {
  return (
    <button
      type="button"
      class={`icon-button ${extra ?? ''}`}
      aria-label={label}
      aria-pressed={pressed}
      aria-keyshortcuts={keys}
      title={keys === undefined ? label : `${label} (${keys.toUpperCase()})`}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

/** A native modal dialog. Closing by Escape or the cross calls onClose; without it there is no closing. */
export function Dialog(props: {
  title: string;
  onClose?: (() => void) | undefined;
  children: ComponentChildren;
  class?: string;
}): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null);
  const t = common.in(locale.value);
  // Closed while it is still in the page, or the focus does not go back to where it was.
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => {
      dialog?.close();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class={props.class}
      aria-labelledby="dialog-title"
      onCancel={(event) => {
        event.preventDefault();
        props.onClose?.();
      }}
      onClose={() => {
        // A second Escape closes it whatever was prevented.
        if (props.onClose === undefined) ref.current?.showModal();
      }}
      onClick={(event) => {
        if (event.target === ref.current) props.onClose?.();
      }}
    >
      <div class="dialog__head">
        <h2 id="dialog-title">{props.title}</h2>
        {props.onClose !== undefined && <IconButton icon="close" label={t.close} onClick={props.onClose} />}
      </div>
      <div class="dialog__body">{props.children}</div>
    </dialog>
  );
}

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS there is no clipboard API.
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'visually-hidden';
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else works there
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

export function CopyButton({ text, label }: { text: string; label: string }): JSX.Element {
  const t = common.in(locale.value);
  const done = useSignal(false);
  return (
    <button
      type="button"
      class="button button--small"
      onClick={() => {
        void copyText(text).then((ok) => {
          done.value = ok;
          window.setTimeout(() => (done.value = false), 2000);
        });
      }}
    >
      <Icon name={done.value ? 'check' : 'copy'} />
      <span aria-live="polite">{done.value ? t.copied : t.copy}</span>
      <span class="visually-hidden">{label}</span>
    </button>
  );
}

export function ErrorId({ id }: { id: string }): JSX.Element {
  const t = common.in(locale.value);
  const done = useSignal(false);
  return (
    <button
      type="button"
      class="error-id"
      title={t.copyId}
      onClick={() => {
        void copyText(id).then((ok) => (done.value = ok));
      }}
    >
      {done.value ? t.copied : t.errorId} {id}
      <Icon name={done.value ? 'check' : 'copy'} />
    </button>
  );
}

export interface NoticeProps {
  icon: IconName;
  title: string;
  body: string;
  level?: 1 | 2;
  id?: string | null | undefined;
  children?: ComponentChildren;
}

export function Notice({ icon, title, body, level = 2, id, children }: NoticeProps): JSX.Element {
  const Heading = level === 1 ? 'h1' : 'h2';
  return (
    <section class="notice">
      <Icon name={icon} class="notice__icon" />
      <Heading>{title}</Heading>
      <p>{body}</p>
      {children !== undefined && <div class="notice__actions">{children}</div>}
      {typeof id === 'string' && <ErrorId id={id} />}
    </section>
  );
}

/** What an ApiError means to a person. */
export function Failure(props: { error: ApiError; onRetry: () => void; level?: 1 | 2 }): JSX.Element {
  const { error, onRetry } = props;
  const t = common.in(locale.value);
  const busy = error.status === 429 || error.status === 503;
  const [title, body] = error.offline
    ? [t.offlineTitle, t.offlineBody]
    : busy
      ? [t.busyTitle, t.busyBody]
      : [t.errorTitle, t.errorBody];
  return (
    <div role="alert">
      <Notice
        icon={error.offline ? 'offline' : 'alert'}
        title={title}
        body={body}
        level={props.level ?? 2}
        id={error.offline ? null : error.id}
      >
        <button class="button button--primary button--touch" onClick={onRetry}>
          <Icon name="replay" />
          {t.retry}
        </button>
      </Notice>
    </div>
  );
}
