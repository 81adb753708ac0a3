import { expect, test } from 'vitest';
import { resolveIn, shellFolder } from './shell-folder.ts';

test.each([
  ['/model', ''],
  ['/model/data', 'data'],
  ['/model/a\\x3bb\\\\c', 'a;b\\c'],
  ['/tmp', null],
  ['/models', null],
])('what a shell says of its folder: %s', (said, folder) => expect(shellFolder(said)).toBe(folder));

test.each([
  ['', 'main.py', 'main.py'],
  ['src/lib', './a.py', 'src/lib/a.py'],
  ['src/lib', '../a.py', 'src/a.py'],
  ['src', '../../a.py', null],
  ['src', '..', null],
])('in %s, %s is %s', (folder, path, resolved) => expect(resolveIn(folder, path)).toBe(resolved));
