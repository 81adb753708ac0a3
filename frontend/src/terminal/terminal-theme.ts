/** xterm's colours, from the tokens of the page. */

import type { ITheme } from '@xterm/xterm';
import { tokenColor } from '../services/theme.ts';

const ANSI = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;

type Ansi = (typeof ANSI)[number];

/** Black and white have brighter tokens of their own; the other colours are as bright as the surface allows. */
const BRIGHT: Partial<Record<Ansi, `--${string}`>> = {
  black: '--terminal-bright-black',
  white: '--terminal-bright-white',
};

export function terminalTheme(): ITheme {
  const colors = ANSI.flatMap((name) => {
    const token: `--${string}` = `--terminal-${name}`;
    const bright = `bright${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    return [
      [name, tokenColor(token)],
      [bright, tokenColor(BRIGHT[name] ?? token)],
    ] as const;
  });
  return {
    ...Object.fromEntries(colors),
    background: tokenColor('--surface-0'),
    foreground: tokenColor('--text'),
    cursor: tokenColor('--accent'),
    cursorAccent: tokenColor('--surface-0'),
    selectionBackground: tokenColor('--accent').replace(/^rgb\((.*)\)$/, 'rgba($1, 0.35)'),
    scrollbarSliderBackground: tokenColor('--line'),
    scrollbarSliderHoverBackground: tokenColor('--line-strong'),
    scrollbarSliderActiveBackground: tokenColor('--line-strong'),
  };
}
