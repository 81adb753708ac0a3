import { writable } from 'svelte/store';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Emitter } from '../base/emitter.ts';
import type { CodeCheck, CodeProblem, FileChange, ModelEnvironment, Variable } from '../wire.ts';
import { CodeChecker, type CodeView, isCode } from './code-check.ts';
import type { ModelSession } from './session.ts';

/** A server that answers when it is told to. */
class Asked {
  readonly answer = Promise.withResolvers<CodeCheck>();

  constructor(readonly signal: AbortSignal) {
    signal.addEventListener('abort', () => this.answer.reject(new DOMException('', 'AbortError')));
  }
}

function laboratory() {
  const asked: Asked[] = [];
  const files = new Emitter<readonly FileChange[]>();
  const rescans = new Emitter<string>();
  const contents: Record<string, string> = {};
  const environment = writable<ModelEnvironment | null>(null);
  const variables = writable<readonly Variable[]>([]);
  const session = {
    environment,
    variables,
    events: { onFilesChanged: files.event, onRescan: rescans.event },
    api: {
      check: (signal: AbortSignal) => {
        asked.push(new Asked(signal));
        return asked.at(-1)?.answer.promise;
      },
      read: async (path: string) => ({ bytes: new TextEncoder().encode(contents[path] ?? '') }),
    },
  } as unknown as ModelSession; // the parts that it uses
  const code = new CodeChecker(session);
  const write = async (path: string, text: string): Promise<void> => {
    contents[path] = text;
    files.fire([{ kind: 'written', path, destination: null }]);
    await vi.advanceTimersByTimeAsync(1000);
  };
  const view = (): CodeView => {
    let now: CodeView | null = null;
    code.view.subscribe((value) => (now = value))();
    return now as unknown as CodeView;
  };
  return { asked, code, files, rescans, environment, variables, write, view };
}

const nothing: CodeCheck = { functions: [], problems: [] };
const problem = (change: Partial<CodeProblem>): CodeCheck => ({
  functions: [],
  problems: [{ path: 'main.py', line: 1, column: 0, message: 'oh', kind: 'import', ...change }],
});
const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(1000);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('there is no check while nobody would see it', async () => {
  const { asked, code, write } = laboratory();
  await write('main.py', 'a');
  expect(asked).toHaveLength(0);
  code.setWanted(true);
  await settled();
  expect(asked).toHaveLength(1);
});

test('what the code defines is known until it changes', async () => {
  const { asked, code, write, view } = laboratory();
  code.setWanted(true);
  await settled();
  asked[0]?.answer.resolve({ functions: ['evaluate'], problems: [] });
  await settled();
  expect(view()).toEqual({ status: 'checked', functions: ['evaluate'], failure: '' });
  await write('main.py', 'b');
  expect(view().functions).toBeNull();
  expect(asked).toHaveLength(2);
});

test('a file that was saved as it was is no reason, nor is one that is no code', async () => {
  const { asked, code, files, write } = laboratory();
  code.setWanted(true);
  await write('main.py', 'a');
  asked[0]?.answer.resolve(nothing);
  await write('main.py', 'a');
  await write('notes.txt', 'b');
  await write('__pycache__/main.py', 'c');
  files.fire([{ kind: 'attributes', path: 'main.py', destination: null }]);
  await settled();
  expect(asked).toHaveLength(1);
  files.fire([{ kind: 'renamed', path: 'old.txt', destination: 'helper.py' }]);
  await settled();
  expect(asked).toHaveLength(2);
});

test('a check of code that has changed is cancelled, and never are there two', async () => {
  const { asked, code, write } = laboratory();
  code.setWanted(true);
  await settled();
  await write('main.py', 'b');
  await write('main.py', 'c');
  expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, true, false]);
  code.checkAgain();
  await settled();
  expect(asked).toHaveLength(3);
});

test('what surrounds the code counts only where something is wrong that it could mend', async () => {
  const { asked, code, files, variables } = laboratory();
  code.setWanted(true);
  await settled();
  asked[0]?.answer.resolve(problem({ kind: 'syntax' }));
  await settled();
  const installed: FileChange = { kind: 'created', path: '.venv/lib/x', destination: null };
  files.fire([installed]);
  variables.set([{ name: 'A', value: 'b', secret: false }]);
  await settled();
  expect(asked).toHaveLength(1);
  code.checkAgain();
  asked[1]?.answer.resolve(problem({ kind: 'import' }));
  await settled();
  files.fire([installed]);
  await settled();
  expect(asked).toHaveLength(3);
});

test('another environment is looked at, the first one that is told of is not another', async () => {
  const { asked, code, environment } = laboratory();
  code.setWanted(true);
  await settled();
  asked[0]?.answer.resolve(nothing);
  environment.set({ key: 'a' } as ModelEnvironment);
  await settled();
  expect(asked).toHaveLength(1);
  environment.set({ key: 'b' } as ModelEnvironment);
  await settled();
  expect(asked).toHaveLength(2);
});

test('code that takes too long has no known functions, and the reason is told', async () => {
  const { asked, code, view } = laboratory();
  code.setWanted(true);
  await settled();
  asked[0]?.answer.resolve(problem({ kind: 'out_of_time', message: 'It took too long.' }));
  await settled();
  expect(view()).toEqual({ status: 'failed', functions: null, failure: 'It took too long.' });
});

test('what of a path is code', () => {
  expect(['main.py', 'parts/a.mjs', 'a.txt', '.venv/a.py', 'node_modules/x/a.js'].map(isCode)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
