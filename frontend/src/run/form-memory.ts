/** What was put into a form, kept over a reload of the page. Files are not: they are too large for it. */

import type { ModelId, OperationKind } from '../wire.ts';
import type { FieldInput, Inputs } from './parameter-fields.ts';

function key(model: ModelId, kind: OperationKind): string {
  return `slipway.form.${model}.${kind}`;
}

export function remembered(model: ModelId, kind: OperationKind, storage: Storage = sessionStorage): Inputs {
  try {
    const kept: unknown = JSON.parse(storage.getItem(key(model, kind)) ?? '{}');
    return (kept ?? {}) as Inputs; // written below
  } catch (error) {
    // Another program's text under our name is no reason to show no form.
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

export function remember(
  model: ModelId,
  kind: OperationKind,
  inputs: Inputs,
  storage: Storage = sessionStorage,
): void {
  const texts = Object.entries(inputs).filter(([, input]) => !holdsFiles(input));
  try {
    storage.setItem(key(model, kind), JSON.stringify(Object.fromEntries(texts)));
  } catch (error) {
    // A full storage costs this comfort and nothing else.
    if (!(error instanceof DOMException)) throw error;
  }
}

function holdsFiles(input: FieldInput): boolean {
  if (typeof input !== 'object') return false;
  return Array.isArray(input) || ('many' in input && Array.isArray(input.many));
}
