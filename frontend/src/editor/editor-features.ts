/** What is added to the text of a file besides the language it is written in, each loaded when a file first wants it. */

import type { Extension } from '@codemirror/state';
import type { ModelSession } from '../services/session.ts';

export interface FeatureFile {
  /** As in Entry.path. */
  readonly path: string;
}

/** What it adds to this file's editor; `[]` where it has nothing for such a file. Asked anew when the file is renamed. */
export type EditorFeature = (file: FeatureFile) => Promise<Extension>;

export function editorFeatures(_session: ModelSession): readonly EditorFeature[] {
  return [];
}
