import { expect, test } from 'vitest';
import type { Operation, OperationKind, OperationStatus, State } from '../wire.ts';
import { resumableState } from './resuming.ts';

const CHECKPOINT = { id: 's1', name: 'checkpoint' } as State;

function operation(kind: OperationKind, status: OperationStatus, result_state_id: string | null): Operation {
  return { kind, status, result_state_id } as Operation;
}

test.each([
  ['train', 'failed', 's1', CHECKPOINT],
  ['train', 'cancelled', 's1', CHECKPOINT],
  ['train', 'interrupted', 's1', CHECKPOINT],
  ['train', 'succeeded', 's1', undefined],
  ['train', 'running', 's1', undefined],
  ['train', 'failed', null, undefined],
  ['train', 'failed', 'deleted', undefined],
  ['createModelState', 'failed', 's1', undefined],
] as const)('a %s that has %s and made the state %s goes on from %o', (kind, status, made, expected) => {
  expect(resumableState(operation(kind, status, made), [CHECKPOINT])).toBe(expected);
});
