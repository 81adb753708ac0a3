/** The open files as tabs in groups, and what a person does with them. */

import {
  createDockview,
  type DockviewApi,
  type IContentRenderer,
  type ITabRenderer,
  type SerializedDockview,
} from 'dockview';
import { mount, tick, unmount } from 'svelte';
import { get, type Readable, writable } from 'svelte/store';
import { type Disposable, DisposableStore, toDisposable } from '../base/lifecycle.ts';
import { afterMove, basename, isWithin } from '../base/paths.ts';
import { isOutOfReach } from '../services/api.ts';
import { autosave } from '../services/autosave-setting.ts';
import { cspNonce } from '../services/csp.ts';
import type { ModelSession } from '../services/session.ts';
import type { Substitution } from '../services/substitutions.ts';
import type { FileChange } from '../wire.ts';
import { Autosave } from './autosave.ts';
import { createEditor } from './codemirror-editor.ts';
import { Drafts } from './drafts.ts';
import EditorPane from './EditorPane.svelte';
import { type EditorFeature, editorFeatures } from './editor-features.ts';
import { OpenFile } from './open-file.ts';
import type { SaveHooks } from './save-hooks.ts';
import { Saver } from './saver.ts';
import Tab from './Tab.svelte';
import Welcome from './Welcome.svelte';

/** Where a model's code begins, by its template. */
const FIRST_FILES = ['main.py', 'main.js', 'main.mjs', 'README.md'];
const ID_PREFIX = 'file-';
/** Changes of files come in bursts; open files look at the disk once a burst is over. */
const CHECK_DELAY_MS = 150;

export class EditorArea implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly files = new Map<string, OpenFile>();
  private readonly subscriptions = new Map<string, Disposable>();
  private readonly activeStore = writable<OpenFile | null>(null);
  private readonly dirtyStore = writable(0);
  private readonly drafts: Drafts;
  private readonly saver: Saver;
  private readonly autosave: Autosave;
  private readonly dock: DockviewApi;
  private readonly pending: FileChange[] = [];
  private checkTimer: ReturnType<typeof setTimeout> | undefined;
  private nextId = 1;
  private readonly features: readonly EditorFeature[];

  readonly active: Readable<OpenFile | null> = this.activeStore;
  /** How many files have unsaved changes. */
  readonly dirtyCount: Readable<number> = this.dirtyStore;
  /** What is done before a file is saved. */
  readonly saveHooks: SaveHooks;

  constructor(
    parent: HTMLElement,
    private readonly session: ModelSession,
    private readonly layoutKey = `slipway.tabs.${session.modelId}`,
  ) {
    this.drafts = new Drafts(session.modelId);
    this.saver = new Saver(session);
    this.saveHooks = this.saver.hooks;
    this.autosave = this.owned.add(new Autosave(session, this.saver, autosave));
    this.dock = createDockview(parent, {
      createComponent: ({ id }) => this.content(id),
      createTabComponent: ({ id }) => this.tab(id),
      createWatermarkComponent: () =>
        rendered((target) => mount(Welcome, { target, props: { commands: session.commands } })),
      defaultTabComponent: 'tab',
      theme: { name: 'slipway', className: 'dockview-theme-slipway', dndTabIndicator: 'line' },
      disableFloatingGroups: true,
      announcements: false,
      nonce: cspNonce(),
    });
    this.owned.add(this.dock);
    this.features = editorFeatures(session, (path) => this.find(path)?.[1]);
    this.owned.add(this.dock.onDidActivePanelChange(() => this.activated()));
    this.owned.add(this.dock.onDidRemovePanel((panel) => this.removed(panel.id)));
    this.owned.add(this.dock.onDidLayoutChange(() => this.remember()));
    this.owned.add(session.events.onFilesChanged((changes) => this.changed(changes)));
    this.owned.add(session.events.onRescan(() => this.checkSoon()));
    this.owned.defer(() => clearTimeout(this.checkTimer));
    this.keepDraftsWhenLeaving();
    this.saveWhenFocusLeaves(parent);
  }

  /** Opens again what was open, and what has unsaved changes; on the first visit, where the code begins. */
  async restore(): Promise<void> {
    const remembered = this.remembered();
    if (remembered === null) await this.openFirst();
    else this.arrange(remembered);
    for (const path of await this.drafts.paths()) this.show(path, false);
    const files = [...this.files.values()];
    await Promise.all(files.map((file) => file.loaded));
    // Deleted since the last visit: nobody asked to see that now.
    for (const file of files) if (file.state.content.kind === 'failed') this.drop(file);
    await tick();
    // Unless the person is somewhere else already, they can type at once.
    if (document.activeElement === document.body) this.focus();
  }

  /** The tabs where they were, side by side too. */
  private arrange({ paths, dock }: Remembered): void {
    for (const [id, path] of Object.entries(paths)) {
      this.add(id, path);
      this.nextId = Math.max(this.nextId, Number(id.replace(ID_PREFIX, '')) + 1);
    }
    this.dock.fromJSON(dock);
  }

  private async openFirst(): Promise<void> {
    const entries = await this.session.api.list('');
    const first = FIRST_FILES.find((name) =>
      entries.some((entry) => entry.kind === 'file' && entry.name === name),
    );
    if (first !== undefined) await this.open(first);
  }

  async open(path: string, line?: number, column?: number): Promise<void> {
    const file = this.show(path, true);
    await file.loaded;
    await tick(); // what is not in the page yet takes no focus
    if (line !== undefined) {
      await file.showText();
      file.editor?.goTo(line, column);
    }
    if (!file.focusViewer()) file.editor?.focus();
  }

  async saveActive(): Promise<void> {
    const file = get(this.activeStore);
    if (file) await this.saver.save(file);
  }

  async saveAll(): Promise<boolean> {
    const dirty = [...this.files.values()].filter((file) => file.state.save.dirty);
    let whole = true;
    // One after the other: each may ask a question.
    for (const file of dirty) whole = (await this.saver.save(file)) && whole;
    return whole;
  }

  async closeActive(): Promise<void> {
    const panel = this.dock.activePanel;
    if (panel) await this.close(panel.id);
  }

  /** Shows the tab at this place of the active group, counted from 1. */
  showTab(place: number): void {
    this.dock.activeGroup?.panels[place - 1]?.api.setActive();
  }

  splitActive(): void {
    const panel = this.dock.activePanel;
    if (panel && panel.group.panels.length > 1) panel.api.moveTo({ group: panel.group, position: 'right' });
  }

  focus(): void {
    const file = get(this.activeStore);
    if (!file?.focusViewer()) file?.editor?.focus();
  }

  /** Null where the file is not open as text. */
  substitute(path: string, wanted: readonly Substitution[]): readonly Substitution[] | null {
    return this.find(path)?.[1].editor?.substitute(wanted) ?? null;
  }

  paths(): string[] {
    return [...this.files.values()].map((file) => file.path);
  }

  dispose(): void {
    this.owned.dispose();
    for (const subscription of this.subscriptions.values()) subscription.dispose();
    for (const file of this.files.values()) file.dispose();
  }

  private show(path: string, activate: boolean): OpenFile {
    const found = this.find(path);
    if (found) {
      const [id, file] = found;
      if (activate) this.dock.getPanel(id)?.api.setActive();
      return file;
    }
    const id = `${ID_PREFIX}${this.nextId++}`;
    const file = this.add(id, path);
    // Without a group, one that is not to be active would become a group by itself.
    const inactive = !activate && this.dock.activeGroup !== undefined;
    this.dock.addPanel({ id, component: 'file', title: basename(path), inactive });
    return file;
  }

  private add(id: string, path: string): OpenFile {
    const { session, drafts, features } = this;
    const file = new OpenFile(path, { session, drafts, features, createEditor });
    this.files.set(id, file);
    file.onEdited(() => this.autosave.edited(file));
    this.subscriptions.set(id, toDisposable(file.view.subscribe(() => this.countDirty())));
    return file;
  }

  private find(path: string): [string, OpenFile] | undefined {
    return [...this.files].find(([, file]) => file.path === path);
  }

  private fileOf(id: string): OpenFile {
    const file = this.files.get(id);
    if (!file) throw new Error(`expected a panel of an open file, got ${id}`);
    return file;
  }

  private content(id: string): IContentRenderer {
    const file = this.fileOf(id);
    const props = {
      file,
      onload: () => this.start(() => file.reload()),
      onsave: () => this.start(() => this.saver.save(file)),
      oncompare: () => this.start(() => file.compare()),
      onoverwrite: (text: string) => this.start(() => this.saver.overwriteWith(file, text)),
    };
    return rendered((target) => mount(EditorPane, { target, props }));
  }

  private tab(id: string): ITabRenderer {
    const onclose = (): void => this.start(() => this.close(id));
    const tab = rendered((target) => mount(Tab, { target, props: { file: this.fileOf(id), onclose } }));
    tab.element.addEventListener('auxclick', (event) => {
      if (event.button === 1) onclose();
    });
    return tab;
  }

  private async close(id: string): Promise<void> {
    const file = this.fileOf(id);
    if (file.state.save.dirty && !(await this.mayClose(file))) return;
    this.drop(this.fileOf(id));
  }

  private drop(file: OpenFile): void {
    const panel = this.dock.getPanel(this.find(file.path)?.[0] ?? '');
    if (panel) this.dock.removePanel(panel);
  }

  private async mayClose(file: OpenFile): Promise<boolean> {
    const choice = await this.session.dialogs.ask({
      title: `Save the changes to ${basename(file.path)}?`,
      message: 'They are lost if you do not save them.',
      choices: [
        { value: 'discard', label: "Don't save" },
        { value: 'save', label: 'Save', kind: 'primary' },
      ],
    });
    if (choice === 'save') return this.saver.save(file);
    if (choice === 'discard') await file.discardChanges();
    return choice === 'discard';
  }

  private activated(): void {
    const panel = this.dock.activePanel;
    this.activeStore.set(panel ? (this.files.get(panel.id) ?? null) : null);
  }

  private removed(id: string): void {
    this.subscriptions.get(id)?.dispose();
    this.subscriptions.delete(id);
    const file = this.files.get(id);
    this.files.delete(id);
    if (file) this.autosave.forget(file);
    file?.dispose();
    this.countDirty();
    this.remember();
  }

  private countDirty(): void {
    this.dirtyStore.set([...this.files.values()].filter((file) => file.state.save.dirty).length);
  }

  /** A promise nobody waits for: what it throws is shown. */
  private start(work: () => Promise<unknown>): void {
    work().catch((error: unknown) => this.session.notifications.error('That did not work.', error));
  }

  private changed(changes: readonly FileChange[]): void {
    this.pending.push(...changes);
    this.checkSoon();
  }

  private checkSoon(): void {
    clearTimeout(this.checkTimer);
    this.checkTimer = setTimeout(() => this.start(() => this.check(this.pending.splice(0))), CHECK_DELAY_MS);
  }

  /** No changes: the connection was lost meanwhile, so any file may differ. */
  private async check(changes: readonly FileChange[]): Promise<void> {
    const touched = [...this.files.values()].filter(
      (file) => changes.length === 0 || changes.some((change) => concerns(change, file.path)),
    );
    await Promise.all(touched.map((file) => this.checkOne(file, changes)));
  }

  private async checkOne(file: OpenFile, changes: readonly FileChange[]): Promise<void> {
    try {
      await this.follow(file, changes);
    } catch (error) {
      if (!isOutOfReach(error)) throw error;
    }
  }

  private async follow(file: OpenFile, changes: readonly FileChange[]): Promise<void> {
    const path = changes.filter(({ kind }) => kind === 'renamed').reduce(followed, file.path);
    // Editors such as vim move a file away and write a new one in its place: then it has not moved at all.
    if (path !== file.path && (await this.session.api.etag(file.path)) === null) await file.moved(path);
    await file.check();
    this.remember();
  }

  private remember(): void {
    const paths = Object.fromEntries([...this.files].map(([id, { path }]) => [id, path]));
    const layout: Remembered = { paths, dock: this.dock.toJSON() };
    localStorage.setItem(this.layoutKey, JSON.stringify(layout));
  }

  private remembered(): Remembered | null {
    const stored = localStorage.getItem(this.layoutKey);
    return stored === null ? null : (JSON.parse(stored) as Remembered); // written by remember()
  }

  private keepDraftsWhenLeaving(): void {
    const keep = (): void => {
      if (document.visibilityState === 'hidden') this.start(() => this.keepDrafts());
    };
    document.addEventListener('visibilitychange', keep);
    this.owned.defer(() => document.removeEventListener('visibilitychange', keep));
  }

  private saveWhenFocusLeaves(parent: HTMLElement): void {
    const left = ({ target, relatedTarget }: FocusEvent): void => {
      const editor = target instanceof Element ? target.closest('.cm-editor') : null;
      if (editor && !(relatedTarget instanceof Node && editor.contains(relatedTarget)))
        this.start(() => this.autosave.flush());
    };
    parent.addEventListener('focusout', left);
    this.owned.defer(() => parent.removeEventListener('focusout', left));
  }

  private async keepDrafts(): Promise<void> {
    await Promise.all([...this.files.values()].map((file) => file.flushDraft()));
  }
}

interface Remembered {
  /** By the ids of their panels. */
  readonly paths: Readonly<Record<string, string>>;
  readonly dock: SerializedDockview;
}

function concerns(change: FileChange, path: string): boolean {
  const isIn = (folder: string | null): boolean => folder !== null && isWithin(path, folder);
  return isIn(change.path) || isIn(change.destination ?? null);
}

function followed(path: string, { path: source, destination }: FileChange): string {
  return destination ? afterMove(path, source, destination) : path;
}

interface Rendered {
  readonly element: HTMLElement;
  init(): void;
  dispose(): void;
}

/** A Svelte component as dockview wants its contents and tabs. */
function rendered(render: (target: HTMLElement) => Record<string, unknown>): Rendered {
  const element = document.createElement('div');
  element.className = 'editor-fill';
  const component = render(element);
  return { element, init: () => undefined, dispose: () => void unmount(component) };
}
