/** Says when a model's environment has changed or could not be built, wherever in the page the person is by then. */

import { describeChoice, isBuilding } from '../base/environment.ts';
import { type Disposable, toDisposable } from '../base/lifecycle.ts';
import type { Note } from '../services/notifications.ts';
import type { ModelSession } from '../services/session.ts';
import { texts } from '../texts/workbench.ts';
import type { ModelEnvironment } from '../wire.ts';

const KEY = 'environment';

type News = Pick<Note, 'severity' | 'message' | 'details'> | null;

export function newsOf(before: ModelEnvironment | null, now: ModelEnvironment | null): News {
  if (before === null || now === null) return null;
  if (isBuilding(before) && now.build?.status === 'failed')
    return { severity: 'error', message: texts.environment.notBuilt(describeChoice(now.build.choice)) };
  if (isBuilding(before) && now.build?.status === 'cancelled')
    return { severity: 'info', message: texts.environment.cancelled };
  // The first one of a model is no news: its terminals wait for it, and open.
  if (before.key === null || now.key === null || now.key === before.key) return null;
  const { ready, whoUsesIt } = texts.environment;
  return { severity: 'success', message: ready(describeChoice(now.choice)), details: whoUsesIt };
}

export function watchEnvironment(session: ModelSession): Disposable {
  let known: ModelEnvironment | null = null;
  return toDisposable(
    session.environment.subscribe((now) => {
      const news = newsOf(known, now);
      known = now;
      if (isBuilding(now)) session.notifications.dismissKey(KEY);
      if (news !== null) tell(session, news);
    }),
  );
}

function tell(session: ModelSession, news: NonNullable<News>): void {
  const show = { label: texts.environment.show, run: () => void session.commands.run('model.environment') };
  session.notifications.show({
    ...news,
    key: KEY,
    ...(news.severity === 'error' ? { actions: [show] } : {}),
  });
}
