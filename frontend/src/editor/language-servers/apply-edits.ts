/** Makes a server's edits in all files: in the editors of those that are open, on disk in the others. */

import { hasCode, messageOf } from '../../services/api.ts';
import { showWriteError } from '../../services/filesystem-full.ts';
import type { ModelSession } from '../../services/session.ts';
import { texts } from '../../texts/languages.ts';
import type { FindOpen } from '../editor-features.ts';
import { encode, encodingLabel } from '../encodings.ts';
import type { OpenFile } from '../open-file.ts';
import { decodeText } from '../text-file.ts';
import { edited, type FileEdits, UnusableEdit } from './workspace-edit.ts';

const LARGEST_BYTES = 5 * 2 ** 20;

interface Prepared {
  readonly path: string;
  write(): Promise<void>;
}

/** Everything is read and worked out before anything is written, so that what cannot be done is not half done.
 *
 * A file without unsaved changes is saved afterwards, one with such stays unsaved. A write that fails ends it: the person is
 * told which files were changed and which were not. False then.
 */
export async function applyEdits(
  session: ModelSession,
  findOpen: FindOpen,
  files: readonly FileEdits[],
): Promise<boolean> {
  const prepared = await Promise.all(files.map((file) => prepare(session, findOpen, file)));
  const done: string[] = [];
  for (const { path, write } of prepared) {
    try {
      await write();
      done.push(path);
    } catch (error) {
      const missing = prepared.map((file) => file.path).filter((other) => !done.includes(other));
      await tellUnfinished(session, error, { done, missing });
      return false;
    }
  }
  return true;
}

async function prepare(session: ModelSession, findOpen: FindOpen, file: FileEdits): Promise<Prepared> {
  const open = findOpen(file.path);
  return open?.editor ? inEditor(open, file) : onDisk(session, file);
}

function inEditor(open: OpenFile, { path, edits }: FileEdits): Prepared {
  return {
    path,
    async write() {
      const wasSaved = !open.state.save.dirty;
      open.editor?.applyEdits(edits);
      if (!wasSaved) return;
      const outcome = await open.save();
      if (outcome.kind === 'failed') throw outcome.error;
      if (outcome.kind === 'changed') throw new Error(texts.edits.changedBefore(path));
    },
  };
}

async function onDisk({ api }: ModelSession, { path, edits }: FileEdits): Promise<Prepared> {
  const { bytes, etag } = await api.read(path, LARGEST_BYTES);
  const decoded = bytes === null ? null : decodeText(bytes);
  if (!decoded) throw new UnusableEdit(texts.edits.notText(path));
  const encoded = encode(edited(decoded.text, edits), decoded.encoding);
  if ('missing' in encoded)
    throw new UnusableEdit(
      texts.edits.unwritable(path, encoded.missing.character, encodingLabel(decoded.encoding)),
    );
  return {
    path,
    async write() {
      try {
        await api.write(path, new Blob([encoded.bytes]), etag);
      } catch (error) {
        if (!hasCode(error, 'file_changed')) throw error;
        throw new Error(texts.edits.changedMeanwhile(path));
      }
    },
  };
}

async function tellUnfinished(
  session: ModelSession,
  error: unknown,
  files: { done: readonly string[]; missing: readonly string[] },
): Promise<void> {
  await showWriteError(session, texts.edits.unfinished(files), error);
  session.announce(texts.edits.unfinishedSaid(messageOf(error)));
}
