/** What a launcher may use, in words, and what a persistent one may where its own spec says nothing. */

import { formatBytes } from '../../base/format.ts';
import { texts } from '../../texts/resources.ts';
import type { Launch, LauncherSpec } from '../../wire.ts';

/** "0.5 CPUs, 512 MiB". */
export function specText({ cpus, memory_bytes, gpus }: LauncherSpec): string {
  const parts = [texts.countCpus(cpus), formatBytes(memory_bytes)];
  return (gpus > 0 ? [...parts, texts.countGpus(gpus)] : parts).join(', ');
}

/** What the model has for evaluate. */
export function evaluateSpec({ choice, default_spec }: Launch): LauncherSpec {
  const { evaluate = {} } = choice;
  return {
    cpus: evaluate.cpus ?? default_spec.cpus,
    memory_bytes: evaluate.memory_bytes ?? default_spec.memory_bytes,
    gpus: evaluate.gpus ?? default_spec.gpus,
    idle_seconds: evaluate.idle_seconds ?? default_spec.idle_seconds,
  };
}
