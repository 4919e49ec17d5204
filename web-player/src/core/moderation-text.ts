// Texts of the moderators' page that are cut or read: the found span of a comment, the line of a word list's error.

import type { Why } from './moderation-types';

/** Before, found, after; nothing found: all of it is before. Never cuts a character that takes two units. */
export function splitAt(text: string, why: Why | null): [string, string, string] {
  const { from, to } = why ?? {};
  if (from === undefined || to === undefined || from < 0 || to <= from || from >= text.length) return [text, '', ''];
  const middle = (at: number) => /[\uDC00-\uDFFF]/.test(text.charAt(at)) && /[\uD800-\uDBFF]/.test(text.charAt(at - 1));
  const start = middle(from) ? from - 1 : from;
  const end = middle(to) ? to + 1 : Math.min(to, text.length);
  return [text.slice(0, start), text.slice(start, end), text.slice(end)];
}

/** The line, from 1, that the server's message about a word list names, and what it says of it; null if it names none. */
export function lineOf(message: string): { line: number; fault: string } | null {
  const found = /\bline (\d+): *(.*)$/is.exec(message);
  return found === null ? null : { line: Number(found[1]), fault: found[2] ?? '' };
}

/** Where a line of a text begins and ends, for the caret; a line that is not there counts as the last. */
export function lineRange(text: string, line: number): [number, number] {
  const lines = text.split('\n');
  const index = Math.min(Math.max(line, 1), lines.length) - 1;
  const from = lines.slice(0, index).reduce((sum, one) => sum + one.length + 1, 0);
  return [from, from + (lines[index]?.length ?? 0)];
}
