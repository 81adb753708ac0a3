/** Where the columns of a table stand, of which only those in sight are drawn. */

export interface Columns {
  /** Where each begins, and where the last ends, in pixels. */
  readonly edges: readonly number[];
}

const CHARACTER_PIXELS = 7.3;
const PADDING_PIXELS = 20;
const FEWEST_CHARACTERS = 4;
const MOST_CHARACTERS = 48;
const SAMPLED_ROWS = 200;

/** As wide as the longest of the first values, within limits. */
export function columnsOf(rows: readonly (readonly string[])[]): Columns {
  const sample = rows.slice(0, SAMPLED_ROWS);
  const count = sample.reduce((most, row) => Math.max(most, row.length), 0);
  const edges = [0];
  for (let column = 0; column < count; column += 1) {
    const longest = sample.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), FEWEST_CHARACTERS);
    const width = Math.min(longest, MOST_CHARACTERS) * CHARACTER_PIXELS + PADDING_PIXELS;
    edges.push((edges.at(-1) ?? 0) + Math.round(width));
  }
  return { edges };
}

/** The columns between two places: the first, and the one after the last. */
export function columnsWithin({ edges }: Columns, left: number, right: number): [first: number, end: number] {
  const last = edges.length - 1;
  const first = Math.max(0, edges.findIndex((edge) => edge > left) - 1);
  const after = edges.findIndex((edge) => edge >= right);
  return [Math.min(first, last), after === -1 ? last : after];
}
