import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inverse, type Substitution, substituted } from './substitutions.ts';

const edit = (line: number, column: number, text: string, insert: string): Substitution => ({
  line,
  column,
  text,
  insert,
});

test('each edit is made where its text stands, several in a line too', () => {
  const edits = [edit(2, 5, 'b', 'BBB'), edit(1, 1, 'a', ''), edit(2, 1, 'b', 'X')];
  expect(substituted('a\nb a b\n', edits)).toEqual({ text: '\nX a BBB\n', missed: [] });
});

test('an edit whose text stands there no more is left out and told', () => {
  const gone = [edit(1, 2, 'a', 'x'), edit(9, 1, 'a', 'x'), edit(1, 1, 'abc', 'x')];
  expect(substituted('ab\n', gone)).toEqual({ text: 'ab\n', missed: [gone[2], gone[0], gone[1]] });
});

test('a byte order mark and carriage returns stay, and new lines end like the others', () => {
  expect(substituted('\ufeffa b\r\nc\r\n', [edit(1, 3, 'b', '1\n2')]).text).toBe('\ufeffa 1\r\n2\r\nc\r\n');
});

test('of edits that overlap the first is made', () => {
  const edits = [edit(1, 1, 'ab', 'x'), edit(1, 2, 'b', 'y')];
  expect(substituted('abc', edits)).toEqual({ text: 'xc', missed: [edits[1]] });
});

test('the inverse takes any edits back', () => {
  const word = fc.constantFrom('a', 'bb', 'ccc');
  const line = fc.array(
    fc.record({
      gap: fc.constantFrom('', ' ', '--'),
      word,
      insert: fc.string({ unit: fc.constantFrom('x', '\n', 'yz'), maxLength: 4 }),
    }),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 4 }), (lines) => {
      const edits: Substitution[] = [];
      const text = lines
        .map((pieces, index) =>
          pieces.reduce((before, piece) => {
            edits.push(edit(index + 1, before.length + piece.gap.length + 1, piece.word, piece.insert));
            return before + piece.gap + piece.word;
          }, ''),
        )
        .join('\n');
      const done = substituted(text, edits);
      expect(done.missed).toEqual([]);
      expect(substituted(done.text, inverse(edits))).toEqual({ text, missed: [] });
    }),
  );
});
