import { describe, expect, test } from 'vitest';
import type { TerminalMessage, TerminalRequest } from '../wire.ts';
import { ACKNOWLEDGE_BYTES, CHUNK_BYTES, type Screen, TerminalStream } from './terminal-stream.ts';

/** Keeps what is written, and draws it when told to, as xterm does a while later. */
class FakeScreen implements Screen {
  shown: number[] = [];
  size: [number, number] = [0, 0];
  private queue: { bytes: Uint8Array; drawn: () => void }[] = [];

  write(bytes: Uint8Array, drawn: () => void): void {
    this.queue.push({ bytes, drawn });
  }

  reset(): void {
    this.shown = [];
    this.drawAll();
    this.shown = [];
  }

  resize(rows: number, columns: number): void {
    this.size = [rows, columns];
  }

  drawOne(): boolean {
    const next = this.queue.shift();
    if (next === undefined) return false;
    this.shown.push(...next.bytes);
    next.drawn();
    return true;
  }

  drawAll(): void {
    while (this.drawOne());
  }
}

interface Stage {
  screen: FakeScreen;
  stream: TerminalStream;
  sent: TerminalRequest[];
  announced: unknown[];
  printed: Uint8Array[];
}

function stage(): Stage {
  const screen = new FakeScreen();
  const sent: TerminalRequest[] = [];
  const announced: unknown[] = [];
  const printed: Uint8Array[] = [];
  const stream = new TerminalStream(screen, (request) => sent.push(request), {
    live: () => announced.push('live'),
    printed: (bytes) => printed.push(bytes),
    sized: (rows, columns) => announced.push(['sized', rows, columns]),
    stdinFull: (refused) => announced.push(['stdin_full', refused]),
    exited: (code) => announced.push(['exited', code]),
  });
  return { screen, stream, sent, announced, printed };
}

function bytes(count: number, from = 0): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => (from + index) % 251);
}

const setup = (offset: number, live = offset): TerminalMessage => ['setup', offset, 24, 80, live];

/** A small linear congruential generator, so that a failing run can be repeated by its seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('output over lost connections', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('is whole and never doubled, however it breaks (seed %i)', (seed) => {
    const random = randomOf(seed);
    const { screen, stream } = stage();
    const output = bytes(300_000);
    while (stream.offset < output.length) {
      let at = stream.offset;
      stream.receive(setup(at, output.length));
      const breaksAfter = at + random(60_000);
      while (at < Math.min(breaksAfter, output.length)) {
        const frame = output.subarray(at, at + 1 + random(20_000));
        stream.receive(frame);
        at += frame.length;
        if (random(3) === 0) screen.drawOne();
      }
    }
    screen.drawAll();
    expect(screen.shown).toEqual([...output]);
  });

  test('where the ring no longer holds our offset, the screen is cleared and shows what there is', () => {
    const { screen, stream } = stage();
    stream.receive(setup(0));
    stream.receive(bytes(100));
    stream.receive(setup(5000, 5010));
    stream.receive(bytes(10, 7));
    screen.drawAll();
    expect({ shown: screen.shown, offset: stream.offset }).toEqual({
      shown: [...bytes(10, 7)],
      offset: 5010,
    });
  });

  test('chunks of before a clearing that are drawn late do not move our place', () => {
    const { screen, stream, sent } = stage();
    stream.receive(setup(0));
    stream.receive(bytes(ACKNOWLEDGE_BYTES));
    stream.receive(setup(10_000_000));
    screen.drawAll();
    expect(sent).toEqual([]);
  });
});

test('what was written before we came does not count as printed', () => {
  const { stream, printed } = stage();
  stream.receive(setup(0, 10));
  stream.receive(bytes(10));
  stream.receive(bytes(5, 10));
  expect(printed).toEqual([bytes(5, 10)]);
});

describe('acknowledgement', () => {
  test('comes with every 64 KiB drawn, not received', () => {
    const { screen, stream, sent } = stage();
    stream.receive(setup(0, 0));
    stream.receive(bytes(3 * ACKNOWLEDGE_BYTES + 10));
    expect(sent).toEqual([]);
    screen.drawAll();
    expect(sent).toEqual([1, 2, 3].map((times) => ['ack', times * ACKNOWLEDGE_BYTES]));
  });

  test('starts anew with each connection', () => {
    const { screen, stream, sent } = stage();
    stream.receive(setup(0, 0));
    stream.receive(bytes(ACKNOWLEDGE_BYTES - 1));
    screen.drawAll();
    stream.receive(setup(ACKNOWLEDGE_BYTES - 1));
    stream.receive(bytes(10));
    screen.drawAll();
    expect(sent).toEqual([]);
  });

  test('a large frame is written in chunks, so that the page stays responsive', () => {
    const { screen, stream } = stage();
    stream.receive(setup(0, 0));
    stream.receive(bytes(2 * CHUNK_BYTES + 1));
    const sizes = [];
    let before = 0;
    while (screen.drawOne()) {
      sizes.push(screen.shown.length - before);
      before = screen.shown.length;
    }
    expect(sizes).toEqual([CHUNK_BYTES, CHUNK_BYTES, 1]);
  });
});

describe('replay', () => {
  const cursorReport = '\x1b[12;40R';

  test('queries in it are not answered, yet what a person types meanwhile is sent', () => {
    const { screen, stream, sent } = stage();
    stream.receive(setup(0, 4));
    stream.receive(bytes(4));
    stream.input(cursorReport);
    stream.input('ls\r');
    screen.drawAll();
    stream.input(cursorReport);
    expect(sent).toEqual([
      ['stdin', 'ls\r'],
      ['stdin', cursorReport],
    ]);
  });

  test('its end is announced once it is drawn', () => {
    const { screen, stream, announced } = stage();
    stream.receive(setup(0, 4));
    stream.receive(bytes(6));
    expect(announced).toEqual([]);
    screen.drawAll();
    expect(announced).toEqual(['live']);
  });

  test('a terminal with nothing written yet is live at once', () => {
    const { stream, announced } = stage();
    stream.receive(setup(0, 0));
    expect(announced).toEqual(['live']);
  });
});

test('a paste is sent whole, unless it is larger than the server takes at once', () => {
  const { stream, sent } = stage();
  stream.input('é'.repeat(1000));
  stream.input(`x${'🙂'.repeat(262_144)}`);
  expect(sent.map(([, text]) => [...String(text)].length)).toEqual([1000, 262_144, 1]);
});

test('half a surrogate pair is sent as the character that stands for what is unreadable', () => {
  const { stream, sent } = stage();
  stream.input('a\ud83db');
  expect(sent).toEqual([['stdin', 'a\ufffdb']]);
});

test('messages of the server are announced, and sizes shown', () => {
  const { screen, stream, announced } = stage();
  stream.receive(['size', 50, 132]);
  stream.receive(['stdin_full', 1024]);
  stream.receive(['disconnect', 3]);
  expect(announced).toEqual([
    ['sized', 50, 132],
    ['stdin_full', 1024],
    ['exited', 3],
  ]);
  expect(screen.size).toEqual([50, 132]);
});
