/** The language servers of a model as the page uses them: started with the first file of a language, ended after the last. */

import { getIndentUnit, indentUnit } from '@codemirror/language';
import { LSPPlugin } from '@codemirror/lsp-client';
import type { Extension } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';
import { get } from 'svelte/store';
import type {
  CodeAction,
  Hover,
  Command as ServerCommand,
  WorkspaceEdit,
} from 'vscode-languageserver-protocol';
import { basename } from '../../base/paths.ts';
import type { Command } from '../../services/commands.ts';
import { reasonOf } from '../../services/language-requests.ts';
import type { CodeSymbol } from '../../services/languages.ts';
import { type PythonServer, prefer, preference, preferences } from '../../services/preferences.ts';
import type { ModelSession } from '../../services/session.ts';
import { common } from '../../texts/common.ts';
import { texts } from '../../texts/languages.ts';
import type { FindOpen } from '../editor-features.ts';
import { showMenu } from './action-menu.ts';
import { applyEdits } from './apply-edits.ts';
import {
  able,
  codeActions,
  definitions,
  fileSymbols,
  formatting,
  modelSymbols,
  type OfferedAction,
  references,
  rename,
  renamed,
  resolved,
} from './asking.ts';
import { type FileLanguages, fileLanguages, following } from './file-languages.ts';
import { knownLanguage, type ServerName, serversOf } from './known-languages.ts';
import { popups, showPopup } from './popup.ts';
import { type FilePlace, positionAt } from './positions.ts';
import { askName } from './rename-field.ts';
import { ServerConnection } from './server-connection.ts';
import { symbolsOfFile, symbolsOfModel } from './symbols.ts';
import { isOfModel, uriOf } from './uris.ts';
import { WatchedFiles } from './watched-files.ts';
import { describeEdits, editsByFile } from './workspace-edit.ts';

const TITLES: Readonly<Record<ServerName, string>> = {
  ty: 'ty',
  basedpyright: 'basedpyright',
  ruff: 'Ruff',
  typescript: 'TypeScript',
};
/** After its last file was closed; another one of the language often follows. */
const KEPT_MS = 20_000;

interface Used {
  readonly connection: ServerConnection;
  editors: number;
  endTimer?: ReturnType<typeof setTimeout>;
}

export class ModelLanguages {
  private readonly used = new Map<ServerName, Used>();
  private readonly editors = new Map<EditorView, FileLanguages>();
  private last: EditorView | null = null;

  constructor(
    private readonly session: ModelSession,
    private readonly findOpen: FindOpen,
  ) {
    session.languages.provide({
      symbolsOfFile: (path) => this.symbolsOfFile(path),
      symbolsOfModel: (query) => this.symbolsOfModel(query),
      format: (path) => this.formatFile(path),
    });
    new WatchedFiles(session.events, (changes) => {
      for (const { connection } of this.used.values()) connection.filesChanged(changes);
    });
    for (const command of this.commands()) session.commands.register(command);
  }

  /** What the servers add to the text of a file. */
  of(path: string): Extension {
    return following(preference('pythonServer'), (python) => this.with(path, python));
  }

  private with(path: string, python: PythonServer): Extension {
    const language = knownLanguage(path);
    if (language === null) return [];
    const servers = serversOf(path, python).map((name) => this.connection(name, language.title));
    const file: FileLanguages = { path, uri: uriOf(path), languageId: language.id, servers };
    const attending = {
      entered: (view: EditorView, entered: FileLanguages) => this.entered(view, entered),
      left: (view: EditorView, left: FileLanguages) => this.left(view, left),
      focused: (view: EditorView) => {
        this.last = view;
      },
    };
    const keys = {
      goToDefinition: (view: EditorView, offset: number) =>
        this.start(() => this.goToDefinition(view, offset)),
      offerActions: (view: EditorView) => this.start(() => this.offerActions(view, file)),
      showHover: (view: EditorView) => {
        this.start(() => this.showHover(view));
        return true;
      },
    };
    return [popups, fileLanguages(file, attending, keys)];
  }

  private connection(name: ServerName, language: string): ServerConnection {
    const known = this.used.get(name);
    if (known) return known.connection;
    const connection = new ServerConnection({
      name,
      title: TITLES[name],
      language,
      socketPath: this.session.api.languageSocket(name),
      languages: this.session.languages,
      problems: this.session.problems,
      answers: {
        'workspace/applyEdit': async (params) => ({
          applied: await this.apply((params as { edit: WorkspaceEdit }).edit), // as the protocol has it
        }),
      },
    });
    this.used.set(name, { connection, editors: 0 });
    return connection;
  }

  private entered(view: EditorView, file: FileLanguages): void {
    this.editors.set(view, file);
    if (view.hasFocus) this.last = view;
    for (const used of this.usedBy(file)) {
      clearTimeout(used.endTimer);
      used.editors += 1;
    }
  }

  private left(view: EditorView, file: FileLanguages): void {
    if (this.editors.get(view) === file) this.editors.delete(view);
    if (this.last === view) this.last = null;
    for (const used of this.usedBy(file)) {
      used.editors -= 1;
      used.connection.closed();
      if (used.editors === 0) used.endTimer = setTimeout(() => this.end(used), KEPT_MS);
    }
  }

  private end({ connection }: Used): void {
    for (const [name, used] of this.used) if (used.connection === connection) this.used.delete(name);
    connection.dispose();
  }

  private usedBy({ servers }: FileLanguages): Used[] {
    return [...this.used.values()].filter(({ connection }) => servers.includes(connection));
  }

  private commands(): Command[] {
    const inFile = (work: (view: EditorView, file: FileLanguages) => Promise<void>) => () => {
      const active = this.active();
      return active ? work(...active) : undefined;
    };
    const can = (capability: Parameters<typeof able>[1]) => (): boolean => {
      const active = this.active();
      return active !== null && able(active[1], capability) !== null;
    };
    const head = (view: EditorView): number => view.state.selection.main.head;
    return [
      {
        id: 'code.definition',
        title: texts.commands.definition,
        key: 'F12',
        when: can('definitionProvider'),
        run: inFile((view) => this.goToDefinition(view, head(view))),
      },
      {
        id: 'code.references',
        title: texts.commands.references,
        key: 'Shift+F12',
        when: can('referencesProvider'),
        run: inFile((view, file) => this.findReferences(view, file)),
      },
      {
        id: 'code.rename',
        title: texts.commands.rename,
        key: 'F2',
        when: () => can('renameProvider')() && this.hasFocus(),
        run: inFile((view, file) => this.renameSymbol(view, file)),
      },
      {
        id: 'code.action',
        title: texts.commands.quickFix,
        key: 'Ctrl+.',
        when: can('codeActionProvider'),
        run: inFile((view, file) => this.offerActions(view, file)),
      },
      {
        id: 'code.format',
        title: texts.commands.format,
        key: 'Shift+Alt+F',
        when: () => this.active() !== null,
        run: inFile((view, file) => this.format(view, file)),
      },
      {
        id: 'code.hover',
        title: texts.commands.hover,
        when: can('hoverProvider'),
        run: inFile((view) => this.showHover(view)),
      },
      {
        id: 'code.inlayHints',
        title: texts.commands.inlayHints,
        run: () => prefer({ inlayHints: !get(preferences).inlayHints }),
      },
      {
        id: 'code.formatOnSave',
        title: texts.commands.formatOnSave,
        run: () => {
          const formatOnSave = !get(preferences).formatOnSave;
          prefer({ formatOnSave });
          this.session.announce(texts.formatOnSave(formatOnSave));
        },
      },
      {
        id: 'code.restart',
        title: texts.commands.restart,
        run: () => {
          for (const { connection } of this.used.values()) connection.restart();
        },
      },
    ];
  }

  /** The editor that was used last, if it is still to be seen. */
  private active(): [EditorView, FileLanguages] | null {
    const view = this.last;
    const file = view && this.editors.get(view);
    return view && file && view.dom.offsetParent !== null ? [view, file] : null;
  }

  private hasFocus(): boolean {
    return this.last?.hasFocus ?? false;
  }

  private async goToDefinition(view: EditorView, offset: number): Promise<void> {
    const file = this.editors.get(view);
    if (!file) return;
    const places = await this.told(view, () => definitions(file, view, offset));
    const [first] = places;
    if (first === undefined) return this.say(texts.noDefinition);
    // Several in one file are forms of one: they stand together.
    if (places.some(({ path }) => path !== first.path))
      return this.list(texts.definitionsOf(wordAt(view, offset)), places);
    await this.session.openFile(first.path, first.line, first.column);
  }

  private async findReferences(view: EditorView, file: FileLanguages): Promise<void> {
    const offset = view.state.selection.main.head;
    const places = await this.told(view, () => references(file, view, offset));
    if (places.length === 0) return this.say(texts.noReferences);
    await this.list(texts.referencesTo(wordAt(view, offset)), places);
  }

  private async list(title: string, places: readonly FilePlace[]): Promise<void> {
    const lines = new Map<string, readonly string[]>();
    await Promise.all(
      [...new Set(places.map(({ path }) => path))].map(async (path) =>
        lines.set(path, (await this.textOf(path)).split(/\r\n|\n|\r/)),
      ),
    );
    const withText = places.map((place) => ({
      ...place,
      text: lines.get(place.path)?.[place.line - 1] ?? '',
    }));
    this.session.languages.showPlaces({ title, places: withText });
    this.session.commands.run('references.focus');
  }

  private async textOf(path: string): Promise<string> {
    const open = this.findOpen(path)?.editor?.text();
    return open ?? this.session.api.readSource(path);
  }

  private async renameSymbol(view: EditorView, file: FileLanguages): Promise<void> {
    const range = await this.told(view, () => renamed(file, view, view.state.selection.main.head));
    if (range === null) return this.say(texts.nothingToRename);
    askName(view, range, (newName) =>
      this.start(() => this.renameTo(view, file, { offset: range.from, newName })),
    );
  }

  private async renameTo(
    view: EditorView,
    file: FileLanguages,
    wanted: { offset: number; newName: string },
  ): Promise<void> {
    const edit = await this.told(view, () => rename(file, view, wanted));
    const described = describeEdits(editsByFile(edit));
    if (await this.apply(edit)) this.session.announce(texts.renamed(wanted.newName, described));
    view.focus();
  }

  private async offerActions(view: EditorView, file: FileLanguages): Promise<void> {
    const { from, to, head } = view.state.selection.main;
    const offered = await this.told(view, () => codeActions(file, view, { from, to }));
    if (offered.length === 0) return this.say(texts.noQuickFix);
    const items = offered.map((action) => ({
      label: action.action.title,
      run: () => this.start(() => this.act(view, action)),
    }));
    showMenu(view, head, items);
  }

  private async act(view: EditorView, offered: OfferedAction): Promise<void> {
    const action = await this.told(view, () => resolved(offered));
    if ('edit' in action && action.edit && !(await this.apply(action.edit))) return;
    const command = commandOf(action);
    if (command === null) return;
    const { command: name, arguments: given } = command;
    await this.told(view, () =>
      offered.server.ask('workspace/executeCommand', { command: name, arguments: given }),
    );
  }

  private async format(view: EditorView, file: FileLanguages): Promise<void> {
    const isFormatted = await this.told(view, () => this.formatted(view, file));
    if (!isFormatted) this.say(texts.noFormatter(basename(file.path)));
  }

  /** False where nobody can. */
  private async formatted(view: EditorView, file: FileLanguages): Promise<boolean> {
    const { doc } = view.state;
    const edits = await formatting(file, {
      tabSize: getIndentUnit(view.state),
      insertSpaces: !view.state.facet(indentUnit).includes('\t'),
    });
    if (edits === null) return false;
    // What was typed meanwhile counts; formatting waits for the next time.
    if (edits.length > 0 && view.state.doc.eq(doc)) this.findOpen(file.path)?.editor?.applyEdits(edits);
    return true;
  }

  private async formatFile(path: string): Promise<void> {
    const found = [...this.editors].find(([, file]) => file.path === path);
    if (found) await this.formatted(...found);
  }

  private async apply(edit: WorkspaceEdit): Promise<boolean> {
    return applyEdits(this.session, this.findOpen, editsByFile(edit));
  }

  private async showHover(view: EditorView): Promise<void> {
    const file = this.editors.get(view);
    const plugin = LSPPlugin.get(view);
    const server = file && able(file, 'hoverProvider');
    if (!file || !plugin || !server) return;
    const { head } = view.state.selection.main;
    const params = { textDocument: { uri: file.uri }, position: positionAt(view.state.doc, head) };
    const found = await this.told(view, () =>
      server.ask<unknown, Hover | null>('textDocument/hover', params),
    );
    if (!found) return this.say(texts.nothingKnown);
    const dom = document.createElement('div');
    dom.className = 'cm-lsp-documentation';
    dom.tabIndex = 0;
    dom.dataset.focus = '';
    dom.setAttribute('role', 'note');
    dom.setAttribute('aria-label', texts.known);
    dom.innerHTML = plugin.docToHTML(markdownOf(found), 'markdown'); // sanitised by the client's sanitizeHTML
    showPopup(view, head, dom);
  }

  private async symbolsOfFile(path: string): Promise<CodeSymbol[]> {
    const file = [...this.editors.values()].find((other) => other.path === path);
    return file ? symbolsOfFile(path, await fileSymbols(file)) : [];
  }

  private async symbolsOfModel(query: string): Promise<CodeSymbol[]> {
    const found = await Promise.all(
      [...this.used.values()].map(({ connection }) => modelSymbols(connection, query)),
    );
    return symbolsOfModel(found.flat()).filter(({ path }) => isOfModel(path));
  }

  /** What a server cannot do is told where the person looks. */
  private async told<T>(view: EditorView, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      view.focus();
      throw new Error(reasonOf(error));
    }
  }

  private say(message: string): void {
    this.session.notifications.info(message);
    this.session.announce(message);
  }

  private start(work: () => Promise<void>): void {
    work().catch((error: unknown) => this.session.notifications.error(common.didNotWork, error));
  }
}

function commandOf(action: ServerCommand | CodeAction): ServerCommand | null {
  if (typeof action.command === 'string') return action as ServerCommand; // only a Command has it so
  return action.command ?? null;
}

function wordAt(view: EditorView, offset: number): string {
  const word = view.state.wordAt(offset);
  return word ? view.state.sliceDoc(word.from, word.to) : texts.noName;
}

function markdownOf({ contents }: Hover): string {
  const parts = Array.isArray(contents) ? contents : [contents];
  return parts
    .map((part) => {
      if (typeof part === 'string') return part;
      return 'language' in part ? `\`\`\`${part.language}\n${part.value}\n\`\`\`` : part.value;
    })
    .join('\n\n');
}
