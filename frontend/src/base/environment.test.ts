import { expect, test } from 'vitest';
import type { Build, EnvironmentChoice, ModelEnvironment } from '../wire.ts';
import { buildPercent, comingChoice, describeChoice, isSameChoice, withReply } from './environment.ts';

const OLD: EnvironmentChoice = { python: '3.11', node: '24', packages: {} };
const NEW: EnvironmentChoice = { python: '3.13', node: '24', packages: { torch: '2.13.0', numpy: '2.1.0' } };
const BUILD: Build = {
  choice: NEW,
  status: 'running',
  phase: 'downloading',
  packages_done: 3,
  packages_total: 12,
  bytes_done: 2 ** 20,
  bytes_total: 2 ** 21,
  started_at: 100,
  message: '',
};
const standing = (build: Build | null, choice = OLD): ModelEnvironment => ({ choice, key: 'k', build });

test('a choice is named by its versions, whatever their order', () => {
  expect(describeChoice(NEW)).toBe('Python 3.13 · Node 24 · numpy 2.1.0 · torch 2.13.0');
  expect(isSameChoice(NEW, { ...NEW, packages: { numpy: '2.1.0', torch: '2.13.0' } })).toBe(true);
  expect(isSameChoice(NEW, { ...NEW, packages: {} })).toBe(false);
});

test('the percentage of a build rises from phase to phase and within those that count', () => {
  const phases = [
    'waiting',
    'fetching_python',
    'resolving',
    'downloading',
    'installing',
    'finishing',
  ] as const;
  const percents = phases.map((phase) => buildPercent({ ...BUILD, phase }));
  expect(percents).toEqual(percents.toSorted((a, b) => a - b));
  expect(buildPercent(BUILD)).toBe(45);
  expect(buildPercent({ ...BUILD, bytes_done: 2 ** 30 })).toBe(75);
  expect(buildPercent({ ...BUILD, bytes_total: 0 })).toBe(30);
  expect(buildPercent({ ...BUILD, bytes_total: 0, packages_total: 0 })).toBe(15);
});

test('what comes is what is built or failed to be, else what is in use', () => {
  expect(comingChoice(standing(BUILD))).toBe(NEW);
  expect(comingChoice(standing({ ...BUILD, status: 'failed' }))).toBe(NEW);
  expect(comingChoice(standing({ ...BUILD, status: 'cancelled' }))).toBe(OLD);
  expect(comingChoice(standing(null))).toBe(OLD);
});

test('a reply does not undo what an event told before it came', () => {
  const reply = standing({ ...BUILD, bytes_done: 0 });
  const further = standing(BUILD);
  const done = standing(null, NEW);
  expect(withReply(further, reply)).toBe(further);
  expect(withReply(done, reply)).toBe(done);
  expect(withReply(standing(null), reply)).toBe(reply);
  expect(withReply(standing({ ...BUILD, started_at: 50, status: 'failed' }), reply)).toBe(reply);
  expect(withReply(null, reply)).toBe(reply);
});
