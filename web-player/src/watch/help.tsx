// The keyboard's shortcuts; loaded when asked for.

import './help.css';

import type { JSX } from 'preact';
import { catalogue } from '../core/i18n';
import { locale } from '../ui/page';
import { Dialog } from '../ui/parts';
import { helpOpen, setSingleKeys, singleKeys } from './state';

const words = catalogue(
  {
    keysTitle: 'Keyboard shortcuts',
    keysSwitch: 'Single-key shortcuts',
    keysSwitchHint:
      'Switch off if they get in the way of your voice or keyboard software. Arrow keys and Space go on working.',
    keyPlay: 'Play or pause',
    keyBack: 'Back 10 seconds',
    keyForward: 'Forward 10 seconds',
    keyBackSmall: 'Back 5 seconds',
    keyForwardSmall: 'Forward 5 seconds',
    keyVolume: 'Louder, quieter',
    keyMute: 'Sound on or off',
    keyFullscreen: 'Full screen',
    keyCaptions: 'Captions',
    keyDanmaku: 'Comments over the picture on or off',
    keyStart: 'To the beginning',
    keyLive: 'To live',
    keyHelp: 'This help',
    space: 'Space',
  },
  {
    keysTitle: '键盘快捷键',
    keysSwitch: '单键快捷键',
    keysSwitchHint: '如果与语音或键盘软件冲突，可以关闭。方向键和空格键仍然有效。',
    keyPlay: '播放或暂停',
    keyBack: '后退 10 秒',
    keyForward: '前进 10 秒',
    keyBackSmall: '后退 5 秒',
    keyForwardSmall: '前进 5 秒',
    keyVolume: '调高、调低音量',
    keyMute: '开关声音',
    keyFullscreen: '全屏',
    keyCaptions: '字幕',
    keyDanmaku: '开关弹幕',
    keyStart: '回到开头',
    keyLive: '回到直播',
    keyHelp: '显示本帮助',
    space: '空格',
  },
);

export function Help(): JSX.Element {
  const t = words.in(locale.value);
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
    [['D'], t.keyDanmaku],
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
