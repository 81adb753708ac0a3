/** Which operations a model's code can answer, as far as is known. */

import type { FunctionName, OperationKind } from '../wire.ts';
import { KIND_NAMES } from './outcomes.ts';

export const KINDS: readonly OperationKind[] = ['evaluate', 'train', 'createModelState', 'debug'];

/** Why an operation cannot run, or null. Code that was not looked at may define anything. */
export function unavailable(kind: OperationKind, functions: readonly FunctionName[] | null): string | null {
  if (functions === null || kind === 'debug' || functions.includes(kind)) return null;
  return `${KIND_NAMES[kind]} needs a function ${kind}, which the code does not define.`;
}

/** What to offer to a person who has chosen nothing: the first that can run. */
export function firstAvailable(functions: readonly FunctionName[] | null): OperationKind {
  return KINDS.find((kind) => kind !== 'debug' && unavailable(kind, functions) === null) ?? 'evaluate';
}
