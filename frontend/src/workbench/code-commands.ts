/** Commands that go from place to place in the text: back and forward, and along the problems. */

import { get } from 'svelte/store';
import type { EditorArea } from '../editor/editor-area.ts';
import type { Command } from '../services/commands.ts';
import { isMac } from '../services/platform.ts';
import { nextProblem } from '../services/problems.ts';
import type { ModelSession } from '../services/session.ts';
import { texts } from '../texts/commands.ts';
import type { NavigationHistory, Visited } from './navigation-history.ts';

/** Where the cursor is in the text; null where there is none. */
export function whereIn(editors: EditorArea | null): Visited | null {
  const file = editors && get(editors.active);
  const cursor = file?.editor?.cursor();
  return file && cursor ? { path: file.path, line: cursor.line, column: cursor.column } : null;
}

interface Places {
  readonly history: NavigationHistory;
  editors(): EditorArea | null;
  /** Goes there without a step to go back. */
  show(path: string, line: number, column: number): Promise<void>;
}

export function codeCommands(session: ModelSession, { history, editors, show }: Places): Command[] {
  const here = (): Visited | null => whereIn(editors());
  const to = async (place: Visited | null): Promise<void> => {
    if (place) await show(place.path, place.line, place.column);
  };
  const toProblem = async (step: 1 | -1): Promise<void> => {
    const all = get(session.problems.all);
    const problem = nextProblem(all, here(), step);
    if (problem === null) return session.announce(texts.noProblems);
    await session.openFile(problem.path, problem.line, problem.column || undefined);
    session.announce(texts.problem(problem.severity, problem.message));
  };
  return [
    {
      id: 'editor.back',
      title: texts.editor.back,
      // Option and an arrow moves by words on a Mac; elsewhere Ctrl and minus is the browser's.
      key: isMac ? 'Ctrl+-' : 'Alt+ArrowLeft',
      when: () => history.canGoBack,
      run: () => to(history.back(here())),
    },
    {
      id: 'editor.forward',
      title: texts.editor.forward,
      key: isMac ? 'Ctrl+Shift+_' : 'Alt+ArrowRight',
      when: () => history.canGoForward,
      run: () => to(history.forward(here())),
    },
    { id: 'problems.next', title: texts.problems.next, key: 'F8', run: () => toProblem(1) },
    {
      id: 'problems.previous',
      title: texts.problems.previous,
      key: 'Shift+F8',
      run: () => toProblem(-1),
    },
  ];
}
