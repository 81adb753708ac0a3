import { expect, test } from 'vitest';
import { SocketTransport } from './transport.ts';

function transport(answers = {}): { sent: unknown[]; passed: string[]; transport: SocketTransport } {
  const sent: unknown[] = [];
  const passed: string[] = [];
  const made = new SocketTransport((text) => sent.push(JSON.parse(text)), answers);
  made.subscribe((text) => passed.push(text));
  return { sent, passed, transport: made };
}

test('what a server asks of every client is agreed to', async () => {
  const { sent, passed, transport: made } = transport();
  made.received('{"jsonrpc":"2.0","id":7,"method":"client/registerCapability","params":{}}');
  await expect.poll(() => sent).toEqual([{ jsonrpc: '2.0', id: 7, result: null }]);
  expect(passed).toEqual([]);
});

test('an answer may take its time, and may fail', async () => {
  const { sent, transport: made } = transport({
    sum: async (params: { a: number; b: number }) => params.a + params.b,
    fail: () => {
      throw new Error('no');
    },
  });
  made.received('{"jsonrpc":"2.0","id":"x","method":"sum","params":{"a":1,"b":2}}');
  made.received('{"jsonrpc":"2.0","id":2,"method":"fail"}');
  await expect.poll(() => sent).toContainEqual({ jsonrpc: '2.0', id: 'x', result: 3 });
  await expect
    .poll(() => sent)
    .toContainEqual({
      jsonrpc: '2.0',
      id: 2,
      error: { code: -32603, message: 'no' },
    });
});

test('replies, notifications and unknown requests are left to the client', () => {
  const { sent, passed, transport: made } = transport();
  const messages = [
    '{"jsonrpc":"2.0","id":1,"result":null}',
    '{"jsonrpc":"2.0","method":"window/logMessage","params":{}}',
    '{"jsonrpc":"2.0","id":3,"method":"toString"}',
  ];
  for (const message of messages) made.received(message);
  expect(passed).toEqual(messages);
  expect(sent).toEqual([]);
});
