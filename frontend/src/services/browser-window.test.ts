import { expect, test } from 'vitest';
import { BrowserWindow } from './browser-window.ts';

/** As the browser's: a lock is held until what holds it resolves. */
function fakeLocks(): LockManager {
  const held = new Set<string>();
  return {
    request: async (name: string, hold: () => Promise<void>) => {
      held.add(name);
      await hold();
      held.delete(name);
    },
    query: async () => ({ held: [...held, 'of another page'].map((name) => ({ name })) }),
  } as unknown as LockManager; // what a window uses of it
}

test('a window is seen by others until it is gone', async () => {
  const locks = fakeLocks();
  const [one, two] = [new BrowserWindow(locks), new BrowserWindow(locks)];
  expect(await one.open()).toEqual(new Set([one.id, two.id]));
  two.dispose();
  await Promise.resolve();
  expect(await one.open()).toEqual(new Set([one.id]));
});

test('without locks a window sees itself', async () => {
  const alone = new BrowserWindow(undefined);
  expect(await alone.open()).toEqual(new Set([alone.id]));
});
