import { expect, test } from 'vitest';
import type { EnvironmentChoice } from '../wire.ts';
import { describeOutdated } from './outdated.ts';

const NOW: EnvironmentChoice = { python: '3.13', node: '24', packages: { torch: '2.13.0' } };

test.each([
  [{ ...NOW, python: '3.11' }, 'This terminal runs in the previous environment (Python 3.11).'],
  [{ ...NOW, node: '22' }, 'This terminal runs in the previous environment (Python 3.13 · Node 22).'],
  [{ ...NOW, packages: {} }, 'This terminal runs in the previous environment (Python 3.13 · Node 24).'],
  [NOW, 'This terminal has the previous variables or mounted models.'],
  [undefined, 'This terminal runs in the previous environment, or with its variables or mounted models.'],
])('of %o is told what differs', (started, words) => {
  expect(describeOutdated(started, NOW)).toBe(words);
});
