// What a visitor downloads, gzip'd, against the budgets of the pages. Counts what each page loads at once (its scripts with
// their static imports, its styles) and what it may load later. Fails when anything is over.

import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('manifest.json', dist), 'utf8'));

const size = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;

/** All files that an entry brings with it. */
function closure(keys) {
  const seen = new Set();
  const js = new Set();
  const css = new Set();
  const visit = (key) => {
    if (seen.has(key)) return;
    seen.add(key);
    const chunk = manifest[key];
    if (chunk.file.endsWith('.js')) js.add(chunk.file);
    for (const style of chunk.css ?? []) css.add(style);
    for (const next of chunk.imports ?? []) visit(next);
  };
  keys.forEach(visit);
  const sum = (files) => [...files].reduce((total, file) => total + size(file), 0);
  return { js: sum(js), css: sum(css) };
}

const hls = Object.keys(manifest).find((key) => key.endsWith('engine-hls.ts'));
const room = Object.keys(manifest).find((key) => key.endsWith('room/panel.tsx'));
const danmaku = Object.keys(manifest).find((key) => key.endsWith('room/danmaku.ts'));
// A worker is a file of its own that stands in no manifest.
const worker = readdirSync(new URL('assets/', dist)).find((name) => name.startsWith('danmaku-worker-'));
const native = Object.keys(manifest).find((key) => key.endsWith('engine-native.ts'));
const kb = 1000;

const index = closure(['index.html']);
const shell = closure(['watch.html']);
const whole = closure(['watch.html', hls]);
const iphone = closure(['watch.html', native]);
/** What comes on top of what the page has already. */
const beyond = (keys, had) => {
  const sum = (of) => of.js + of.css;
  return sum(closure([...keys, ...had])) - sum(closure(had));
};
const panel = beyond([room], ['watch.html']);
const flying = beyond([danmaku], ['watch.html', room]) + size(`assets/${worker}`);
const studio = closure(['studio.html']);
const moderate = closure(['moderate.html']);
const desk = closure(['desk.html']);

const lines = [
  ['index, all', index.js + index.css, 45],
  ['watch shell, JavaScript', shell.js, 40],
  ['watch shell, CSS', shell.css, 12],
  ['watch with player', whole.js + whole.css, 160],
  ['watch on an iPhone', iphone.js + iphone.css, 45],
  ['watch room, all', panel, 25],
  ['watch danmaku', flying, 5],
  ['studio without video', studio.js + studio.css, 150],
  ['moderation, JavaScript', moderate.js, 60],
  ['desk, JavaScript', desk.js, 60],
];

let over = 0;
for (const [what, bytes, budget] of lines) {
  const ok = bytes <= budget * kb;
  if (!ok) over++;
  console.log(`${what.padEnd(26)} ${(bytes / kb).toFixed(1).padStart(6)} KB (budget ${budget}) ${ok ? 'met' : 'OVER'}`);
}
if (over > 0) process.exit(1);
