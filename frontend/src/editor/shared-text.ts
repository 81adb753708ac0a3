/** One text in several views: what changes in one changes in the others, and all of it is undone through the first. */

import { isolateHistory, redo, redoDepth, undo, undoDepth } from '@codemirror/commands';
import { Annotation, type Extension, Transaction } from '@codemirror/state';
import { type Command, EditorView, keymap, type ViewUpdate } from '@codemirror/view';
import { type Disposable, toDisposable } from '../base/lifecycle.ts';

/** Came from another view. */
const passedOn = Annotation.define<boolean>();

export class SharedText {
  private readonly views = new Set<EditorView>();

  /** Of each of its views. */
  readonly extension: Extension = EditorView.updateListener.of((update) => this.passOn(update));

  /** The text of all views is the same when one is added, and stays so, as changes are passed on within the same task. */
  add(view: EditorView): Disposable {
    this.views.add(view);
    return toDisposable(() => this.views.delete(view));
  }

  private passOn({ view, transactions }: ViewUpdate): void {
    for (const transaction of transactions) {
      if (!transaction.docChanged || transaction.annotation(passedOn)) continue;
      const annotations = [passedOn.of(true), ...historyOf(transaction)];
      for (const other of this.views) {
        // Unfiltered: a view that changed the change would have another text.
        if (other !== view) other.dispatch({ changes: transaction.changes, annotations, filter: false });
      }
    }
  }
}

/** What groups changes into steps of undo. */
function historyOf(transaction: Transaction): Annotation<unknown>[] {
  const userEvent = transaction.annotation(Transaction.userEvent);
  const isolated = transaction.annotation(isolateHistory);
  return [
    ...(userEvent === undefined ? [] : [Transaction.userEvent.of(userEvent)]),
    ...(isolated === undefined ? [] : [isolateHistory.of(isolated)]),
  ];
}

/** Undo and redo of the first view's history, for one that has none of its own; the cursor goes where that happened. */
export function historyOfFirst(first: EditorView): Extension {
  const through =
    (command: Command, depth: typeof undoDepth): Command =>
    (view) => {
      if (depth(first.state) === 0) return false;
      command(first);
      view.dispatch({ selection: first.state.selection, scrollIntoView: true });
      return true;
    };
  const undoes = through(undo, undoDepth);
  const redoes = through(redo, redoDepth);
  return keymap.of([
    { key: 'Mod-z', run: undoes, preventDefault: true },
    { key: 'Mod-y', mac: 'Mod-Shift-z', run: redoes, preventDefault: true },
    { linux: 'Ctrl-Shift-z', run: redoes, preventDefault: true },
  ]);
}
