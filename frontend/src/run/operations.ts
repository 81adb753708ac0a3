/** What a person does with operations: start one, stop one, delete some. */

import { ApiError } from '../services/api.ts';
import type { ModelSession } from '../services/session.ts';
import type { NewOperation, Operation } from '../wire.ts';
import { KIND_NAMES } from './outcomes.ts';

/** After everything was saved. Null where that or the start failed, of which the person was told. */
export async function startOperation(session: ModelSession, wanted: NewOperation): Promise<Operation | null> {
  try {
    if (!(await session.saveAll())) return null;
    const started = await session.api.startOperation(wanted);
    session.events.operationChanged(started);
    session.announce(`${KIND_NAMES[wanted.kind]} has started.`);
    return started;
  } catch (error) {
    session.notifications.error(`${KIND_NAMES[wanted.kind]} could not be started.`, error);
    return null;
  }
}

/** As startOperation does: the same training, from the state that this one has left. */
export async function resumeOperation(session: ModelSession, operation: Operation): Promise<void> {
  try {
    if (!(await session.saveAll())) return;
    session.events.operationStarted(await session.api.resumeOperation(operation.id));
    session.announce('The training goes on.');
  } catch (error) {
    session.notifications.error('The training could not be resumed.', error);
  }
}

/** With the inputs, and on the state, of an earlier one. */
export async function startAgain(session: ModelSession, earlier: Operation): Promise<Operation | null> {
  try {
    return await startOperation(session, await session.api.operationRequest(earlier.id));
  } catch (error) {
    session.notifications.error('The inputs could not be read.', error);
    return null;
  }
}

export async function stopOperation(session: ModelSession, operation: Operation): Promise<void> {
  try {
    session.events.operationChanged(await session.api.cancelOperation(operation.id));
  } catch (error) {
    session.notifications.error('It could not be stopped.', error);
  }
}

/** Whether they were deleted. */
export async function removeOperations(
  session: ModelSession,
  operations: readonly Operation[],
): Promise<boolean> {
  const [only] = operations;
  const what = operations.length === 1 && only ? KIND_NAMES[only.kind] : `${operations.length} operations`;
  const title = operations.length === 1 ? 'Delete this operation?' : `Delete ${what}?`;
  const message = `${what}: logs, metrics and results are removed for good.`;
  if (!(await session.dialogs.confirm(title, message, 'Delete'))) return false;
  for (const operation of operations) {
    try {
      await session.api.removeOperation(operation.id);
      session.events.operationRemoved(operation.id);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'operation_not_found') continue; // somebody else did
      session.notifications.error(`${KIND_NAMES[operation.kind]} could not be deleted.`, error);
      return false;
    }
  }
  return true;
}
