/** What is added to the text of a file besides the language it is written in, each loaded when a file first wants it. */

import type { Extension } from '@codemirror/state';
import type { ModelSession } from '../services/session.ts';
import { gitFeature } from './git/git-feature.ts';
import { knownLanguage } from './language-servers/known-languages.ts';
import type { OpenFile } from './open-file.ts';

export interface FeatureFile {
  /** As in Entry.path. */
  readonly path: string;
}

/** What it adds to this file's editor; `[]` where it has nothing for such a file. Asked anew when the file is renamed. */
export type EditorFeature = (file: FeatureFile) => Promise<Extension>;

/** The file of this path, where it is open. */
export type FindOpen = (path: string) => OpenFile | undefined;

export function editorFeatures(session: ModelSession, findOpen: FindOpen): readonly EditorFeature[] {
  return [languageServers(session, findOpen), gitFeature(session)];
}

function languageServers(session: ModelSession, findOpen: FindOpen): EditorFeature {
  const load = once(async () => {
    const { ModelLanguages } = await import('./language-servers/model-languages.ts');
    return new ModelLanguages(session, findOpen);
  });
  return async ({ path }) => (knownLanguage(path) === null ? [] : (await load()).of(path));
}

/** Where it failed it is tried again. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | null = null;
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = null;
      throw error;
    });
    return loading;
  };
}
