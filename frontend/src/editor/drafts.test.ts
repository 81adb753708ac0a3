import 'fake-indexeddb/auto';
import { expect, test } from 'vitest';
import { Drafts } from './drafts.ts';

test('a draft is kept per model and path until it is discarded', async () => {
  const mine = new Drafts('m1');
  const draft = { path: 'main.py', text: 'x', etag: 'v1', editedAt: 5 };
  await mine.keep(draft);
  await mine.keep({ ...draft, text: 'xy' });
  await new Drafts('m2').keep(draft);
  expect(await mine.of('main.py')).toEqual({ ...draft, text: 'xy', modelId: 'm1' });
  expect(await mine.paths()).toEqual(['main.py']);
  await mine.discard('main.py');
  expect([await mine.of('main.py'), await mine.paths()]).toEqual([undefined, []]);
});
