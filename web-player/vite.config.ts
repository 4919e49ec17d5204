import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const page = (name: string) => fileURLToPath(new URL(`${name}.html`, import.meta.url));

export default defineConfig({
  appType: 'mpa',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    // Old enough for the web views of messengers, new enough for BigInt and optional chaining.
    target: ['es2020', 'chrome87', 'safari14', 'firefox78'],
    sourcemap: false,
    manifest: 'manifest.json',
    // A data: URL would need data: in the content security policy for every kind of asset.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        index: page('index'),
        watch: page('watch'),
        studio: page('studio'),
        moderate: page('moderate'),
        desk: page('desk'),
      },
    },
  },
  server: { port: 28090, proxy: { '/api': { target: 'http://127.0.0.1:28080', ws: true } } },
});
