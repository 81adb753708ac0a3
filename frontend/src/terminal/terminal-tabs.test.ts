import { expect, test } from 'vitest';
import type { Terminal } from '../wire.ts';
import {
  NO_TABS,
  neighbour,
  replaced,
  withAdded,
  withEnded,
  withoutTab,
  withSelected,
  withTerminals,
} from './terminal-tabs.ts';

const terminal = (id: string): Terminal => ({ id, title: `bash ${id}`, created_at: 0, outdated: false });
const list = (...ids: string[]): Terminal[] => ids.map(terminal);
const open = (...ids: string[]) => withTerminals(NO_TABS, list(...ids));
const ids = (state: typeof NO_TABS) => state.tabs.map((tab) => tab.id);

test('the terminals of the server come back after a reload, the last one selected', () => {
  expect(open('a', 'b')).toEqual({
    tabs: [
      { id: 'a', title: 'bash a', ended: false, outdated: false },
      { id: 'b', title: 'bash b', ended: false, outdated: false },
    ],
    selected: 'b',
  });
});

test('one made elsewhere is added and does not take the selection', () => {
  const state = withTerminals(withSelected(open('a', 'b'), 'a'), list('a', 'b', 'c'));
  expect([ids(state), state.selected]).toEqual([['a', 'b', 'c'], 'a']);
});

test('one that ended or was closed elsewhere stays, marked, until it is closed here', () => {
  const told = withTerminals(withEnded(open('a', 'b', 'c'), 'a'), list('c'));
  expect(told.tabs.map(({ id, ended }) => [id, ended])).toEqual([
    ['a', true],
    ['b', true],
    ['c', false],
  ]);
  expect(ids(withoutTab(told, 'a'))).toEqual(['b', 'c']);
});

test('closing the last tab selects the one before it, closing the only one none', () => {
  expect(withoutTab(open('a', 'b'), 'b').selected).toBe('a');
  expect(withoutTab(open('a'), 'a')).toEqual(NO_TABS);
});

test('a new terminal takes the place of an ended one, even if the server has told of it already', () => {
  const told = withTerminals(open('a', 'b'), list('b', 'c'));
  const state = replaced(told, 'a', terminal('c'));
  expect([ids(state), state.selected]).toEqual([['c', 'b'], 'c']);
});

test('a new terminal for one that was closed meanwhile goes to the end', () => {
  const state = replaced(open('b'), 'a', terminal('c'));
  expect([ids(state), state.selected]).toEqual([['b', 'c'], 'c']);
});

test('a title of the server is shown', () => {
  const state = withTerminals(open('a'), [{ id: 'a', title: 'vim', created_at: 0, outdated: false }]);
  expect(state.tabs[0]?.title).toBe('vim');
});

test('the neighbour goes round the ends', () => {
  const state = withSelected(open('a', 'b', 'c'), 'c');
  expect([neighbour(state, 1), neighbour(state, -1), neighbour(NO_TABS, 1)]).toEqual(['a', 'b', null]);
});

test('a terminal opened here is selected, whether or not the server has told of it', () => {
  for (const told of [open('a'), withTerminals(withSelected(open('a'), 'a'), list('a', 'b'))]) {
    const state = withAdded(told, terminal('b'));
    expect([ids(state), state.selected]).toEqual([['a', 'b'], 'b']);
  }
});

test('one whose environment has changed says so until it ends', () => {
  const outdated = { ...terminal('a'), outdated: true };
  const state = withTerminals(open('a', 'b'), [outdated, terminal('b')]);
  expect(state.tabs.map((tab) => tab.outdated)).toEqual([true, false]);
  expect(withEnded(state, 'a').tabs.map((tab) => tab.outdated)).toEqual([false, false]);
});
