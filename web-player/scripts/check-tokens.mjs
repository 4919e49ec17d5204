// Colours and lengths come from src/styles/tokens.css. Raw hex, colour functions and px anywhere else are errors.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('../src/', import.meta.url).pathname;
const exempt = new Set(['styles/tokens.css']);

const rules = [
  { what: 'raw colour', test: /#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch|oklab|color-mix)a?\(/i },
  { what: 'raw px', test: /\b\d*\.?\d+px\b/ },
];

let found = 0;
for (const name of readdirSync(root, { recursive: true }).map(String)) {
  const css = name.endsWith('.css');
  if (!css && !name.endsWith('.tsx')) continue;
  if (exempt.has(name)) continue;
  const lines = readFileSync(join(root, name), 'utf8').split('\n');
  for (const [i, line] of lines.entries()) {
    const text = line.replace(/\/\*.*?\*\/|\/\/.*$/g, '');
    for (const { what, test } of rules) {
      // In a component an id selector or a link target may look like a colour: only whole string literals count.
      const hit = css ? test.test(text) : new RegExp(`['"\`]\\s*(?:${test.source})`, 'i').test(text);
      if (!hit) continue;
      console.error(`src/${name}:${i + 1}: ${what}: ${line.trim()}`);
      found++;
    }
  }
}
if (found > 0) {
  console.error(`${found} raw values; use or add a token in src/styles/tokens.css`);
  process.exit(1);
}
console.log('tokens: every colour and length is a token');
