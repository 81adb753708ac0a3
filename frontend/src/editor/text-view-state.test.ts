// @vitest-environment happy-dom
import { codeFolding, foldEffect, foldedRanges } from '@codemirror/language';
import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { expect, test } from 'vitest';
import { captureView, restoreView, textViewState } from './text-view-state.ts';

const viewOf = (doc: string): EditorView =>
  new EditorView({ doc, extensions: [codeFolding(), EditorState.allowMultipleSelections.of(true)] });

test('what was captured is restored in another view, over JSON', () => {
  const before = viewOf('one\ntwo\nthree');
  before.dispatch({ selection: { anchor: 1, head: 3 }, effects: foldEffect.of({ from: 3, to: 7 }) });
  const stored = textViewState(JSON.parse(JSON.stringify(captureView(before, { top: 4, hidden: 2 }))));
  const after = viewOf('one\ntwo\nthree');
  if (stored) restoreView(after, stored);
  expect(after.state.selection.toJSON()).toEqual(before.state.selection.toJSON());
  expect(foldedRanges(after.state).size).toBe(1);
  expect(captureView(after, { top: 4, hidden: 2 })).toEqual(stored);
});

test('in a text that is shorter now, places stay within it and nothing is folded', () => {
  const view = viewOf('ab');
  restoreView(view, { length: 9, selections: [[8, 9]], top: 7, hidden: 0, folds: [[3, 6]] });
  expect([view.state.selection.main.head, foldedRanges(view.state).size]).toEqual([2, 0]);
});

test.each([null, 5, {}, { length: 1, selections: [[1]], top: 0, hidden: 0, folds: [] }, { length: 'x' }])(
  'what is not such a state is refused: %j',
  (value) => expect(textViewState(value)).toBeNull(),
);
