import { expect, test, vi } from 'vitest';
import { Emitter } from '../../base/emitter.ts';
import type { FileChange } from '../../wire.ts';
import { eventsOf, inOne, WatchedFiles } from './watched-files.ts';

const change = (kind: FileChange['kind'], path: string, destination: string | null = null): FileChange => ({
  kind,
  path,
  destination,
});

test('a rename is a file less and a file more', () => {
  expect(eventsOf(change('renamed', 'a.py', 'b.py'))).toEqual([
    { uri: 'file:///model/a.py', type: 3 },
    { uri: 'file:///model/b.py', type: 1 },
  ]);
});

test('of files that no server reads, and of their attributes, nothing is told', () => {
  expect(eventsOf(change('written', 'data.csv'))).toEqual([]);
  expect(eventsOf(change('attributes', 'a.py'))).toEqual([]);
  expect(eventsOf(change('renamed', 'a.txt', 'a.py'))).toEqual([{ uri: 'file:///model/a.py', type: 1 }]);
});

test('a file that is made and then written is a new one', () => {
  expect(inOne(1, 2)).toBe(1);
  expect(inOne(3, 1)).toBe(2);
  expect(inOne(1, 3)).toBe(3);
  expect(inOne(undefined, 2)).toBe(2);
});

test('a burst is told once, in parts of a size that can be sent', () => {
  vi.useFakeTimers();
  const files = new Emitter<readonly FileChange[]>();
  const told: number[] = [];
  const watched = new WatchedFiles({ onFilesChanged: files.event }, (changes) => told.push(changes.length));
  for (let index = 0; index < 4500; index++) files.fire([change('created', `lib/m${index}.py`)]);
  expect(told).toEqual([]);
  vi.runAllTimers();
  expect(told).toEqual([2000, 2000, 500]);
  watched.dispose();
  vi.useRealTimers();
});
