/** Writes a .br and a .gz beside each text file of the build, and prints what the IDE's first paint weighs. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';
import { BUDGET_BYTES, firstPaintFiles, type Manifest } from './budget.ts';

/** index.html is left out: the server writes a nonce into it. */
const COMPRESSED = /\.(js|css|svg|webmanifest)$/;

async function compress(folder: string, name: string): Promise<number> {
  const path = join(folder, name);
  const content = await readFile(path);
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  const brotli = await promisify(brotliCompress)(content, quality);
  await writeFile(`${path}.br`, brotli);
  await writeFile(`${path}.gz`, await promisify(gzip)(content, { level: 9 }));
  return brotli.length;
}

export function precompress(): Plugin {
  let folder = '';
  return {
    name: 'slipway-precompress',
    apply: 'build',
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    async writeBundle(_, bundle) {
      const names = Object.keys(bundle).filter((name) => COMPRESSED.test(name));
      const sizes = new Map(
        await Promise.all(names.map(async (name) => [name, await compress(folder, name)] as const)),
      );
      const manifest: Manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
      const total = firstPaintFiles(manifest).reduce((sum, file) => sum + (sizes.get(file) ?? 0), 0);
      this.info(`first paint of the IDE: ${(total / 1000).toFixed(0)} KB of JavaScript, brotli (budget 450)`);
      if (total > BUDGET_BYTES)
        this.error(`the first paint weighs ${total} bytes, expected at most ${BUDGET_BYTES}`);
    },
  };
}
