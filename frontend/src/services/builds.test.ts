import { expect, test } from 'vitest';
import type { Build } from '../wire.ts';
import { describeCounts } from './builds.ts';

const BUILD: Build = {
  choice: { python: '3.13', node: '24', packages: {} },
  status: 'running',
  phase: 'downloading',
  packages_done: 3,
  packages_total: 12,
  bytes_done: 2 ** 20,
  bytes_total: 2 ** 21,
  started_at: 100,
  message: '',
};

test('counts that are not known are left out', () => {
  expect(describeCounts(BUILD)).toBe('3 of 12 packages · 1 MiB of 2 MiB');
  expect(describeCounts({ ...BUILD, packages_total: 0 })).toBe('1 MiB of 2 MiB');
  expect(describeCounts({ ...BUILD, packages_total: 0, bytes_total: 0 })).toBe('');
});
