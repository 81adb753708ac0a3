import { expect, test } from 'vitest';
import { isQueryReply } from './query-reply.ts';

test.each([
  ['primary device attributes', '\x1b[?1;2c'],
  ['secondary device attributes', '\x1b[>0;276;0c'],
  ['status report', '\x1b[0n'],
  ['cursor position', '\x1b[24;80R'],
  ['private cursor position', '\x1b[?24;80R'],
  ['mode report', '\x1b[?2026;2$y'],
  ['size of the text area', '\x1b[8;24;80t'],
  ['background colour', '\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\'],
  ['palette colour', '\x1b]4;1;rgb:cdcd/3131/3131\x07'],
  ['DECRQSS', '\x1bP1$r0m\x1b\\'],
  ['two in one', '\x1b[?1;2c\x1b[0n'],
])('%s is an answer of the terminal', (_, text) => {
  expect(isQueryReply(text)).toBe(true);
});

test.each([
  'c',
  'ls -la\r',
  '\x1b[A',
  '\x1bOP',
  '\x1b[1;5C',
  '\x03',
  '\x1b',
  '\x1b[200~paste\x1b[201~',
  '\x1b[?1;2cls',
])('%j is typed', (text) => {
  expect(isQueryReply(text)).toBe(false);
});
