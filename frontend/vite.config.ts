import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { keepEmacsKeys } from './build/keep-emacs-keys.ts';
import { precompress } from './build/precompress.ts';

const server = process.env.SLIPWAY_URL ?? 'http://127.0.0.1:8000';

export default defineConfig({
  plugins: [svelte(), keepEmacsKeys(), precompress()],
  build: {
    target: 'es2024',
    outDir: '../ide_server/web/static',
    emptyOutDir: true,
    manifest: 'manifest.json',
    // The polyfill is an inline script, which our Content-Security-Policy forbids.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    // Our own budget counts what the first paint loads; see build/budget.ts.
    chunkSizeWarningLimit: 2000,
    // How long a plugin takes says nothing to who sets up a server.
    rolldownOptions: {
      checks: { pluginTimings: false },
      // What views share is a few files instead of one for each module: the first paint asks for all of them.
      output: {
        codeSplitting: {
          groups: [
            {
              name: 'libraries',
              test: /node_modules\/(@codemirror\/(state|view|language|commands|search|autocomplete|lint)|@lezer\/(common|highlight)|@xterm\/(xterm|addon-(fit|unicode11|web-links))|dockview)/,
            },
            {
              name: 'shared',
              test: /\/src\/(?!editor\/viewers\/|texts\/(git-dialogs|viewing)\.)|node_modules\/svelte\//,
              minShareCount: 2,
            },
          ],
        },
      },
    },
  },
  server: {
    // The server compares Origin with its own address, so the proxy speaks from there.
    proxy: { '/api': { target: server, ws: true, headers: { origin: server } } },
  },
  test: { environment: 'node', include: ['src/**/*.test.ts', 'build/**/*.test.ts'] },
  // Svelte's server build is picked in tests otherwise.
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
});
