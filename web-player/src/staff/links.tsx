// From one page with an account to the others that somebody may use.

import type { JSX } from 'preact';
import { Icon, type IconName } from '../ui/icons';
import { locale } from '../ui/page';
import { staff } from './messages';
import { may } from './session';

export type StaffPlace = 'studio' | 'moderate' | 'desk';

export function StaffLinks({ here, class: kind = 'tab' }: { here: StaffPlace; class?: string }): JSX.Element {
  const t = staff.in(locale.value);
  const all: [StaffPlace, string, IconName, boolean][] = [
    ['studio', t.studio, 'camera', may('run-broadcasts') || may('manage-people')],
    ['moderate', t.moderation, 'comment', may('moderate')],
    ['desk', t.desk, 'tip', may('read-tips')],
  ];
  return (
    <>
      {all
        .filter(([place, , , open]) => open && place !== here)
        .map(([place, name, icon]) => (
          <a class={kind} key={place} href={`/${place}/`}>
            <Icon name={icon} />
            {name}
          </a>
        ))}
    </>
  );
}

/** To the watch page, where what one writes carries one's name and a badge. */
export function WriteAsStaff({ broadcast }: { broadcast: string }): JSX.Element {
  const t = staff.in(locale.value);
  return (
    <a
      class="button button--quiet button--small"
      href={`/watch/${broadcast}?as=staff`}
      target="_blank"
      rel="noopener"
      title={t.writeAsStaffHint}
      aria-label={t.writeAsStaff}
    >
      <Icon name="comment" />
      <span class="write-as-staff">{t.writeAsStaff}</span>
    </a>
  );
}
