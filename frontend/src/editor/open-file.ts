/** One file open in the editor: its text, its save state, its draft. The only one who loads and saves it. */

import { type Readable, writable } from 'svelte/store';
import { Emitter } from '../base/emitter.ts';
import { formatBytes } from '../base/format.ts';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import { basename, extension } from '../base/paths.ts';
import { hasCode, type ModelApi, messageOf } from '../services/api.ts';
import type { ModelSession } from '../services/session.ts';
import type { Draft, Drafts } from './drafts.ts';
import type { EditorFeature } from './editor-features.ts';
import type { CreateEditor, EditorPort, Version } from './editor-port.ts';
import { isOfModel } from './language-servers/uris.ts';
import { CLOSED, expectedBySave, next, type SaveEvent, type SaveState, shouldReload } from './save-state.ts';
import { decode, type LineEnd, lineEndOf } from './text-file.ts';

export type Content =
  | { readonly kind: 'loading' }
  | { readonly kind: 'text'; readonly editor: EditorPort }
  | { readonly kind: 'image'; readonly url: string }
  /** Not shown, as it is too long or not text; it can be downloaded. */
  | { readonly kind: 'guarded'; readonly reason: string; readonly url: string }
  | { readonly kind: 'failed'; readonly message: string };

export interface FileView {
  readonly path: string;
  readonly content: Content;
  readonly save: SaveState;
  /** Why the last save failed; null once one has succeeded. */
  readonly saveProblem: string | null;
  /** Text of an earlier visit was put back; since when it waits, in seconds since the epoch. */
  readonly restoredFrom: number | null;
  /** Both versions, while they are shown side by side. */
  readonly compared: { readonly disk: string; readonly mine: string } | null;
}

export type SaveOutcome =
  | { readonly kind: 'saved' }
  /** Something else has written or deleted it meanwhile, so nothing was written. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'failed'; readonly error: unknown };

export interface FileServices {
  readonly session: ModelSession;
  readonly drafts: Drafts;
  readonly createEditor: CreateEditor;
  readonly features: readonly EditorFeature[];
}

const LARGEST_TEXT_BYTES = 5 * 2 ** 20;
const IMAGES = new Set(['png', 'jpg', 'jpeg', 'gif', 'webp', 'bmp', 'avif', 'ico']);
const DRAFT_DELAY_MS = 300;

export class OpenFile implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly store;
  private current: FileView;
  /** The version that is on disk as far as is known. */
  private saved: Version | null = null;
  private draftTimer: ReturnType<typeof setTimeout> | undefined;
  private savingNow: Promise<SaveOutcome> | null = null;
  private readonly edits = new Emitter<void>();

  readonly view: Readable<FileView>;
  /** A person has changed the text, or a tool on their behalf. */
  readonly onEdited = this.edits.event;
  /** Resolves once there is something to see, be it why there is nothing. */
  readonly loaded: Promise<void>;

  constructor(
    path: string,
    private readonly services: FileServices,
  ) {
    this.current = {
      path,
      content: { kind: 'loading' },
      save: CLOSED,
      saveProblem: null,
      restoredFrom: null,
      compared: null,
    };
    this.store = writable(this.current);
    this.view = this.store;
    this.owned.defer(() => clearTimeout(this.draftTimer));
    this.loaded = this.load();
  }

  get state(): FileView {
    return this.current;
  }

  get path(): string {
    return this.current.path;
  }

  get editor(): EditorPort | null {
    const { content } = this.current;
    return content.kind === 'text' ? content.editor : null;
  }

  /** Reads it, and puts back the text of a draft. */
  async load(): Promise<void> {
    const { session, drafts } = this.services;
    if (IMAGES.has(extension(this.path))) return this.showImage();
    try {
      const draft = await drafts.of(this.path);
      const found = await this.read().catch((error: unknown) => {
        // What a person typed outlives the file it was typed into.
        if (draft && hasCode(error, 'file_not_found')) return null;
        throw error;
      });
      if (found?.kind === 'text') this.edit(found.text, found.lineEnd, found.etag);
      else if (draft) this.edit('', '\n', null);
      else if (found) this.set({ content: found });
      if (draft) await this.restore(draft);
    } catch (error) {
      this.set({ content: { kind: 'failed', message: messageOf(error) } });
      session.announce(`${basename(this.path)} cannot be opened.`);
    }
  }

  /** Writes what is in the editor; nobody is told but the caller. */
  save(): Promise<SaveOutcome> {
    return this.write(expectedBySave(this.current.save));
  }

  /** Replaces what is on disk, but only the version this page has heard of. */
  overwrite(): Promise<SaveOutcome> {
    return this.write(this.current.save.diskEtag);
  }

  /** Takes what is on disk; the person's own text stays one undo away. */
  async reload(): Promise<void> {
    const found = await this.read();
    const { editor } = this;
    if (found.kind !== 'text') return this.set({ content: found });
    if (!editor) return this.edit(found.text, found.lineEnd, found.etag);
    // Announced first, so that the change of text is not taken for an edit.
    this.saved = null;
    editor.setText(found.text);
    this.saved = editor.version();
    this.apply({ type: 'loaded', etag: found.etag, dirty: false });
    this.set({ restoredFrom: null, compared: null, saveProblem: null });
    await this.services.drafts.discard(this.path);
  }

  /** Shows the disk's version and the person's own side by side. */
  async compare(): Promise<void> {
    const found = await this.read();
    this.apply({ type: 'found_on_disk', etag: found.kind === 'text' ? found.etag : null });
    this.set({
      compared: { disk: found.kind === 'text' ? found.text : '', mine: this.editor?.text() ?? '' },
    });
  }

  stopComparing(): void {
    this.set({ compared: null });
  }

  /** Saves what came out of a comparison. */
  async overwriteWith(text: string): Promise<SaveOutcome> {
    this.editor?.setText(text);
    const outcome = await this.overwrite();
    if (outcome.kind === 'saved') this.stopComparing();
    return outcome;
  }

  /** Something happened to it on disk. */
  async check(): Promise<void> {
    if (!isOfModel(this.path)) return;
    if (this.current.content.kind === 'image') return this.showImage();
    if (this.savingNow) await this.savingNow;
    const etag = await this.services.session.api.etag(this.path);
    this.apply({ type: 'found_on_disk', etag });
    if (shouldReload(this.current.save) && this.editor) await this.reload();
    else if (!this.editor && etag !== null && etag !== this.current.save.etag) await this.load();
  }

  async moved(path: string): Promise<void> {
    await this.services.drafts.discard(this.path);
    this.set({ path });
    this.editor?.setPath(path);
    if (this.current.save.dirty) await this.keepDraft();
  }

  /** Writes what waits for its timer; called when the page may be going away. */
  async flushDraft(): Promise<void> {
    if (this.draftTimer === undefined) return;
    clearTimeout(this.draftTimer);
    await this.keepDraft();
  }

  /** Forgets the person's changes for good. */
  async discardChanges(): Promise<void> {
    clearTimeout(this.draftTimer);
    await this.services.drafts.discard(this.path);
  }

  dispose(): void {
    this.owned.dispose();
    this.edits.dispose();
  }

  private showImage(): void {
    const url = `${this.services.session.api.fileUrl(this.path)}?shown=${Date.now()}`;
    this.set({ content: { kind: 'image', url } });
  }

  private async read(): Promise<
    | { kind: 'text'; text: string; lineEnd: '\n' | '\r\n'; etag: string }
    | Extract<Content, { kind: 'guarded' }>
  > {
    const { api } = this.services.session;
    if (!isOfModel(this.path)) return readSurroundings(api, this.path);
    const { bytes, byteSize, etag } = await api.read(this.path, LARGEST_TEXT_BYTES);
    const guarded = (reason: string) => ({ kind: 'guarded', reason, url: api.fileUrl(this.path) }) as const;
    if (bytes === null)
      return guarded(
        `It has ${formatBytes(byteSize)}; the editor opens up to ${formatBytes(LARGEST_TEXT_BYTES)}.`,
      );
    const decoded = decode(bytes);
    if (decoded.kind === 'binary') return guarded(`It is not text (${formatBytes(byteSize)}).`);
    return { ...decoded, etag };
  }

  private edit(text: string, lineEnd: '\n' | '\r\n', etag: string | null): void {
    const { createEditor, features } = this.services;
    const readOnly = isOfModel(this.path)
      ? ''
      : `Read-only: ${this.path} is part of the model's environment.`;
    const editor = this.owned.add(createEditor({ text, lineEnd, path: this.path, features, readOnly }));
    this.owned.add(editor.onChange(() => this.edited(editor)));
    this.owned.add(editor.onSave(() => void this.save()));
    const { problems } = this.services.session;
    this.owned.defer(
      problems.all.subscribe((found) => editor.setProblems(found.filter(({ path }) => path === this.path))),
    );
    this.saved = editor.version();
    this.set({ content: { kind: 'text', editor } });
    this.apply({ type: 'loaded', etag, dirty: false });
  }

  private async restore(draft: Draft): Promise<void> {
    const { editor } = this;
    if (!editor || draft.text === editor.text()) return this.services.drafts.discard(this.path);
    const onDisk = this.current.save.etag;
    editor.setText(draft.text);
    this.apply({ type: 'loaded', etag: draft.etag, dirty: true });
    this.apply({ type: 'found_on_disk', etag: onDisk });
    this.set({ restoredFrom: draft.editedAt });
  }

  private edited(editor: EditorPort): void {
    if (this.saved === null) return;
    const dirty = !editor.isAt(this.saved);
    this.apply({ type: 'edited', dirty });
    clearTimeout(this.draftTimer);
    this.draftTimer = setTimeout(() => void this.keepDraft(), DRAFT_DELAY_MS);
    this.edits.fire();
  }

  private async keepDraft(): Promise<void> {
    this.draftTimer = undefined;
    const { editor } = this;
    const { dirty, etag } = this.current.save;
    if (!editor || !dirty) return this.services.drafts.discard(this.path);
    await this.services.drafts.keep({
      path: this.path,
      text: editor.text(),
      etag,
      editedAt: Date.now() / 1000,
    });
  }

  private async write(expected: string | null): Promise<SaveOutcome> {
    // One save at a time: the second one needs the etag that the first one brings.
    if (this.savingNow) {
      await this.savingNow;
      return this.current.save.dirty ? this.save() : { kind: 'saved' };
    }
    this.savingNow = this.writeNow(expected);
    try {
      return await this.savingNow;
    } finally {
      this.savingNow = null;
    }
  }

  private async writeNow(expected: string | null): Promise<SaveOutcome> {
    const { editor } = this;
    if (!editor) return { kind: 'saved' };
    const version = editor.version();
    this.apply({ type: 'save_started' });
    try {
      const entry = await this.services.session.api.write(this.path, editor.text(), expected);
      this.saved = version;
      this.apply({ type: 'saved', etag: entry.etag ?? '', dirty: !editor.isAt(version) });
    } catch (error) {
      this.apply({ type: 'save_failed' });
      return this.saveFailed(error);
    }
    this.set({ restoredFrom: null, saveProblem: null });
    await this.flushDraft();
    if (!this.current.save.dirty) await this.services.drafts.discard(this.path);
    return { kind: 'saved' };
  }

  private async saveFailed(error: unknown): Promise<SaveOutcome> {
    this.set({ saveProblem: messageOf(error) });
    if (!hasCode(error, 'file_changed')) return { kind: 'failed', error };
    const etag = await this.services.session.api.etag(this.path);
    this.apply({ type: 'found_on_disk', etag });
    return { kind: 'changed' };
  }

  private apply(event: SaveEvent): void {
    this.set({ save: next(this.current.save, event) });
  }

  private set(change: Partial<FileView>): void {
    this.current = { ...this.current, ...change };
    this.store.set(this.current);
  }
}

/** Packages and the standard library, which nobody can change: they have no etag. */
async function readSurroundings(
  api: ModelApi,
  path: string,
): Promise<{ kind: 'text'; text: string; lineEnd: LineEnd; etag: string }> {
  const text = await api.readSource(path);
  return { kind: 'text', text, lineEnd: lineEndOf(text), etag: '' };
}
