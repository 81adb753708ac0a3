import { expect, test } from 'vitest';
import { jsonLines } from './json-lines.ts';

function reply(chunks: readonly string[], cancelled: () => void = () => undefined): Response {
  const encoded = chunks.map((chunk) => new TextEncoder().encode(chunk));
  return new Response(
    new ReadableStream({
      pull(controller) {
        const next = encoded.shift();
        if (next) controller.enqueue(next);
        else controller.close();
      },
      cancel: cancelled,
    }),
  );
}

test('values come whole however the stream is cut', async () => {
  const found: unknown[] = [];
  for await (const value of jsonLines(reply(['{"a"', ':1}\n{"a":"é', '"}\n', '{"a":3}']))) found.push(value);
  expect(found).toEqual([{ a: 1 }, { a: 'é' }, { a: 3 }]);
});

test('who stops reading ends the request', async () => {
  let ended = false;
  const chunks = Array.from({ length: 1000 }, () => '1\n');
  for await (const value of jsonLines(reply(chunks, () => (ended = true)))) {
    expect(value).toBe(1);
    break;
  }
  expect(ended).toBe(true);
});
