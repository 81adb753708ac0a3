import { expect, test } from 'vitest';
import { firstAvailable, unavailable } from './availability.ts';

test('what the code does not define is not offered, with the reason', () => {
  expect(unavailable('train', ['evaluate'])).toBe(
    'Train needs a function train, which the code does not define.',
  );
  expect(unavailable('evaluate', ['evaluate'])).toBeNull();
});

test('code that was not looked at may define anything', () => {
  expect(unavailable('createModelState', null)).toBeNull();
});

test('what can run is offered first', () => {
  expect(firstAvailable(['createModelState', 'train'])).toBe('train');
  expect(firstAvailable([])).toBe('evaluate');
  expect(firstAvailable(null)).toBe('evaluate');
});
