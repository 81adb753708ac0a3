/** Which terminals a page shows: those the server has, and those that ended while they were open here. */

import type { Terminal, TerminalId } from '../wire.ts';

export interface TerminalTab {
  readonly id: TerminalId;
  readonly title: string;
  /** Its shell has exited or was closed elsewhere; the tab stays until a person closes it, for its last output. */
  readonly ended: boolean;
  /** It was started in another environment, or with other variables, than the model has now. */
  readonly outdated: boolean;
}

export interface TerminalTabs {
  readonly tabs: readonly TerminalTab[];
  readonly selected: TerminalId | null;
}

const ENDED = { ended: true, outdated: false };

export const NO_TABS: TerminalTabs = { tabs: [], selected: null };

/** Terminals made elsewhere are added at the end; those the server no longer has are marked as ended. */
export function withTerminals(state: TerminalTabs, terminals: readonly Terminal[]): TerminalTabs {
  const alive = new Map(terminals.map((terminal) => [terminal.id, terminal]));
  const known = new Set(state.tabs.map((tab) => tab.id));
  const kept = state.tabs.map((tab) => ({ ...tab, ...(alive.get(tab.id) ?? ENDED) })).map(tabOf);
  const added = terminals.filter((terminal) => !known.has(terminal.id)).map(tabOf);
  return reselected(state, [...kept, ...added]);
}

export function withEnded(state: TerminalTabs, id: TerminalId): TerminalTabs {
  return { ...state, tabs: state.tabs.map((tab) => (tab.id === id ? { ...tab, ...ENDED } : tab)) };
}

export function withSelected(state: TerminalTabs, id: TerminalId): TerminalTabs {
  return state.tabs.some((tab) => tab.id === id) ? { ...state, selected: id } : state;
}

export function withoutTab(state: TerminalTabs, id: TerminalId): TerminalTabs {
  return reselected(
    state,
    state.tabs.filter((tab) => tab.id !== id),
  );
}

/** A new terminal at the end or after another, selected; the server may have told of it already. */
export function withAdded(state: TerminalTabs, terminal: Terminal, after?: TerminalId): TerminalTabs {
  const others = state.tabs.filter((tab) => tab.id !== terminal.id);
  const index = others.findIndex((tab) => tab.id === after);
  const place = index === -1 ? others.length : index + 1;
  return { tabs: others.toSpliced(place, 0, tabOf(terminal)), selected: terminal.id };
}

/** Puts a new terminal where another was; at the end if that has been closed meanwhile. */
export function replaced(state: TerminalTabs, id: TerminalId, terminal: Terminal): TerminalTabs {
  if (!state.tabs.some((tab) => tab.id === id)) return withAdded(state, terminal);
  const others = state.tabs.filter((tab) => tab.id !== terminal.id);
  const tabs = others.map((tab) => (tab.id === id ? tabOf(terminal) : tab));
  return { tabs, selected: terminal.id };
}

/** The tab `step` places on, round the ends. */
export function neighbour(state: TerminalTabs, step: 1 | -1): TerminalId | null {
  const index = state.tabs.findIndex((tab) => tab.id === state.selected);
  const count = state.tabs.length;
  return state.tabs[(index + step + count) % count]?.id ?? null;
}

function tabOf({
  id,
  title,
  outdated,
  ended = false,
}: Pick<Terminal, 'id' | 'title' | 'outdated'> & { ended?: boolean }): TerminalTab {
  return { id, title, ended, outdated };
}

function reselected(state: TerminalTabs, tabs: readonly TerminalTab[]): TerminalTabs {
  if (tabs.some((tab) => tab.id === state.selected)) return { ...state, tabs };
  const gone = state.tabs.findIndex((tab) => tab.id === state.selected);
  const next = gone === -1 ? tabs.at(-1) : tabs[Math.min(gone, tabs.length - 1)];
  return { tabs, selected: next?.id ?? null };
}
