/** Problems by the file they are in. */

import type { Problem } from '../../services/problems.ts';
import { texts } from '../../texts/problems.ts';

export interface ProblemGroup {
  readonly path: string;
  readonly problems: readonly Problem[];
}

/** In the order they come in. */
export function groupByPath(problems: readonly Problem[]): ProblemGroup[] {
  return [...Map.groupBy(problems, ({ path }) => path)].map(([path, found]) => ({ path, problems: found }));
}

/** What stands beside the message: who says so, and by which rule. */
export function originOf({ source, code }: Problem): string {
  return code === '' ? source : `${source}(${code})`;
}

export function placeOf({ line, column }: Problem): string {
  if (line === 0) return '';
  return column === 0 ? texts.line(line) : texts.place(line, column);
}
