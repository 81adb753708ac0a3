/** Folders as a shell in a sandbox names them. */

const ROOT = '/model';

/** A folder of the filesystem, as in Entry.path, from what a shell has said of it (`;` and `\` escaped); null for one elsewhere. */
export function shellFolder(said: string): string | null {
  const path = said.replaceAll(/\\(x3b|\\)/g, (_, escaped: string) => (escaped === 'x3b' ? ';' : '\\'));
  if (path === ROOT) return '';
  return path.startsWith(`${ROOT}/`) ? path.slice(ROOT.length + 1) : null;
}

/** `path` as it is meant in `folder`; null where it leads out of the filesystem. */
export function resolveIn(folder: string, path: string): string | null {
  const names = folder === '' ? [] : folder.split('/');
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') names.push(name);
    else if (names.pop() === undefined) return null;
  }
  return names.join('/') || null;
}
