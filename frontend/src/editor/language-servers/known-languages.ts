/** Which language servers look after which files. */

import { extension } from '../../base/paths.ts';
import { isOfModel } from './uris.ts';

export type ServerName = 'ty' | 'basedpyright' | 'ruff' | 'typescript';

export interface KnownLanguage {
  /** As the protocol names it. */
  readonly id: string;
  readonly title: string;
}

const PYTHON: KnownLanguage = { id: 'python', title: 'Python' };
const BY_EXTENSION: Readonly<Record<string, KnownLanguage>> = {
  py: PYTHON,
  pyi: PYTHON,
  js: { id: 'javascript', title: 'JavaScript' },
  mjs: { id: 'javascript', title: 'JavaScript' },
  cjs: { id: 'javascript', title: 'JavaScript' },
  jsx: { id: 'javascriptreact', title: 'JavaScript' },
  ts: { id: 'typescript', title: 'TypeScript' },
  mts: { id: 'typescript', title: 'TypeScript' },
  cts: { id: 'typescript', title: 'TypeScript' },
  tsx: { id: 'typescriptreact', title: 'TypeScript' },
};

export function knownLanguage(path: string): KnownLanguage | null {
  return BY_EXTENSION[extension(path)] ?? null;
}

/** The first of them knows the code; others see what is written badly. What surrounds the model is only read. */
export function serversOf(path: string, python: 'ty' | 'basedpyright'): readonly ServerName[] {
  const language = knownLanguage(path);
  if (language === null) return [];
  if (language !== PYTHON) return ['typescript'];
  return isOfModel(path) ? [python, 'ruff'] : [python];
}
