/** One tab: the file it shows, its own view of the file's text, and how it is kept. */

import { get, type Readable, writable } from 'svelte/store';
import { Emitter } from '../base/emitter.ts';
import { type Disposable, DisposableStore, toDisposable } from '../base/lifecycle.ts';
import type { EditorPort } from './editor-port.ts';
import type { OpenFile } from './open-file.ts';
import type { TextViewState } from './text-view-state.ts';

export interface Keeping {
  /** Shown for a look: the next preview takes its place, unless it was edited or kept. */
  readonly isPreview: boolean;
  /** Stands first, and is closed by its own command only. */
  readonly isPinned: boolean;
}

export class Pane implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly editorStore = writable<EditorPort | null>(null);
  private readonly keepingStore;
  private readonly views = new Emitter<void>();
  /** Of the view that is shown. */
  private shown = new DisposableStore();
  private first: EditorPort | null = null;

  /** Its view of the text; null where the file is not shown as text. */
  readonly editor: Readable<EditorPort | null> = this.editorStore;
  readonly keeping: Readable<Keeping>;
  /** Its cursors or its scroll are elsewhere. */
  readonly onView = this.views.event;

  /** leads: shows the file's own view, rather than a twin of it. `view` is where the person was in an earlier visit. */
  constructor(
    readonly id: string,
    readonly file: OpenFile,
    private leads: boolean,
    keeping: Keeping,
    private wanted: TextViewState | null = null,
  ) {
    this.keepingStore = writable(keeping);
    this.keeping = this.keepingStore;
    this.owned.add(toDisposable(file.view.subscribe(() => this.follow(file.editor))));
    this.owned.defer(() => this.shown.dispose());
    this.owned.add(this.views);
  }

  get isLeading(): boolean {
    return this.leads;
  }

  keep(change: Partial<Keeping>): void {
    this.keepingStore.update((now) => ({ ...now, ...change }));
  }

  /** The tab that showed the file's own view is gone. */
  lead(): void {
    this.wanted = this.view();
    this.leads = true;
    this.show(this.first);
  }

  /** Where the person is in it. */
  view(): TextViewState | null {
    return get(this.editorStore)?.viewState() ?? this.wanted;
  }

  restore(view: TextViewState): void {
    this.wanted = view;
    get(this.editorStore)?.restoreView(view);
  }

  /** It was out of the page, where nothing can be scrolled. */
  becameVisible(): void {
    const editor = get(this.editorStore);
    editor?.restoreView(editor.viewState());
  }

  focus(): void {
    if (!this.file.focusViewer()) get(this.editorStore)?.focus();
  }

  dispose(): void {
    this.owned.dispose();
  }

  private follow(first: EditorPort | null): void {
    if (first === this.first) return;
    this.first = first;
    this.show(first);
  }

  private show(first: EditorPort | null): void {
    this.shown.dispose();
    this.shown = new DisposableStore();
    const editor = this.leads || first === null ? first : this.shown.add(first.twin());
    this.editorStore.set(editor);
    if (editor === null) return;
    if (this.wanted) editor.restoreView(this.wanted);
    this.shown.add(editor.onView(() => this.views.fire()));
  }
}
