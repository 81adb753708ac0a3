import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

test('one begins when the one before has ended, well or not', async () => {
  const turns = new Turns();
  const log: string[] = [];
  const work = (name: string, fails: boolean) => async (): Promise<string> => {
    log.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve));
    log.push(`${name} ends`);
    if (fails) throw new Error(name);
    return name;
  };
  const first = turns.take(work('first', true));
  const second = turns.take(work('second', false));
  await expect(first).rejects.toThrow('first');
  const third = turns.take(work('third', false));
  expect(await Promise.all([second, third])).toEqual(['second', 'third']);
  expect(log).toEqual([
    'first begins',
    'first ends',
    'second begins',
    'second ends',
    'third begins',
    'third ends',
  ]);
});
