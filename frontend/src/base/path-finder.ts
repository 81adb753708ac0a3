/** Which of very many paths a few letters mean: fast enough to ask at each key, over 50,000 files. */

import { match } from './fuzzy.ts';
import { basename } from './paths.ts';

export interface FoundPath {
  readonly path: string;
  /** Indices of the letters that matched, ascending. */
  readonly positions: readonly number[];
}

/** How well a path fits: by where the letters stand, then by how little else there is. */
const BEGINS_NAME = 4;
const IN_NAME = 3;
const LETTERS_OF_NAME = 2;
const LETTERS_OF_PATH = 1;

interface Candidate {
  readonly at: number;
  readonly score: number;
}

export class PathFinder {
  private readonly lower: readonly string[];
  private readonly nameStarts: Int32Array;
  /** Which letters each path has, a bit for each: most that do not fit are passed by at once. */
  private readonly letters: Uint32Array;
  private query = '';
  private fitting: Uint32Array | null = null;

  constructor(private readonly paths: readonly string[]) {
    this.lower = paths.map((path) => path.toLowerCase());
    this.nameStarts = Int32Array.from(this.lower, (path) => path.lastIndexOf('/') + 1);
    this.letters = Uint32Array.from(this.lower, lettersOf);
  }

  /** The best first, at most `count`. */
  find(query: string, count: number): readonly FoundPath[] {
    const letters = query.replaceAll(' ', '').toLowerCase();
    if (letters === '') return this.paths.slice(0, count).map((path) => ({ path, positions: [] }));
    return this.best(letters, count).map(({ at }) => {
      const path = this.paths[at] ?? '';
      return { path, positions: positionsIn(path, letters) };
    });
  }

  private best(letters: string, count: number): readonly Candidate[] {
    const from = this.fitting !== null && letters.startsWith(this.query) ? this.fitting : null;
    const wanted = lettersOf(letters);
    const total = from?.length ?? this.paths.length;
    const fitting = new Uint32Array(total);
    const best: Candidate[] = [];
    let fits = 0;
    for (let index = 0; index < total; index++) {
      const at = from?.[index] ?? index;
      if (((this.letters[at] ?? 0) & wanted) !== wanted) continue;
      const score = this.score(letters, at);
      if (score === 0) continue;
      fitting[fits++] = at;
      if (best.length < count || score > (best.at(-1)?.score ?? 0)) insert(best, { at, score }, count);
    }
    [this.query, this.fitting] = [letters, fitting.slice(0, fits)];
    return best;
  }

  /** 0: it does not fit. */
  private score(letters: string, at: number): number {
    const path = this.lower[at] ?? '';
    const start = this.nameStarts[at] ?? 0;
    const spare = 1 / (2 + path.length - start) + 0.0001 / (1 + path.length);
    const whole = path.indexOf(letters, start);
    if (whole === start) return BEGINS_NAME + spare;
    if (whole !== -1) return IN_NAME + spare;
    if (hasLetters(path, letters, start)) return LETTERS_OF_NAME + spare;
    if (path.includes(letters)) return LETTERS_OF_PATH + 0.5 + spare / 4;
    return hasLetters(path, letters, 0) ? LETTERS_OF_PATH + spare / 4 : 0;
  }
}

function insert(best: Candidate[], candidate: Candidate, count: number): void {
  let [low, high] = [0, best.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((best[middle]?.score ?? 0) >= candidate.score) low = middle + 1;
    else high = middle;
  }
  best.splice(low, 0, candidate);
  if (best.length > count) best.pop();
}

function lettersOf(text: string): number {
  let bits = 0;
  for (let at = 0; at < text.length; at++) bits |= 1 << (text.charCodeAt(at) % 32);
  return bits >>> 0;
}

function hasLetters(text: string, letters: string, start: number): boolean {
  let from = start;
  for (const letter of letters) {
    const at = text.indexOf(letter, from);
    if (at === -1) return false;
    from = at + letter.length;
  }
  return true;
}

/** In the name where they stand there, as that is what is looked at. */
function positionsIn(path: string, letters: string): readonly number[] {
  const name = basename(path);
  const offset = path.length - name.length;
  const inName = match(letters, name);
  if (inName) return inName.positions.map((position) => position + offset);
  return match(letters, path)?.positions ?? [];
}
