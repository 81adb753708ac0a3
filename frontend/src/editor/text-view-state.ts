/** Where a person was in a text: selections, scroll and folds, as plain data that outlives the page. */

import { foldEffect, foldedRanges, foldState } from '@codemirror/language';
import { EditorSelection, type StateEffect } from '@codemirror/state';
import { EditorView } from '@codemirror/view';

export interface TextViewState {
  /** Characters of the text it belongs to: in another text places mean something else. */
  readonly length: number;
  /** Anchor and head of each; the first is the main one. */
  readonly selections: readonly (readonly [number, number])[];
  /** The line at the top of the view, and by how many pixels it is out of sight. */
  readonly top: number;
  readonly hidden: number;
  readonly folds: readonly (readonly [number, number])[];
}

type Scroll = Pick<TextViewState, 'top' | 'hidden'>;

export function scrollOf(view: EditorView): Scroll {
  const top = view.scrollDOM.getBoundingClientRect().top;
  const line = view.lineBlockAtHeight(top - view.documentTop);
  // As scrollIntoView measures: from the letters, not from their line.
  const letters = view.coordsAtPos(line.from)?.top ?? top;
  return { top: line.from, hidden: Math.round(top - letters) };
}

export function captureView({ state }: EditorView, scroll: Scroll): TextViewState {
  const { main, ranges } = state.selection;
  const folds: [number, number][] = [];
  if (state.field(foldState, false)) {
    foldedRanges(state).between(0, state.doc.length, (from, to) => void folds.push([from, to]));
  }
  const selections = [main, ...ranges.filter((range) => range !== main)];
  return {
    length: state.doc.length,
    selections: selections.map(({ anchor, head }) => [anchor, head] as const),
    ...scroll,
    folds,
  };
}

export function restoreView(
  view: EditorView,
  { length, selections, top, hidden, folds }: TextViewState,
): void {
  const last = view.state.doc.length;
  const within = (place: number): number => Math.min(Math.max(place, 0), last);
  const ranges = selections.map(([anchor, head]) => EditorSelection.range(within(anchor), within(head)));
  const effects: StateEffect<unknown>[] = [];
  if (length === last) effects.push(...folds.map(([from, to]) => foldEffect.of({ from, to })));
  const isScrolled = top > 0 || hidden > 0;
  if (isScrolled) effects.push(EditorView.scrollIntoView(within(top), { y: 'start', yMargin: -hidden }));
  view.dispatch({ effects, ...(ranges.length > 0 && { selection: EditorSelection.create(ranges) }) });
}

/** What was stored, if it is such a state; null otherwise. */
export function textViewState(value: unknown): TextViewState | null {
  if (typeof value !== 'object' || value === null) return null;
  const { length, selections, top, hidden, folds } = value as Partial<Record<keyof TextViewState, unknown>>; // an object
  if (!isNumber(length) || !isNumber(top) || !isNumber(hidden)) return null;
  if (!arePairs(selections) || !arePairs(folds)) return null;
  return {
    length,
    selections,
    top,
    hidden,
    folds: folds.filter(([from, to]) => 0 <= from && from < to && to <= length),
  };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function arePairs(value: unknown): value is [number, number][] {
  return (
    Array.isArray(value) &&
    value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isNumber))
  );
}
