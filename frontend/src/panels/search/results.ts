/** What a search has found, by file, and the rows that it is shown as. */

import type { FoundInFile, SearchMatch } from '../../wire.ts';

export interface FileResults {
  readonly path: string;
  readonly matches: readonly SearchMatch[];
}

export type ResultRow =
  | { readonly kind: 'file'; readonly file: FileResults; readonly isOpen: boolean }
  | { readonly kind: 'match'; readonly file: FileResults; readonly match: SearchMatch };

/** The place of a match: the same after searching once more. */
export function placeOf(path: string, { line, column, text }: SearchMatch): string {
  return `${path}\n${line}:${column}:${text}`;
}

/** Changed only by making another. */
export class Results {
  private constructor(private readonly byPath: ReadonlyMap<string, readonly SearchMatch[]>) {}

  static readonly none = new Results(new Map());

  get files(): readonly FileResults[] {
    return [...this.byPath].map(([path, matches]) => ({ path, matches }));
  }

  get fileCount(): number {
    return this.byPath.size;
  }

  get matchCount(): number {
    let count = 0;
    for (const matches of this.byPath.values()) count += matches.length;
    return count;
  }

  /** Files in the order of their paths, whichever was found first. */
  with(found: readonly FoundInFile[], isWanted: (place: string) => boolean = () => true): Results {
    const byPath = new Map(this.byPath);
    for (const { path, matches } of found) {
      const wanted = matches.filter((match) => isWanted(placeOf(path, match)));
      if (wanted.length > 0) byPath.set(path, [...(byPath.get(path) ?? []), ...wanted]);
    }
    if (byPath.size === this.byPath.size) return new Results(byPath);
    return new Results(new Map([...byPath].sort(([a], [b]) => comparePaths(a, b))));
  }

  without(path: string, gone: readonly SearchMatch[]): Results {
    const byPath = new Map(this.byPath);
    const left = (byPath.get(path) ?? []).filter((match) => !gone.includes(match));
    if (left.length > 0) byPath.set(path, left);
    else byPath.delete(path);
    return new Results(byPath);
  }

  rows(closed: ReadonlySet<string>): readonly ResultRow[] {
    return this.files.flatMap((file): ResultRow[] => {
      const isOpen = !closed.has(file.path);
      const head = { kind: 'file', file, isOpen } as const;
      return isOpen
        ? [head, ...file.matches.map((match) => ({ kind: 'match', file, match }) as const)]
        : [head];
    });
  }
}

/** A folder's own files before those of the folders in it. */
function comparePaths(a: string, b: string): number {
  const [one, other] = [a.split('/'), b.split('/')];
  for (let at = 0; ; at++) {
    const [x = '', y = ''] = [one[at], other[at]];
    if (x === y) {
      if (one[at] === undefined) return 0;
      continue;
    }
    const [isFile, isOtherFile] = [at === one.length - 1, at === other.length - 1];
    if (isFile !== isOtherFile) return isFile ? -1 : 1;
    return x < y ? -1 : 1;
  }
}
