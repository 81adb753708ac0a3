/** What the rest of the page knows of a text editor, so that another one can take CodeMirror's place. */

import type { Readable } from 'svelte/store';
import type { TextEdit } from 'vscode-languageserver-protocol';
import type { Event } from '../base/emitter.ts';
import type { Disposable } from '../base/lifecycle.ts';
import type { Problem } from '../services/problems.ts';
import type { Substitution } from '../services/substitutions.ts';
import type { EditorFeature } from './editor-features.ts';
import type { TextFormat } from './text-file.ts';
import type { TextViewState } from './text-view-state.ts';

/** Counted from 1. */
export interface Cursor {
  readonly line: number;
  readonly column: number;
  /** Characters selected; 0 for a bare cursor. */
  readonly selected: number;
}

/** A version of the text and of its line ends, cheap to keep and to compare. */
export type Version = object;

export interface EditorPort extends Disposable {
  readonly dom: HTMLElement;
  readonly onChange: Event<void>;
  readonly onCursor: Event<Cursor>;
  /** Its cursors or its scroll are elsewhere. */
  readonly onView: Event<void>;
  /** Asked for by a keymap's own way of saving. */
  readonly onSave: Event<void>;
  /** Whole, with the file's own line ends. */
  text(): string;
  /** Replaces the whole text in one step that undo takes back; the line ends are those of the new text. */
  setText(text: string): void;
  /** In one step that undo takes back. The places are those of the text as it is. */
  applyEdits(edits: readonly TextEdit[]): void;
  /** In one step that undo takes back. Those whose text was not found. */
  substitute(wanted: readonly Substitution[]): readonly Substitution[];
  version(): Version;
  isAt(version: Version): boolean;
  readonly format: Readable<TextFormat>;
  /** Other line ends change the text that is saved; another indent only what is typed from now on. */
  setFormat(change: Partial<TextFormat>): void;
  /** Writes the indentation of each line in the present way. */
  reindent(): void;
  cursor(): Cursor;
  goTo(line: number, column?: number): void;
  /** Marks where something is wrong, in the place of what was marked before. One that was marked already stays with its text. */
  setProblems(problems: readonly Problem[]): void;
  /** Chooses the language by the file's name. */
  setPath(path: string): void;
  focus(): void;
  /** Another view of the same text, with a cursor and a scroll of its own. Whoever asked for it disposes it, before this one. */
  twin(): EditorPort;
  viewState(): TextViewState;
  /** Goes where it was in an earlier visit, as far as the text still has such places. */
  restoreView(state: TextViewState): void;
}

export interface EditorOptions {
  readonly text: string;
  readonly path: string;
  readonly features: readonly EditorFeature[];
  /** Why nobody can type into it; '' where they can. */
  readonly readOnly: string;
}

export type CreateEditor = (options: EditorOptions) => EditorPort;
