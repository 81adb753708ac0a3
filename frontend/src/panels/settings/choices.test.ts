import { describe, expect, test } from 'vitest';
import type {
  Build,
  BuiltEnvironment,
  EnvironmentChoice,
  EnvironmentOffers,
  ModelEnvironment,
} from '../../wire.ts';
import {
  availableOf,
  changesOf,
  isBuilt,
  type Lists,
  packageParts,
  planOf,
  runtimeParts,
  withVersion,
} from './choices.ts';

const OLD: EnvironmentChoice = { python: '3.11', node: '24', packages: {} };
const NEW: EnvironmentChoice = { python: '3.14', node: '24', packages: { torch: '2.13.0' } };
const OFFERS: EnvironmentOffers = {
  default: OLD,
  pythons: [
    { version: '3.14', full_version: '', ready: false },
    { version: '3.11', full_version: '3.11.7', ready: true },
  ],
  nodes: [{ version: '24', full_version: '24.19.0', ready: true }],
  packages: [{ name: 'torch', description: 'PyTorch', versions: ['2.13.0', '2.12.0'] }],
};
const built = (choice: EnvironmentChoice): BuiltEnvironment => ({
  ...{ key: 'k', choice, python_version: '', node_version: '', packages: {} },
  ...{ byte_size: 0, created_at: 0, in_use: false },
});
const lists = (...all: BuiltEnvironment[]): Lists => ({ offers: OFFERS, built: all });
const standing = (choice: EnvironmentChoice): ModelEnvironment => ({ choice, key: 'k', build: null });

describe('lists', () => {
  test('say which versions are ready and which would be fetched', () => {
    const [python] = runtimeParts(lists(), OLD);
    expect(python?.groups).toEqual([
      { label: 'Ready on this machine', options: [{ value: '3.11', label: '3.11 (3.11.7)' }] },
      { label: 'Would be fetched', options: [{ value: '3.14', label: '3.14' }] },
    ]);
    expect([OLD, NEW].map((choice) => runtimeParts(lists(), choice)[0]?.description)).toEqual([
      'Ready on this machine',
      'Fetched when applied',
    ]);
  });

  test('of a package begin with None; a version of an environment that is built is ready', () => {
    const [torch] = packageParts(lists(built(withVersion(OLD, 'torch', '2.12.0'))), OLD);
    expect(torch?.value).toBe('');
    expect(
      torch?.groups.map(({ label, options }) => [label, ...options.map((option) => option.label)]),
    ).toEqual([
      ['', 'None'],
      ['Ready on this machine', '2.12.0'],
      ['Would be fetched', '2.13.0'],
    ]);
  });

  test('hold what is chosen though it is not offered, or nothing can be listed', () => {
    const choice = { python: '3.8', node: '24', packages: { torch: '1.0', jax: '0.5' } };
    const parts = [...runtimeParts(lists(), choice), ...packageParts(lists(), choice)];
    expect(parts.map(({ name, value, groups }) => [name, value, groups.at(-1)?.label])).toEqual([
      ['python', '3.8', 'No longer offered'],
      ['node', '24', 'Ready on this machine'],
      ['torch', '1.0', 'No longer offered'],
      ['jax', '0.5', 'No longer offered'],
    ]);
  });
});

test('a part of a choice is replaced, and a package taken out', () => {
  expect(withVersion(OLD, 'python', '3.14')).toEqual({ ...OLD, python: '3.14' });
  expect(withVersion(OLD, 'torch', '2.13.0').packages).toEqual({ torch: '2.13.0' });
  expect(withVersion(NEW, 'torch', '').packages).toEqual({});
});

test('what becomes of an environment is told part by part', () => {
  expect(changesOf(OLD, NEW)).toEqual(['Python 3.11 → 3.14', 'torch 2.13.0 added']);
  expect(changesOf(NEW, { ...OLD, node: '22' })).toEqual([
    'Python 3.14 → 3.11',
    'Node 24 → 22',
    'torch 2.13.0 removed',
  ]);
  expect(changesOf(NEW, withVersion(NEW, 'torch', '2.12.0'))).toEqual(['torch 2.13.0 → 2.12.0']);
});

test('a choice is ready if an environment was built for just that', () => {
  expect(isBuilt(NEW, [built(OLD), built(NEW)])).toBe(true);
  expect(isBuilt({ ...NEW, packages: {} }, [built(NEW)])).toBe(false);
});

describe('what applying does', () => {
  test('is nothing where nothing has changed', () => {
    expect(planOf(standing(OLD), OLD, lists(), 1)).toEqual({ changes: [], words: '' });
  });

  test('is to build it where the model has none yet, as after the first build was cancelled', () => {
    const none = { ...standing(OLD), key: null };
    expect(planOf(none, OLD, lists(), 0).changes).toEqual(['The first one']);
  });

  test('says what is fetched and built, and which terminals keep the old one', () => {
    expect(planOf(standing(OLD), NEW, lists(), 2).words).toBe(
      'Python 3.14 is fetched, then it is built first, which may take some minutes. New terminals and runs use it once ' +
        'it is whole. 2 running terminals keep the old one until they are restarted.',
    );
  });

  test('says that a built one is used at once', () => {
    const ready = lists(built(NEW));
    expect(planOf(standing(OLD), NEW, ready, 0).words).toBe(
      'It is ready on this machine: new terminals and runs use it at once.',
    );
  });

  test('is to cancel a build where what is in use is chosen instead', () => {
    const build: Build = {
      ...{ choice: NEW, status: 'running', phase: 'resolving', started_at: 0, message: '' },
      ...{ packages_done: 0, packages_total: 0, bytes_done: 0, bytes_total: 0 },
    };
    const environment = { ...standing(OLD), build };
    expect(planOf(environment, NEW, lists(), 0).changes).toEqual([]);
    expect(planOf(environment, OLD, lists(built(OLD)), 0)).toEqual({
      changes: ['What is in use stays'],
      words: 'What is being built now is cancelled.',
    });
  });
});

test('versions that would do are read from the details of a refusal, whatever else these hold', () => {
  expect(availableOf({ available: { torch: ['2.13.0'], python: 'none' } })).toEqual({
    torch: ['2.13.0'],
    python: [],
  });
  expect([availableOf({}), availableOf({ available: null })]).toEqual([{}, {}]);
});
