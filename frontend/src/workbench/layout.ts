/** Which panels show and how large they are, kept in this browser per model. A narrow window shows one part at a time. */

import { derived, type Readable, readable, writable } from 'svelte/store';
import type { ModelId } from '../wire.ts';
import { isSideView, type SideViewName } from './side-views.ts';

/** What the bottom panel shows. */
export type BottomView = 'terminal' | 'problems' | 'references';

export interface Layout {
  readonly sideBar: boolean;
  readonly sideView: SideViewName;
  readonly sideBarWidth: number;
  readonly bottom: boolean;
  readonly bottomHeight: number;
  readonly bottomView: BottomView;
  readonly right: boolean;
  readonly rightWidth: number;
}

export type PanelName = 'sideBar' | 'bottom' | 'right';

/** What is shown now. */
export interface Shown extends Layout {
  readonly narrow: boolean;
  /** Whether the text shows; beside it in a wide window, instead of it in a narrow one, stand the panels. */
  readonly editors: boolean;
}

const PANELS: readonly PanelName[] = ['sideBar', 'bottom', 'right'];
/** Below this width there is room for one part. */
export const NARROW_QUERY = '(max-width: 760px)';
/** Below this width the Run panel would leave little room for text. */
const WIDE_PIXELS = 1000;

export function defaultLayout(windowWidth: number): Layout {
  return {
    sideBar: true,
    sideView: 'files',
    sideBarWidth: windowWidth < WIDE_PIXELS ? 180 : 240,
    bottom: true,
    bottomHeight: 260,
    bottomView: 'terminal',
    right: windowWidth >= WIDE_PIXELS,
    rightWidth: windowWidth < 1200 ? 320 : 360,
  };
}

/** What was stored, with what it lacks or has wrong taken from the default. */
export function parseLayout(stored: string | null, fallback: Layout): Layout {
  const values: unknown = stored === null ? {} : JSON.parse(stored);
  if (typeof values !== 'object' || values === null) return fallback;
  const known = Object.entries(values).filter(([key, value]) =>
    key === 'sideView'
      ? isSideView(value)
      : key in fallback && typeof value === typeof fallback[key as keyof Layout],
  );
  return { ...fallback, ...Object.fromEntries(known) };
}

/** `only`: the panel a narrow window shows; null: the text. */
export function shownOf(layout: Layout, narrow: boolean, only: PanelName | null): Shown {
  if (!narrow) return { ...layout, narrow, editors: true };
  const panels = Object.fromEntries(PANELS.map((panel) => [panel, panel === only]));
  return { ...layout, ...panels, narrow, editors: only === null };
}

/** The panel a narrow window shows after a change: the one that was asked for, or the text once it is put away. */
export function onlyAfter(only: PanelName | null, change: Partial<Layout>): PanelName | null {
  const asked = PANELS.find((panel) => change[panel] === true);
  if (asked !== undefined) return asked;
  return only !== null && change[only] === false ? null : only;
}

const isNarrow = readable(false, (set) => {
  const query = window.matchMedia(NARROW_QUERY);
  const update = (): void => set(query.matches);
  update();
  query.addEventListener('change', update);
  return () => query.removeEventListener('change', update);
});

export class LayoutStore {
  private readonly key: string;
  private readonly store;
  private readonly only = writable<PanelName | null>(null);
  readonly layout: Readable<Shown>;

  constructor(modelId: ModelId) {
    this.key = `slipway.layout.${modelId}`;
    this.store = writable(parseLayout(localStorage.getItem(this.key), defaultLayout(window.innerWidth)));
    this.layout = derived([this.store, isNarrow, this.only], ([layout, narrow, only]) =>
      shownOf(layout, narrow, only),
    );
  }

  change(change: Partial<Layout>): void {
    if (!window.matchMedia(NARROW_QUERY).matches) return this.keep(change);
    this.only.update((only) => onlyAfter(only, change));
    if (change.sideView !== undefined) this.keep({ sideView: change.sideView });
  }

  private keep(change: Partial<Layout>): void {
    this.store.update((layout) => {
      const changed = { ...layout, ...change };
      localStorage.setItem(this.key, JSON.stringify(changed));
      return changed;
    });
  }

  /** Where panels stand in the text's place, they make way. */
  showEditors(): void {
    this.only.set(null);
  }
}
