import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BUDGET_BYTES, BUDGET_FILES, firstPaintFiles, type Manifest } from './budget.ts';

const STATIC = join(import.meta.dirname, '../../ide_server/web/static');
const built = existsSync(join(STATIC, 'manifest.json'));

test('the first paint holds the roots and what they import, each file once', () => {
  const manifest: Manifest = {
    'index.html': { file: 'a.js', imports: ['_shared.js'] },
    'src/workbench/IdePage.svelte': { file: 'b.js', imports: ['_shared.js', 'index.html'] },
    'src/later.ts': { file: 'c.js' },
    '_shared.js': { file: 's.js' },
  };
  expect(firstPaintFiles(manifest)).toEqual(['a.js', 'b.js', 's.js']);
});

test.skipIf(!built)(
  'the IDE loads at most 450 KB of compressed JavaScript, in few files, before its first paint',
  () => {
    const manifest: Manifest = JSON.parse(readFileSync(join(STATIC, 'manifest.json'), 'utf8'));
    const files = firstPaintFiles(manifest);
    expect(files.length).toBeGreaterThan(1);
    expect(files.length).toBeLessThanOrEqual(BUDGET_FILES);
    const total = files.reduce((sum, file) => sum + statSync(join(STATIC, `${file}.br`)).size, 0);
    expect(total).toBeLessThanOrEqual(BUDGET_BYTES);
  },
);
