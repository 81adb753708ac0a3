// @vitest-environment happy-dom
import { beforeEach, expect, test } from 'vitest';
import { PageMemory } from './page-memory.ts';

const memory = new PageMemory('key', (stored) => (typeof stored === 'number' ? stored : null));

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

test('a window remembers what it was, a new one what the last to write was', () => {
  memory.write(1);
  localStorage.setItem('key', '2'); // as another window does
  expect(memory.read()).toBe(1);
  sessionStorage.clear();
  expect(memory.read()).toBe(2);
});

test.each(['{', '"text"', ''])('what it cannot use is as if there were nothing: %j', (stored) => {
  localStorage.setItem('key', stored);
  expect(memory.read()).toBeNull();
});
