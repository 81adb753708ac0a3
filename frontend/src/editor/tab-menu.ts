/** The menu of a tab: what the commands do with the active one, and what concerns its path. */

import { mount, unmount } from 'svelte';
import { get } from 'svelte/store';
import { toDisposable } from '../base/lifecycle.ts';
import { copyText } from '../services/clipboard.ts';
import { type Commands, keysOf } from '../services/commands.ts';
import { common } from '../texts/common.ts';
import { texts } from '../texts/editor.ts';
import Menu, { type MenuItem } from '../ui/Menu.svelte';

export interface TabMenu {
  readonly commands: Commands;
  readonly path: string;
  readonly isPinned: boolean;
  readonly x: number;
  readonly y: number;
}

const ITEMS: readonly (readonly [label: string, command: string])[] = [
  [common.close, 'editor.close'],
  [texts.menu.closeOthers, 'editor.closeOthers'],
  [texts.menu.closeToTheRight, 'editor.closeToTheRight'],
  [texts.menu.closeSaved, 'editor.closeSaved'],
  [texts.menu.closeAll, 'editor.closeAll'],
  [texts.menu.splitRight, 'editor.split'],
  [texts.menu.splitDown, 'editor.splitDown'],
  [texts.menu.keepOpen, 'editor.keep'],
];

export function showTabMenu({ commands, path, isPinned, x, y }: TabMenu): void {
  const byId = new Map(get(commands.all).map((command) => [command.id, command]));
  const item = (label: string, id: string): MenuItem => {
    const [key] = keysOf(byId.get(id) ?? { id, title: label, run: () => undefined });
    return { label, ...(key !== undefined && { key }), run: () => void commands.run(id) };
  };
  const items: MenuItem[] = [
    ...ITEMS.map(([label, id]) => item(label, id)),
    item(isPinned ? texts.tab.unpin : texts.tab.pin, 'editor.pin'),
    { label: texts.menu.copyPath, run: () => void copyText(path) },
    item(texts.menu.reveal, 'editor.reveal'),
  ];
  // The menu says that it closes when something is chosen, and again when it is gone.
  const closing = toDisposable(() => void unmount(menu));
  const onclose = (): void => closing.dispose();
  const menu = mount(Menu, {
    target: document.body,
    props: { label: texts.menu.label(path), items, x, y, onclose },
  });
}
