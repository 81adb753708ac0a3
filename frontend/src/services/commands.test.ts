import { get } from 'svelte/store';
import { expect, test } from 'vitest';
import type { KeyPress } from '../base/keys.ts';
import { Commands } from './commands.ts';

const press = (key: string): KeyPress => ({
  key,
  code: '',
  ctrlKey: true,
  metaKey: false,
  shiftKey: false,
  altKey: false,
});

function fixture(): { commands: Commands; ran: string[]; errors: unknown[] } {
  const errors: unknown[] = [];
  return { commands: new Commands((error) => errors.push(error), false), ran: [], errors };
}

test('a key runs the first command that can run now', () => {
  const { commands, ran } = fixture();
  commands.register({ id: 'a', title: 'A', key: 'Ctrl+S', run: () => void ran.push('a'), when: () => false });
  commands.register({ id: 'b', title: 'B', key: ['F2', 'Ctrl+S'], run: () => void ran.push('b') });
  expect([commands.runKey(press('s')), commands.runKey(press('x'))]).toEqual([true, false]);
  expect(ran).toEqual(['b']);
});

test('a command is gone once it is disposed', () => {
  const { commands } = fixture();
  const registered = commands.register({ id: 'a', title: 'A', run: () => undefined });
  registered.dispose();
  expect([commands.run('a'), get(commands.all)]).toEqual([false, []]);
});

test('two commands of one name are a mistake', () => {
  const { commands } = fixture();
  commands.register({ id: 'a', title: 'A', run: () => undefined });
  expect(() => commands.register({ id: 'a', title: 'B', run: () => undefined })).toThrow(
    'registered already',
  );
});

test('what a command throws or rejects is heard', async () => {
  const { commands, errors } = fixture();
  commands.register({
    id: 'throws',
    title: '',
    run: () => {
      throw new Error('one');
    },
  });
  commands.register({ id: 'rejects', title: '', run: () => Promise.reject(new Error('two')) });
  commands.run('throws');
  commands.run('rejects');
  await expect.poll(() => errors.map(String)).toEqual(['Error: one', 'Error: two']);
});
