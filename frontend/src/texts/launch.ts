/** What is said of the numbers that operations are launched with. */

import type { LauncherSpec, MaxDurations } from '../wire.ts';

export const texts = {
  spec: {
    cpus: 'CPUs',
    memory_bytes: 'Memory',
    gpus: 'GPUs',
    idle_seconds: 'Kept for',
  } satisfies Record<keyof LauncherSpec, string>,
  durations: {
    code_startup_seconds: 'Load code',
    create_state_seconds: 'Create state',
    instantiate_model_seconds: 'Instantiate model',
    evaluate_seconds: 'Evaluate',
    train_seconds: 'Train',
    get_state_seconds: 'Get state',
  } satisfies Record<keyof MaxDurations, string>,
  range: (lowest: string, highest: string) => `${lowest} to ${highest}`,
  noGpus: 'This server has no GPUs. Leave it empty.',
  notInRange: (range: string, typed: string) => `Expected ${range}, got ${typed}.`,
  notWholeInRange: (range: string, typed: string) => `Expected a whole number, ${range}, got ${typed}.`,
};
