/** Paths of a model's filesystem: relative to its root, '/' between names, '' the root itself. */

export function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

export function parent(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}

export function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The part after the last dot, lower case; '' for "Makefile" and ".gitignore". */
export function extension(path: string): string {
  const name = basename(path);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : '';
}

export function isWithin(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}

/** Where `path` is after `source` became `destination`; unchanged when it is not within source. */
export function afterMove(path: string, source: string, destination: string): string {
  return isWithin(path, source) ? destination + path.slice(source.length) : path;
}

/** Each name percent-encoded, slashes kept, for use in a URL. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** Why a name cannot be given to a file, or null when it can. */
export function nameProblem(name: string): string | null {
  if (name === '') return 'A name is needed.';
  if (name === '.' || name === '..') return `"${name}" has a meaning of its own; choose another name.`;
  if (name.includes('/')) return 'A name cannot hold a slash.';
  if (name.includes('\0')) return 'A name cannot hold a null character.';
  if (utf8Length(name) > 255) return 'A name has at most 255 bytes.';
  return null;
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
