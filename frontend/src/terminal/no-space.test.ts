import { expect, test } from 'vitest';
import { NoSpaceWatch } from './no-space.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  'cp: error writing b: No space left on device',
  'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device',
  'npm error code ENOSPC',
])('is seen in %s, once', (line) => {
  const watch = new NoSpaceWatch();
  expect(watch.sees(bytes(line))).toBe(true);
  expect(watch.sees(bytes('\n$ '))).toBe(false);
});

test('is seen when it comes in two pieces', () => {
  const watch = new NoSpaceWatch();
  expect([watch.sees(bytes('No space le')), watch.sees(bytes('ft on device'))]).toEqual([false, true]);
});

test('is not seen in other output', () => {
  expect(new NoSpaceWatch().sees(bytes('a space left on a device'))).toBe(false);
});
