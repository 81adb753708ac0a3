/** Which operations a model's code can answer, as far as is known. */

import { texts } from '../texts/run.ts';
import type { FunctionName, OperationKind } from '../wire.ts';

export const KINDS: readonly OperationKind[] = ['evaluate', 'train', 'createModelState', 'debug'];

/** Why an operation cannot run, or null. Code that was not looked at may define anything. */
export function unavailable(kind: OperationKind, functions: readonly FunctionName[] | null): string | null {
  if (functions === null || kind === 'debug' || functions.includes(kind)) return null;
  return texts.code.lacksFunction(texts.kinds[kind], kind);
}

/** What to offer to a person who has chosen nothing: the first that can run. */
export function firstAvailable(functions: readonly FunctionName[] | null): OperationKind {
  return KINDS.find((kind) => kind !== 'debug' && unavailable(kind, functions) === null) ?? 'evaluate';
}
