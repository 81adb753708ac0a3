/** Which operations a model's code can answer, as far as is known. */

import type { FunctionName, OperationKind } from '../wire.ts';
import { KIND_NAMES } from './outcomes.ts';

/** Why an operation cannot run, or null. Code that was never loaded may define anything. */
export function unavailable(kind: OperationKind, functions: readonly FunctionName[] | null): string | null {
  if (functions === null || functions.includes(kind)) return null;
  return `${KIND_NAMES[kind]} needs a function ${kind}, which the code did not define when it last ran.`;
}
