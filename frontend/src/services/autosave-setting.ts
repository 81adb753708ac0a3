/** Whether what is edited is saved by itself; kept in this browser, for all its windows. */

import { type Readable, writable } from 'svelte/store';

const KEY = 'slipway.autosave';

const isOn = (): boolean => localStorage.getItem(KEY) !== 'off';

const store = writable(isOn(), (set) => {
  const changed = (event: StorageEvent): void => {
    if (event.key === KEY) set(isOn());
  };
  window.addEventListener('storage', changed);
  return () => window.removeEventListener('storage', changed);
});

export const autosave: Readable<boolean> = store;

export function setAutosave(on: boolean): void {
  localStorage.setItem(KEY, on ? 'on' : 'off');
  store.set(on);
}
