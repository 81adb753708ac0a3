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

test('details that are known later are added to the note they belong to, if it is still there', () => {
  const notifications = new Notifications();
  const details = (): unknown[] => get(notifications.toasts).map((toast) => toast.details);
  const first = notifications.show({ severity: 'error', key: 'full', message: 'one', details: 'a' });
  notifications.amend(first, 'a', 'a, b');
  expect(details()).toEqual(['a, b']);
  notifications.show({ severity: 'error', key: 'full', message: 'two', details: 'c' });
  notifications.amend(first, 'a', 'a, b');
  expect(details()).toEqual(['c']);
  notifications.dismissKey('full');
  notifications.amend(first, 'c', 'c, d');
  expect(details()).toEqual([]);
});
