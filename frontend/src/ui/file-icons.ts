/** Which icon a file has, by its name. */

import { extension } from '../base/paths.ts';
import type { IconName } from './icons.ts';

const BY_EXTENSION: Readonly<Record<string, IconName>> = Object.fromEntries(
  (
    [
      ['code', 'py pyi js mjs cjs jsx ts tsx c h cc cpp hpp cu rs go sh bash html css'],
      ['data', 'json jsonl toml yaml yml ini cfg csv tsv xml lock ipynb'],
      ['image', 'png jpg jpeg gif webp bmp avif ico svg'],
      ['text', 'md txt rst log'],
    ] as const
  ).flatMap(([icon, names]) => names.split(' ').map((name) => [name, icon])),
);

export function fileIcon(path: string): IconName {
  return BY_EXTENSION[extension(path)] ?? 'file';
}
