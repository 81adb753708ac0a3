/** One file open in the editor: its text or what shows it, its save state, its draft. The only one who loads and saves it. */

import { type Readable, writable } from 'svelte/store';
import { Emitter } from '../base/emitter.ts';
import { type Disposable, DisposableStore, toDisposable } from '../base/lifecycle.ts';
import { basename } from '../base/paths.ts';
import { hasCode, type ModelApi, messageOf } from '../services/api.ts';
import { diffOfPath } from '../services/git.ts';
import type { ModelSession } from '../services/session.ts';
import { texts } from '../texts/editor.ts';
import type { Draft, Drafts } from './drafts.ts';
import type { EditorFeature } from './editor-features.ts';
import type { CreateEditor, EditorPort, Version } from './editor-port.ts';
import { decode, type Encoding, encode, encodingLabel } from './encodings.ts';
import { isOfModel } from './language-servers/uris.ts';
import { CLOSED, expectedBySave, next, type SaveEvent, type SaveState, shouldReload } from './save-state.ts';
import { type DecodedText, decodeText, encodingOf, SNIFFED_BYTES } from './text-file.ts';
import { readPart } from './viewers/parts.ts';
import { bytesViewer, type FileSource, longTextViewer, type Viewer, viewerOf } from './viewers/viewers.ts';

export type Content =
  | { readonly kind: 'loading' }
  | { readonly kind: 'text'; readonly editor: EditorPort; readonly encoding: Encoding }
  /** Not text, or not opened as text: shown by its viewer. */
  | { readonly kind: 'bytes' }
  | { readonly kind: 'failed'; readonly message: string };

/** What of a file that a viewer shows is to be seen. */
export type Shown = 'text' | 'beside' | 'viewer';

export interface FileView {
  readonly path: string;
  readonly content: Content;
  /** The version that is on disk as far as is known; null while there is none. */
  readonly source: FileSource | null;
  /** What can show it other than as text. */
  readonly viewer: Viewer | null;
  readonly shown: Shown;
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

/** Longer text is read in portions, by a viewer. */
export const LARGEST_TEXT_BYTES = 50 * 2 ** 20;
const DRAFT_DELAY_MS = 300;

export class OpenFile implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly store;
  private current: FileView;
  /** What the version on disk was read from or saved as. */
  private saved: EditedText | null = null;
  /** A person said so; else the bytes say it. */
  private chosenEncoding: Encoding | null = null;
  private viewerFocus: () => void = () => undefined;
  /** The version that the draft holds. */
  private drafted: Version | null = null;
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
      source: null,
      ...seenFirst(path),
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

  get session(): ModelSession {
    return this.services.session;
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
    // What is compared its view reads.
    if (diffOfPath(this.path) !== null) return this.set({ content: { kind: 'bytes' } });
    try {
      const draft = await drafts.take(this.path);
      const asText = draft !== undefined || this.current.shown !== 'viewer';
      const found = await this.read(asText).catch((error: unknown) => {
        // What a person typed outlives the file it was typed into.
        if (draft && hasCode(error, 'file_not_found')) return null;
        throw error;
      });
      if (found?.kind === 'text') this.edit(found, found.source);
      else if (draft) this.edit({ text: '', encoding: 'utf-8' }, null);
      else if (found) this.showBytes(found);
      if (draft) await this.restore(draft);
    } catch (error) {
      this.set({ content: { kind: 'failed', message: messageOf(error) } });
      session.announce(texts.cannotBeOpenedSaid(basename(this.path)));
    }
  }

  /** As text, as its viewer shows it, or both beside one another. */
  async show(shown: Shown): Promise<void> {
    if (shown !== 'viewer' && !this.editor) {
      const found = await this.read(true);
      if (found.kind === 'bytes') return this.showBytes(found);
      this.edit(found, found.source);
    }
    this.set({ shown });
  }

  /** For a place in it to be seen. */
  async showText(): Promise<void> {
    if (this.current.shown === 'viewer' && this.current.viewer?.asText !== 'never') await this.show('text');
  }

  /** Where the keys go while no text is seen; false while it is. */
  focusViewer(): boolean {
    if (this.current.shown !== 'viewer' && this.editor) return false;
    this.viewerFocus();
    return true;
  }

  /** Reads the file again, as if its bytes were of this encoding; false where they are not. */
  async reopenWith(encoding: Encoding): Promise<boolean> {
    const { bytes } = await this.services.session.api.read(this.path, LARGEST_TEXT_BYTES);
    if (bytes === null || decode(bytes, encoding) === null) return false;
    this.chosenEncoding = encoding;
    await this.reload();
    return true;
  }

  /** What it is saved with from now on. */
  setEncoding(encoding: Encoding): void {
    const { content } = this.current;
    if (content.kind !== 'text') return;
    this.chosenEncoding = encoding;
    this.set({ content: { ...content, encoding } });
    this.edited(content.editor);
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
    const found = await this.read(true);
    const { editor } = this;
    if (found.kind === 'bytes') return this.showBytes(found);
    if (!editor) return this.edit(found, found.source);
    // Announced first, so that the change of text is not taken for an edit.
    this.saved = null;
    editor.setText(found.text);
    this.set({ content: { kind: 'text', editor, encoding: found.encoding }, source: found.source });
    this.saved = this.now(editor);
    this.apply({ type: 'loaded', etag: found.source.etag, dirty: false });
    this.set({ restoredFrom: null, compared: null, saveProblem: null });
    await this.services.drafts.discard(this.path);
  }

  /** Shows the disk's version and the person's own side by side. */
  async compare(): Promise<void> {
    const found = await this.read(true);
    this.apply({ type: 'found_on_disk', etag: found.source.etag });
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
    if (this.savingNow) await this.savingNow;
    const etag = await this.services.session.api.etag(this.path);
    this.apply({ type: 'found_on_disk', etag });
    if (shouldReload(this.current.save) && this.editor) await this.reload();
    else if (!this.editor && etag !== null && etag !== this.current.save.etag) await this.load();
  }

  async moved(path: string): Promise<void> {
    const before = this.path;
    const seen = seenFirst(path);
    this.set({
      path,
      viewer: seen.viewer,
      shown: seen.viewer === this.current.viewer ? this.current.shown : seen.shown,
    });
    this.editor?.setPath(path);
    if (this.current.save.dirty) await this.keepDraft();
    await this.services.drafts.discard(before);
    if (!this.editor) await this.load();
  }

  /** Text of it would be lost with the page. */
  get isAtRisk(): boolean {
    if (!this.editor || !this.current.save.dirty) return false;
    return this.drafted === null || !this.editor.isAt(this.drafted);
  }

  /** Keeps what is not saved; called when the page may be going away. */
  async flushDraft(): Promise<void> {
    clearTimeout(this.draftTimer);
    if (this.current.save.dirty) await this.keepDraft();
  }

  /** Forgets the person's changes for good. */
  async discardChanges(): Promise<void> {
    clearTimeout(this.draftTimer);
    await this.services.drafts.discard(this.path);
  }

  /** Whoever shows the file without its text says where the keys go. */
  attachViewer(focus: () => void): Disposable {
    this.viewerFocus = focus;
    return toDisposable(() => (this.viewerFocus = () => undefined));
  }

  dispose(): void {
    this.owned.dispose();
    this.edits.dispose();
  }

  private async read(asText: boolean): Promise<Found> {
    const { api } = this.services.session;
    if (!isOfModel(this.path)) return readSurroundings(api, this.path);
    const { viewer } = this.current;
    const content = await api.read(this.path, SNIFFED_BYTES);
    const source = this.sourceOf(content.byteSize, content.etag);
    if (!asText && viewer?.reads === 'bytes') return { kind: 'bytes', viewer, source };
    if (content.bytes !== null) return this.decoded(content.bytes, source);
    const start = await readPart(source, 0, SNIFFED_BYTES);
    if (this.chosenEncoding === null && encodingOf(start) === null)
      return { kind: 'bytes', viewer: bytesViewer, source };
    const { bytes, byteSize, etag } = await api.read(this.path, LARGEST_TEXT_BYTES);
    const read = this.sourceOf(byteSize, etag);
    return bytes === null
      ? { kind: 'bytes', viewer: longTextViewer, source: read }
      : this.decoded(bytes, read);
  }

  private decoded(bytes: Uint8Array, source: FileSource): Found {
    const encoding = this.chosenEncoding;
    const text = encoding && decode(bytes, encoding);
    const found = encoding && text !== null ? { text, encoding } : decodeText(bytes);
    return found ? { kind: 'text', ...found, source } : { kind: 'bytes', viewer: bytesViewer, source };
  }

  private sourceOf(byteSize: number, etag: string): FileSource {
    const { path } = this;
    const url = `${this.services.session.api.fileUrl(path)}?version=${encodeURIComponent(etag)}`;
    return { path, url, byteSize, etag };
  }

  private showBytes({ viewer, source }: Extract<Found, { kind: 'bytes' }>): void {
    this.set({ content: { kind: 'bytes' }, viewer, source, shown: 'viewer' });
    this.apply({ type: 'loaded', etag: source.etag, dirty: false });
  }

  private edit({ text, encoding }: DecodedText, source: FileSource | null): void {
    const { createEditor, features } = this.services;
    const readOnly = isOfModel(this.path) ? '' : texts.readOnly(this.path);
    const editor = this.owned.add(createEditor({ text, path: this.path, features, readOnly }));
    this.owned.add(editor.onChange(() => this.edited(editor)));
    this.owned.add(editor.onSave(() => this.services.session.commands.run('files.save')));
    const { problems } = this.services.session;
    this.owned.defer(
      problems.all.subscribe((found) => editor.setProblems(found.filter(({ path }) => path === this.path))),
    );
    this.set({ content: { kind: 'text', editor, encoding }, source });
    this.saved = this.now(editor);
    this.apply({ type: 'loaded', etag: source?.etag ?? null, dirty: false });
  }

  private now(editor: EditorPort): EditedText {
    const { content } = this.current;
    return { version: editor.version(), encoding: content.kind === 'text' ? content.encoding : 'utf-8' };
  }

  private differs(editor: EditorPort, from: EditedText): boolean {
    return !editor.isAt(from.version) || this.now(editor).encoding !== from.encoding;
  }

  private async restore(draft: Draft): Promise<void> {
    const { editor } = this;
    if (!editor || draft.text === editor.text()) return this.services.drafts.discard(this.path);
    const onDisk = this.current.save.etag;
    editor.setText(draft.text);
    this.apply({ type: 'loaded', etag: draft.etag, dirty: true });
    this.apply({ type: 'found_on_disk', etag: onDisk });
    this.drafted = editor.version();
    this.set({ restoredFrom: draft.editedAt });
  }

  private edited(editor: EditorPort): void {
    if (this.saved === null) return;
    const dirty = this.differs(editor, this.saved);
    this.apply({ type: 'edited', dirty });
    clearTimeout(this.draftTimer);
    this.draftTimer = setTimeout(() => void this.keepDraft(), DRAFT_DELAY_MS);
    this.edits.fire();
  }

  private async keepDraft(): Promise<void> {
    const { editor } = this;
    const { dirty, etag } = this.current.save;
    if (!editor || !dirty) return this.services.drafts.discard(this.path);
    const version = editor.version();
    const draft = { path: this.path, text: editor.text(), etag, editedAt: Date.now() / 1000 };
    if (await this.services.drafts.keep(draft)) this.drafted = version;
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
    const written = this.now(editor);
    this.apply({ type: 'save_started' });
    try {
      const entry = await this.services.session.api.write(
        this.path,
        bytesOf(editor, written.encoding),
        expected,
      );
      this.saved = written;
      this.set({ source: this.sourceOf(entry.byte_size, entry.etag ?? '') });
      this.apply({ type: 'saved', etag: entry.etag ?? '', dirty: this.differs(editor, written) });
    } catch (error) {
      this.apply({ type: 'save_failed' });
      return this.saveFailed(error);
    }
    this.set({ restoredFrom: null, saveProblem: null });
    if (this.current.save.dirty) await this.flushDraft();
    else await this.services.drafts.discard(this.path);
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
async function readSurroundings(api: ModelApi, path: string): Promise<Found> {
  const text = await api.readSource(path);
  return {
    kind: 'text',
    text,
    encoding: 'utf-8',
    source: { path, url: '', byteSize: text.length, etag: '' },
  };
}

type Found =
  | ({ readonly kind: 'text'; readonly source: FileSource } & DecodedText)
  | { readonly kind: 'bytes'; readonly viewer: Viewer; readonly source: FileSource };

/** A text as it is saved. */
interface EditedText {
  readonly version: Version;
  readonly encoding: Encoding;
}

function seenFirst(path: string): Pick<FileView, 'viewer' | 'shown'> {
  const viewer = isOfModel(path) ? viewerOf(path) : null;
  return { viewer, shown: viewer === null || viewer.asText === 'first' ? 'text' : 'viewer' };
}

/** Some of the text cannot be written in its encoding. */
export class UnwritableText extends Error {
  override readonly name = 'UnwritableText';

  constructor(
    readonly line: number,
    readonly column: number,
    message: string,
  ) {
    super(message);
  }
}

function bytesOf(editor: EditorPort, encoding: Encoding): Blob {
  const text = editor.text();
  const encoded = encode(text, encoding);
  if ('bytes' in encoded) return new Blob([encoded.bytes]);
  const { character, index } = encoded.missing;
  const before = text.slice(0, index).split('\n');
  const [line, column] = [before.length, (before.at(-1)?.length ?? 0) + 1];
  const whole = character.isWellFormed() ? character : null;
  const message = texts.saving.unwritable(encodingLabel(encoding), whole, { line, column });
  throw new UnwritableText(line, column, message);
}
