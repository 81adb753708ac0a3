/** Which operations a model's code can answer, as far as is known. */

import { extension } from '../base/paths.ts';
import type { Entry, FunctionName, Operation, OperationKind } from '../wire.ts';
import { KIND_NAMES } from './outcomes.ts';

/** Why an operation cannot run, or null. Code that was never loaded may define anything. */
export function unavailable(kind: OperationKind, functions: readonly FunctionName[] | null): string | null {
  if (functions === null || functions.includes(kind)) return null;
  return `${KIND_NAMES[kind]} needs a function ${kind}, which the code did not define when it last ran.`;
}

const CODE = new Set(['py', 'js', 'mjs', 'cjs', 'ts']);

export function isCode(path: string): boolean {
  return CODE.has(extension(path));
}

/** Whether code may have changed since it was last loaded, judged by the entries of the root. What is in folders is not
 * looked at, so where there is one the answer is yes: better to offer an operation that fails than to refuse one that works. */
export function mayHaveChanged(entries: readonly Entry[], operations: readonly Operation[]): boolean {
  const loadedAt = Math.max(...operations.map(({ ended_at, started_at }) => (ended_at && started_at) ?? 0));
  return entries.some(({ kind, name, modified_at }) => {
    if (kind === 'file') return isCode(name) && modified_at > loadedAt;
    return !MADE_BY_TOOLS.has(name) && !name.startsWith('.');
  });
}

const MADE_BY_TOOLS = new Set(['__pycache__', 'node_modules', 'venv']);
