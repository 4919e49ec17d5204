// What rules and people decided, in words; and what a rule found, marked in one's own text.

import type { JSX } from 'preact';
import type { RefusalCode, Why } from '../../core/room-types';
import { locale } from '../../ui/page';
import { words } from './messages';

export function ruleText(why: Why): string {
  const t = words.in(locale.value);
  if (why.rule.startsWith('word:')) return t.ruleWord(why.rule.slice(5));
  const rules: Record<string, string> = {
    mode: t.ruleMode,
    link: t.ruleLink,
    phone: t.rulePhone,
    id_number: t.ruleId,
    duplicate: t.ruleDuplicate,
    flood: t.ruleFlood,
    name: t.ruleName,
  };
  return rules[why.rule] ?? t.ruleOther;
}

export function reasonText(reason: string): string {
  const t = words.in(locale.value);
  const reasons: Record<string, string> = {
    spam: t.reasonSpam,
    abuse: t.reasonAbuse,
    private: t.reasonPrivate,
    illegal: t.reasonIllegal,
    off_topic: t.reasonOffTopic,
    flood: t.reasonFlood,
  };
  return reasons[reason] ?? t.reasonOther;
}

export function codeText(code: RefusalCode): string {
  const t = words.in(locale.value);
  const codes: Record<RefusalCode, string> = {
    invalid: t.codeInvalid,
    slow_down: t.codeSlowDown,
    slow_mode: t.codeSlowMode,
    duplicate: t.ruleDuplicate,
    rule: t.ruleOther,
    banned: t.codeBanned,
    closed: t.codeClosed,
    not_found: t.codeNotFound,
    busy: t.codeBusy,
    forbidden: t.codeForbidden,
  };
  return codes[code];
}

export function Marked({ text, why }: { text: string; why: Why | null }): JSX.Element {
  const from = why?.from ?? 0;
  const to = why?.to ?? 0;
  if (to <= from || from < 0 || to > text.length) return <>{text}</>;
  return (
    <>
      {text.slice(0, from)}
      <mark>{text.slice(from, to)}</mark>
      {text.slice(to)}
    </>
  );
}
