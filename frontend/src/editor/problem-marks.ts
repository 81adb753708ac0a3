/** Problems as CodeMirror's diagnostics. One that is shown already keeps its place in the text, which may have moved since. */

import { type Diagnostic, forEachDiagnostic, setDiagnostics } from '@codemirror/lint';
import { type EditorState, Facet, type Text } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';
import type { Place, Problem } from '../services/problems.ts';
import { texts } from '../texts/editor.ts';

/** What offers to mend a problem, from the cursor. */
export const quickFix = Facet.define<(view: EditorView) => void>();

interface Mark extends Diagnostic {
  readonly problem: Problem;
}

export function showProblems(view: EditorView, problems: readonly Problem[]): void {
  const shown = shownMarks(view.state);
  const marks = problems.map((problem) => shown.get(problem) ?? markOf(view.state, problem));
  view.dispatch(setDiagnostics(view.state, marks));
}

function shownMarks(state: EditorState): Map<Problem, Mark> {
  const marks = new Map<Problem, Mark>();
  forEachDiagnostic(state, (diagnostic, from, to) => {
    const mark = diagnostic as Mark; // only showProblems sets diagnostics
    marks.set(mark.problem, { ...mark, from, to });
  });
  return marks;
}

function markOf(state: EditorState, problem: Problem): Mark {
  const { severity, message, source, code } = problem;
  const { from, to } = rangeOf(state.doc, problem);
  return {
    from,
    to,
    severity,
    message,
    source: code === '' ? source : `${source}: ${code}`,
    ...(problem.faded ? { markClass: 'cm-faded' } : {}),
    actions: state.facet(quickFix).map((mend) => ({ name: texts.quickFix, apply: fromHere(mend) })),
    problem,
  };
}

function fromHere(mend: (view: EditorView) => void) {
  return (view: EditorView, from: number): void => {
    view.dispatch({ selection: { anchor: from } });
    view.focus();
    mend(view);
  };
}

/** At least one character, where its line has any. */
export function rangeOf(doc: Text, problem: Problem): { from: number; to: number } {
  const { from, to, text } = doc.line(Math.min(Math.max(problem.line, 1), doc.lines));
  const indent = text.length - text.trimStart().length;
  const start = problem.column > 0 ? positionOf(doc, problem) : from + indent;
  const end = problem.end === null ? to : positionOf(doc, problem.end);
  if (end > start) return { from: start, to: end };
  return start < to ? { from: start, to: start + 1 } : { from: Math.max(from, to - 1), to };
}

function positionOf(doc: Text, { line, column }: Place): number {
  const { from, to } = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return Math.min(from + Math.max(column, 1) - 1, to);
}
