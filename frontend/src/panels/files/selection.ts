/** Which rows of a tree are selected: as lists are everywhere, by click, Ctrl, Shift and the arrow keys. Pure. */

export interface Selection {
  /** Where the keys go on from; '' is none. */
  readonly focus: string;
  /** Where a range begins. */
  readonly anchor: string;
  readonly paths: ReadonlySet<string>;
}

export const NOTHING: Selection = { focus: '', anchor: '', paths: new Set() };

export function only(path: string): Selection {
  return { focus: path, anchor: path, paths: new Set(path === '' ? [] : [path]) };
}

/** Ctrl+click: one more, or one less. */
export function toggled(selection: Selection, path: string): Selection {
  const paths = new Set(selection.paths);
  if (!paths.delete(path)) paths.add(path);
  return { focus: path, anchor: path, paths };
}

/** Shift: all from the anchor to here, in the order of the rows. */
export function extended(selection: Selection, path: string, order: readonly string[]): Selection {
  const from = order.indexOf(selection.anchor);
  const to = order.indexOf(path);
  if (from === -1 || to === -1) return only(path);
  const range = order.slice(Math.min(from, to), Math.max(from, to) + 1);
  return { focus: path, anchor: selection.anchor, paths: new Set(range) };
}

export function all(selection: Selection, order: readonly string[]): Selection {
  return { focus: selection.focus || (order[0] ?? ''), anchor: order[0] ?? '', paths: new Set(order) };
}

/** A context menu is about the selection where it opens on part of it, else about the row that it opens on. */
export function withContext(selection: Selection, path: string): Selection {
  return selection.paths.has(path) ? { ...selection, focus: path } : only(path);
}

/** After rows came and went: what is gone is not selected, and the focus goes to the row that took its place. */
export function kept(selection: Selection, order: readonly string[], before: readonly string[]): Selection {
  const present = new Set(order);
  const isSame = [...selection.paths].every((path) => present.has(path));
  if (isSame && (selection.focus === '' || present.has(selection.focus))) return selection;
  if (present.has(selection.focus)) {
    return { ...selection, paths: new Set([...selection.paths].filter((path) => present.has(path))) };
  }
  const at = before.indexOf(selection.focus);
  const after = before.slice(at + 1).find((path) => present.has(path));
  const above = before.slice(0, Math.max(at, 0)).findLast((path) => present.has(path));
  return only(after ?? above ?? '');
}

/** The next row after the focus whose name begins with what was typed; one letter again goes on to the next. */
export function typedAhead(typed: string, focus: number, names: readonly string[]): number | null {
  const isRepeated = typed.length > 1 && [...typed].every((letter) => letter === typed[0]);
  const wanted = (isRepeated ? (typed[0] ?? '') : typed).toLowerCase();
  // While a name is being typed, the row that has the focus may go on matching.
  const first = isRepeated || typed.length === 1 ? focus + 1 : Math.max(focus, 0);
  for (let step = 0; step < names.length; step += 1) {
    const at = (first + step) % names.length;
    if (names[at]?.toLowerCase().startsWith(wanted)) return at;
  }
  return null;
}
