/** The one GitWork of a session, for the view, the status bar, the commands and the dialogs. */

import type { ModelSession } from '../../services/session.ts';
import { GitWork } from './git-work.ts';

const works = new WeakMap<ModelSession, GitWork>();

export function gitWork(session: ModelSession): GitWork {
  const known = works.get(session) ?? new GitWork(session);
  works.set(session, known);
  return known;
}
