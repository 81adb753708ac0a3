/** What a tab is called: all that it shows, for those who hear it and those who speak to it. */

import { basename, parent } from '../base/paths.ts';
import { diffOfPath } from '../services/git.ts';
import { texts } from '../texts/editor.ts';
import type { FileView } from './open-file.ts';
import type { Keeping } from './pane.ts';

/** What stands behind the name: which versions are compared, or the folder. */
export function asideOf(path: string): string {
  return diffOfPath(path)?.title ?? parent(path);
}

type Named = Pick<FileView, 'path' | 'save' | 'saveProblem'>;

export function tabName({ path, save, saveProblem }: Named, { isPreview, isPinned }: Keeping): string {
  const seen = [basename(path), asideOf(path), save.disk === 'deleted' ? texts.tab.deleted : '']
    .filter(Boolean)
    .join(' ');
  const states = [
    save.dirty ? texts.tab.notSaved(saveProblem) : '',
    isPreview ? texts.tab.preview : '',
    isPinned ? texts.tab.pinned : '',
  ];
  return [seen, ...states.filter(Boolean)].join(', ');
}
