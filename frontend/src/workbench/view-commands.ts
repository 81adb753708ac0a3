/** The commands of the frame itself: which panels show, where the focus goes. */

import { tick } from 'svelte';
import { get } from 'svelte/store';
import type { EditorArea } from '../editor/editor-area.ts';
import type { Command } from '../services/commands.ts';
import { prefer } from '../services/preferences.ts';
import type { ModelSession } from '../services/session.ts';
import { theme } from '../services/theme.ts';
import { texts } from '../texts/commands.ts';
import { hasStayed } from '../ui/late-focus.ts';
import { editorCommands } from './editor-commands.ts';
import type { BottomView, LayoutStore, PanelName, Shown } from './layout.ts';
import { SIDE_VIEW_NAMES, SIDE_VIEWS, type SideViewName } from './side-views.ts';

interface Parts {
  frame(): HTMLElement | undefined;
  editors(): EditorArea | null;
  /** Resolves once the view of the side bar can take the focus. */
  loadView(name: SideViewName): Promise<void>;
}

const REGIONS = ['side', 'editor', 'run', 'bottom'];
const REGION_PANEL: Readonly<Record<string, PanelName>> = {
  side: 'sideBar',
  bottom: 'bottom',
  run: 'right',
};

export function viewCommands(session: ModelSession, layouts: LayoutStore, parts: Parts): Command[] {
  const layout = (): Shown => get(layouts.layout);
  const region = (name: string): Element | null | undefined =>
    parts.frame()?.querySelector(`[data-region="${name}"]`);
  const hasFocus = (name: string): boolean => region(name)?.contains(document.activeElement) ?? false;

  async function show(panel: PanelName, focusCommand: string): Promise<void> {
    layouts.change({ [panel]: true });
    await tick();
    session.commands.run(focusCommand);
  }

  async function showView(name: SideViewName): Promise<void> {
    layouts.change({ sideBar: true, sideView: name });
    if (await hasStayed(parts.loadView(name))) session.commands.run(`${name}.focus`);
  }

  function toggleView(name: SideViewName): Promise<void> {
    const { sideBar, sideView } = layout();
    const isLeft = sideBar && sideView === name && hasFocus('side');
    return isLeft ? showOrHide('sideBar', 'side') : showView(name);
  }

  /** Shows and focuses; a second time, from within, hides and goes back to the text. */
  async function toggle(panel: PanelName, name: string, focusCommand: string): Promise<void> {
    if (!layout()[panel] || !hasFocus(name)) return show(panel, focusCommand);
    layouts.change({ [panel]: false });
    await tick();
    parts.editors()?.focus();
  }

  /** As toggle, of one of the views of the bottom panel. */
  async function toggleBottom(bottomView: BottomView): Promise<void> {
    if (layout().bottomView === bottomView) return toggle('bottom', 'bottom', `${bottomView}.focus`);
    layouts.change({ bottomView });
    await show('bottom', `${bottomView}.focus`);
  }

  /** Where the focus stood in a panel that is put away, it goes to the text rather than nowhere. */
  async function showOrHide(panel: PanelName, name: string): Promise<void> {
    const hadFocus = hasFocus(name);
    layouts.change({ [panel]: !layout()[panel] });
    await tick();
    if (hadFocus) parts.editors()?.focus();
  }

  async function focusRegion(name: string): Promise<void> {
    const panel = REGION_PANEL[name];
    if (panel === 'sideBar') return showView(layout().sideView);
    if (panel !== undefined) return show(panel, `${name === 'bottom' ? layout().bottomView : name}.focus`);
    layouts.showEditors();
    await tick();
    parts.editors()?.focus();
  }

  /** In a narrow window the next part takes the place of this one. */
  function cycle(): Promise<void> {
    const { narrow, ...shown } = layout();
    const regions = REGIONS.filter((name) => {
      const panel = REGION_PANEL[name];
      return narrow || panel === undefined || shown[panel];
    });
    return focusRegion(regions[(regions.findIndex(hasFocus) + 1) % regions.length] ?? 'editor');
  }

  return [
    ...editorCommands(session, parts.editors),
    {
      id: 'view.terminal',
      title: texts.view.terminal,
      key: 'Ctrl+`',
      run: () => toggleBottom('terminal'),
    },
    {
      id: 'view.problems',
      title: texts.view.problems,
      key: 'Ctrl+Shift+M',
      run: () => toggleBottom('problems'),
    },
    {
      id: 'view.run',
      title: texts.view.run,
      key: 'Ctrl+Shift+R',
      run: () => toggle('right', 'run', 'run.focus'),
    },
    ...SIDE_VIEW_NAMES.map(
      (name): Command => ({
        id: `view.${name}`,
        title: texts.view[name],
        key: SIDE_VIEWS[name].key,
        run: () => toggleView(name),
      }),
    ),
    {
      id: 'view.replace',
      title: texts.view.replace,
      key: 'Ctrl+Shift+H',
      run: async () => {
        await showView('search');
        session.commands.run('search.replace');
      },
    },
    {
      id: 'view.sideBar',
      title: texts.view.sideBar,
      key: 'Ctrl+B',
      run: () => showOrHide('sideBar', 'side'),
    },
    {
      id: 'view.runPanel',
      title: texts.view.runPanel,
      run: () => showOrHide('right', 'run'),
    },
    {
      id: 'view.panel',
      title: texts.view.bottomPanel,
      key: 'Ctrl+J',
      run: () => showOrHide('bottom', 'bottom'),
    },
    { id: 'view.editors', title: texts.view.editors, run: () => focusRegion('editor') },
    { id: 'view.nextRegion', title: texts.view.nextRegion, key: 'F6', run: cycle },
    {
      id: 'view.theme',
      title: texts.view.theme,
      run: () => prefer({ theme: get(theme) === 'dark' ? 'light' : 'dark' }),
    },
    {
      id: 'view.themeSystem',
      title: texts.view.themeOfSystem,
      run: () => prefer({ theme: 'system' }),
    },
  ];
}
