import { expect, test } from 'vitest';
import { shownTogether, withBeside, withOnly } from './terminal-groups.ts';

const tab = (id: string) => ({ id, title: id, ended: false, outdated: false });
const tabs = [tab('a'), tab('b'), tab('c')];
const shown = (groups: Record<string, string>, selected: string | null) =>
  shownTogether(groups, tabs, selected).map(({ id }) => id);

test('a terminal stands alone until another is put beside it', () => {
  expect(shown({}, 'b')).toEqual(['b']);
  expect(shown({}, null)).toEqual([]);
  const groups = withBeside({}, 'a', 'b');
  expect([shown(groups, 'a'), shown(groups, 'b'), shown(groups, 'c')]).toEqual([
    ['a', 'b'],
    ['a', 'b'],
    ['c'],
  ]);
});

test('a third one beside the second stands with both, and they stay together when the first is gone', () => {
  const groups = withBeside(withBeside({}, 'a', 'b'), 'b', 'c');
  expect(shown(groups, 'a')).toEqual(['a', 'b', 'c']);
  const left = withOnly(groups, tabs.slice(1));
  expect(shownTogether(left, tabs.slice(1), 'c').map(({ id }) => id)).toEqual(['b', 'c']);
});
