/** What a person asks the search for, and the query that it is to the server. */

import type { SearchQuery } from '../../wire.ts';

export interface SearchForm {
  readonly pattern: string;
  readonly isRegex: boolean;
  readonly matchCase: boolean;
  readonly wholeWord: boolean;
  /** As typed: globs divided by commas. */
  readonly include: string;
  readonly exclude: string;
  readonly hidden: boolean;
  readonly ignored: boolean;
  /** Whether matches are to be replaced. */
  readonly replaces: boolean;
  readonly replacement: string;
}

export const EMPTY_FORM: SearchForm = {
  pattern: '',
  isRegex: false,
  matchCase: false,
  wholeWord: false,
  include: '',
  exclude: '',
  hidden: false,
  ignored: false,
  replaces: false,
  replacement: '',
};

export function queryOf(form: SearchForm): SearchQuery {
  return {
    pattern: form.pattern,
    is_regex: form.isRegex,
    match_case: form.matchCase,
    whole_word: form.wholeWord,
    include: globsOf(form.include),
    exclude: globsOf(form.exclude),
    hidden: form.hidden,
    ignored: form.ignored,
    replacement: form.replaces ? form.replacement : null,
  };
}

/** Divided by commas, but not by those in braces: `*.{js,ts}` is one. */
export function globsOf(text: string): string[] {
  const globs = text.match(/(?:\{[^}]*\}|[^,{]|\{)+/g) ?? [];
  return globs.map((glob) => glob.trim()).filter(Boolean);
}

/** What tells one search from another; what matches are replaced with does not. */
export function identityOf(form: SearchForm): string {
  const { replacement, ...query } = queryOf(form);
  return JSON.stringify(query);
}

const REMEMBERED = 30;

/** Patterns that were searched for, the latest last. */
export function withPattern(history: readonly string[], pattern: string): readonly string[] {
  if (pattern === '') return history;
  return [...history.filter((other) => other !== pattern), pattern].slice(-REMEMBERED);
}
