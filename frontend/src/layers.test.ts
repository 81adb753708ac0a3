import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

/** Lowest first. A file imports its own folder and lower layers; folders of one layer do not know each other. */
const LAYERS = [
  ['base'],
  ['texts'],
  ['services'],
  ['ui'],
  ['editor', 'terminal', 'run', 'panels'],
  ['workbench'],
  [''],
];

const SRC = import.meta.dirname;
const IMPORT = /(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g;

function folderOf(path: string): string {
  return path.includes('/') ? (path.split('/')[0] ?? '') : '';
}

function rank(folder: string): number {
  return LAYERS.findIndex((layer) => layer.includes(folder));
}

function isAllowed(from: string, to: string): boolean {
  return from === to || rank(to) < rank(from);
}

function offences(file: string): string[] {
  const source = readFileSync(join(SRC, file), 'utf8');
  const targets = [...source.matchAll(IMPORT)].map(([, target = '']) =>
    relative(SRC, join(SRC, dirname(file), target)),
  );
  return targets
    .filter((target) => target !== 'wire.ts' && !isAllowed(folderOf(file), folderOf(target)))
    .map((target) => `${file} imports ${target}`);
}

test('imports go from main down to base, and never across', () => {
  const files = globSync('**/*.{ts,svelte}', { cwd: SRC }).filter((file) => !file.endsWith('.test.ts'));
  expect(files.length).toBeGreaterThan(10);
  expect(files.flatMap(offences)).toEqual([]);
});

test('every folder has its layer', () => {
  const folders = new Set(globSync('*/*.{ts,svelte}', { cwd: SRC }).map(folderOf));
  expect([...folders].filter((folder) => rank(folder) === -1)).toEqual([]);
});
