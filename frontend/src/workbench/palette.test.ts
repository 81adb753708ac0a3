import { expect, test } from 'vitest';
import type { Entry } from '../wire.ts';
import { walkFiles } from './palette.ts';

const folders: Record<string, [string, Entry['kind']][]> = {
  '': [
    ['main.py', 'file'],
    ['src', 'folder'],
    ['node_modules', 'folder'],
    ['.git', 'folder'],
  ],
  src: [
    ['x.py', 'file'],
    ['deep', 'folder'],
  ],
  'src/deep': [['y.py', 'link']],
  node_modules: [['never', 'file']],
};

const api = {
  list: async (folder: string): Promise<Entry[]> =>
    (folders[folder] ?? []).map(([name, kind]) => ({
      name,
      kind,
      path: folder ? `${folder}/${name}` : name,
      byte_size: 0,
      modified_at: 0,
      etag: null,
      executable: false,
      link_target: null,
    })),
};

test('files are found nearest first, folders that tools filled are passed by', async () => {
  const found: string[] = [];
  await walkFiles(
    api,
    (paths) => found.push(...paths),
    () => true,
  );
  expect(found).toEqual(['main.py', 'src/x.py', 'src/deep/y.py']);
});

test('the walk ends once nobody wants it', async () => {
  const found: string[] = [];
  await walkFiles(
    api,
    (paths) => found.push(...paths),
    () => found.length === 0,
  );
  expect(found).toEqual(['main.py']);
});
