import { expect, test } from 'vitest';
import { ApiError } from '../../services/api.ts';
import type { ModelSession } from '../../services/session.ts';
import type { FindOpen } from '../editor-features.ts';
import { applyEdits } from './apply-edits.ts';
import type { FileEdits } from './workspace-edit.ts';

const edits: FileEdits['edits'] = [
  { range: { start: { line: 0, character: 0 }, end: { line: 0, character: 3 } }, newText: 'new' },
];

/** Files on disk, some of them open; `refused` says why a file cannot be written. */
function model(disk: Record<string, string>, refused: Record<string, ApiError> = {}) {
  const errors: string[] = [];
  const refuse = (path: string): void => {
    const error = refused[path];
    if (error) throw error;
  };
  const session = {
    api: {
      read: async (path: string) => ({
        bytes: new TextEncoder().encode(disk[path]),
        byteSize: 0,
        etag: `"${path}"`,
      }),
      write: async (path: string, content: string | Blob, etag: string) => {
        refuse(path);
        expect(etag).toBe(`"${path}"`);
        disk[path] = await new Response(content).text();
      },
      folders: async () => [],
    },
    notifications: {
      error: (what: string) => errors.push(what),
      show: ({ message }: { message: string }) => errors.push(message),
    },
    announce: () => undefined,
  } as unknown as ModelSession; // what applyEdits uses of it
  const open = (path: string, dirty: boolean) => {
    const shown = { text: '', saves: 0 };
    const file = {
      path,
      state: { save: { dirty } },
      editor: { applyEdits: () => (shown.text = 'new') },
      save: async () => {
        shown.saves += 1;
        return refused[path] ? { kind: 'failed', error: refused[path] } : { kind: 'saved' };
      },
    };
    return { shown, find: ((wanted) => (wanted === path ? file : undefined)) as FindOpen }; // as above
  };
  return { session, disk, errors, open };
}

const closed: FindOpen = () => undefined;
const files = (...paths: string[]): FileEdits[] => paths.map((path) => ({ path, edits }));

test('files that are not open are changed on disk, as they were read', async () => {
  const { session, disk } = model({ 'a.py': 'old = 1\r\nx\r\n', 'b.py': 'old' });
  expect(await applyEdits(session, closed, files('a.py', 'b.py'))).toBe(true);
  expect(disk).toEqual({ 'a.py': 'new = 1\r\nx\r\n', 'b.py': 'new' });
});

test('an open file is changed in its editor, and saved only if it was', async () => {
  const { session, disk, open } = model({ 'a.py': 'old' });
  const saved = open('a.py', false);
  await applyEdits(session, saved.find, files('a.py'));
  expect(saved.shown).toEqual({ text: 'new', saves: 1 });
  const unsaved = open('a.py', true);
  await applyEdits(session, unsaved.find, files('a.py'));
  expect(unsaved.shown).toEqual({ text: 'new', saves: 0 });
  expect(disk).toEqual({ 'a.py': 'old' });
});

test('where the filesystem is full, what was changed and what was not is told by name', async () => {
  const full = new ApiError('filesystem_full', 'full', 507);
  const { session, disk, errors } = model({ 'a.py': 'old', 'b.py': 'old', 'c.py': 'old' }, { 'b.py': full });
  expect(await applyEdits(session, closed, files('a.py', 'b.py', 'c.py'))).toBe(false);
  expect(disk).toEqual({ 'a.py': 'new', 'b.py': 'old', 'c.py': 'old' });
  expect(errors).toEqual(['Changed: a.py. Not saved or not changed: b.py, c.py: the filesystem is full.']);
});

test('a file that something else writes at the same moment is left as that has it', async () => {
  const changed = new ApiError('file_changed', 'changed', 412);
  const { session, disk, errors } = model({ 'a.py': 'old' }, { 'a.py': changed });
  expect(await applyEdits(session, closed, files('a.py'))).toBe(false);
  expect(disk).toEqual({ 'a.py': 'old' });
  expect(errors).toEqual(['Nothing was changed. Not saved or not changed: a.py.']);
});

test('nothing is written where one of the files cannot be read as text', async () => {
  const { session, disk } = model({ 'a.py': 'old', 'b.bin': 'a\0b' });
  await expect(applyEdits(session, closed, files('a.py', 'b.bin'))).rejects.toThrow('not shown as text');
  expect(disk['a.py']).toBe('old');
});
