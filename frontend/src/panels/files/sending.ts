/** One file on its way: small ones at once, others in parts, which go on where a broken connection has left them. */

import { hasCode, isOutOfReach, type ModelApi, messageOf } from '../../services/api.ts';
import { texts } from '../../texts/uploads.ts';
import type { Entry, Upload } from '../../wire.ts';

type Api = Pick<ModelApi, 'upload' | 'beginUpload' | 'uploadProgress' | 'appendToUpload' | 'cancelUpload'>;

export interface Way {
  /** The file with this etag, any ('*'), or none (null). */
  readonly expected: string | null;
  readonly signal: AbortSignal;
  onProgress(sentBytes: number): void;
  /** After so many failures in a row, until it is worth another try. */
  whenBack(failures: number): Promise<void>;
}

/** Below, a second request costs more than sending it all again. */
export const WHOLE_BYTES = 1 << 20;
const BEGINNINGS = 3;

/** Rejects with an AbortError once it was cancelled, and with what the server refuses. */
export async function sendFile(api: Api, path: string, file: File, way: Way): Promise<Entry> {
  if (file.size <= WHOLE_BYTES) return sendWhole(api, path, file, way);
  for (let beginning = 1; ; beginning += 1) {
    try {
      return await sendInParts(api, path, file, way);
    } catch (error) {
      // The server was started again, and has forgotten what came.
      if (!hasCode(error, 'upload_not_found') || beginning === BEGINNINGS) throw error;
    }
  }
}

function sendWhole(api: Api, path: string, file: File, way: Way): Promise<Entry> {
  return patiently(file, way, async (isAgain) => {
    try {
      return await api.upload(path, file, way);
    } catch (error) {
      // It may have been saved by the try whose answer was lost: replacing it with the same is no loss.
      if (isAgain && way.expected === null && hasCode(error, 'file_changed')) {
        return api.upload(path, file, { ...way, expected: '*' });
      }
      throw error;
    }
  });
}

async function sendInParts(api: Api, path: string, file: File, way: Way): Promise<Entry> {
  const begun = await patiently(file, way, () =>
    api.beginUpload({ path, byte_size: file.size, expected: way.expected }),
  );
  try {
    for (;;) {
      const { entry } = await patiently(file, way, (isAgain) => goOn(api, begun, file, way, isAgain));
      if (entry !== null) return entry;
    }
  } catch (error) {
    if (way.signal.aborted) await forget(api, begun);
    throw error;
  }
}

async function goOn(api: Api, begun: Upload, file: File, way: Way, isAgain: boolean): Promise<Upload> {
  const known = isAgain ? await api.uploadProgress(begun.id) : begun;
  if (known.entry !== null) return known;
  const offset = known.received_bytes;
  way.onProgress(offset);
  return api.appendToUpload(begun.id, offset, file.slice(offset), {
    signal: way.signal,
    onProgress: (sentBytes) => way.onProgress(offset + sentBytes),
  });
}

/** Again and again while the server cannot be reached. */
async function patiently<T>(file: File, way: Way, work: (isAgain: boolean) => Promise<T>): Promise<T> {
  for (let failures = 0; ; ) {
    way.signal.throwIfAborted();
    try {
      return await work(failures > 0);
    } catch (error) {
      if (!isOutOfReach(error) && !hasCode(error, 'upload_out_of_step')) throw error;
      await requireReadable(file);
      failures += 1;
      await way.whenBack(failures);
    }
  }
}

/** A file that is gone from the person's disk looks like a broken connection. */
async function requireReadable(file: File): Promise<void> {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch (error) {
    throw new Error(texts.unreadable(file.name, messageOf(error)));
  }
}

/** Not to be waited for: the server gives up by itself what nobody goes on with. */
async function forget(api: Api, { id }: Upload): Promise<void> {
  try {
    await api.cancelUpload(id);
  } catch (error) {
    if (!isOutOfReach(error) && !hasCode(error, 'upload_not_found')) throw error;
  }
}
