import { expect, test } from 'vitest';
import { Emitter } from './emitter.ts';
import { DisposableStore, toDisposable } from './lifecycle.ts';

test('a store disposes in reverse order, once, and at once what comes late', () => {
  const said: string[] = [];
  const store = new DisposableStore();
  store.defer(() => said.push('first'));
  store.add(toDisposable(() => said.push('second')));
  store.dispose();
  store.dispose();
  store.defer(() => said.push('late'));
  expect(said).toEqual(['second', 'first', 'late']);
});

test('a listener hears until it is disposed, also from within an event', () => {
  const heard: string[] = [];
  const emitter = new Emitter<string>();
  const once = emitter.event((value) => {
    heard.push(`once ${value}`);
    once.dispose();
  });
  emitter.event((value) => heard.push(value));
  emitter.fire('a');
  emitter.fire('b');
  expect(heard).toEqual(['once a', 'a', 'b']);
});
