/** The commands of tabs, of groups of tabs, and of saving. */

import { get } from 'svelte/store';
import type { EditorArea } from '../editor/editor-area.ts';
import type { Command } from '../services/commands.ts';
import { prefer, preferences } from '../services/preferences.ts';
import type { ModelSession } from '../services/session.ts';
import { texts } from '../texts/commands.ts';

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
    { id: 'files.save', title: texts.files.save, key: 'Ctrl+S', run: editors((each) => each.saveActive()) },
    {
      id: 'files.saveAll',
      title: texts.files.saveAll,
      key: 'Ctrl+Shift+S',
      run: async () => void (await session.saveAll()),
    },
    {
      id: 'files.autosave',
      title: texts.files.autosave,
      run: () => {
        const autosave = !get(preferences).autosave;
        prefer({ autosave });
        session.notifications.info(autosave ? texts.autosaveIsOn : texts.autosaveIsOff);
      },
    },
    {
      id: 'files.compare',
      title: texts.files.compare,
      run: editors((each) => each.compareActive()),
      when: whenChanged,
    },
    {
      id: 'files.overwrite',
      title: texts.files.overwrite,
      run: editors((each) => each.overwriteActive()),
      when: whenChanged,
    },
    {
      id: 'files.load',
      title: texts.files.load,
      run: editors((each) => each.loadActive()),
      when: whenChanged,
    },
    {
      id: 'editor.close',
      title: texts.editor.close,
      key: 'Alt+W',
      run: editors((each) => each.closeActive()),
    },
    { id: 'editor.closeOthers', title: texts.editor.closeOthers, run: editors((each) => each.closeOthers()) },
    {
      id: 'editor.closeToTheRight',
      title: texts.editor.closeToTheRight,
      run: editors((each) => each.closeToTheRight()),
    },
    { id: 'editor.closeSaved', title: texts.editor.closeSaved, run: editors((each) => each.closeSaved()) },
    { id: 'editor.closeAll', title: texts.editor.closeAll, run: editors((each) => each.closeAll()) },
    {
      id: 'editor.reopen',
      title: texts.editor.reopen,
      key: 'Alt+Shift+T',
      run: editors((each) => each.reopenClosed()),
    },
    { id: 'editor.keep', title: texts.editor.keep, run: editors((each) => each.keepActive()) },
    { id: 'editor.pin', title: texts.editor.pin, run: editors((each) => each.pinActive()) },
    {
      id: 'editor.reveal',
      title: texts.editor.reveal,
      run: editors(async (each) => {
        const file = get(each.active);
        if (file) await session.revealInFiles(file.path);
      }),
    },
    {
      id: 'editor.split',
      title: texts.editor.split,
      key: 'Ctrl+\\',
      run: editors((each) => each.split('right')),
    },
    { id: 'editor.splitDown', title: texts.editor.splitDown, run: editors((each) => each.split('below')) },
    // Browsers keep Ctrl+PageDown to themselves, unless the page is installed as an app.
    {
      id: 'editor.next',
      title: texts.editor.next,
      key: ['Ctrl+PageDown', 'Alt+PageDown'],
      run: editors((each) => each.showNext(1)),
    },
    {
      id: 'editor.previous',
      title: texts.editor.previous,
      key: ['Ctrl+PageUp', 'Alt+PageUp'],
      run: editors((each) => each.showNext(-1)),
    },
    ...numbered(GROUPS_BY_KEY, (place) => ({
      id: `editor.group${place}`,
      title: texts.editor.group(place),
      key: `Ctrl+${place}`,
      run: editors((each) => each.focusGroup(place)),
    })),
    ...numbered(TABS_BY_KEY, (place) => ({
      id: `editor.tab${place}`,
      title: texts.editor.tab(place),
      key: `Alt+${place}`,
      run: editors((each) => each.showTab(place)),
    })),
  ];
}

function numbered(count: number, command: (place: number) => Command): Command[] {
  return Array.from({ length: count }, (_, index) => command(index + 1));
}
