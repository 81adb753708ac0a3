/** Which trainings can go on, and from which state. */

import type { Operation, OperationStatus, State } from '../wire.ts';

const EARLY: readonly OperationStatus[] = ['failed', 'cancelled', 'interrupted'];

/** What a training that ended early has left, while it is there. */
export function resumableState(operation: Operation, states: readonly State[]): State | undefined {
  if (operation.kind !== 'train' || !EARLY.includes(operation.status)) return undefined;
  return states.find(({ id }) => id === operation.result_state_id);
}
