/** Names for what must not take a name that is in use. Pure. */

import { texts } from '../../texts/files.ts';

/** 'main.py' becomes 'main copy.py', then 'main copy 2.py'; a name of a dot and letters alone has no extension. */
export function copyName(name: string, isTaken: (name: string) => boolean): string {
  return firstFree(name, isTaken, texts.copyMark);
}

/** 'photo.png' becomes 'photo (2).png': an upload beside what was there. */
export function numberedName(name: string, isTaken: (name: string) => boolean): string {
  return firstFree(name, isTaken, (number) => ` (${number + 1})`);
}

function firstFree(
  name: string,
  isTaken: (name: string) => boolean,
  mark: (number: number) => string,
): string {
  const dot = name.lastIndexOf('.');
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  for (let number = 1; ; number += 1) {
    const found = stem + mark(number) + extension;
    if (!isTaken(found)) return found;
  }
}

/** Without those that lie in another of them. */
export function outermost(paths: readonly string[]): string[] {
  const chosen = new Set(paths);
  return [...chosen].filter((path) => {
    for (let slash = path.lastIndexOf('/'); slash !== -1; slash = path.lastIndexOf('/', slash - 1)) {
      if (chosen.has(path.slice(0, slash))) return false;
      if (slash === 0) break;
    }
    return true;
  });
}

/** 'main.py', or '3 files and folders'. */
export function described(paths: readonly string[]): string {
  const [first = ''] = paths;
  return paths.length === 1 ? first.slice(first.lastIndexOf('/') + 1) : texts.filesAndFolders(paths.length);
}
