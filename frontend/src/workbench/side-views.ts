/** What the side bar can show. A view is one entry here: its button, its key and its command come from that. */

import type { Component } from 'svelte';
import type { ModelSession } from '../services/session.ts';
import { texts } from '../texts/workbench.ts';
import type { IconName } from '../ui/icons.ts';

type View = Component<{ session: ModelSession }>;

/** It registers the command '<name>.focus', which puts the focus into it. */
export interface SideView {
  readonly icon: IconName;
  readonly label: string;
  readonly key: string;
  /** Fetched when it is first shown; the file tree is there from the beginning. */
  readonly load?: () => Promise<{ readonly default: View }>;
}

export type SideViewName = 'files' | 'search' | 'git';

/** In the order of the activity bar. */
export const SIDE_VIEWS: Readonly<Record<SideViewName, SideView>> = {
  files: { icon: 'files', label: texts.views.files, key: 'Ctrl+Shift+E' },
  search: {
    icon: 'search',
    label: texts.views.search,
    key: 'Ctrl+Shift+F',
    load: () => import('../panels/search/SearchPanel.svelte'),
  },
  git: {
    icon: 'git',
    label: texts.views.git,
    key: 'Ctrl+Shift+G',
    load: () => import('../panels/git/SourceControl.svelte'),
  },
};

export const SIDE_VIEW_NAMES = Object.keys(SIDE_VIEWS) as readonly SideViewName[]; // its keys are the names

export function isSideView(name: unknown): name is SideViewName {
  return typeof name === 'string' && Object.hasOwn(SIDE_VIEWS, name);
}
