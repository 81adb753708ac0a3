/** The colours in force: light or dark, and how strong their contrast is, as the person or their system wants them. */

import { derived, type Readable, readable } from 'svelte/store';
import { preferences } from './preferences.ts';

export type Theme = 'light' | 'dark';

export interface Appearance {
  readonly theme: Theme;
  readonly highContrast: boolean;
}

function matching(query: string): Readable<boolean> {
  return readable(false, (set) => {
    const found = window.matchMedia(query);
    const update = (): void => set(found.matches);
    update();
    found.addEventListener('change', update);
    return () => found.removeEventListener('change', update);
  });
}

/** What draws on a canvas reads its colours again when this changes. */
export const appearance: Readable<Appearance> = derived(
  [preferences, matching('(prefers-color-scheme: dark)'), matching('(prefers-contrast: more)')],
  ([{ theme, highContrast }, systemIsDark, systemHasContrast]) => ({
    theme: theme === 'system' ? (systemIsDark ? 'dark' : 'light') : theme,
    highContrast: highContrast || systemHasContrast,
  }),
);

export const theme: Readable<Theme> = derived(appearance, ({ theme }) => theme);

/** The CSS chooses by `data-theme` and `data-contrast`. */
export function startTheme(): void {
  const { dataset, style } = document.documentElement;
  appearance.subscribe(({ theme, highContrast }) => {
    dataset.theme = theme;
    dataset.contrast = highContrast ? 'more' : 'standard';
  });
  preferences.subscribe(({ fontSize }) => style.setProperty('--size-code', `${fontSize}px`));
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
