import { expect, test } from 'vitest';
import { errorOf, hasCode, preconditions } from './api.ts';

test('an error reply keeps its code, message and numbers', () => {
  const body = JSON.stringify({
    error: { code: 'filesystem_full', message: 'Full.', details: { needed_bytes: 5, x: 'y' } },
  });
  const error = errorOf(507, body);
  expect([error.code, error.message, error.status, error.number('needed_bytes'), error.number('x')]).toEqual([
    'filesystem_full',
    'Full.',
    507,
    5,
    0,
  ]);
  expect(hasCode(error, 'filesystem_full')).toBe(true);
});

test.each(['', '<html>502</html>', '{}', 'null', '[]'])(
  'the body %j is no error reply, and is said to be none',
  (body) => {
    expect(errorOf(502, body)).toMatchObject({
      code: 'unexpected_reply',
      message: 'The server answered with status 502.',
    });
  },
);

test('a save names what it may replace', () => {
  expect([preconditions('"v1"'), preconditions('*'), preconditions(null)]).toEqual([
    { 'If-Match': '"v1"' },
    { 'If-Match': '*' },
    { 'If-None-Match': '*' },
  ]);
});
