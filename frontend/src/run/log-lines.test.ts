import { expect, test } from 'vitest';
import { LONGEST_LINE, LogLines, type LogStream, MOST_LINES } from './log-lines.ts';

function shown(...writes: [LogStream, string][]): string[] {
  const log = new LogLines();
  for (const [stream, text] of writes) log.append(stream, text, 0);
  return log
    .slice(0, log.length)
    .map(({ stream, text }) => `${stream === 'stdout' ? 'out' : 'err'}: ${text}`);
}

test('text without a newline waits for the rest of its line', () => {
  expect(shown(['stdout', 'a'], ['stdout', 'b\nc'], ['stdout', '\n\nd'])).toEqual([
    'out: ab',
    'out: c',
    'out: ',
    'out: d',
  ]);
});

test('a stream does not write into the line of the other', () => {
  expect(shown(['stdout', 'a'], ['stderr', 'b\n'], ['stdout', 'c'])).toEqual(['out: a', 'err: b', 'out: c']);
});

test('a progress bar is one line, its last state', () => {
  expect(
    shown(['stderr', '\r 10%'], ['stderr', '\r 20%\r'], ['stderr', ' 30%\r\n'], ['stdout', 'x\r\ny']),
  ).toEqual(['err:  30%', 'out: x', 'out: y']);
});

test('colours and other escapes are taken out, even when split over two events', () => {
  expect(
    shown(['stdout', '\x1b[31mre'], ['stdout', 'd\x1b[0'], ['stdout', 'm \x1b]0;title\x07\tx\x08']),
  ).toEqual(['out: red \tx']);
});

test('a line without end goes on in the next', () => {
  const lines = shown(['stdout', 'x'.repeat(2 * LONGEST_LINE + 1)]);
  expect(lines.map((line) => line.length - 'out: '.length)).toEqual([LONGEST_LINE, LONGEST_LINE, 1]);
});

test('the oldest lines leave, and their number is known', () => {
  const log = new LogLines();
  const all = 3 * MOST_LINES;
  for (let number = 0; number < all; number += 1) log.append('stdout', `${number}\n`, 0);
  expect(log.dropped + log.length).toBe(all);
  expect(log.length).toBeLessThan(MOST_LINES + 10_000);
  expect(log.slice(0, 1)[0]?.text).toBe(String(log.dropped));
});

test('a line has the time of its first text, and all lines are one text', () => {
  const log = new LogLines();
  log.append('stdout', 'a', 1);
  log.append('stdout', 'b\nc', 2);
  expect(log.slice(0, 2).map(({ text, time }) => [text, time])).toEqual([
    ['ab', 1],
    ['c', 2],
  ]);
  expect([log.whole(), log.text(1), log.text(9)]).toEqual(['ab\nc\n', 'c', '']);
});
