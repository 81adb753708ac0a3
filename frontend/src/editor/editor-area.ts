/** The tabs in their groups, and what a person does with them. */

import {
  createDockview,
  type DockviewApi,
  type DockviewGroupPanel,
  type IContentRenderer,
  type IDockviewPanel,
  type ITabRenderer,
} from 'dockview';
import { mount, tick, unmount } from 'svelte';
import { derived, get, type Readable, writable } from 'svelte/store';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import { basename } from '../base/paths.ts';
import { cspNonce } from '../services/csp.ts';
import { PageMemory } from '../services/page-memory.ts';
import { preference } from '../services/preferences.ts';
import type { ModelSession } from '../services/session.ts';
import type { Substitution } from '../services/substitutions.ts';
import { common } from '../texts/common.ts';
import { texts } from '../texts/editor.ts';
import { hasStayed } from '../ui/late-focus.ts';
import { Autosave } from './autosave.ts';
import type { EditorPort } from './editor-port.ts';
import GroupActions from './GroupActions.svelte';
import type { OpenFile } from './open-file.ts';
import { OpenFiles } from './open-files.ts';
import PaneView from './PaneView.svelte';
import { type Keeping, Pane } from './pane.ts';
import type { SaveHooks } from './save-hooks.ts';
import { Saver } from './saver.ts';
import Tab from './Tab.svelte';
import { parseTabs, type RememberedTab, type RememberedTabs } from './tab-memory.ts';
import { showTabMenu } from './tab-menu.ts';
import { tabName } from './tab-name.ts';
import type { TextViewState } from './text-view-state.ts';
import Welcome from './Welcome.svelte';

/** Where a model's code begins, by its template. */
const FIRST_FILES = ['main.py', 'index.js', 'main.js', 'main.mjs', 'README.md'];
const ID_PREFIX = 'file-';
const REMEMBERED_CLOSED = 20;
/** Cursors move often. */
const REMEMBER_MS = 300;

const KEPT: Keeping = { isPreview: false, isPinned: false };

interface ClosedTab {
  readonly tab: RememberedTab;
  readonly group: string;
  readonly place: number;
}

export type Direction = 'right' | 'below';

export class EditorArea implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly panes = new Map<string, Pane>();
  private readonly files: OpenFiles;
  private readonly saver: Saver;
  private readonly autosave: Autosave;
  private readonly dock: DockviewApi;
  private readonly memory: PageMemory<RememberedTabs>;
  private readonly closed: ClosedTab[] = [];
  private readonly activeStore = writable<OpenFile | null>(null);
  private readonly editorStore = writable<EditorPort | null>(null);
  private stopFollowing: () => void = () => undefined;
  private rememberTimer: ReturnType<typeof setTimeout> | undefined;
  private nextId = 1;

  readonly active: Readable<OpenFile | null> = this.activeStore;
  /** The view of text that has the person's attention; null where none is shown. */
  readonly activeEditor: Readable<EditorPort | null> = this.editorStore;
  /** How many files have unsaved changes. */
  readonly dirtyCount: Readable<number>;
  /** What is done before a file is saved. */
  readonly saveHooks: SaveHooks;

  constructor(
    private readonly parent: HTMLElement,
    private readonly session: ModelSession,
  ) {
    this.memory = new PageMemory(`slipway.tabs.${session.modelId}`, parseTabs);
    this.files = this.owned.add(new OpenFiles(session, () => this.renamed()));
    this.dirtyCount = this.files.dirtyCount;
    this.saver = new Saver(session);
    this.saveHooks = this.saver.hooks;
    this.autosave = this.owned.add(new Autosave(session, this.saver, preference('autosave')));
    this.dock = this.owned.add(this.createDock(parent));
    this.owned.add(this.dock.onDidActivePanelChange(() => this.activated()));
    this.owned.add(this.dock.onDidRemovePanel((panel) => this.removed(panel.id)));
    this.owned.add(this.dock.onDidMovePanel(({ panel }) => this.moved(panel)));
    this.owned.add(this.dock.onDidLayoutChange(() => this.rememberSoon()));
    this.rememberWhenLeaving();
    this.saveWhenFocusLeaves(parent);
  }

  /** Opens again what was open, and what has unsaved changes; on the first visit, where the code begins. */
  async restore(): Promise<void> {
    const remembered = this.memory.read();
    if (remembered === null || !this.arrange(remembered)) await this.openFirst();
    for (const path of await this.files.drafts.paths()) this.show(path, KEPT, { isActive: false });
    await Promise.all(this.files.all.map((file) => file.loaded));
    // Deleted since the last visit: nobody asked to see that now.
    for (const pane of this.panes.values())
      if (pane.file.state.content.kind === 'failed') this.remove(pane.id);
    await tick();
    // Unless the person is somewhere else already, they can type at once.
    if (document.activeElement === document.body) this.focus();
  }

  async open(path: string, line?: number, column?: number): Promise<void> {
    const pane = this.show(path, KEPT);
    pane.keep({ isPreview: false });
    if (await hasStayed(this.goTo(pane, line, column))) pane.focus();
  }

  /** For a look, in place of what was looked at before; the focus stays where it is. */
  async preview(path: string, line?: number, column?: number): Promise<void> {
    await this.goTo(this.show(path, { ...KEPT, isPreview: true }), line, column);
  }

  async saveActive(): Promise<void> {
    const file = get(this.activeStore);
    if (file) await this.saver.save(file);
  }

  async saveAll(): Promise<boolean> {
    let whole = true;
    // One after the other: each may ask a question.
    for (const file of this.files.dirty) whole = (await this.saver.save(file)) && whole;
    return whole;
  }

  /** Also after a split: the other group shows the same text, at the same place. */
  split(direction: Direction): void {
    const pane = this.activePane;
    if (!pane) return;
    const copy = this.add(this.newId(), pane.file.path, KEPT, pane.view());
    this.addPanel(copy, { referencePanel: pane.id, direction });
    void tick().then(() => copy.focus());
  }

  async closeActive(): Promise<void> {
    const pane = this.activePane;
    if (pane) await this.close(pane.id);
  }

  /** All in its group but this one and those that are pinned. */
  closeOthers(): Promise<void> {
    return this.closeOfGroup((panes, active) => panes.filter((pane) => pane !== active));
  }

  closeToTheRight(): Promise<void> {
    return this.closeOfGroup((panes, active) => panes.slice(panes.indexOf(active) + 1));
  }

  closeSaved(): Promise<void> {
    return this.closeOfGroup((panes) => panes.filter((pane) => !pane.file.state.save.dirty));
  }

  closeAll(): Promise<void> {
    return this.closeEach([...this.panes.values()].filter(isClosable));
  }

  async reopenClosed(): Promise<void> {
    const last = this.closed.pop();
    if (!last) return;
    const { tab, group, place } = last;
    const { path, isPinned, view } = tab;
    const pane = this.show(path, { isPreview: false, isPinned }, { view, group, place });
    if (await hasStayed(this.goTo(pane))) pane.focus();
  }

  /** Where it was changed on disk: shows both versions, takes the disk's, or replaces it. */
  async compareActive(): Promise<void> {
    await get(this.activeStore)?.compare();
  }

  async loadActive(): Promise<void> {
    await get(this.activeStore)?.reload();
  }

  async overwriteActive(): Promise<void> {
    const file = get(this.activeStore);
    if (file) await this.saver.overwrite(file);
  }

  get isActiveChangedOnDisk(): boolean {
    return get(this.activeStore)?.state.save.disk === 'changed';
  }

  keepActive(): void {
    this.activePane?.keep({ isPreview: false });
  }

  /** Pinned tabs stand before the others. */
  pinActive(): void {
    const pane = this.activePane;
    const panel = this.dock.activePanel;
    if (!pane || !panel) return;
    const isPinned = !get(pane.keeping).isPinned;
    const others = this.panesOf(panel.group).filter((other) => other !== pane);
    pane.keep({ isPreview: false, isPinned });
    const index = others.filter((other) => get(other.keeping).isPinned).length;
    panel.api.moveTo({ group: panel.group, index });
    this.rememberSoon();
  }

  /** Shows the tab at this place of the active group, counted from 1. */
  showTab(place: number): void {
    const panel = this.dock.activeGroup?.panels[place - 1];
    if (panel) this.activate(panel);
  }

  /** The next tab, or where `step` is -1 the one before; after the last of a group comes the next group. */
  showNext(step: 1 | -1): void {
    const panels = this.groups().flatMap(({ panels }) => panels);
    const at = panels.findIndex(({ id }) => id === this.dock.activePanel?.id);
    const next = panels.at((at + step) % panels.length);
    if (next) this.activate(next);
  }

  /** Counted from 1, from left to right and from top to bottom; the one after the last is made by a split. */
  focusGroup(place: number): void {
    const groups = this.groups();
    const panel = groups[place - 1]?.activePanel;
    if (panel) this.activate(panel);
    else if (place === groups.length + 1) this.split('right');
  }

  /** Without a tab, what is offered in its place. */
  focus(): void {
    const pane = this.activePane;
    if (pane) pane.focus();
    else this.parent.querySelector<HTMLElement>('.welcome')?.focus();
  }

  /** Null where the file is not open as text. */
  substitute(path: string, wanted: readonly Substitution[]): readonly Substitution[] | null {
    return this.files.find(path)?.editor?.substitute(wanted) ?? null;
  }

  paths(): string[] {
    return this.files.all.map((file) => file.path);
  }

  dispose(): void {
    clearTimeout(this.rememberTimer);
    this.stopFollowing();
    const panes = [...this.panes.values()];
    // Twins go before what they are twins of.
    for (const pane of [...panes.filter((each) => !each.isLeading), ...panes]) pane.dispose();
    this.owned.dispose();
  }

  private createDock(parent: HTMLElement): DockviewApi {
    return createDockview(parent, {
      createComponent: ({ id }) => this.content(id),
      createTabComponent: ({ id }) => this.tab(id),
      createRightHeaderActionComponent: (group) => this.groupActions(group),
      createWatermarkComponent: () =>
        rendered((target) => mount(Welcome, { target, props: { commands: this.session.commands } })),
      defaultTabComponent: 'tab',
      theme: { name: 'slipway', className: 'dockview-theme-slipway', dndTabIndicator: 'line' },
      disableFloatingGroups: true,
      // It would lie over the ends of the row of tabs. The edges of each group split it.
      dndEdges: false,
      announcements: false,
      nonce: cspNonce(),
    });
  }

  private get activePane(): Pane | undefined {
    return this.panes.get(this.dock.activePanel?.id ?? '');
  }

  /** The tabs where they were, side by side too; false when that cannot be. */
  private arrange({ tabs, dock }: RememberedTabs): boolean {
    for (const [id, { path, view, ...keeping }] of Object.entries(tabs)) {
      this.add(id, path, keeping, view);
      this.nextId = Math.max(this.nextId, Number(id.replace(ID_PREFIX, '')) + 1 || 1);
    }
    try {
      this.dock.fromJSON(dock);
    } catch {
      // dockview throws whatever it stumbles over in a layout that is broken; the files are opened all the same.
      this.dock.clear();
      for (const pane of this.panes.values()) if (!this.dock.getPanel(pane.id)) this.addPanel(pane);
    }
    return this.panes.size > 0 || this.dock.totalPanels === 0;
  }

  private async openFirst(): Promise<void> {
    const entries = await this.session.api.list('');
    const first = FIRST_FILES.find((name) =>
      entries.some((entry) => entry.kind === 'file' && entry.name === name),
    );
    if (first !== undefined) await this.open(first);
  }

  private async goTo(pane: Pane, line?: number, column?: number): Promise<void> {
    await pane.file.loaded;
    await tick(); // what is not in the page yet takes no focus
    if (line === undefined) return;
    await pane.file.showText();
    get(pane.editor)?.goTo(line, column);
  }

  /** A tab of the active group, or of any other; else a new one, in place of a preview where it is one itself. */
  private show(path: string, keeping: Keeping, where: Placing = {}): Pane {
    const found = this.paneOf(path);
    if (found) {
      if (where.isActive !== false) this.dock.getPanel(found.id)?.api.setActive();
      return found;
    }
    const looked = keeping.isPreview ? this.previewOf(this.dock.activeGroup) : undefined;
    const pane = this.add(this.newId(), path, keeping, where.view ?? null);
    const group = this.dock.getGroup(where.group ?? '') ?? this.dock.activeGroup;
    const place = looked
      ? this.dock.activeGroup?.panels.findIndex(({ id }) => id === looked.id)
      : where.place;
    const position = group && { referenceGroup: group.id, ...(place !== undefined && { index: place }) };
    // Without a group, one that is not to be active would become a group by itself.
    this.addPanel(pane, position, where.isActive === false && group !== undefined);
    if (looked) this.remove(looked.id);
    return pane;
  }

  private addPanel(
    { id, file }: Pane,
    position?: { referencePanel: string; direction: Direction } | { referenceGroup: string; index?: number },
    inactive = false,
  ): void {
    const title = basename(file.path);
    this.dock.addPanel({ id, component: 'file', title, inactive, ...(position && { position }) });
  }

  private add(id: string, path: string, keeping: Keeping, view: TextViewState | null): Pane {
    const isFirst = this.files.find(path) === undefined;
    const file = this.files.open(path);
    if (isFirst) file.onEdited(() => this.edited(file));
    const pane = new Pane(id, file, isFirst, keeping, view);
    pane.onView(() => this.rememberSoon());
    this.panes.set(id, pane);
    return pane;
  }

  private edited(file: OpenFile): void {
    this.autosave.edited(file);
    for (const pane of this.panes.values()) if (pane.file === file) pane.keep({ isPreview: false });
  }

  private paneOf(path: string): Pane | undefined {
    const here = this.panesOf(this.dock.activeGroup);
    return [...here, ...this.panes.values()].find((pane) => pane.file.path === path);
  }

  private previewOf(group: DockviewGroupPanel | undefined): Pane | undefined {
    return this.panesOf(group).find((pane) => get(pane.keeping).isPreview);
  }

  private panesOf(group: DockviewGroupPanel | undefined): Pane[] {
    return (group?.panels ?? []).map(({ id }) => this.paneWith(id));
  }

  private paneWith(id: string): Pane {
    const pane = this.panes.get(id);
    if (!pane) throw new Error(`expected a panel of an open tab, got ${id}`);
    return pane;
  }

  private newId(): string {
    return `${ID_PREFIX}${this.nextId++}`;
  }

  private groups(): DockviewGroupPanel[] {
    const places = this.dock.groups.map((group) => ({ group, box: group.element.getBoundingClientRect() }));
    return places.sort((a, b) => a.box.left - b.box.left || a.box.top - b.box.top).map(({ group }) => group);
  }

  private activate(panel: IDockviewPanel): void {
    panel.api.setActive();
    void tick().then(() => this.paneWith(panel.id).focus());
  }

  private content(id: string): IContentRenderer {
    const pane = this.paneWith(id);
    const { file } = pane;
    const props = {
      pane,
      session: this.session,
      onload: () => this.start(() => file.reload()),
      onsave: () => this.start(() => this.saver.save(file)),
      oncompare: () => this.start(() => file.compare()),
      onreplace: () => this.start(() => this.saver.overwrite(file)),
      onoverwrite: (text: string) => this.start(() => this.saver.overwriteWith(file, text)),
    };
    const content = rendered((target) => mount(PaneView, { target, props }));
    return {
      ...content,
      init: ({ api }) => {
        this.owned.add(api.onDidVisibilityChange(({ isVisible }) => isVisible && pane.becameVisible()));
      },
    };
  }

  private tab(id: string): ITabRenderer {
    const pane = this.paneWith(id);
    const onclose = (): void => this.start(() => this.close(id));
    const onpin = (): void => this.withActive(id, () => this.pinActive());
    const tab = rendered((target) => mount(Tab, { target, props: { pane, onclose, onpin } }));
    const { element } = tab;
    element.addEventListener('auxclick', (event) => {
      if (event.button === 1) onclose();
    });
    // Otherwise the middle button scrolls.
    element.addEventListener('mousedown', (event) => {
      if (event.button === 1) event.preventDefault();
    });
    element.addEventListener('dblclick', () => pane.keep({ isPreview: false }));
    element.addEventListener('contextmenu', (event) => {
      event.preventDefault();
      event.stopPropagation();
      this.withActive(id, () => this.showMenu(pane, event.clientX, event.clientY));
    });
    const name = derived([pane.file.view, pane.keeping], ([view, keeping]) => tabName(view, keeping));
    const owned = new DisposableStore();
    owned.add(tab);
    // dockview makes the title the name that the tab is heard by; it sets one of its own right after this.
    const init: ITabRenderer['init'] = ({ api }) =>
      void tick().then(() => owned.defer(name.subscribe((title) => api.setTitle(title))));
    return { element, init, dispose: () => owned.dispose() };
  }

  private withActive(id: string, work: () => void): void {
    this.dock.getPanel(id)?.api.setActive();
    work();
  }

  private showMenu(pane: Pane, x: number, y: number): void {
    const { commands } = this.session;
    const isPinned = get(pane.keeping).isPinned;
    showTabMenu({ commands, path: pane.file.path, isPinned, x, y });
  }

  private groupActions(group: DockviewGroupPanel) {
    const tabs = () =>
      this.panesOf(group).map((pane) => ({
        label: pane.file.path,
        run: () => this.activate(this.dock.getPanel(pane.id) as IDockviewPanel), // listed just now
      }));
    const onsplit = (): void => {
      if (group.activePanel) this.withActive(group.activePanel.id, () => this.split('right'));
    };
    return rendered((target) => mount(GroupActions, { target, props: { tabs, onsplit } }));
  }

  private closeOfGroup(choose: (panes: Pane[], active: Pane) => Pane[]): Promise<void> {
    const active = this.activePane;
    if (!active) return Promise.resolve();
    return this.closeEach(choose(this.panesOf(this.dock.activeGroup), active).filter(isClosable));
  }

  private async closeEach(panes: readonly Pane[]): Promise<void> {
    for (const pane of panes) if (!(await this.close(pane.id))) return;
  }

  /** False when the person would rather keep it. */
  private async close(id: string): Promise<boolean> {
    const { file } = this.paneWith(id);
    const isLast = this.sharing(file).length === 1;
    if (isLast && file.state.save.dirty && !(await this.mayClose(file))) return false;
    this.noteClosed(id);
    this.remove(id);
    return true;
  }

  private noteClosed(id: string): void {
    const panel = this.dock.getPanel(id);
    if (!panel) return;
    const place = panel.group.panels.indexOf(panel);
    this.closed.push({ tab: this.described(this.paneWith(id)), group: panel.group.id, place });
    if (this.closed.length > REMEMBERED_CLOSED) this.closed.shift();
  }

  private remove(id: string): void {
    const panel = this.dock.getPanel(id);
    if (!panel) return;
    const hadFocus = document.activeElement !== document.body;
    this.dock.removePanel(panel);
    void tick().then(() => {
      if (hadFocus && document.activeElement === document.body) this.focus();
    });
  }

  private async mayClose(file: OpenFile): Promise<boolean> {
    if (get(preference('autosave')) && file.state.save.disk === 'same' && file.state.restoredFrom === null) {
      if ((await this.saver.saveQuietly(file)).kind === 'saved') return true;
    }
    const choice = await this.session.dialogs.ask({
      title: texts.closing.question(basename(file.path)),
      message: texts.closing.consequence,
      choices: [
        { value: 'discard', label: texts.closing.discard },
        { value: 'save', label: common.save, kind: 'primary' },
      ],
    });
    if (choice === 'save') return this.saver.save(file);
    if (choice === 'discard') await file.discardChanges();
    return choice === 'discard';
  }

  private sharing(file: OpenFile): Pane[] {
    return [...this.panes.values()].filter((pane) => pane.file === file);
  }

  private activated(): void {
    this.stopFollowing();
    const pane = this.activePane;
    this.activeStore.set(pane?.file ?? null);
    this.stopFollowing = pane
      ? pane.editor.subscribe((editor) => this.editorStore.set(editor))
      : () => undefined;
    if (!pane) this.editorStore.set(null);
  }

  private removed(id: string): void {
    const pane = this.panes.get(id);
    if (!pane) return;
    this.panes.delete(id);
    const [heir] = this.sharing(pane.file);
    if (heir && pane.isLeading) heir.lead();
    pane.dispose();
    if (heir === undefined) {
      this.autosave.forget(pane.file);
      this.files.close(pane.file);
    }
    this.rememberSoon();
  }

  /** A group shows a file once: what was dragged there stays. */
  private moved(panel: IDockviewPanel): void {
    const pane = this.paneWith(panel.id);
    pane.keep({ isPreview: false });
    const twice = this.panesOf(panel.group).filter((other) => other !== pane && other.file === pane.file);
    // dockview is still moving it.
    queueMicrotask(() => {
      for (const other of twice) this.remove(other.id);
    });
  }

  private renamed(): void {
    this.activeStore.update((file) => file);
    this.rememberSoon();
  }

  /** A promise nobody waits for: what it throws is shown. */
  private start(work: () => Promise<unknown>): void {
    work().catch((error: unknown) => this.session.notifications.error(common.didNotWork, error));
  }

  private rememberSoon(): void {
    clearTimeout(this.rememberTimer);
    this.rememberTimer = setTimeout(() => this.remember(), REMEMBER_MS);
  }

  private remember(): void {
    clearTimeout(this.rememberTimer);
    const tabs = Object.fromEntries([...this.panes].map(([id, pane]) => [id, this.described(pane)]));
    this.memory.write({ tabs, dock: this.dock.toJSON() });
  }

  private described(pane: Pane): RememberedTab {
    return { path: pane.file.path, ...get(pane.keeping), view: pane.view() };
  }

  private rememberWhenLeaving(): void {
    const left = (): void => this.remember();
    window.addEventListener('pagehide', left);
    this.owned.defer(() => window.removeEventListener('pagehide', left));
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
}

interface Placing {
  readonly isActive?: boolean;
  readonly view?: TextViewState | null;
  readonly group?: string;
  readonly place?: number;
}

function isClosable(pane: Pane): boolean {
  return !get(pane.keeping).isPinned;
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
