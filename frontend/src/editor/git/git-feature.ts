/** Waits beside the text of a file until that lies in a repository; only then is the rest fetched. */

import { Compartment } from '@codemirror/state';
import { ViewPlugin } from '@codemirror/view';
import type { ModelSession } from '../../services/session.ts';
import type { EditorFeature } from '../editor-features.ts';

export function gitFeature(session: ModelSession): EditorFeature {
  return async ({ path }) => {
    const place = new Compartment();
    const waiting = ViewPlugin.define((view) => {
      let wanted = true;
      let alive = true;
      const stop = session.git.repositories.subscribe(() => {
        if (wanted && session.git.of(path) !== null) {
          wanted = false;
          void import('./git-marks.ts').then(({ gitMarks }) => {
            if (alive) view.dispatch({ effects: place.reconfigure(gitMarks(session, path)) });
          });
        }
      });
      return {
        destroy: () => {
          alive = false;
          stop();
        },
      };
    });
    return [waiting, place.of([])];
  };
}
