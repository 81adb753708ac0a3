import { get } from 'svelte/store';
import { expect, test, vi } from 'vitest';
import { Notifications } from './notifications.ts';

test('a later note with the same key stands where the earlier one stood, for as long as it may', () => {
  vi.useFakeTimers();
  const notifications = new Notifications();
  const first = notifications.show({ severity: 'info', key: 'full', message: 'one' });
  notifications.info('between');
  const action = { label: 'Raise', run: () => {} };
  expect(notifications.show({ severity: 'warning', key: 'full', message: 'two', actions: [action] })).toBe(
    first,
  );
  expect(get(notifications.toasts).map(({ message }) => message)).toEqual(['two', 'between']);
  vi.advanceTimersByTime(60_000);
  expect(get(notifications.toasts).map(({ message }) => message)).toEqual(['two']);
  notifications.dismissKey('full');
  expect(get(notifications.toasts)).toEqual([]);
  vi.useRealTimers();
});
