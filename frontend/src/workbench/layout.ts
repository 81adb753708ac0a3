/** Which panels show and how large they are, kept in this browser per model. */

import { type Readable, writable } from 'svelte/store';
import type { ModelId } from '../wire.ts';

export interface Layout {
  readonly sideBar: boolean;
  readonly sideBarWidth: number;
  readonly bottom: boolean;
  readonly bottomHeight: number;
  readonly right: boolean;
  readonly rightWidth: number;
}

/** Below this width the side panels would leave no room for text. */
const NARROW_PIXELS = 900;

export function defaultLayout(windowWidth: number): Layout {
  const wide = windowWidth >= NARROW_PIXELS;
  return { sideBar: wide, sideBarWidth: 240, bottom: true, bottomHeight: 260, right: wide, rightWidth: 360 };
}

/** What was stored, with what it lacks or has wrong taken from the default. */
export function parseLayout(stored: string | null, fallback: Layout): Layout {
  const values: unknown = stored === null ? {} : JSON.parse(stored);
  if (typeof values !== 'object' || values === null) return fallback;
  const known = Object.entries(values).filter(
    ([key, value]) => key in fallback && typeof value === typeof fallback[key as keyof Layout],
  );
  return { ...fallback, ...Object.fromEntries(known) };
}

export class LayoutStore {
  private readonly key: string;
  private readonly store;
  readonly layout: Readable<Layout>;

  constructor(modelId: ModelId) {
    this.key = `slipway.layout.${modelId}`;
    this.store = writable(parseLayout(localStorage.getItem(this.key), defaultLayout(window.innerWidth)));
    this.layout = this.store;
  }

  change(change: Partial<Layout>): void {
    this.store.update((layout) => {
      const changed = { ...layout, ...change };
      localStorage.setItem(this.key, JSON.stringify(changed));
      return changed;
    });
  }
}
