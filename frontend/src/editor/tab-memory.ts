/** Which tabs were open, where, and where the person was in each: what is stored of it, and what of that can be used. */

import type { SerializedDockview } from 'dockview';
import { type TextViewState, textViewState } from './text-view-state.ts';

export interface RememberedTab {
  readonly path: string;
  readonly isPreview: boolean;
  readonly isPinned: boolean;
  readonly view: TextViewState | null;
}

export interface RememberedTabs {
  /** By the ids of their panels. */
  readonly tabs: Readonly<Record<string, RememberedTab>>;
  readonly dock: SerializedDockview;
}

type Fields = Readonly<Record<string, unknown>>;

/** Null unless every panel of the dock has its tab: half of a layout is none. */
export function parseTabs(stored: unknown): RememberedTabs | null {
  if (!isObject(stored) || !isObject(stored.tabs) || !isObject(stored.dock)) return null;
  const { panels, grid } = stored.dock;
  if (!isObject(panels) || !isObject(grid)) return null;
  const entries = Object.keys(panels).map((id) => [id, tabOf((stored.tabs as Fields)[id])] as const);
  if (entries.some(([, tab]) => tab === null)) return null;
  const tabs = Object.fromEntries(entries) as Record<string, RememberedTab>; // none is null
  // What else is in it dockview looks at itself; it throws for what it cannot use.
  return { tabs, dock: stored.dock as unknown as SerializedDockview };
}

function tabOf(stored: unknown): RememberedTab | null {
  if (!isObject(stored) || typeof stored.path !== 'string') return null;
  return {
    path: stored.path,
    isPreview: stored.isPreview === true,
    isPinned: stored.isPinned === true,
    view: textViewState(stored.view),
  };
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
