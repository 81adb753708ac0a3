/** The commands of tabs, of groups of tabs, and of saving. */

import { get } from 'svelte/store';
import type { EditorArea } from '../editor/editor-area.ts';
import type { Command } from '../services/commands.ts';
import { prefer, preferences } from '../services/preferences.ts';
import type { ModelSession } from '../services/session.ts';

const TABS_BY_KEY = 9;
const GROUPS_BY_KEY = 3;

export function editorCommands(session: ModelSession, area: () => EditorArea | null): Command[] {
  type Work = (area: EditorArea) => void | Promise<void>;
  const editors = (work: Work) => (): void | Promise<void> => {
    const present = area();
    if (present) return work(present);
  };
  const whenChanged = (): boolean => area()?.isActiveChangedOnDisk ?? false;

  return [
    { id: 'files.save', title: 'File: Save', key: 'Ctrl+S', run: editors((each) => each.saveActive()) },
    {
      id: 'files.saveAll',
      title: 'File: Save all',
      key: 'Ctrl+Shift+S',
      run: async () => void (await session.saveAll()),
    },
    {
      id: 'files.autosave',
      title: 'File: Autosave on or off',
      run: () => {
        const autosave = !get(preferences).autosave;
        prefer({ autosave });
        session.notifications.info(autosave ? 'Autosave is on.' : 'Autosave is off.');
      },
    },
    {
      id: 'files.compare',
      title: 'File: Compare with disk version',
      run: editors((each) => each.compareActive()),
      when: whenChanged,
    },
    {
      id: 'files.overwrite',
      title: 'File: Overwrite disk version',
      run: editors((each) => each.overwriteActive()),
      when: whenChanged,
    },
    {
      id: 'files.load',
      title: 'File: Load disk version (discard mine)',
      run: editors((each) => each.loadActive()),
      when: whenChanged,
    },
    { id: 'editor.close', title: 'Editor: Close', key: 'Alt+W', run: editors((each) => each.closeActive()) },
    { id: 'editor.closeOthers', title: 'Editor: Close others', run: editors((each) => each.closeOthers()) },
    {
      id: 'editor.closeToTheRight',
      title: 'Editor: Close those to the right',
      run: editors((each) => each.closeToTheRight()),
    },
    { id: 'editor.closeSaved', title: 'Editor: Close saved', run: editors((each) => each.closeSaved()) },
    { id: 'editor.closeAll', title: 'Editor: Close all', run: editors((each) => each.closeAll()) },
    {
      id: 'editor.reopen',
      title: 'Editor: Reopen what was closed last',
      key: 'Alt+Shift+T',
      run: editors((each) => each.reopenClosed()),
    },
    { id: 'editor.keep', title: 'Editor: Keep open', run: editors((each) => each.keepActive()) },
    { id: 'editor.pin', title: 'Editor: Pin or unpin', run: editors((each) => each.pinActive()) },
    {
      id: 'editor.reveal',
      title: 'Editor: Reveal in files',
      run: editors(async (each) => {
        const file = get(each.active);
        if (file) await session.revealInFiles(file.path);
      }),
    },
    {
      id: 'editor.split',
      title: 'Editor: Split right',
      key: 'Ctrl+\\',
      run: editors((each) => each.split('right')),
    },
    { id: 'editor.splitDown', title: 'Editor: Split down', run: editors((each) => each.split('below')) },
    // Browsers keep Ctrl+PageDown to themselves, unless the page is installed as an app.
    {
      id: 'editor.next',
      title: 'Editor: Next tab',
      key: ['Ctrl+PageDown', 'Alt+PageDown'],
      run: editors((each) => each.showNext(1)),
    },
    {
      id: 'editor.previous',
      title: 'Editor: Previous tab',
      key: ['Ctrl+PageUp', 'Alt+PageUp'],
      run: editors((each) => each.showNext(-1)),
    },
    ...numbered(GROUPS_BY_KEY, (place) => ({
      id: `editor.group${place}`,
      title: `Editor: Focus group ${place}`,
      key: `Ctrl+${place}`,
      run: editors((each) => each.focusGroup(place)),
    })),
    ...numbered(TABS_BY_KEY, (place) => ({
      id: `editor.tab${place}`,
      title: `Editor: Show tab ${place}`,
      key: `Alt+${place}`,
      run: editors((each) => each.showTab(place)),
    })),
  ];
}

function numbered(count: number, command: (place: number) => Command): Command[] {
  return Array.from({ length: count }, (_, index) => command(index + 1));
}
