/** What a person does with states: make one active, delete one. */

import type { ModelSession } from '../services/session.ts';
import type { State } from '../wire.ts';

export async function activateState(session: ModelSession, state: State): Promise<void> {
  try {
    session.events.modelChanged(await session.api.change({ active_state_id: state.id }));
    session.announce(`${state.name} is the active state.`);
  } catch (error) {
    session.notifications.error(`${state.name} could not be made active.`, error);
  }
}

export async function removeState(session: ModelSession, state: State): Promise<void> {
  const sure = await session.dialogs.confirm(
    'Delete this state?',
    `${state.name} is removed for good.`,
    'Delete',
  );
  if (!sure) return;
  try {
    await session.api.removeState(state.id);
  } catch (error) {
    session.notifications.error(`${state.name} could not be deleted.`, error);
  }
}
