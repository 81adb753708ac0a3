/** Where a link or an image in a document of a model leads. */

import { join, parent } from '../../base/paths.ts';

export type Target =
  | { readonly kind: 'web'; readonly url: string }
  /** A file or folder of the model. */
  | { readonly kind: 'file'; readonly path: string; readonly line: number | undefined }
  /** A heading of the document itself, by its slug. */
  | { readonly kind: 'heading'; readonly slug: string }
  /** Nowhere that is safe or known. */
  | { readonly kind: 'nowhere' };

const NOWHERE: Target = { kind: 'nowhere' };

/** `href` as it stands in the document at `path`. */
export function targetOf(href: string, path: string): Target {
  const trimmed = href.trim();
  if (trimmed.startsWith('#')) return { kind: 'heading', slug: decoded(trimmed.slice(1)) ?? '' };
  if (/^(?:https?:|mailto:)/i.test(trimmed)) return { kind: 'web', url: trimmed };
  if (trimmed.startsWith('//')) return { kind: 'web', url: `https:${trimmed}` };
  if (/^[a-z][a-z0-9+.-]*:/i.test(trimmed) || trimmed.startsWith('\\')) return NOWHERE;
  const [place = '', fragment = ''] = trimmed.split('#', 2);
  const file = resolved(decoded(place.split('?')[0] ?? ''), path);
  return file === null ? NOWHERE : { kind: 'file', path: file, line: lineOf(fragment) };
}

/** As GitHub names headings, less what sets equal ones apart. */
export function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/** '/' begins at the model's root; what leads out of the model leads nowhere. */
function resolved(place: string | null, path: string): string | null {
  if (place === null || place === '') return null;
  let folder = place.startsWith('/') ? '' : parent(path);
  for (const name of place.split('/')) {
    if (name === '' || name === '.') continue;
    if (name === '..' && folder === '') return null;
    folder = name === '..' ? parent(folder) : join(folder, name);
  }
  return folder === '' ? null : folder;
}

function lineOf(fragment: string): number | undefined {
  const found = /^L(\d+)/.exec(fragment);
  return found ? Number(found[1]) : undefined;
}
