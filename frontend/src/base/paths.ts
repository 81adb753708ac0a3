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
