import { Text } from '@codemirror/state';
import { expect, test } from 'vitest';
import type { TextEdit } from 'vscode-languageserver-protocol';
import { changesIn, describeEdits, edited, editsByFile, UnusableEdit } from './workspace-edit.ts';

function edit(line: number, from: number, to: number, newText: string): TextEdit {
  return { range: { start: { line, character: from }, end: { line, character: to } }, newText };
}

const uri = 'file:///model/a.py';

test('edits are taken from either form, by file', () => {
  const edits = [edit(0, 0, 1, 'x')];
  const expected = [{ path: 'a.py', edits }];
  expect(editsByFile({ changes: { [uri]: edits, 'file:///model/b.py': [] } })).toEqual(expected);
  expect(editsByFile({ documentChanges: [{ textDocument: { uri, version: 3 }, edits }] })).toEqual(expected);
  expect(editsByFile({})).toEqual([]);
});

test('an edit that would change the environment, or create a file, is not made', () => {
  const outside = { 'file:///opt/environment/lib/x.py': [edit(0, 0, 0, 'x')] };
  expect(() => editsByFile({ changes: outside })).toThrow(UnusableEdit);
  expect(() => editsByFile({ documentChanges: [{ kind: 'create', uri }] })).toThrow(UnusableEdit);
});

test('edits are made from their places in the text before, whatever their order', () => {
  expect(edited('one two\nthree\n', [edit(1, 0, 5, 'four\nfive'), edit(0, 0, 3, 'zero')])).toBe(
    'zero two\nfour\nfive\n',
  );
});

test('line ends stay as they are, and new lines get those of the file', () => {
  expect(edited('a\r\nb\r\n', [edit(1, 0, 1, 'c\nd')])).toBe('a\r\nc\r\nd\r\n');
  expect(edited('a\nb\r\nc', [edit(2, 0, 1, 'x')])).toBe('a\nb\r\nx');
});

test('an edit past the end of a line or of the text ends there', () => {
  expect(edited('ab\ncd', [edit(0, 1, 99, 'x'), edit(7, 0, 0, '!')])).toBe('ax\ncd!');
});

test('edits that touch are made, ones that overlap are not', () => {
  const doc = Text.of(['abcd']);
  expect(changesIn(doc, [edit(0, 2, 4, 'y'), edit(0, 0, 2, 'x')])).toEqual([
    { from: 0, to: 2, insert: 'x' },
    { from: 2, to: 4, insert: 'y' },
  ]);
  expect(() => changesIn(doc, [edit(0, 0, 3, 'x'), edit(0, 2, 4, 'y')])).toThrow(UnusableEdit);
});

test('how much is changed is told', () => {
  const edits = [edit(0, 0, 1, ''), edit(1, 0, 1, '')];
  expect(describeEdits([{ path: 'a.py', edits }])).toBe('2 places in 1 file');
});
