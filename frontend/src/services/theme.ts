/** Light, dark, or as the system has it; kept in this browser. */

import { derived, type Readable, readable, writable } from 'svelte/store';

export type ThemeSetting = 'system' | 'light' | 'dark';
export type Theme = 'light' | 'dark';

const KEY = 'slipway.theme';

function stored(): ThemeSetting {
  const value = localStorage.getItem(KEY);
  return value === 'light' || value === 'dark' ? value : 'system';
}

const settingStore = writable<ThemeSetting>(stored());

const systemTheme = readable<Theme>('light', (set) => {
  const query = window.matchMedia('(prefers-color-scheme: dark)');
  const update = (): void => set(query.matches ? 'dark' : 'light');
  update();
  query.addEventListener('change', update);
  return () => query.removeEventListener('change', update);
});

export const themeSetting: Readable<ThemeSetting> = settingStore;

/** The theme in force. What draws on a canvas reads its colours again when this changes. */
export const theme: Readable<Theme> = derived([settingStore, systemTheme], ([setting, system]) =>
  setting === 'system' ? system : setting,
);

/** The CSS chooses by `data-theme`, or by the system where there is none. */
function apply(setting: ThemeSetting): void {
  if (setting === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = setting;
}

export function setTheme(setting: ThemeSetting): void {
  localStorage.setItem(KEY, setting);
  apply(setting);
  settingStore.set(setting);
}

export function startTheme(): void {
  apply(stored());
}

/** The value in force of a colour of ui/tokens.css, as rgb(...): `tokenColor('--accent')`. For canvases, which know no var(). */
export function tokenColor(token: `--${string}`): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${token})`;
  probe.hidden = true;
  document.body.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}
