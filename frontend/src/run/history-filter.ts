/** Which operations a person wants to see. */

import type { Operation, OperationKind, OperationStatus } from '../wire.ts';

export interface Filter {
  readonly kind: OperationKind | '';
  readonly status: OperationStatus | '';
}

export const ALL: Filter = { kind: '', status: '' };

export function matching(operations: readonly Operation[], { kind, status }: Filter): readonly Operation[] {
  if (kind === '' && status === '') return operations;
  return operations.filter(
    (operation) => (kind === '' || operation.kind === kind) && (status === '' || operation.status === status),
  );
}
