/** What is wrong in the files of a model, by who found it: the code check, or a language server. */

import { type Readable, writable } from 'svelte/store';
import type { CodeProblem } from '../wire.ts';

export type Severity = 'error' | 'warning' | 'info' | 'hint';

/** A line and a column, counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Problem extends Place {
  /** As in Entry.path. */
  readonly path: string;
  /** Line 0: in no line of the file. Column 0: somewhere in its line. */
  readonly line: number;
  readonly column: number;
  /** Null: to the end of its line. */
  readonly end: Place | null;
  readonly severity: Severity;
  readonly message: string;
  /** Who found it: 'ty', 'ruff', 'code check'. */
  readonly source: string;
  /** The rule that it breaks, as its source names it; '' where it names none. */
  readonly code: string;
}

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2, hint: 3 };
/** What a language server sees too, and says more exactly. */
const SEEN_BY_SERVERS: ReadonlySet<string> = new Set(['syntax', 'import']);
const CODE_CHECK = 'code check';

export class Problems {
  private readonly bySource = new Map<string, readonly Problem[]>();
  private readonly store = writable<readonly Problem[]>([]);

  /** By path, then by line; each thing that is wrong once. */
  readonly all: Readable<readonly Problem[]> = this.store;

  /** All that a source has found, in the place of what it had found before. */
  replace(source: string, found: readonly Problem[]): void {
    if (found.length === 0 && !this.bySource.has(source)) return;
    this.bySource.set(source, found);
    this.store.set(inOrder(withoutDoubles([...this.bySource.values()].flat())));
  }

  /** What a source has found in one file. */
  replaceIn(path: string, source: string, found: readonly Problem[]): void {
    const others = (this.bySource.get(source) ?? []).filter((problem) => problem.path !== path);
    this.replace(source, [...others, ...found]);
  }
}

export function ofCodeCheck(found: readonly CodeProblem[]): Problem[] {
  return found.map(({ path, line, column, message, kind }) => ({
    path,
    line,
    column,
    end: null,
    severity: 'error',
    message,
    source: CODE_CHECK,
    code: kind,
  }));
}

export function inOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort(
    (a, b) =>
      compare(a.path, b.path) ||
      a.line - b.line ||
      a.column - b.column ||
      RANK[a.severity] - RANK[b.severity],
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Where a server marks an error in the same line, the code check's word on it says nothing new. */
export function withoutDoubles(problems: readonly Problem[]): Problem[] {
  const place = ({ path, line }: Problem): string => `${line} ${path}`;
  const marked = new Set(
    problems.filter(({ source, severity }) => source !== CODE_CHECK && severity === 'error').map(place),
  );
  return problems.filter(
    (problem) =>
      problem.source !== CODE_CHECK || !SEEN_BY_SERVERS.has(problem.code) || !marked.has(place(problem)),
  );
}

export interface ProblemCounts {
  readonly errors: number;
  readonly warnings: number;
}

export function countProblems(problems: readonly Problem[]): ProblemCounts {
  const count = (wanted: Severity): number => problems.filter(({ severity }) => severity === wanted).length;
  return { errors: count('error'), warnings: count('warning') };
}
