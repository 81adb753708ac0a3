/** Who wrote the cursor's line and when, after its end; on or off for all files. */

import { type Extension, type Range, StateEffect, StateField, type Transaction } from '@codemirror/state';
import { Decoration, EditorView, ViewPlugin, WidgetType } from '@codemirror/view';
import { formatAge } from '../../base/format.ts';
import { showBlame } from '../../services/git.ts';
import type { ModelSession } from '../../services/session.ts';
import { texts } from '../../texts/git-marks.ts';
import type { GitBlame } from '../../wire.ts';

const NOT_COMMITTED = -1;
const setBlame = StateEffect.define<GitBlame | null>();

/** Of each line its place in `commits`. */
const blame = StateField.define<GitBlame | null>({
  create: () => null,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(setBlame)) return effect.value;
    return value !== null && transaction.docChanged
      ? { ...value, lines: moved(value.lines, transaction) }
      : value;
  },
});

/** Lines that were changed are not committed; the others keep whom they are from. */
function moved(lines: readonly number[], { startState, newDoc, changes }: Transaction): number[] {
  const next: number[] = [];
  let done = 0;
  changes.iterChangedRanges((fromA, toA, fromB, toB) => {
    const first = startState.doc.lineAt(fromA).number - 1;
    const last = startState.doc.lineAt(toA).number;
    const count = newDoc.lineAt(toB).number - newDoc.lineAt(fromB).number + 1;
    next.push(...lines.slice(done, Math.max(done, first)), ...Array<number>(count).fill(NOT_COMMITTED));
    done = Math.max(done, last);
  });
  next.push(...lines.slice(done));
  return next;
}

class Words extends WidgetType {
  constructor(private readonly text: string) {
    super();
  }

  override eq(other: Words): boolean {
    return other.text === this.text;
  }

  override toDOM(): HTMLElement {
    const element = document.createElement('span');
    element.className = 'cm-git-blame';
    element.textContent = this.text;
    return element;
  }
}

const shown = EditorView.decorations.compute([blame, 'selection'], (state) => {
  const known = state.field(blame);
  if (known === null) return Decoration.none;
  const line = state.doc.lineAt(state.selection.main.head);
  const place = known.lines[line.number - 1];
  const commit = place === undefined ? undefined : known.commits[place];
  const text = commit
    ? `${commit.author}, ${formatAge(commit.authored_at, Date.now() / 1000)} · ${commit.summary}`
    : texts.notCommitted;
  const range: Range<Decoration> = Decoration.widget({ widget: new Words(text), side: 1 }).range(line.to);
  return Decoration.set(range);
});

const look = EditorView.theme({
  '.cm-git-blame': {
    marginLeft: '3ch',
    color: 'var(--text-faint)',
    fontStyle: 'italic',
    pointerEvents: 'none',
  },
});

export function blameMarks(session: ModelSession, path: string): Extension {
  const following = ViewPlugin.define((view) => {
    let asked = 0;
    let isOn = false;
    const show = (value: GitBlame | null): void => view.dispatch({ effects: setBlame.of(value) });
    const read = async (): Promise<void> => {
      asked += 1;
      const number = asked;
      const repository = session.git.of(path)?.repository;
      if (!isOn || repository === undefined || view.dom.offsetParent === null) return;
      try {
        const read = await session.api.gitBlame(repository, path);
        if (number === asked && isOn) show(read);
      } catch {
        if (number === asked) show(null); // as for a file that was never committed
      }
    };
    const stop = showBlame.subscribe((on) => {
      isOn = on;
      if (on) void read();
      // Not while the view is being made.
      else void Promise.resolve().then(() => asked >= 0 && show(null));
    });
    const listening = session.git.onRefreshed(() => void read());
    return {
      destroy: () => {
        asked = -1;
        isOn = false;
        stop();
        listening.dispose();
      },
    };
  });
  return [blame, shown, look, following];
}
