import { expect, test } from 'vitest';
import { CLOSED } from './save-state.ts';
import { tabName } from './tab-name.ts';

const KEPT = { isPreview: false, isPinned: false };
const SAVED = { path: 'src/main.py', save: CLOSED, saveProblem: null };

test('a tab is called by all that it shows', () => {
  expect(tabName(SAVED, KEPT)).toBe('main.py src');
  expect(tabName({ ...SAVED, save: { ...CLOSED, disk: 'deleted' } }, KEPT)).toBe('main.py src deleted');
});

test('what only a dot, a cross or a leaning name says is said in words', () => {
  const dirty = { ...SAVED, path: 'main.py', save: { ...CLOSED, dirty: true } };
  expect(tabName(dirty, { isPreview: true, isPinned: false })).toBe('main.py, not saved, preview');
  expect(tabName({ ...dirty, saveProblem: 'It is full.' }, { isPreview: false, isPinned: true })).toBe(
    'main.py, not saved: It is full., pinned',
  );
});
