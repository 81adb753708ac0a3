/** The context menu of the file tree, as data. */

import { common } from '../../texts/common.ts';
import { texts } from '../../texts/files.ts';
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
    { label: texts.newFile, key: 'Alt+N', run: () => actions.create('new-file') },
    { label: texts.newFolder, run: () => actions.create('new-folder') },
    { label: texts.uploadFiles, run: () => actions.upload('files') },
    { label: texts.uploadFolder, run: () => actions.upload('folder') },
  ];
  const paste: MenuItem = {
    label: texts.paste,
    key: 'Ctrl+V',
    disabled: !canPaste,
    run: () => actions.paste(),
  };
  if (count === 0) return [...making, { ...paste, begins: true }];
  return [
    ...making,
    { label: texts.cut, key: 'Ctrl+X', begins: true, run: () => actions.hold('cut') },
    { label: common.copy, key: 'Ctrl+C', run: () => actions.hold('copy') },
    paste,
    { label: texts.duplicate, run: () => actions.duplicate() },
    { label: texts.copyPath, key: 'Shift+Alt+C', begins: true, run: () => actions.copyPaths('whole') },
    { label: texts.copyRelativePath, key: 'Ctrl+Shift+Alt+C', run: () => actions.copyPaths('relative') },
    { label: common.download, run: () => actions.download() },
    { label: common.rename, key: 'F2', begins: true, disabled: count > 1, run: () => actions.rename() },
    { label: common.delete, key: 'Delete', danger: true, run: () => actions.remove() },
  ];
}
