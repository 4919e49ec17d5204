import type { JSX } from 'preact';
import type { State } from '../core/studio-types';
import { locale } from '../ui/page';
import { staff } from './messages';

/** The state of a broadcast in colour and text. */
export function StateBadge({ state, clock }: { state: State; clock?: string }): JSX.Element {
  const t = staff.in(locale.value);
  const names = { scheduled: t.scheduled, rehearsal: t.rehearsal, live: t.live, ended: t.ended };
  const looks = { scheduled: 'plain', rehearsal: 'warn', live: 'air', ended: 'plain' };
  return (
    <span class={`badge state-badge badge--${looks[state]} tabular`}>
      {state === 'live' && <span class="dot dot--pulse" />}
      {names[state]}
      {clock !== undefined && <span>{clock}</span>}
    </span>
  );
}
