import { expect, test } from 'vitest';
import type { Launch } from '../../wire.ts';
import { evaluateSpec, specText } from './spec.ts';

test('what the model chose for evaluate comes before what the server gives', () => {
  const spec = { cpus: 1, memory_bytes: 512, gpus: 0, idle_seconds: 60 };
  const choice = { evaluate: { cpus: 2, idle_seconds: 0 }, train: { memory_bytes: 9 } };
  const launch = { choice, default_spec: spec } as Launch; // the rest is not looked at
  expect(evaluateSpec(launch)).toEqual({ ...spec, cpus: 2, idle_seconds: 0 });
});

test('GPUs are named where there are some', () => {
  const spec = { cpus: 0.5, memory_bytes: 2 ** 20, gpus: 0, idle_seconds: 0 };
  expect(specText(spec)).toBe('0.5 CPUs, 1 MiB');
  expect(specText({ ...spec, cpus: 1, gpus: 2 })).toBe('1 CPU, 1 MiB, 2 GPUs');
});
