// @vitest-environment happy-dom
import { get } from 'svelte/store';
import { expect, test, vi } from 'vitest';
import { ApiError } from '../../services/api.ts';
import type { ModelSession } from '../../services/session.ts';
import type { Entry } from '../../wire.ts';
import { Files } from './files.ts';

function entry(path: string, kind: Entry['kind'] = 'file'): Entry {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return { name, path, kind, byte_size: 0, modified_at: 0, etag: null, executable: false, link_target: null };
}

/** A server whose answers to what changes something are given by the test. */
class Server {
  readonly requests: string[] = [];
  readonly errors: string[] = [];
  answer: (error?: Error) => void = () => {};
  /** How many questions have no answer. */
  lost = 0;

  constructor(public entries: Record<string, Entry[]>) {}

  get session(): ModelSession {
    const nothing = { dispose: () => {} };
    return {
      modelId: 'model',
      events: { onFilesChanged: () => nothing, onRescan: () => nothing },
      notifications: { error: (what: string) => this.errors.push(what) },
      api: {
        list: async (folder: string) => {
          if (this.lost > 0) {
            this.lost -= 1;
            throw new ApiError('offline', 'lost', 0, {});
          }
          return this.entries[folder] ?? [];
        },
        makeFolder: (path: string) => this.ask(`make ${path}`),
        move: ({ source, destination }: { source: string; destination: string }) =>
          this.ask(`move ${source} ${destination}`),
      },
    } as unknown as ModelSession; // what the tree asks for in these tests
  }

  private ask(request: string): Promise<void> {
    this.requests.push(request);
    return new Promise((resolve, reject) => {
      this.answer = (error) => (error ? reject(error) : resolve());
    });
  }
}

async function opened(server: Server): Promise<Files> {
  localStorage.clear();
  const files = new Files(server.session);
  await files.start();
  return files;
}

const paths = (files: Files): string[] => get(files.rows).map((row) => row.entry.path);
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

test('what is made has its row at once, and what is done with it comes after it', async () => {
  const server = new Server({ '': [entry('a')] });
  const files = await opened(server);
  const making = files.createFolder('data');
  expect(paths(files)).toEqual(['data', 'a']);
  await files.open('data');
  const moving = files.move('a', 'data/a');
  expect(paths(files)).toEqual(['data', 'data/a']);
  await turn();
  expect(server.requests).toEqual(['make data']);
  server.entries = { '': [entry('data', 'folder'), entry('a')] };
  server.answer();
  await turn();
  expect(server.requests).toEqual(['make data', 'move a data/a']);
  expect(paths(files)).toEqual(['data', 'data/a']);
  server.entries = { '': [entry('data', 'folder')], data: [entry('data/a')] };
  server.answer();
  expect(await Promise.all([making, moving])).toEqual([true, true]);
  expect(paths(files)).toEqual(['data', 'data/a']);
});

test('what could not be done has no row, and keeps nothing else from being done', async () => {
  const server = new Server({ '': [entry('a')] });
  const files = await opened(server);
  const making = files.createFolder('data');
  const moving = files.move('a', 'b');
  await turn();
  server.answer(new Error('no room'));
  await turn();
  expect(paths(files)).toEqual(['b']);
  server.entries = { '': [entry('b')] };
  server.answer();
  expect(await Promise.all([making, moving])).toEqual([false, true]);
  expect([paths(files), server.errors.length]).toEqual([['b'], 1]);
});

test('the tree is asked for until there is an answer', async () => {
  vi.useFakeTimers();
  const server = new Server({ '': [entry('a')] });
  server.lost = 2;
  const opening = opened(server);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(paths(await opening)).toEqual(['a']);
  vi.useRealTimers();
});
