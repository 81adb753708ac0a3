import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { beforeEach, expect, test } from 'vitest';
import { Drafts } from './drafts.ts';

const open = new Set<string>();
const draft = { path: 'main.py', text: 'x', etag: 'v1', editedAt: 5 };

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
  open.clear();
});

function draftsOf(model: string, window: { id: string; open(): Promise<Set<string>> }): Drafts {
  const fail = (error: unknown): never => {
    throw error;
  };
  return new Drafts(model, window, fail);
}

function windowOf(id: string) {
  open.add(id);
  return { id, open: async () => new Set(open) };
}

test('a draft is kept per model and path until it is discarded', async () => {
  const [a, b] = [windowOf('a'), windowOf('b')];
  const mine = draftsOf('m1', a);
  await mine.keep(draft);
  await mine.keep({ ...draft, text: 'xy' });
  await draftsOf('m2', b).keep(draft);
  expect(await mine.take('main.py')).toEqual({ ...draft, text: 'xy', modelId: 'm1', window: 'a' });
  expect(await mine.paths()).toEqual(['main.py']);
  await mine.discard('main.py');
  expect([await mine.take('main.py'), await mine.paths()]).toEqual([undefined, []]);
});

test('two windows overwrite, take and discard nothing of each other while both are open', async () => {
  const [one, two] = [draftsOf('m1', windowOf('a')), draftsOf('m1', windowOf('b'))];
  await one.keep(draft);
  expect([await two.take('main.py'), await two.paths()]).toEqual([undefined, []]);
  await two.keep({ ...draft, text: 'other' });
  await two.discard('main.py');
  expect((await one.take('main.py'))?.text).toBe('x');
});

test('what windows left is taken by one other, the newest first', async () => {
  await draftsOf('m1', windowOf('old')).keep({ ...draft, text: 'older', editedAt: 4 });
  await draftsOf('m1', windowOf('new')).keep(draft);
  open.clear();
  const [one, two] = [draftsOf('m1', windowOf('a')), draftsOf('m1', windowOf('b'))];
  expect(await one.paths()).toEqual(['main.py']);
  const taken = await Promise.all([one.take('main.py'), two.take('main.py')]);
  expect(taken.map((each) => each?.text)).toEqual(['x', 'older']);
  expect(await one.take('main.py')).toEqual(taken[0]);
});

test('a browser that keeps nothing is told of once, and hinders nothing', async () => {
  const told: unknown[] = [];
  globalThis.indexedDB = {
    open: () => {
      throw new Error('forbidden');
    },
  } as unknown as IDBFactory; // as in some private windows
  const drafts = new Drafts('m1', windowOf('a'), (error) => told.push(error));
  expect([await drafts.keep(draft), await drafts.take('main.py'), await drafts.paths()]).toEqual([
    false,
    undefined,
    [],
  ]);
  expect(told).toEqual([new Error('forbidden')]);
});
