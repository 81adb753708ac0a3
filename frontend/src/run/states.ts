/** What a person does with states: make one active, delete one. */

import type { ModelSession } from '../services/session.ts';
import { common } from '../texts/common.ts';
import { texts } from '../texts/run.ts';
import type { State } from '../wire.ts';

export async function activateState(session: ModelSession, state: State): Promise<void> {
  try {
    session.events.modelChanged(await session.api.change({ active_state_id: state.id }));
    session.announce(texts.states.isActive(state.name));
  } catch (error) {
    session.notifications.error(texts.states.notActive(state.name), error);
  }
}

export async function removeState(session: ModelSession, state: State): Promise<void> {
  const { deleteThis, deleteWarning, notDeleted } = texts.states;
  const sure = await session.dialogs.confirm(deleteThis, deleteWarning(state.name), common.delete);
  if (!sure) return;
  try {
    await session.api.removeState(state.id);
  } catch (error) {
    session.notifications.error(notDeleted(state.name), error);
  }
}
