import { expect, test } from 'vitest';
import { sourceLinks } from './source-links.ts';

function places(line: string): string[] {
  return sourceLinks(line).map(({ path, line, column }) =>
    [path, line, column].filter((part) => part !== null).join('|'),
  );
}

test.each([
  ['a Python frame', '  File "/model/main.py", line 12, in evaluate', ['main.py|12']],
  ['a file in a folder', '  File "/model/src/data set/a.py", line 3', ['src/data set/a.py|3']],
  ['a Node frame', '    at evaluate (/model/index.js:10:15)', ['index.js|10|15']],
  ['a Node module frame', '    at file:///model/lib/x.mjs:4:2', ['lib/x.mjs|4|2']],
  ['a place of a linter', 'src/main.py:7:1: F401 unused', ['src/main.py|7|1']],
  ['a place of pytest', './tests/test_a.py:20: AssertionError', ['tests/test_a.py|20']],
  ['two places', 'a.py:1 imports b.py:2', ['a.py|1', 'b.py|2']],
  ['a frame of the environment', '  File "/opt/environment/lib/torch/nn.py", line 5', []],
  ['a frozen module', '  File "<frozen importlib._bootstrap>", line 1', []],
  ['a Node builtin', '    at node:internal/modules/cjs/loader:936:15', []],
  ['a web address', 'see http://example.org:80/a.html:3', []],
  ['an address with a port', 'listening on localhost:8000 and 127.0.0.1:80', []],
  ['a time', '12:30:05 done', []],
  ['a path outside', '../secret.py:3', []],
])('%s', (_, line, expected) => {
  expect(places(line)).toEqual(expected);
});

test('a link knows where it stands in the line', () => {
  const line = '  at f (/model/index.js:10:15)';
  const [link] = sourceLinks(line);
  expect(line.slice(link?.start, link?.end)).toBe('/model/index.js:10:15');
});

test('a long line without places is read in no time', () => {
  const started = performance.now();
  sourceLinks('a/'.repeat(5000) + '.'.repeat(5000) + 'x'.repeat(5000));
  expect(performance.now() - started).toBeLessThan(200);
});
