/** EditorPort with CodeMirror 6. */

import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab, isolateHistory } from '@codemirror/commands';
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from '@codemirror/language';
import { lintGutter, lintKeymap } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { type ChangeSpec, Compartment, EditorState, type Extension, Text } from '@codemirror/state';
import {
  crosshairCursor,
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  type Panel,
  rectangularSelection,
  showPanel,
} from '@codemirror/view';
import { get, type Readable, type Writable, writable } from 'svelte/store';
import type { TextEdit } from 'vscode-languageserver-protocol';
import { Emitter } from '../base/emitter.ts';
import { DisposableStore } from '../base/lifecycle.ts';
import { basename } from '../base/paths.ts';
import { cspNonce } from '../services/csp.ts';
import { type Keymap, preference, preferences } from '../services/preferences.ts';
import type { Problem } from '../services/problems.ts';
import { inOrder, type Substitution } from '../services/substitutions.ts';
import { theme } from '../services/theme.ts';
import { texts } from '../texts/editor.ts';
import { brightness, pageTheme } from './codemirror-theme.ts';
import type { EditorFeature } from './editor-features.ts';
import type { Cursor, EditorOptions, EditorPort, Version } from './editor-port.ts';
import { loadKeymap, saving } from './keymaps.ts';
import { changesIn } from './language-servers/workspace-edit.ts';
import { loadLanguage } from './languages.ts';
import { showProblems } from './problem-marks.ts';
import { historyOfFirst, SharedText } from './shared-text.ts';
import {
  DEFAULT_TAB_WIDTH,
  indentOf,
  type LineEnds,
  lineEndOf,
  lineEndsOf,
  reindented,
  type TextFormat,
} from './text-file.ts';
import { captureView, restoreView, scrollOf, type TextViewState } from './text-view-state.ts';

/** What every editor of the page has, the compared ones too. */
export function commonExtensions(): Extension {
  return [
    EditorView.cspNonce.of(cspNonce()),
    EditorState.allowMultipleSelections.of(true),
    lineNumbers(),
    highlightSpecialChars(),
    drawSelection(),
    bracketMatching(),
    pageTheme,
  ];
}

/** The text can be gone through, selected and copied as any other; a line above it says why it is not to be changed. */
function onlyRead(reason: string): Extension {
  const line = (): Panel => {
    const dom = document.createElement('div');
    dom.className = 'cm-read-only';
    dom.textContent = reason;
    return { dom, top: true };
  };
  return [EditorState.readOnly.of(true), showPanel.of(line)];
}

/** Within a mixed file a carriage return is a character; elsewhere any line end that is typed or pasted ends a line. */
export function separating(lineEnds: LineEnds): Extension {
  return lineEnds === 'mixed' ? EditorState.lineSeparator.of('\n') : [];
}

/** As EditorState splits it, without the copies of a regular expression where all lines end with a line feed. */
function linesOf(text: string, lineEnds: LineEnds): Text {
  return Text.of(lineEnds === '\r\n' ? text.split('\r\n') : text.split('\n'));
}

const editing: Extension = [
  highlightActiveLineGutter(),
  highlightActiveLine(),
  lintGutter(),
  foldGutter(),
  dropCursor(),
  indentOnInput(),
  closeBrackets(),
  autocompletion(),
  // Alt adds a cursor, with Shift a column of them; a click with Ctrl goes to what the name means.
  EditorView.clickAddsSelectionRange.of((event) => event.altKey && !event.shiftKey),
  rectangularSelection({ eventFilter: (event) => event.altKey && event.shiftKey }),
  crosshairCursor({ key: 'Alt' }),
  highlightSelectionMatches(),
  search({ top: false }),
  keymap.of([
    ...closeBracketsKeymap,
    ...defaultKeymap,
    ...searchKeymap,
    ...foldKeymap,
    ...completionKeymap,
    ...lintKeymap,
    // Esc, then Tab leaves the editor: CodeMirror lets Tab through for two seconds after Esc.
    indentWithTab,
  ]),
];

const ownHistory: Extension = [history(), keymap.of(historyKeymap)];

export class CodeMirrorEditor implements EditorPort {
  private readonly view: EditorView;
  private readonly language = new Compartment();
  private readonly label = new Compartment();
  private readonly brightness = new Compartment();
  private readonly features: readonly { readonly feature: EditorFeature; readonly place: Compartment }[];
  private readonly keymap = new Compartment();
  private readonly wrapping = new Compartment();
  private readonly separator = new Compartment();
  private readonly indentation = new Compartment();
  private readonly formats: Writable<TextFormat>;
  private readonly owned = new DisposableStore();
  private readonly changes = new Emitter<void>();
  private readonly cursors = new Emitter<Cursor>();
  private readonly saves = new Emitter<void>();
  private readonly moves = new Emitter<void>();
  private readonly shared: SharedText;
  private readonly twins = new Set<CodeMirrorEditor>();
  private problems: readonly Problem[] = [];
  private scroll = { top: 0, hidden: 0 };
  private path = '';
  private disposed = false;

  readonly onChange = this.changes.event;
  readonly onCursor = this.cursors.event;
  readonly onSave = this.saves.event;
  readonly onView = this.moves.event;
  readonly dom: HTMLElement;
  readonly format: Readable<TextFormat>;

  /** `first`: the one whose text this shows too. */
  constructor(
    private readonly options: EditorOptions,
    first?: CodeMirrorEditor,
  ) {
    const { text, path, features, readOnly } = options;
    this.shared = first?.shared ?? new SharedText();
    this.features = features.map((feature) => ({ feature, place: new Compartment() }));
    const format = { lineEnds: lineEndsOf(text), indent: indentOf(text), tabWidth: DEFAULT_TAB_WIDTH };
    this.formats = first?.formats ?? writable(format);
    this.format = this.formats;
    this.view = new EditorView({
      doc: linesOf(text, format.lineEnds),
      extensions: [
        this.keymap.of([]),
        saving.of(() => this.saves.fire()),
        commonExtensions(),
        editing,
        first ? historyOfFirst(first.view) : ownHistory,
        this.shared.extension,
        this.separator.of([]),
        this.indentation.of([]),
        this.language.of([]),
        this.label.of([]),
        this.brightness.of([]),
        this.features.map(({ place }) => place.of([])),
        readOnly === '' ? [] : onlyRead(readOnly),
        this.wrapping.of([]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) this.changes.fire();
          if (update.docChanged || update.selectionSet) this.cursors.fire(this.cursor());
          if (update.docChanged || update.selectionSet) this.moves.fire();
        }),
        EditorView.domEventHandlers({ scroll: () => this.scrolled() }),
      ],
    });
    this.dom = this.view.dom;
    this.owned.add(this.shared.add(this.view));
    this.owned.defer(this.formats.subscribe((format) => this.applyFormat(format)));
    this.owned.defer(
      theme.subscribe((now) => this.view.dispatch({ effects: this.brightness.reconfigure(brightness(now)) })),
    );
    this.owned.defer(
      preference('wordWrap').subscribe((wrap) =>
        this.view.dispatch({ effects: this.wrapping.reconfigure(wrap ? EditorView.lineWrapping : []) }),
      ),
    );
    this.owned.defer(preference('keymap').subscribe((keymap) => void this.applyKeymap(keymap)));
    this.setPath(path);
  }

  text(): string {
    const { doc } = this.view.state;
    return doc.sliceString(0, doc.length, lineEndOf(this.lineEnds));
  }

  setText(text: string): void {
    const { state } = this.view;
    // A text of one line says nothing of line ends.
    const lineEnds = /[\r\n]/.test(text) ? lineEndsOf(text) : this.lineEnds;
    const changes = differing(state.doc, linesOf(text, lineEnds));
    this.formats.update((format) => ({ ...format, lineEnds }));
    // Only what differs is replaced, so that cursors, scroll and folds elsewhere stay.
    this.view.dispatch({ changes });
  }

  applyEdits(edits: readonly TextEdit[]): void {
    const changes = changesIn(this.view.state.doc, edits);
    this.view.dispatch({ changes, userEvent: 'input.edit' });
  }

  substitute(wanted: readonly Substitution[]): readonly Substitution[] {
    const { doc } = this.view.state;
    const missed: Substitution[] = [];
    const changes: { from: number; to: number; insert: string }[] = [];
    for (const edit of inOrder(wanted)) {
      const from = edit.line <= doc.lines ? doc.line(edit.line).from + edit.column - 1 : doc.length + 1;
      const to = from + edit.text.length;
      const isThere = from >= (changes.at(-1)?.to ?? 0) && doc.sliceString(from, to) === edit.text;
      if (isThere) changes.push({ from, to, insert: edit.insert });
      else missed.push(edit);
    }
    this.view.dispatch({
      changes: changes.map(({ from, to, insert }) => ({ from, to, insert: Text.of(insert.split('\n')) })),
      userEvent: 'input.replace',
      annotations: isolateHistory.of('full'),
    });
    return missed;
  }

  version(): Version {
    return { doc: this.view.state.doc, lineEnds: this.lineEnds };
  }

  isAt(version: Version): boolean {
    const { doc, lineEnds } = version as DocumentVersion; // versions come from version()
    return lineEnds === this.lineEnds && this.view.state.doc.eq(doc);
  }

  setFormat(change: Partial<TextFormat>): void {
    const before = get(this.formats);
    this.formats.set({ ...before, ...change });
    if (before.lineEnds === 'mixed' && this.lineEnds !== 'mixed') this.unmix();
    else if (before.lineEnds !== this.lineEnds) this.changes.fire();
  }

  reindent(): void {
    const format = get(this.formats);
    const { doc } = this.view.state;
    const changes: ChangeSpec[] = [];
    for (let number = 1; number <= doc.lines; number += 1) {
      const { from, to, text } = doc.line(number);
      const insert = reindented(text, format);
      if (insert !== text) changes.push({ from, to, insert });
    }
    this.view.dispatch({ changes });
  }

  private get lineEnds(): LineEnds {
    return get(this.formats).lineEnds;
  }

  /** The carriage returns that were characters become line ends. */
  private unmix(): void {
    const changes: ChangeSpec[] = [];
    for (const { index, 1: feed } of this.view.state.doc.toString().matchAll(/\r(\n)?/g))
      changes.push({ from: index, to: index + 1, insert: feed ? '' : Text.of(['', '']) });
    this.view.dispatch({ changes });
  }

  private applyFormat(format: TextFormat): void {
    this.view.dispatch({
      effects: [
        this.separator.reconfigure(separating(format.lineEnds)),
        this.indentation.reconfigure(indenting(format)),
      ],
    });
  }

  cursor(): Cursor {
    const { doc, selection } = this.view.state;
    const { head } = selection.main;
    const line = doc.lineAt(head);
    const selected = selection.ranges.reduce((sum, range) => sum + range.to - range.from, 0);
    return { line: line.number, column: head - line.from + 1, selected };
  }

  goTo(line: number, column = 1): void {
    const { doc } = this.view.state;
    const target = doc.line(Math.min(Math.max(line, 1), doc.lines));
    const at = Math.min(target.from + Math.max(column, 1) - 1, target.to);
    this.view.dispatch({
      selection: { anchor: at },
      effects: EditorView.scrollIntoView(at, { y: 'center' }),
    });
  }

  setProblems(problems: readonly Problem[]): void {
    this.problems = problems;
    for (const editor of [this, ...this.twins]) showProblems(editor.view, problems);
  }

  twin(): EditorPort {
    const twin = new CodeMirrorEditor({ ...this.options, text: this.text(), path: this.path }, this);
    this.twins.add(twin);
    twin.owned.defer(() => this.twins.delete(twin));
    showProblems(twin.view, this.problems);
    return twin;
  }

  viewState(): TextViewState {
    return captureView(this.view, this.scroll);
  }

  restoreView(state: TextViewState): void {
    this.scroll = { top: state.top, hidden: state.hidden };
    restoreView(this.view, state);
  }

  setPath(path: string): void {
    this.path = path;
    const label = EditorView.contentAttributes.of({
      'aria-label': texts.textOf(basename(path)),
      tabindex: '0',
    });
    this.view.dispatch({ effects: this.label.reconfigure(label) });
    void this.reconfigure(this.language, loadLanguage(path));
    for (const { feature, place } of this.features) void this.reconfigure(place, feature({ path }));
    for (const twin of this.twins) twin.setPath(path);
  }

  focus(): void {
    this.view.focus();
  }

  dispose(): void {
    this.disposed = true;
    this.owned.dispose();
    this.changes.dispose();
    this.cursors.dispose();
    this.saves.dispose();
    this.moves.dispose();
    this.view.destroy();
  }

  private async applyKeymap(keymap: Keymap): Promise<void> {
    const keys = await loadKeymap(keymap);
    if (this.disposed || keymap !== get(preferences).keymap) return;
    this.view.dispatch({ effects: this.keymap.reconfigure(keys) });
  }

  /** Out of the page it has no height, and no scroll to remember. */
  private scrolled(): void {
    if (this.view.scrollDOM.clientHeight === 0) return;
    this.scroll = scrollOf(this.view);
    this.moves.fire();
  }

  private async reconfigure(place: Compartment, loading: Promise<Extension>): Promise<void> {
    const { path } = this;
    const extension = await loading;
    // The file may have been renamed or closed while it was on its way.
    if (this.disposed || this.path !== path) return;
    this.view.dispatch({ effects: place.reconfigure(extension) });
  }
}

/** What lies between the parts at both ends that two texts have in common. */
function differing(from: Text, to: Text): ChangeSpec {
  const [old, fresh] = [from.toString(), to.toString()];
  const most = Math.min(old.length, fresh.length);
  let start = 0;
  while (start < most && old[start] === fresh[start]) start++;
  let end = 0;
  while (end < most - start && old[old.length - 1 - end] === fresh[fresh.length - 1 - end]) end++;
  return { from: start, to: old.length - end, insert: to.slice(start, fresh.length - end) };
}

interface DocumentVersion {
  readonly doc: Text;
  readonly lineEnds: LineEnds;
}

function indenting({ indent, tabWidth }: TextFormat): Extension {
  return [indentUnit.of(indent), EditorState.tabSize.of(tabWidth)];
}

export function createEditor(options: EditorOptions): EditorPort {
  return new CodeMirrorEditor(options);
}
