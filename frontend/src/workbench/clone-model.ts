/** A new model whose files are those of a Git repository. */

import { createModel, ModelApi } from '../services/api.ts';
import type { Model } from '../wire.ts';

export interface CloneRequest {
  readonly name: string;
  readonly url: string;
  /** '' is the one that the repository has as its own. */
  readonly branch: string;
  /** For a repository that not everybody may read; kept as a secret of the model. */
  readonly token: string;
}

export type CloneOutcome =
  | { readonly kind: 'cloned'; readonly model: Model }
  /** The model stays, with what has come until then. */
  | { readonly kind: 'failed'; readonly model: Model; readonly error: unknown };

/** The variable that git takes the token of a host from, as docs/git.md says; null where the address names no host. */
export function tokenVariable(url: string): string | null {
  const host = /^https?:\/\/(?:[^@/]*@)?([^/]+)/.exec(url)?.[1];
  return host === undefined ? null : `GIT_TOKEN_${host.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}

/** Rejects where there is no model yet. A clone that is aborted leaves none. */
export async function cloneModel(
  { name, url, branch, token }: CloneRequest,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<CloneOutcome> {
  const model = await createModel({ name, empty: true });
  const api = new ModelApi(model.id);
  try {
    const variable = tokenVariable(url);
    if (token !== '' && variable !== null) await api.setVariable(variable, { value: token, secret: true });
    await api.gitTransfer({ type: 'clone', url, branch }, onProgress, signal);
  } catch (error) {
    if (!signal.aborted) return { kind: 'failed', model, error };
    await api.remove();
    throw error;
  }
  return { kind: 'cloned', model };
}
