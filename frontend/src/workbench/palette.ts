/** What the palette lists: the commands, or the files of the model. */

import type { ModelApi } from '../services/api.ts';
import type { Command } from '../services/commands.ts';

export type PaletteMode = 'commands' | 'files';

export function paletteCommands(show: (mode: PaletteMode) => void): Command[] {
  return [
    {
      id: 'palette.show',
      title: 'Palette: Show all commands',
      key: ['Ctrl+Shift+P', 'F1'],
      run: () => show('commands'),
    },
    { id: 'palette.files', title: 'Palette: Go to file', key: 'Ctrl+P', run: () => show('files') },
  ];
}

/** Folders that hold what tools made, not what a person wrote; a search for files passes them by. */
const SKIPPED = new Set([
  '.git',
  '.venv',
  'venv',
  'node_modules',
  '__pycache__',
  '.cache',
  '.npm',
  '.local',
  '.ruff_cache',
  '.mypy_cache',
]);
const MOST_FILES = 20_000;
const AT_ONCE = 4;

/** Every file, nearest folders first, handed over as they are found until `isWanted` says no. */
export async function walkFiles(
  api: Pick<ModelApi, 'list'>,
  found: (paths: readonly string[]) => void,
  isWanted: () => boolean,
): Promise<void> {
  let level = [''];
  let count = 0;
  while (level.length > 0 && isWanted() && count < MOST_FILES) {
    const batch = level.splice(0, AT_ONCE);
    const listings = await Promise.all(batch.map((folder) => api.list(folder)));
    const entries = listings.flat();
    const files = entries.filter(({ kind }) => kind === 'file' || kind === 'link').map(({ path }) => path);
    count += files.length;
    found(files);
    level = [
      ...level,
      ...entries.filter(({ kind, name }) => kind === 'folder' && !SKIPPED.has(name)).map(({ path }) => path),
    ];
  }
}
