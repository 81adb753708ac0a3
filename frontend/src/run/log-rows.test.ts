import { expect, test } from 'vitest';
import { LogLines, MOST_LINES } from './log-lines.ts';
import { clockText, LogMatches, LogRows } from './log-rows.ts';

function logOf(text: string): LogLines {
  const log = new LogLines();
  for (const line of text.split('\n')) log.append(line.startsWith('!') ? 'stderr' : 'stdout', `${line}\n`, 5);
  return log;
}

const texts = (rows: LogRows): string[] => rows.slice(0, rows.count).map(({ text }) => text);

test('rows are the lines', () => {
  const rows = new LogRows(logOf('a\n!b'), null, null);
  expect(rows.slice(0, 9)).toEqual([
    { stream: 'stdout', time: 5, text: 'a', number: 0, isFirst: true },
    { stream: 'stderr', time: 5, text: '!b', number: 1, isFirst: true },
  ]);
});

test('one stream leaves the other out', () => {
  expect(texts(new LogRows(logOf('a\n!b\nc'), 'stdout', null))).toEqual(['a', 'c']);
  expect(texts(new LogRows(logOf('a\n!b\nc'), 'stderr', null))).toEqual(['!b']);
});

test('a long line is broken into rows, and an empty one is a row', () => {
  const rows = new LogRows(logOf('abcdefg\n\nxyz'), null, 3);
  expect(texts(rows)).toEqual(['abc', 'def', 'g', '', 'xyz']);
  expect(rows.slice(1, 4).map(({ number, isFirst }) => [number, isFirst])).toEqual([
    [0, false],
    [0, false],
    [1, true],
  ]);
  expect([rows.rowOf(0), rows.rowOf(1), rows.rowOf(2)]).toEqual([0, 3, 4]);
});

test('rows follow a line that grows and lines that come', () => {
  const log = new LogLines();
  log.append('stdout', 'abc', 0);
  const rows = new LogRows(log, null, 2);
  expect(texts(rows)).toEqual(['ab', 'c']);
  log.append('stdout', 'de\nf', 0);
  rows.update();
  expect(texts(rows)).toEqual(['ab', 'cd', 'e', 'f']);
});

test('rows and matches of lines that have left go with them', () => {
  const log = new LogLines();
  const rows = new LogRows(log, 'stdout', 100);
  const matches = new LogMatches(log, null, '7');
  for (let number = 0; number < MOST_LINES + 10_000; number += 1) {
    log.append('stdout', `${number}\n`, 0);
    if (number % 5_000 === 0) {
      rows.update();
      matches.update();
    }
  }
  rows.update();
  matches.update();
  expect([log.dropped, rows.count, rows.slice(0, 1)[0]?.text]).toEqual([10_000, MOST_LINES, '10000']);
  expect(matches.numbers[0]).toBe(10_007);
});

test('matches are counted in whatever case, and found upwards and downwards, round the ends', () => {
  const log = logOf('Loss 1\nother\n!loss (2)');
  const matches = new LogMatches(log, null, 'loss');
  expect(matches.numbers).toEqual([0, 2]);
  expect([matches.next(2, -1), matches.next(0, -1), matches.next(0, 1), matches.next(2, 1)]).toEqual([
    0, 2, 2, 0,
  ]);
  expect(new LogMatches(log, 'stdout', 'loss').numbers).toEqual([0]);
  expect(new LogMatches(log, null, '(2)').numbers).toEqual([2]);
  expect(new LogMatches(log, null, 'none').next(0, 1)).toBeNull();
  log.append('stdout', 'more loss', 0);
  matches.update();
  expect(matches.numbers).toEqual([0, 2, 3]);
});

test('a time is written to the millisecond', () => {
  expect(clockText(1_700_000_000.0625)).toMatch(/^\d\d:\d\d:20\.06[23]$/);
});
