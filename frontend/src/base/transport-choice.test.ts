import { expect, test } from 'vitest';
import { TransportChoice } from './transport-choice.ts';

test('a WebSocket is tried first, then what stands in its place, by turns', () => {
  const choice = new TransportChoice();
  expect(choice.next(0)).toBe('websocket');
  choice.websocketFailed(0);
  expect([choice.next(1), choice.next(2), choice.next(3)]).toEqual(['substitute', 'websocket', 'substitute']);
});

test('what got through is tried first from then on', () => {
  const choice = new TransportChoice();
  choice.websocketFailed(0);
  expect(choice.next(1)).toBe('substitute');
  choice.substituteOpened();
  expect(choice.next(2)).toBe('substitute');
  choice.websocketOpened();
  expect(choice.next(3)).toBe('websocket');
});

test('where WebSockets got through before, a server that is away is waited for', () => {
  const choice = new TransportChoice();
  choice.websocketOpened();
  choice.websocketFailed(1_000);
  choice.websocketFailed(15_000);
  expect(choice.next(20_000)).toBe('websocket');
  expect(choice.next(21_000)).toBe('substitute');
});
