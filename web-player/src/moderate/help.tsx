import type { JSX } from 'preact';
import { locale } from '../ui/page';
import { Dialog } from '../ui/parts';
import { moderate } from './messages';
import type { Desk } from './state';

export function Help({ desk }: { desk: Desk }): JSX.Element | null {
  const t = moderate.in(locale.value);
  if (!desk.helpOpen.value) return null;
  const rows: [string[], string][] = [
    [['D'], t.helpApprove],
    [['F'], t.helpReject],
    [['1', '7'], t.helpReason],
    [['H'], t.helpHold],
    [['J', 'K'], t.helpMove],
    [['↓', '↑'], t.helpArrows],
    [['X'], t.helpMark],
    [['U'], t.helpUndo],
    [['Esc'], t.helpBack],
    [['?'], t.helpHelp],
  ];
  return (
    <Dialog title={t.helpTitle} onClose={() => (desk.helpOpen.value = false)}>
      <table class="keys">
        <tbody>
          {rows.map(([keys, text]) => (
            <tr key={text}>
              <th scope="row">
                {keys.map((key, i) => (
                  <span key={key}>
                    {i > 0 && keys[0] === '1' && '…'}
                    <kbd>{key}</kbd>
                  </span>
                ))}
              </th>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <label class="check keys__switch">
        <input
          type="checkbox"
          role="switch"
          checked={desk.singleKeys.value}
          onChange={(event) => {
            desk.setSingleKeys(event.currentTarget.checked);
          }}
        />
        <span>
          {t.helpSwitch}
          <small class="check__hint">{t.helpSwitchHint}</small>
        </span>
      </label>
    </Dialog>
  );
}
