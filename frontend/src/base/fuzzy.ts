/** Fuzzy matching for the palette and quick open: the query's letters in order, best places first. */

export interface Match {
  score: number;
  /** Indices of the letters of the text that matched, ascending. */
  positions: number[];
}

const SEPARATOR = /[\s/_.\-:]/;

function bonus(text: string, at: number): number {
  if (at === 0) return 8;
  const before = text[at - 1] ?? '';
  const here = text[at] ?? '';
  if (SEPARATOR.test(before)) return 7;
  const camel = before === before.toLowerCase() && here !== here.toLowerCase();
  return camel ? 6 : 0;
}

const RUN_BONUS = 5;
const GAP_PENALTY = 0.2;

/** Best alignment by dynamic programming over (letter of the query, place in the text); null when a letter is missing. */
export function match(query: string, text: string): Match | null {
  const letters = query.replaceAll(' ', '').toLowerCase();
  if (letters === '') return { score: 0, positions: [] };
  const lower = text.toLowerCase();
  if (!isSubsequence(letters, lower)) return null;
  return align(letters, lower, text);
}

function isSubsequence(letters: string, text: string): boolean {
  let from = 0;
  for (const letter of letters) {
    const at = text.indexOf(letter, from);
    if (at === -1) return false;
    from = at + letter.length;
  }
  return true;
}

function align(letters: string, lower: string, text: string): Match | null {
  const width = text.length;
  const previousPlace: Int32Array[] = [];
  let scores = new Float64Array(width).fill(Number.NEGATIVE_INFINITY);
  for (let row = 0; row < letters.length; row++) {
    const next = new Float64Array(width).fill(Number.NEGATIVE_INFINITY);
    const came = new Int32Array(width).fill(-1);
    let best = Number.NEGATIVE_INFINITY;
    let bestAt = -1;
    for (let at = 0; at < width; at++) {
      if (lower[at] === letters[row]) {
        const base = 1 + bonus(text, at);
        const run =
          at > 0 ? (scores[at - 1] ?? Number.NEGATIVE_INFINITY) + RUN_BONUS : Number.NEGATIVE_INFINITY;
        if (row === 0) next[at] = base - at * GAP_PENALTY;
        else if (run >= best) [next[at], came[at]] = [base + run, at - 1];
        else [next[at], came[at]] = [base + best, bestAt];
      }
      // `best` trails one behind `at`: the best ending of the row before, at an earlier place.
      best -= GAP_PENALTY;
      const ending = scores[at] ?? Number.NEGATIVE_INFINITY;
      if (ending > best) [best, bestAt] = [ending, at];
    }
    previousPlace.push(came);
    scores = next;
  }
  return trace(scores, previousPlace, width);
}

function trace(scores: Float64Array, previousPlace: Int32Array[], width: number): Match | null {
  let at = scores.reduce((top, score, place) => (score > (scores[top] ?? 0) ? place : top), 0);
  const score = scores[at] ?? Number.NEGATIVE_INFINITY;
  if (score === Number.NEGATIVE_INFINITY) return null;
  const positions: number[] = [];
  for (let row = previousPlace.length - 1; row >= 0; row--) {
    positions.unshift(at);
    at = previousPlace[row]?.[at] ?? -1;
  }
  return { score: score - width * 0.01, positions };
}

export interface Ranked<T> {
  item: T;
  positions: number[];
}

/** The items that match, best first, at most `count`; equal scores keep their order. */
export function rank<T>(
  query: string,
  items: Iterable<T>,
  textOf: (item: T) => string,
  count: number,
): Ranked<T>[] {
  const found: (Ranked<T> & { score: number })[] = [];
  for (const item of items) {
    const matched = match(query, textOf(item));
    if (matched) found.push({ item, ...matched });
  }
  return found.sort((a, b) => b.score - a.score).slice(0, count);
}
