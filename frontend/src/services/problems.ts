/** What is wrong in the files of a model, by who found it: the code check, or a language server. */

import { type Readable, writable } from 'svelte/store';
import { texts } from '../texts/services.ts';
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
  /** It points at what is not used. */
  readonly faded?: boolean;
}

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2, hint: 3 };
/** What a language server sees too, and says more exactly. */
const SEEN_BY_SERVERS: ReadonlySet<string> = new Set(['syntax', 'import']);
export const CODE_CHECK = texts.codeCheck;

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

/** That there is no code is in no file. */
export function ofCodeCheck(found: readonly CodeProblem[]): Problem[] {
  const inFiles = found.filter(({ kind }) => kind !== 'no_code');
  return inFiles.map(({ path, line, column, message, kind }) => ({
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

/** Rules of one source that say what a rule of another says too, more exactly. */
const SAID_BY: Readonly<Record<string, readonly string[]>> = {
  F821: ['unresolved-reference', 'reportUndefinedVariable'],
  F822: ['unresolved-reference', 'reportUnsupportedDunderAll'],
  'invalid-syntax': ['invalid-syntax'],
};

/** What several sources say of one line is left to the one that says it best. */
export function withoutDoubles(problems: readonly Problem[]): Problem[] {
  const said = new Set(problems.map(({ path, line, source, code }) => `${line} ${source} ${code} ${path}`));
  const isDouble = ({ path, line, source, code }: Problem): boolean =>
    source === 'ruff' &&
    (SAID_BY[code] ?? []).some((other) =>
      ['ty', 'basedpyright'].some((by) => said.has(`${line} ${by} ${other} ${path}`)),
    );
  return withoutCheckedTwice(problems.filter((problem) => !isDouble(problem)));
}

/** Where a server marks an error in the same line, the code check's word on it says nothing new. */
function withoutCheckedTwice(problems: readonly Problem[]): Problem[] {
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

/** The one after, or before, a place in a file, through all files and around; null where there is none. */
export function nextProblem(
  problems: readonly Problem[],
  from: (Place & { readonly path: string }) | null,
  step: 1 | -1,
): Problem | null {
  const inLines = problems.filter(({ line }) => line > 0);
  const ordered = step === 1 ? inLines : inLines.toReversed();
  if (from === null) return ordered[0] ?? null;
  const beyond = (problem: Problem): number =>
    step * (compare(problem.path, from.path) || problem.line - from.line || problem.column - from.column);
  return ordered.find((problem) => beyond(problem) > 0) ?? ordered[0] ?? null;
}
