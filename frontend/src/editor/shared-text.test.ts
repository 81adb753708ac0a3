// @vitest-environment happy-dom
import { history, undo } from '@codemirror/commands';
import { EditorState } from '@codemirror/state';
import { EditorView, runScopeHandlers } from '@codemirror/view';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { historyOfFirst, SharedText } from './shared-text.ts';

function twoViews(doc: string): [EditorView, EditorView] {
  const shared = new SharedText();
  const first = new EditorView({ doc, extensions: [shared.extension, history()] });
  const second = new EditorView({ doc, extensions: [shared.extension, historyOfFirst(first)] });
  shared.add(first);
  shared.add(second);
  return [first, second];
}

const textOf = ({ state }: EditorView): string => state.doc.toString();

function type(view: EditorView, insert: string, at: number): void {
  view.dispatch({ changes: { from: at, insert }, userEvent: 'input.type' });
}

test('what is typed in one view is in the other, whose cursor moves along', () => {
  const [first, second] = twoViews('one two');
  second.dispatch({ selection: { anchor: 4 } });
  type(first, 'zero ', 0);
  expect([textOf(second), second.state.selection.main.head]).toEqual(['zero one two', 9]);
  type(second, '!', 12);
  expect(textOf(first)).toBe('zero one two!');
});

test('undo in either view takes back what was typed last, in whichever', () => {
  const [first, second] = twoViews('');
  type(first, 'a', 0);
  type(second, 'b\n', 1);
  undo(first);
  expect([textOf(first), textOf(second)]).toEqual(['', '']);
  type(second, 'c', 0);
  const key = new KeyboardEvent('keydown', { key: 'z', ctrlKey: true });
  expect(runScopeHandlers(second, key, 'editor')).toBe(true);
  expect([textOf(first), textOf(second)]).toEqual(['', '']);
});

test('however both are edited and undone, their texts are the same', () => {
  const edit = fc.record({
    second: fc.boolean(),
    from: fc.nat(),
    length: fc.nat(3),
    insert: fc.string({ maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(fc.option(edit)), (edits) => {
      const [first, second] = twoViews('some words');
      for (const next of edits) {
        if (next === null) undo(first);
        else {
          const view = next.second ? second : first;
          const { length } = view.state.doc;
          const from = next.from % (length + 1);
          const insert = EditorState.create().toText(next.insert);
          view.dispatch({ changes: { from, to: Math.min(from + next.length, length), insert } });
        }
        expect(textOf(second)).toBe(textOf(first));
      }
    }),
    { numRuns: 50 },
  );
});
