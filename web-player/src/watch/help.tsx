import type { JSX } from 'preact';
import { locale } from '../ui/page';
import { Dialog } from '../ui/parts';
import { watch } from './messages';
import { helpOpen, setSingleKeys, singleKeys } from './state';

export function Help(): JSX.Element {
  const t = watch.in(locale.value);
  const rows: [string[], string][] = [
    [[t.space, 'K'], t.keyPlay],
    [['J'], t.keyBack],
    [['L'], t.keyForward],
    [['←'], t.keyBackSmall],
    [['→'], t.keyForwardSmall],
    [['↑', '↓'], t.keyVolume],
    [['M'], t.keyMute],
    [['F'], t.keyFullscreen],
    [['C'], t.keyCaptions],
    [['Home'], t.keyStart],
    [['End'], t.keyLive],
    [['?'], t.keyHelp],
  ];
  return (
    <Dialog
      title={t.keysTitle}
      onClose={() => {
        helpOpen.value = false;
      }}
    >
      <table class="keys">
        <tbody>
          {rows.map(([keys, text]) => (
            <tr key={text}>
              <th scope="row">
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </th>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <label class="switch">
        <input
          type="checkbox"
          role="switch"
          checked={singleKeys.value}
          onChange={(event) => {
            setSingleKeys(event.currentTarget.checked);
          }}
        />
        <span>
          <strong>{t.keysSwitch}</strong>
          <small>{t.keysSwitchHint}</small>
        </span>
      </label>
    </Dialog>
  );
}
