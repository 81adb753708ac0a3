import { expect, test } from 'vitest';
import { ansiStretches } from './ansi.ts';
import { columnsOf, columnsWithin } from './columns.ts';
import { kindOf } from './file-kinds.ts';
import { slugOf, type Target, targetOf } from './links.ts';
import { htmlOf } from './markdown.ts';
import { parseNotebook } from './notebook.ts';

const file = (path: string, line?: number): Target => ({ kind: 'file', path, line });

test.each<[string, Target]>([
  ['pic.png', file('docs/pic.png')],
  ['./a%20b.md?raw#L7', file('docs/a b.md', 7)],
  ['../main.py', file('main.py')],
  ['/main.py', file('main.py')],
  ['#the-end', { kind: 'heading', slug: 'the-end' }],
  ['https://example.org/', { kind: 'web', url: 'https://example.org/' }],
  ['//example.org/x', { kind: 'web', url: 'https://example.org/x' }],
  ['../../outside', { kind: 'nowhere' }],
  ['javascript:alert(1)', { kind: 'nowhere' }],
  ['JaVaScRiPt:alert(1)', { kind: 'nowhere' }],
  ['data:text/html,x', { kind: 'nowhere' }],
  ['\\\\host\\share', { kind: 'nowhere' }],
  ['%zz', { kind: 'nowhere' }],
  ['', { kind: 'nowhere' }],
])('%j in docs/guide.md leads to its place', (href, target) => {
  expect(targetOf(href, 'docs/guide.md')).toEqual(target);
});

test('headings are named as links name them', () => {
  expect(slugOf(' What, and Why? ')).toBe('what-and-why');
});

test('fenced code keeps its language, and is text', () => {
  expect(htmlOf('```python title="x"\n<b>\n```')).toBe('<pre data-language="python">&lt;b&gt;</pre>\n');
});

test('what stands before a text for tools is left out', () => {
  expect(htmlOf('---\ntitle: x\n---\nText')).toBe('<p>Text</p>\n');
});

test('colours of terminals become looks, and no other sequence stays', () => {
  expect(
    ansiStretches('a\x1b[1;31mb\x1b[0mc\x1b[38;5;196md\x1b[2K\x1b]0;title\x07e\x1b[48;2;1;2;999mf'),
  ).toEqual([
    { text: 'a', look: {} },
    { text: 'b', look: { bold: true, color: 1 } },
    { text: 'c', look: {} },
    { text: 'd', look: { color: 'rgb(255 0 0)' } },
    { text: 'e', look: { color: 'rgb(255 0 0)' } },
    { text: 'f', look: { color: 'rgb(255 0 0)', background: 'rgb(1 2 255)' } },
  ]);
});

test('an output is shown in the form that says most', () => {
  const output = (data: object) => ({ output_type: 'display_data', data });
  const outputs = [
    { output_type: 'stream', name: 'stdout', text: ['a\n', 'b'] },
    { output_type: 'stream', name: 'stdout', text: 'c' },
    output({ 'text/plain': 'figure', 'image/png': 'AA\nBB' }),
    output({ 'text/plain': 'x', 'text/html': '<b>x</b>' }),
    output({ 'application/vnd.widget': {} }),
    { output_type: 'error', ename: 'E', evalue: 'v', traceback: [] },
  ];
  const cell = { cell_type: 'code', execution_count: 3, source: ['x\n', 'y'], outputs };
  expect(parseNotebook(JSON.stringify({ nbformat: 4, metadata: {}, cells: [cell, null] }))).toEqual({
    language: 'python',
    cells: [
      {
        kind: 'code',
        code: 'x\ny',
        count: 3,
        outputs: [
          { kind: 'text', text: 'a\nbc', isError: false },
          { kind: 'image', url: 'data:image/png;base64,AABB', description: 'figure' },
          { kind: 'html', html: '<b>x</b>' },
          { kind: 'other', types: ['application/vnd.widget'] },
          { kind: 'text', text: 'E: v', isError: true },
        ],
      },
      { kind: 'raw', text: '' },
    ],
  });
});

test.each(['', '[]', '{"nbformat": 3, "worksheets": []}', '{"nbformat": 4}'])('%j is no notebook', (text) => {
  expect(() => parseNotebook(text)).toThrow(/^Expected/);
});

test('a file says what it is by how it begins', () => {
  const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
  expect(kindOf('a', bytes('\x93NUMPY'))).toBe('NumPy array');
  expect(kindOf('model.pt', bytes('PK\x03\x04'))).toBe('PyTorch file (a ZIP archive)');
  expect(kindOf('a.zip', bytes('PK\x03\x04'))).toBe('ZIP archive');
  expect(kindOf('a', bytes('?'))).toBe('binary file');
});

test('columns are as wide as what they hold, within limits, and those in sight are known', () => {
  const columns = columnsOf([
    ['a', 'b'.repeat(1000)],
    ['1', '2', '3'],
  ]);
  expect(columns.edges).toEqual([0, 49, 419, 468]);
  expect(columnsWithin(columns, 0, 40)).toEqual([0, 1]);
  expect(columnsWithin(columns, 50, 1000)).toEqual([1, 3]);
  expect(columnsWithin({ edges: [0] }, 0, 100)).toEqual([0, 0]);
});
