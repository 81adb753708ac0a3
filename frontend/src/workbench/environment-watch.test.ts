import { expect, test } from 'vitest';
import type { Build, EnvironmentChoice, ModelEnvironment } from '../wire.ts';
import { newsOf } from './environment-watch.ts';

const OLD: EnvironmentChoice = { python: '3.11', node: '24', packages: {} };
const NEW: EnvironmentChoice = { python: '3.13', node: '24', packages: {} };
const build = (status: Build['status']): Build => ({
  ...{ choice: NEW, status, phase: 'downloading', message: '', started_at: 1 },
  ...{ packages_done: 0, packages_total: 0, bytes_done: 0, bytes_total: 0 },
});
const building: ModelEnvironment = { choice: OLD, key: 'old', build: build('running') };

test('a finished build is news', () => {
  expect(newsOf(building, { choice: NEW, key: 'new', build: null })?.message).toBe(
    'Python 3.13 · Node 24 is ready.',
  );
});

test('so is one that failed or was cancelled, once', () => {
  const failed = { ...building, build: build('failed') };
  expect(newsOf(building, failed)).toMatchObject({ severity: 'error' });
  expect(newsOf(failed, failed)).toBe(null);
  expect(newsOf(building, { ...building, build: build('cancelled') })).toMatchObject({ severity: 'info' });
});

test('what stands when the page opens is not, nor that a build has begun, nor the first environment', () => {
  expect(newsOf(null, { ...building, build: build('failed') })).toBe(null);
  expect(newsOf({ ...building, build: null }, building)).toBe(null);
  expect(newsOf({ ...building, key: null }, { choice: NEW, key: 'new', build: null })).toBe(null);
});
