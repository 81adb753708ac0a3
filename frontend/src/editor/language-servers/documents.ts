/** The open files as one language server is told of them: each once, however many editors show it. */

import { type LSPClient, LSPPlugin, Workspace, type WorkspaceFile } from '@codemirror/lsp-client';
import { ChangeSet, type Text } from '@codemirror/state';
import { type EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';

/** What was changed in an editor since the server was told. LSPPlugin is one, for the first server of a file. */
interface Unsynced {
  readonly unsyncedChanges: ChangeSet;
  clear(): void;
}

interface SecondOptions {
  readonly client: LSPClient;
  readonly uri: string;
  readonly languageId: string;
}

/** Does for the second server of a file what LSPPlugin, of which an editor has one, does for the first. */
class SecondDocument implements Unsynced {
  unsyncedChanges: ChangeSet;

  constructor(
    private readonly view: EditorView,
    readonly options: SecondOptions,
  ) {
    this.unsyncedChanges = ChangeSet.empty(view.state.doc.length);
    options.client.workspace.openFile(options.uri, options.languageId, view);
  }

  update(update: ViewUpdate): void {
    if (update.docChanged) this.unsyncedChanges = this.unsyncedChanges.compose(update.changes);
  }

  clear(): void {
    this.unsyncedChanges = ChangeSet.empty(this.view.state.doc.length);
  }

  destroy(): void {
    this.options.client.workspace.closeFile(this.options.uri, this.view);
  }
}

export const secondDocument = ViewPlugin.fromClass(SecondDocument);

export class OpenDocument implements WorkspaceFile {
  version = 0;
  /** The editor that the server heard of left; another one shows the file still. */
  isHandedOver = false;
  readonly views: EditorView[];

  constructor(
    readonly uri: string,
    readonly languageId: string,
    public doc: Text,
    view: EditorView,
  ) {
    this.views = [view];
  }

  getView(): EditorView | null {
    return this.views[0] ?? null;
  }
}

export class OpenDocuments extends Workspace {
  files: OpenDocument[] = [];

  override getFile(uri: string): OpenDocument | null {
    return this.files.find((file) => file.uri === uri) ?? null;
  }

  override openFile(uri: string, languageId: string, view: EditorView): void {
    const known = this.getFile(uri);
    if (known) {
      known.views.push(view);
      return;
    }
    const file = new OpenDocument(uri, languageId, view.state.doc, view);
    this.files.push(file);
    this.client.didOpen(file);
  }

  override closeFile(uri: string, view: EditorView): void {
    const file = this.getFile(uri);
    if (!file) return;
    file.isHandedOver ||= file.views[0] === view;
    file.views.splice(file.views.indexOf(view), 1);
    if (file.views.length > 0) return;
    this.files = this.files.filter((other) => other !== file);
    this.client.didClose(uri);
  }

  override syncFiles(): readonly { file: WorkspaceFile; prevDoc: Text; changes: ChangeSet }[] {
    return this.files.flatMap((file) => {
      const changes = this.changesOf(file);
      file.isHandedOver = false;
      if (changes.empty) return [];
      const prevDoc = file.doc;
      file.doc = file.getView()?.state.doc ?? file.doc;
      file.version += 1;
      for (const view of file.views) this.unsynced(view)?.clear();
      return [{ file, prevDoc, changes }];
    });
  }

  /** What was typed since the server was told, to bring what it says of a file to where that is now. */
  changesOf(file: OpenDocument): ChangeSet {
    const view = file.getView();
    const none = ChangeSet.empty(file.doc.length);
    if (view === null) return none;
    if (!file.isHandedOver) return this.unsynced(view)?.unsyncedChanges ?? none;
    const { doc } = view.state;
    return doc.eq(file.doc)
      ? none
      : ChangeSet.of({ from: 0, to: file.doc.length, insert: doc }, file.doc.length);
  }

  private unsynced(view: EditorView): Unsynced | null {
    const first = LSPPlugin.get(view);
    if (first?.client === this.client) return first;
    const second = view.plugin(secondDocument);
    return second?.options.client === this.client ? second : null;
  }
}
