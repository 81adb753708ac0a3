import { expect, test } from 'vitest';
import { NavigationHistory } from './navigation-history.ts';

const at = (path: string, line = 1) => ({ path, line, column: 1 });

test('one goes back the way one came, and forward again', () => {
  const history = new NavigationHistory();
  history.leave(at('a'));
  history.leave(at('b'));
  expect(history.back(at('c'))).toEqual(at('b'));
  expect(history.back(at('b'))).toEqual(at('a'));
  expect(history.back(at('a'))).toBe(null);
  expect(history.forward(at('a'))).toEqual(at('b'));
  expect(history.forward(at('b'))).toEqual(at('c'));
  expect(history.canGoForward).toBe(false);
});

test('who goes elsewhere has nothing ahead any more', () => {
  const history = new NavigationHistory();
  history.leave(at('a'));
  history.back(at('b'));
  history.leave(at('a'));
  expect(history.canGoForward).toBe(false);
});

test('places near to each other are one, the later', () => {
  const history = new NavigationHistory();
  history.leave(at('a', 10));
  history.leave(at('a', 12));
  history.leave(at('a', 40));
  expect(history.back(at('b'))).toEqual(at('a', 40));
  expect(history.back(at('a', 40))).toEqual(at('a', 12));
  expect(history.canGoBack).toBe(false);
});

test('so many places are kept, the latest', () => {
  const history = new NavigationHistory();
  for (let index = 0; index < 60; index++) history.leave(at(`file${index}`));
  let steps = 0;
  while (history.canGoBack && history.back(null) !== null) steps++;
  expect(steps).toBe(50);
});
