import type { LaunchOptions } from 'playwright-core';

const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A page that is not on a screen would otherwise be slowed down.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
];

/** autoplay: what the browser allows without a gesture. */
export function chromiumOptions(autoplay: 'with sound' | 'muted only'): LaunchOptions {
  const policy = autoplay === 'with sound' ? 'no-user-gesture-required' : 'document-user-activation-required';
  return {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...args, `--autoplay-policy=${policy}`],
  };
}
