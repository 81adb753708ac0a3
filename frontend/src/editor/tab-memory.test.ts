import { expect, test } from 'vitest';
import { parseTabs } from './tab-memory.ts';

const view = { length: 3, selections: [[0, 1]], top: 0, hidden: 0, folds: [] };
const tab = { path: 'main.py', isPreview: false, isPinned: true, view };
const dock = { grid: {}, panels: { 'file-1': {} } };

test('what was stored is what is read', () => {
  expect(parseTabs({ tabs: { 'file-1': tab }, dock })).toEqual({ tabs: { 'file-1': tab }, dock });
});

test('a tab that is left over is left out, and what is missing of one is as by default', () => {
  const stored = { tabs: { 'file-1': { path: 'main.py' }, 'file-2': tab }, dock };
  const bare = { path: 'main.py', isPreview: false, isPinned: false, view: null };
  expect(parseTabs(stored)?.tabs).toEqual({ 'file-1': bare });
});

test.each([
  null,
  [],
  'text',
  {},
  { tabs: {}, dock: null },
  { tabs: {}, dock },
  { tabs: { 'file-1': { path: 5 } }, dock },
  { tabs: { 'file-1': tab }, dock: { grid: [], panels: {} } },
])('a layout that is broken is none: %j', (stored) => expect(parseTabs(stored)).toBeNull());
