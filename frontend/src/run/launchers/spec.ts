/** What a persistent launcher has where its own spec says nothing: what the model has for evaluate. */

import type { Launch, LauncherSpec } from '../../wire.ts';

export function evaluateSpec({ choice, default_spec }: Launch): LauncherSpec {
  const { evaluate = {} } = choice;
  return {
    cpus: evaluate.cpus ?? default_spec.cpus,
    memory_bytes: evaluate.memory_bytes ?? default_spec.memory_bytes,
    gpus: evaluate.gpus ?? default_spec.gpus,
    idle_seconds: evaluate.idle_seconds ?? default_spec.idle_seconds,
  };
}
