// Where one writes. What is written stays, whatever happens to the connection, the page or the comment.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { formatNumber, formatWhen } from '../../core/format';
import { Icon, type IconName } from '../../ui/icons';
import { locale, tag } from '../../ui/page';
import { IconButton } from '../../ui/parts';
import { view } from '../state';
import { naming } from './dialogs-state';
import { words } from './messages';
import { answer, authorOf, draft, replyTo, restored, room, say, send, write } from './state';
import { reasonText } from './why';

/** Characters as the server counts them. */
const length = (text: string) => Array.from(text).length;

/** Whole seconds until the hub takes the next comment. */
function useCountdown(): number {
  const seconds = useSignal(0);
  const until = room.nextAt.value;
  useEffect(() => {
    const update = () => {
      seconds.value = Math.max(0, Math.ceil((until - performance.now()) / 1000));
      if (seconds.value === 0) window.clearInterval(timer);
    };
    const timer = window.setInterval(update, 200);
    update();
    return () => {
      window.clearInterval(timer);
    };
  }, [until]);
  return seconds.value;
}

function Shut({
  icon,
  title,
  children,
}: {
  icon: IconName;
  title: string;
  children?: string | undefined;
}): JSX.Element {
  return (
    <div class="shut" role="status">
      <Icon name={icon} />
      <p>
        <strong>{title}</strong>
        {children !== undefined && <span>{children}</span>}
      </p>
    </div>
  );
}

export function Composer(): JSX.Element {
  const t = words.in(locale.value);
  const field = useRef<HTMLTextAreaElement>(null);
  /** When an input method last handed over a word. */
  const composed = useRef(-Infinity);
  const seconds = useCountdown();
  const text = draft.value;
  useLayoutEffect(() => {
    const at = field.current;
    if (at === null) return;
    at.style.height = 'auto';
    at.style.height = `${String(at.scrollHeight)}px`; // prettier-ignore
  }, [text]);
  // What was there before, or kept over a reload, takes no focus, nor does what was removed.
  const before = useRef(replyTo.value).current;
  useEffect(() => {
    if (replyTo.value?.text && replyTo.value !== before && replyTo.value !== restored) field.current?.focus();
  }, [replyTo.value]);

  const settings = room.room.value;
  const ban = room.banned.value;
  const me = room.me.value;
  if (settings === null) {
    return (
      <Shut icon={room.connection.value === 'lost' ? 'offline' : 'clock'} title={t.connecting}>
        {room.connection.value === 'lost' ? t.offline : undefined}
      </Shut>
    );
  }
  if (!settings.open) {
    const before = view.value === 'countdown' || view.value === 'undated' || view.value === 'starting';
    return <Shut icon="lock" title={before ? t.closedBefore : t.closedAfter} />;
  }
  if (ban !== null) {
    const until = ban.until === null ? t.bannedEnd : t.bannedUntil(formatWhen(tag.value, ban.until));
    return (
      <Shut icon="lock" title={t.bannedTitle}>
        {`${until} ${t.bannedReason(reasonText(ban.reason))}`}
      </Shut>
    );
  }
  if (settings.mode === 'closed' && me?.staff === null) return <Shut icon="lock" title={t.closedMode} />;

  const used = length(text.trim());
  const over = used - settings.max_text;
  const ready = used > 0 && over <= 0 && seconds === 0;
  const submit = () => {
    if (!ready) {
      if (seconds > 0 && used > 0) say(t.sendIn(String(seconds)));
      return;
    }
    if (!send()) say(t.outboxFull);
    field.current?.focus();
  };
  const to = replyTo.value;
  const named = me !== null && me.name !== '';
  const count = over > 0 ? t.tooLong(formatNumber(tag.value, over)) : t.left(String(used), String(settings.max_text));
  const hint = settings.mode === 'all' ? t.allHeld : settings.slow_s > 0 ? t.slow(String(settings.slow_s)) : null;
  return (
    <form
      class="write"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {to !== null && (
        <p class="write__reply">
          <Icon name="reply" />
          <span>
            <b>{to.text === '' ? t.replyRemoved : t.replyTo(authorOf(to))}</b> <bdi>{to.text}</bdi>
          </span>
          <IconButton
            icon="close"
            label={t.replyCancel}
            onClick={() => {
              answer(null);
              field.current?.focus();
            }}
          />
        </p>
      )}
      <div class="write__row">
        <button
          type="button"
          class="icon-button write__name"
          aria-label={named ? t.nameChange(me.name) : t.nameNone}
          title={named ? t.nameChange(me.name) : t.nameNone}
          onClick={() => (naming.value = true)}
        >
          <Icon name="person" />
        </button>
        <textarea
          ref={field}
          class="write__text"
          rows={1}
          enterkeyhint="send"
          autocomplete="off"
          value={text}
          placeholder={named ? t.placeholderAs(me.name) : t.placeholder}
          aria-label={t.placeholder}
          aria-describedby="write-count"
          aria-invalid={over > 0}
          onInput={(event) => {
            write(event.currentTarget.value);
          }}
          onCompositionEnd={(event) => {
            composed.current = event.timeStamp;
          }}
          onKeyDown={(event) => {
            // Chinese is typed with Enter, too: what chooses a word sends nothing. Safari ends the choice before the key.
            if (event.key !== 'Enter' || event.isComposing || event.timeStamp - composed.current < 50) return;
            event.preventDefault();
            submit();
          }}
        />
        <button
          type="submit"
          class="write__send tabular"
          aria-label={seconds > 0 ? t.sendIn(String(seconds)) : t.send}
          aria-disabled={!ready}
        >
          {seconds > 0 ? <span>{seconds}</span> : <Icon name="send" />}
        </button>
      </div>
      <p class="write__foot">
        <span>{hint}</span>
        <span
          id="write-count"
          class={`tabular ${over > 0 ? 'write__over' : ''} ${used < settings.max_text * 0.8 ? 'visually-hidden' : ''}`}
        >
          {count}
        </span>
      </p>
    </form>
  );
}
