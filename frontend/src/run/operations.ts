/** What a person does with operations: start one, stop one, delete some. */

import { ApiError } from '../services/api.ts';
import type { ModelSession } from '../services/session.ts';
import { common } from '../texts/common.ts';
import { texts } from '../texts/run.ts';
import type { NewOperation, Operation } from '../wire.ts';

/** After everything was saved. Null where that or the start failed, of which the person was told. */
export async function startOperation(session: ModelSession, wanted: NewOperation): Promise<Operation | null> {
  try {
    if (!(await session.saveAll())) return null;
    const started = await session.api.startOperation(wanted);
    session.events.operationChanged(started);
    session.announce(texts.started(texts.kinds[wanted.kind]));
    return started;
  } catch (error) {
    session.notifications.error(texts.notStarted(texts.kinds[wanted.kind]), error);
    return null;
  }
}

/** As startOperation does: the same training, from the state that this one has left. */
export async function resumeOperation(session: ModelSession, operation: Operation): Promise<void> {
  try {
    if (!(await session.saveAll())) return;
    session.events.operationStarted(await session.api.resumeOperation(operation.id));
    session.announce(texts.resumed);
  } catch (error) {
    session.notifications.error(texts.notResumed, error);
  }
}

/** With the inputs, and on the state, of an earlier one. */
export async function startAgain(session: ModelSession, earlier: Operation): Promise<Operation | null> {
  try {
    return await startOperation(session, await session.api.operationRequest(earlier.id));
  } catch (error) {
    session.notifications.error(texts.inputsUnreadable, error);
    return null;
  }
}

export async function stopOperation(session: ModelSession, operation: Operation): Promise<void> {
  try {
    session.events.operationChanged(await session.api.cancelOperation(operation.id));
  } catch (error) {
    session.notifications.error(texts.notStopped, error);
  }
}

/** Whether they were deleted. */
export async function removeOperations(
  session: ModelSession,
  operations: readonly Operation[],
): Promise<boolean> {
  const [only] = operations;
  const { thisOne, all, many, warning, failed } = texts.remove;
  const what = operations.length === 1 && only ? texts.kinds[only.kind] : many(operations.length);
  const title = operations.length === 1 ? thisOne : all(what);
  if (!(await session.dialogs.confirm(title, warning(what), common.delete))) return false;
  for (const operation of operations) {
    try {
      await session.api.removeOperation(operation.id);
      session.events.operationRemoved(operation.id);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'operation_not_found') continue; // somebody else did
      session.notifications.error(failed(texts.kinds[operation.kind]), error);
      return false;
    }
  }
  return true;
}
