/** Which terminals stand side by side, and which was looked at last; kept in this browser for each model. */

import type { ModelId, TerminalId } from '../wire.ts';
import type { TerminalTab } from './terminal-tabs.ts';

/** By terminal, the first one of its group; one that is not in it stands alone. */
export type TerminalGroups = Readonly<Record<TerminalId, TerminalId>>;

export interface Arrangement {
  readonly groups: TerminalGroups;
  readonly selected: TerminalId | null;
}

export const NO_ARRANGEMENT: Arrangement = { groups: {}, selected: null };

const keyOf = (model: ModelId): string => `slipway.terminals.${model}`;

export function storedArrangement(model: ModelId): Arrangement {
  const stored = localStorage.getItem(keyOf(model));
  return stored === null ? NO_ARRANGEMENT : (JSON.parse(stored) as Arrangement); // written below
}

export function storeArrangement(model: ModelId, arrangement: Arrangement): void {
  localStorage.setItem(keyOf(model), JSON.stringify(arrangement));
}

export function groupOf(groups: TerminalGroups, id: TerminalId): TerminalId {
  return groups[id] ?? id;
}

/** With a new terminal beside another. */
export function withBeside(groups: TerminalGroups, id: TerminalId, added: TerminalId): TerminalGroups {
  return { ...groups, [added]: groupOf(groups, id) };
}

/** Those that show together with the selected one, in the order of the tabs. */
export function shownTogether(
  groups: TerminalGroups,
  tabs: readonly TerminalTab[],
  selected: TerminalId | null,
): readonly TerminalTab[] {
  if (selected === null) return [];
  const group = groupOf(groups, selected);
  return tabs.filter(({ id }) => groupOf(groups, id) === group);
}

/** Without those that are no more. */
export function withOnly(groups: TerminalGroups, tabs: readonly TerminalTab[]): TerminalGroups {
  const standing = new Set(tabs.map(({ id }) => id));
  return Object.fromEntries(Object.entries(groups).filter(([id]) => standing.has(id)));
}
