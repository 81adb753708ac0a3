import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SocketMessage } from '../wire.ts';
import type { SocketLike } from './substitute-socket.ts';
import { Substitutes } from './substitute-stream.ts';

class FakeEvents {
  onmessage: ((event: { data: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;

  constructor(readonly url: string) {
    streams.push(this);
  }

  say(message: SocketMessage): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  close(): void {
    this.closed = true;
  }
}

interface Posted {
  readonly url: string;
  readonly requests: unknown;
  reply(status: number): Promise<void>;
}

let streams: FakeEvents[] = [];
let posts: Posted[] = [];

beforeEach(() => {
  [streams, posts] = [[], []];
  vi.stubGlobal('EventSource', FakeEvents);
  vi.stubGlobal('fetch', (url: string, { body }: { body: string }) => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const reply = async (status: number): Promise<void> => {
      resolve(new Response(null, { status }));
      await settled();
    };
    posts.push({ url, requests: JSON.parse(body), reply });
    return promise;
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

function listenTo(socket: SocketLike): unknown[] {
  const heard: unknown[] = [];
  socket.onopen = () => heard.push('open');
  socket.onmessage = ({ data }) => heard.push(typeof data === 'string' ? data : [...new Uint8Array(data)]);
  socket.onclose = ({ code, reason }) => heard.push([code, reason]);
  return heard;
}

/** Two sockets of one stream, which are open. */
async function opened(): Promise<{ substitutes: Substitutes; one: SocketLike; two: SocketLike }> {
  const substitutes = new Substitutes();
  const [one, two] = [substitutes.open('/one'), substitutes.open('/two')];
  streams[0]?.say(['stream', 's/1']);
  await posts[0]?.reply(204);
  streams[0]?.say(['opened', 1]);
  streams[0]?.say(['opened', 2]);
  return { substitutes, one, two };
}

test('all sockets are opened in one stream and one request, once the stream has its name', async () => {
  const { one, two } = await opened();
  expect(streams.map(({ url }) => url)).toEqual(['/api/v1/sockets']);
  expect(posts).toMatchObject([
    {
      url: '/api/v1/sockets/s%2F1',
      requests: [
        ['open', 1, '/one'],
        ['open', 2, '/two'],
      ],
    },
  ]);
  expect([one.readyState, two.readyState]).toEqual([WebSocket.OPEN, WebSocket.OPEN]);
});

test('each hears what is for it', async () => {
  const { one, two } = await opened();
  const [first, second] = [listenTo(one), listenTo(two)];
  streams[0]?.say(['text', 2, 'x']);
  streams[0]?.say(['bytes', 1, btoa('\u0000ÿ')]);
  streams[0]?.say(['closed', 2, 4404, 'gone']);
  streams[0]?.say(['text', 2, 'late']);
  expect([first, second]).toEqual([[[0, 255]], ['x', [4404, 'gone']]]);
  expect(two.readyState).toBe(WebSocket.CLOSED);
});

test('one request is under way at a time, and the next has all that was sent meanwhile, in order', async () => {
  const { one, two } = await opened();
  for (const text of ['a', 'b']) {
    one.send(text);
    two.send(text);
  }
  await settled();
  expect(posts[1]?.requests).toEqual([['send', 1, 'a']]);
  expect(posts).toHaveLength(2);
  await posts[1]?.reply(204);
  expect(posts[2]?.requests).toEqual([
    ['send', 2, 'a'],
    ['send', 1, 'b'],
    ['send', 2, 'b'],
  ]);
});

test('what does not fit in one request goes with the next, and a message that fits in none ends its socket alone', async () => {
  const { one, two } = await opened();
  const heard = listenTo(two);
  const half = 'é'.repeat(1 << 20);
  for (const text of ['first', half, half]) one.send(text);
  two.send(half + half);
  await posts[1]?.reply(204);
  expect(posts[2]?.requests).toEqual([['send', 1, half]]);
  await posts[2]?.reply(204);
  expect(posts[3]?.requests).toEqual([
    ['send', 1, half],
    ['close', 2],
  ]);
  expect([heard, one.readyState]).toEqual([[[1009, '']], WebSocket.OPEN]);
});

test.each([
  ['breaks', () => streams[0]?.onerror?.(), [1006, '']],
  ['is ended by the server', () => streams[0]?.say(['ended', 4401, 'Sign in.']), [4401, 'Sign in.']],
])('a stream that %s ends all its sockets, and the next one opens another', async (_, end, how) => {
  const { substitutes, one, two } = await opened();
  const [first, second] = [listenTo(one), listenTo(two)];
  end();
  expect([first, second]).toEqual([[how], [how]]);
  expect(streams[0]?.closed).toBe(true);
  substitutes.open('/three');
  expect(streams).toHaveLength(2);
});

test.each([
  [404, [1006, '']],
  [401, [4401, 'Sign in again.']],
])('so does a request that is answered with %i', async (status, how) => {
  const { one, two } = await opened();
  const heard = listenTo(two);
  one.send('x');
  await posts[1]?.reply(status);
  expect([heard, streams[0]?.closed]).toEqual([[how], true]);
});

test('a socket that is closed here says so, and the last one takes the stream with it', async () => {
  const { substitutes, one, two } = await opened();
  const heard = [listenTo(one), listenTo(two)];
  one.close();
  expect(posts[1]?.requests).toEqual([['close', 1]]);
  expect(streams[0]?.closed).toBe(false);
  two.close();
  expect(streams[0]?.closed).toBe(true);
  expect(heard).toEqual([[], []]);
  substitutes.open('/three');
  expect(streams).toHaveLength(2);
});
