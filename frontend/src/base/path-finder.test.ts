import { expect, test } from 'vitest';
import { PathFinder } from './path-finder.ts';

const PATHS = [
  'main.py',
  'src/domain.py',
  'src/models/linear.py',
  'docs/main-ideas.md',
  'tests/test_main.py',
  'a/mxaxixn.txt',
];

function found(query: string, paths: readonly string[] = PATHS): string[] {
  return new PathFinder(paths).find(query, 10).map(({ path }) => path);
}

test('a name that begins so comes before one that holds it, and letters apart come last', () => {
  expect(found('main')).toEqual([
    'main.py',
    'docs/main-ideas.md',
    'src/domain.py',
    'tests/test_main.py',
    'a/mxaxixn.txt',
  ]);
});

test('letters of the folders count where those of the name are not enough', () => {
  expect(found('src/lin')).toEqual(['src/models/linear.py']);
  expect(found('models linear')).toEqual(['src/models/linear.py']);
  expect(found('MODLIN')).toEqual(['src/models/linear.py']);
});

test('more letters, fewer letters and other letters find what they would have found at first', () => {
  const finder = new PathFinder(PATHS);
  for (const query of ['m', 'ma', 'mai', 'ma', 'd', 'do', 'dom', 'x', '']) {
    expect(finder.find(query, 10).map(({ path }) => path)).toEqual(found(query));
  }
});

test('what matched is told by its place in the path', () => {
  expect(new PathFinder(['src/main.py']).find('main', 1)).toEqual([
    { path: 'src/main.py', positions: [4, 5, 6, 7] },
  ]);
  expect(new PathFinder(['src/main.py']).find('srm', 1)[0]?.positions).toEqual([0, 1, 4]);
});

test('no more are told than asked for, the best of them', () => {
  const paths = Array.from({ length: 100 }, (_, index) => `folder/xmain${index}.py`);
  expect(new PathFinder([...paths, 'main.py']).find('main', 3)[0]?.path).toBe('main.py');
  expect(new PathFinder(paths).find('main', 3)).toHaveLength(3);
});
