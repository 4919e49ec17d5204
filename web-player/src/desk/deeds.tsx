// What an officer does with a tip: say what it is, answer, close. Nothing happens by a single key, and what cannot be taken back
// is asked once more.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useId } from 'preact/hooks';
import { changesVerdict, lastOf, lengthOf, mostCharacters, type Deed } from '../core/desk-rules';
import { verdicts, type Verdict, type WholeTip } from '../core/desk-types';
import { Refusal } from '../staff/form';
import { refusalText } from '../staff/messages';
import { Icon } from '../ui/icons';
import { locale } from '../ui/page';
import { Dialog, ErrorId, IconButton } from '../ui/parts';
import { desk } from './messages';
import { number, obstacleName, verdictName } from './names';
import { drafts, type Office } from './state';

/** What became of the last deed here. */
function Outcome({ office, deeds }: { office: Office; deeds: readonly Deed[] }): JSX.Element {
  const t = desk.in(locale.value);
  const failed = office.failed.value;
  const done = office.done.value;
  const error = failed !== null && deeds.includes(failed.deed) ? failed.error : null;
  const texts: Record<Deed, string> = {
    triage: t.doneTriage,
    answer: t.doneAnswer,
    standard: t.doneAnswer,
    close: t.doneClose,
  };
  return (
    <>
      <p role="status" class={done !== null && deeds.includes(done.deed) ? 'desk__done' : 'visually-hidden'}>
        {done !== null && deeds.includes(done.deed) && texts[done.deed]}
      </p>
      {error !== null && (
        <div class="deed__failure">
          {error.status === 409 || error.offline ? (
            <div class="refusal" role="alert">
              <Icon name={error.offline ? 'offline' : 'alert'} />
              <span>{error.offline ? t.uncertain : t.refused409(refusalText(locale.value, error))}</span>
              {!error.offline && <ErrorId id={error.id} />}
            </div>
          ) : (
            <Refusal error={error} />
          )}
          <IconButton icon="close" label={t.putAway} onClick={() => (office.failed.value = null)} />
        </div>
      )}
    </>
  );
}

/** A button that says why it does not work. */
function DeedButton(props: {
  class?: string;
  label: string;
  why: string | null;
  busy: boolean;
  onClick: () => void;
}): JSX.Element {
  const id = useId();
  return (
    <span class="deed">
      <button
        type="button"
        class={`button ${props.class ?? ''}`}
        aria-disabled={props.why !== null}
        aria-describedby={props.why === null ? undefined : id}
        aria-busy={props.busy}
        onClick={() => {
          if (props.why === null && !props.busy) props.onClick();
        }}
      >
        {props.busy && <span class="spinner spinner--small" aria-hidden="true" />}
        {props.label}
      </button>
      {props.why !== null && (
        <span id={id} class="deed__why">
          {props.why}
        </span>
      )}
    </span>
  );
}

function Triage({ office, tip }: { office: Office; tip: WholeTip }): JSX.Element {
  const t = desk.in(locale.value);
  const chosen = useSignal<Verdict | null>(tip.verdict);
  // A colleague's verdict, or one's own when it is noted.
  useEffect(() => {
    chosen.value = tip.verdict;
  }, [tip.verdict]);
  const hindered = office.obstacle('triage');
  const why =
    hindered !== null
      ? obstacleName(hindered)
      : chosen.value === null
        ? t.triageChoose
        : changesVerdict(tip, chosen.value)
          ? null
          : t.triageSame;
  return (
    <section class="part">
      <fieldset class="verdicts" disabled={hindered !== null}>
        <legend>{t.triageTitle}</legend>
        {verdicts.map((verdict) => (
          <label key={verdict} class="verdict">
            <input
              type="radio"
              name="verdict"
              value={verdict}
              checked={chosen.value === verdict}
              onChange={() => (chosen.value = verdict)}
            />
            <span>{verdictName(verdict)}</span>
          </label>
        ))}
      </fieldset>
      <DeedButton
        class={tip.state === 'received' ? 'button--primary' : ''}
        label={tip.state === 'received' ? t.triageDo : t.triageChange}
        why={why}
        busy={office.busy.value === 'triage'}
        onClick={() => {
          if (chosen.value !== null) void office.triage(chosen.value);
        }}
      />
      <Outcome office={office} deeds={['triage']} />
    </section>
  );
}

function Ask(props: {
  title: string;
  submit: string;
  danger?: boolean;
  children: JSX.Element;
  onDo: () => void;
  onClose: () => void;
}): JSX.Element {
  const t = desk.in(locale.value);
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      {props.children}
      <div class="dialog__foot">
        <button type="button" class="button" onClick={props.onClose}>
          {t.cancel}
        </button>
        <button
          type="button"
          class={`button ${props.danger === true ? 'button--danger' : 'button--primary'}`}
          onClick={() => {
            props.onClose();
            props.onDo();
          }}
        >
          {props.submit}
        </button>
      </div>
    </Dialog>
  );
}

function Answer({ office, tip }: { office: Office; tip: WholeTip }): JSX.Element {
  const t = desk.in(locale.value);
  const asking = useSignal<'answer' | 'standard' | null>(null);
  // What stood there when the dialog opened: it covers what comes in meanwhile.
  const seen = useSignal(0);
  const ask = (what: 'answer' | 'standard') => {
    seen.value = lastOf(tip);
    asking.value = what;
  };
  const id = useId();
  // Read here, so that this is drawn again as it is typed.
  const text = office.typed.value >= 0 ? drafts.get(tip.id) : '';
  const words = text.trim();
  const length = lengthOf(words);
  const over = length - mostCharacters;
  const hindered = office.obstacle('answer');
  const why =
    hindered !== null
      ? obstacleName(hindered)
      : words === ''
        ? t.answerEmpty
        : over > 0
          ? t.answerLong(number(over))
          : null;
  const noStandard = office.obstacle('standard');
  const busy = office.busy.value;
  return (
    <section class="part">
      <h3>{t.answerTitle}</h3>
      <div class="field">
        <label for={id} class="visually-hidden">
          {t.answerLabel}
        </label>
        <textarea
          id={id}
          class="input answer"
          rows={4}
          value={text}
          placeholder={t.answerLabel}
          readOnly={busy === 'answer'}
          aria-describedby={`${id}-hint`}
          aria-invalid={over > 0}
          onInput={(event) => {
            office.write(tip.id, event.currentTarget.value);
          }}
        />
        <p id={`${id}-hint`} class="field__hint">
          {t.answerHint}
        </p>
        {words !== '' && (
          <p class={over > 0 ? 'field__hint field__hint--error answer__count' : 'field__hint answer__count'}>
            <span>{t.answerKept}</span>
            <span class="tabular">{t.answerCount(number(length), number(mostCharacters))}</span>
          </p>
        )}
      </div>
      <div class="deed__line">
        <DeedButton
          class={tip.state === 'triaged' ? 'button--primary' : ''}
          label={t.answerDo}
          why={why}
          busy={busy === 'answer'}
          onClick={() => {
            ask('answer');
          }}
        />
        {noStandard === null && (
          <DeedButton
            label={t.standardDo}
            why={null}
            busy={busy === 'standard'}
            onClick={() => {
              ask('standard');
            }}
          />
        )}
      </div>
      <Outcome office={office} deeds={['answer', 'standard']} />
      {asking.value === 'answer' && (
        <Ask
          title={t.answerAsk}
          submit={t.answerSend}
          onDo={() => void office.answer(words, seen.value)}
          onClose={() => (asking.value = null)}
        >
          <>
            <blockquote class="words words--ask">{words}</blockquote>
            <p>{t.answerAskBody}</p>
          </>
        </Ask>
      )}
      {asking.value === 'standard' && (
        <Ask
          title={t.standardAsk}
          submit={t.answerSend}
          onDo={() => void office.standard(seen.value)}
          onClose={() => (asking.value = null)}
        >
          <>
            <p>{t.standardAskBody}</p>
            <p>{t.answerAskBody}</p>
          </>
        </Ask>
      )}
    </section>
  );
}

function Close({ office, tip }: { office: Office; tip: WholeTip }): JSX.Element {
  const t = desk.in(locale.value);
  const asking = useSignal(false);
  const seen = useSignal(0);
  const hindered = office.obstacle('close');
  return (
    <section class="part">
      <h3>{t.closeTitle}</h3>
      <DeedButton
        label={t.closeDo}
        why={hindered === null ? null : obstacleName(hindered)}
        busy={office.busy.value === 'close'}
        onClick={() => {
          seen.value = lastOf(tip);
          asking.value = true;
        }}
      />
      <Outcome office={office} deeds={['close']} />
      {asking.value && (
        <Ask
          title={t.closeAsk}
          submit={t.closeConfirm}
          danger
          onDo={() => void office.finish(seen.value)}
          onClose={() => (asking.value = false)}
        >
          <>
            <p>{t.closeAskBody}</p>
            {drafts.has(tip.id) && <p>{t.closeAskDraft}</p>}
          </>
        </Ask>
      )}
    </section>
  );
}

export function Deeds({ office, tip }: { office: Office; tip: WholeTip }): JSX.Element {
  const t = desk.in(locale.value);
  if (tip.state === 'closed') {
    return (
      <div class="part">
        {office.done.value?.deed !== 'close' && <p class="part__note">{t.whyClosed}</p>}
        {/* What was under way when it was closed, by whomever. */}
        <Outcome office={office} deeds={['triage', 'answer', 'standard', 'close']} />
      </div>
    );
  }
  if (!tip.readable) return <p class="part__note deeds">{t.whyUnreadable}</p>;
  return (
    <div class="deeds">
      <Triage office={office} tip={tip} />
      <Answer office={office} tip={tip} />
      <Close office={office} tip={tip} />
    </div>
  );
}
