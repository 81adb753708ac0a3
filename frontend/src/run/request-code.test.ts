import { expect, test } from 'vitest';
import type { NewOperation } from '../wire.ts';
import { type CodeLanguage, requestCode } from './request-code.ts';

const code = (language: CodeLanguage, request: NewOperation): string =>
  requestCode(language, { url: 'https://slipway.example', model: 'm1', request });

const PARAMETERS = { x: [1, 2.5], on: true, off: null, text: `it's "so" \\ $HOME \`id\` \n é 🚢` };

test.each([
  ['curl', '"on": true', '"off": null'],
  ['Python', '"on": True', '"off": None'],
  ['JavaScript', '"on": true', '"off": null'],
] as const)('%s has the values as it writes them', (language, ...parts) => {
  const text = code(language, { kind: 'evaluate', parameters: PARAMETERS, state_id: 's1' });
  for (const part of [
    ...parts,
    '"x": [1, 2.5]',
    '"state_id": "s1"',
    'https://slipway.example',
    '/models/m1/',
  ])
    expect(text).toContain(part);
  expect(text).toContain(JSON.stringify(PARAMETERS.text));
});

test.each(['curl', 'Python', 'JavaScript'] as const)('%s gets a result only of what has one', (language) => {
  expect(code(language, { kind: 'evaluate' })).toContain('/result');
  expect(code(language, { kind: 'train' })).not.toContain('/result');
  expect(code(language, { kind: 'train' })).not.toContain('state_id');
});

test('a long file is read where the code runs', () => {
  const image = { format: 'png', base64: 'A'.repeat(20_000) };
  const request: NewOperation = {
    kind: 'evaluate',
    parameters: { photo: image, more: { values: [image] }, cost: '$5' },
  };
  const texts = (['curl', 'Python', 'JavaScript'] as const).map((language) => code(language, request));
  for (const text of texts) {
    expect(text).toContain('photo.png');
    expect(text).toContain('more-1.png');
    expect(text).not.toContain('AAAA');
  }
  expect(texts[0]).toContain('"\\$5"');
});

test('what was left to the server is left out', () => {
  const spec = { cpus: 2, memory_bytes: null, gpus: null, idle_seconds: null };
  const nothing = { cpus: null, memory_bytes: null, gpus: null, idle_seconds: null };
  expect(code('curl', { kind: 'train', state_id: null, launcher_id: null, spec: nothing })).toContain(
    '{"kind": "train", "parameters": {}}',
  );
  expect(code('curl', { kind: 'train', spec })).toContain('"spec": {"cpus": 2}');
});
