/** The context menu of the file tree, as data. */

import type { MenuItem } from '../../ui/Menu.svelte';

export interface MenuActions {
  create(kind: 'new-file' | 'new-folder'): void;
  upload(kind: 'files' | 'folder'): void;
  hold(kind: 'cut' | 'copy'): void;
  paste(): void;
  duplicate(): void;
  download(): void;
  copyPaths(kind: 'whole' | 'relative'): void;
  rename(): void;
  remove(): void;
}

/** `count`: how many files and folders the menu is about; 0 is the folder of the model itself. */
export function menuItems(actions: MenuActions, count: number, canPaste: boolean): MenuItem[] {
  const making: MenuItem[] = [
    { label: 'New file', key: 'Alt+N', run: () => actions.create('new-file') },
    { label: 'New folder', run: () => actions.create('new-folder') },
    { label: 'Upload files', run: () => actions.upload('files') },
    { label: 'Upload a folder', run: () => actions.upload('folder') },
  ];
  const paste: MenuItem = { label: 'Paste', key: 'Ctrl+V', disabled: !canPaste, run: () => actions.paste() };
  if (count === 0) return [...making, { ...paste, begins: true }];
  return [
    ...making,
    { label: 'Cut', key: 'Ctrl+X', begins: true, run: () => actions.hold('cut') },
    { label: 'Copy', key: 'Ctrl+C', run: () => actions.hold('copy') },
    paste,
    { label: 'Duplicate', run: () => actions.duplicate() },
    { label: 'Copy path', key: 'Shift+Alt+C', begins: true, run: () => actions.copyPaths('whole') },
    { label: 'Copy relative path', key: 'Ctrl+Shift+Alt+C', run: () => actions.copyPaths('relative') },
    { label: 'Download', run: () => actions.download() },
    { label: 'Rename', key: 'F2', begins: true, disabled: count > 1, run: () => actions.rename() },
    { label: 'Delete', key: 'Delete', danger: true, run: () => actions.remove() },
  ];
}
