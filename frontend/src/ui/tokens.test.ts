/** Contrast of the page's colours, as WCAG 2.2 reckons it. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const css = readFileSync(new URL('tokens.css', import.meta.url), 'utf-8');
const SURFACES = ['--surface-0', '--surface-1', '--surface-2', '--surface-3'];
const SYNTAX = ['keyword', 'string', 'number', 'comment', 'function', 'type', 'property'].map(
  (name) => `--syntax-${name}`,
);
const TEXTS = ['--text', '--text-muted', '--text-faint', '--accent', '--success', '--warning', '--danger'];

function block(selector: string): Map<string, string> {
  const rule = css.slice(css.indexOf(`${selector} {`)).split('}')[0] ?? '';
  return new Map(
    [...rule.matchAll(/(--[\w-]+): ([^;]+);/g)].map(([, name = '', value = '']) => [name, value]),
  );
}

const standard = block(':root');
const strong = new Map([...standard, ...block(':root[data-contrast="more"]')]);

function colorOf(tokens: Map<string, string>, name: string, theme: 'light' | 'dark'): string {
  const value = tokens.get(name) ?? '';
  const both = /^light-dark\((#\w{6}), (#\w{6})\)$/.exec(value);
  const other = /^var\((--[\w-]+)\)$/.exec(value)?.[1];
  if (other !== undefined) return colorOf(tokens, other, theme);
  const found = both?.[theme === 'light' ? 1 : 2];
  if (found === undefined) throw new Error(`expected a colour for each theme in ${name}, got ${value}`);
  return found;
}

function luminance(color: string): number {
  const parts = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = parts.map((part) =>
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

/** Those that are too faint, with how they stand out. */
function faint(tokens: Map<string, string>, texts: string[], surfaces: string[], least: number): string[] {
  return (['light', 'dark'] as const).flatMap((theme) =>
    texts.flatMap((text) =>
      surfaces.flatMap((surface) => {
        const found = contrast(colorOf(tokens, text, theme), colorOf(tokens, surface, theme));
        return found < least ? [`${theme}: ${text} on ${surface}: ${found.toFixed(2)}`] : [];
      }),
    ),
  );
}

describe('text stands out', () => {
  test('by 4.5 on every surface', () => expect(faint(standard, TEXTS, SURFACES, 4.5)).toEqual([]));
  test('as code', () => expect(faint(standard, SYNTAX, ['--surface-0'], 4.5)).toEqual([]));
  test('by 7 in high contrast', () => expect(faint(strong, TEXTS, SURFACES, 7)).toEqual([]));
  test('by 7 as code in high contrast', () => expect(faint(strong, SYNTAX, ['--surface-0'], 7)).toEqual([]));
  test('and so do the lines around controls in high contrast', () =>
    expect(faint(strong, ['--line-strong', '--line'], SURFACES, 3)).toEqual([]));
});
