import { get } from 'svelte/store';
import { expect, test } from 'vitest';
import { Emitter } from '../base/emitter.ts';
import { ApiError } from '../services/api.ts';
import type { ModelSession } from '../services/session.ts';
import type { FileChange, ParameterDefinitions } from '../wire.ts';
import { DefinitionsReader } from './definitions-reader.ts';

type Reply = { resolve: (definitions: ParameterDefinitions) => void; reject: (error: Error) => void };

function stage() {
  const replies: Reply[] = [];
  const files = new Emitter<readonly FileChange[]>();
  const rescan = new Emitter<string>();
  const session = {
    api: {
      parameters: () =>
        new Promise((resolve, reject) => {
          replies.push({ resolve, reject });
        }),
    },
    events: { onFilesChanged: files.event, onRescan: rescan.event },
  } as unknown as ModelSession; // all that the reader asks for
  return { reader: new DefinitionsReader(session), replies, files, rescan };
}

const change = (path: string, destination: string | null = null): FileChange => ({
  kind: 'written',
  path,
  destination,
});

const definitions = (name: string) => ({ train: [{ name }] }) as unknown as ParameterDefinitions;

test('they are read again when slipway.toml is written, replaced or rescanned, and only then', () => {
  const { replies, files, rescan } = stage();
  files.fire([change('main.py'), change('folder/slipway.toml')]);
  rescan.fire('folder');
  expect(replies).toHaveLength(1);
  files.fire([change('slipway.toml')]);
  files.fire([change('.new', 'slipway.toml')]);
  rescan.fire('');
  expect(replies).toHaveLength(4);
});

test('a reply that was overtaken does not count', async () => {
  const { reader, replies, files } = stage();
  files.fire([change('slipway.toml')]);
  replies[1]?.resolve(definitions('new'));
  replies[0]?.resolve(definitions('old'));
  await Promise.resolve();
  await Promise.resolve();
  expect(get(reader.definitions)).toEqual({ state: 'read', definitions: definitions('new') });
});

test('a file that cannot be understood is said to be broken', async () => {
  const { reader, replies } = stage();
  replies[0]?.reject(new Error('line 3: expected a shape, got "x".'));
  await Promise.resolve();
  await Promise.resolve();
  expect(get(reader.definitions)).toEqual({ state: 'broken', message: 'line 3: expected a shape, got "x".' });
});

test('a server that is away says nothing about the file', async () => {
  const { reader, replies, rescan } = stage();
  replies[0]?.resolve(definitions('known'));
  await Promise.resolve();
  await Promise.resolve();
  rescan.fire('');
  replies[1]?.reject(new ApiError('host_unavailable', 'The host is being restarted.', 503));
  await Promise.resolve();
  await Promise.resolve();
  expect(get(reader.definitions)).toEqual({ state: 'read', definitions: definitions('known') });
});
