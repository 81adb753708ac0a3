/** What a person has chosen for this browser. Its other windows follow at once. */

import { derived, type Readable, writable } from 'svelte/store';

const CHOICES = {
  theme: ['system', 'light', 'dark'],
  keymap: ['standard', 'vim', 'emacs'],
  pythonServer: ['ty', 'basedpyright'],
} as const;

export type ThemeSetting = (typeof CHOICES.theme)[number];
export type Keymap = (typeof CHOICES.keymap)[number];

/** Which language server knows Python. */
export type PythonServer = (typeof CHOICES.pythonServer)[number];

export interface Preferences {
  readonly theme: ThemeSetting;
  readonly highContrast: boolean;
  /** Of text in the editor and in terminals, in pixels. */
  readonly fontSize: number;
  readonly keymap: Keymap;
  readonly wordWrap: boolean;
  readonly autosave: boolean;
  readonly formatOnSave: boolean;
  readonly inlayHints: boolean;
  readonly pythonServer: PythonServer;
  /** Whether terminals put what they print where a screen reader finds it. */
  readonly readTerminalsAloud: boolean;
}

export const FONT_SIZES = { least: 8, most: 32 } as const;

export const DEFAULTS: Preferences = {
  theme: 'system',
  highContrast: false,
  fontSize: 13,
  keymap: 'standard',
  wordWrap: false,
  autosave: true,
  formatOnSave: false,
  inlayHints: false,
  pythonServer: 'ty',
  readTerminalsAloud: false,
};

const KEY = 'slipway.preferences';

/** What was stored; what it lacks or has wrong is as it is by default. */
export function parsePreferences(stored: string | null): Preferences {
  const values: unknown = stored === null ? {} : JSON.parse(stored);
  if (typeof values !== 'object' || values === null) return DEFAULTS;
  const known = Object.entries(values).filter(([name, value]) => isPossible(name, value));
  return { ...DEFAULTS, ...Object.fromEntries(known) };
}

function isPossible(name: string, value: unknown): boolean {
  if (name in CHOICES) return (CHOICES[name as keyof typeof CHOICES] as readonly unknown[]).includes(value);
  if (name === 'fontSize') return isFontSize(value);
  return name in DEFAULTS && typeof value === 'boolean';
}

export function isFontSize(value: unknown): value is number {
  return Number.isInteger(value) && FONT_SIZES.least <= Number(value) && Number(value) <= FONT_SIZES.most;
}

const store = writable<Preferences>(parsePreferences(localStorage.getItem(KEY)), (set) => {
  const changed = (event: StorageEvent): void => {
    if (event.key === KEY) set(parsePreferences(event.newValue));
  };
  window.addEventListener('storage', changed);
  return () => window.removeEventListener('storage', changed);
});

export const preferences: Readable<Preferences> = store;

/** One of them; tells when it, not another, changes. */
export function preference<Name extends keyof Preferences>(name: Name): Readable<Preferences[Name]> {
  return derived(store, (all) => all[name]);
}

export function prefer(change: Partial<Preferences>): void {
  store.update((all) => {
    const changed = { ...all, ...change };
    localStorage.setItem(KEY, JSON.stringify(changed));
    return changed;
  });
}
