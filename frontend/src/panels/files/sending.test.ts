import { expect, test } from 'vitest';
import { ApiError, type Expected, type Sending } from '../../services/api.ts';
import type { Entry, NewUpload, Upload, UploadId } from '../../wire.ts';
import { sendFile, WHOLE_BYTES } from './sending.ts';

const ID = 'u' as UploadId;
const LARGE = new File([new Uint8Array(WHOLE_BYTES + 10)], 'large');
const SMALL = new File(['small'], 'small');
const offline = (): ApiError => new ApiError('offline', 'gone', 0);

/** A server that does, one after the other, what it is told, and else what it should. */
class FakeServer {
  received = 0;
  entry: Entry | null = null;
  readonly calls: string[] = [];

  constructor(private readonly failures: (ApiError | null)[]) {}

  upload(_path: string, content: Blob, { expected }: Sending & { expected: Expected }): Promise<Entry> {
    return this.next(`PUT ${expected}`, () => this.put(content.size));
  }

  beginUpload({ byte_size }: NewUpload): Promise<Upload> {
    this.received = 0;
    return this.next('POST', () => this.state(byte_size));
  }

  uploadProgress(): Promise<Upload> {
    return this.next('GET', () => this.state());
  }

  appendToUpload(_: UploadId, offset: number, rest: Blob, sending: Sending): Promise<Upload> {
    return this.next(`PATCH ${offset}`, () => {
      sending.onProgress?.(rest.size);
      this.received = offset + rest.size;
      this.entry = this.put(this.received);
      return this.state();
    });
  }

  cancelUpload(): Promise<void> {
    return this.next('DELETE', () => undefined);
  }

  private state(byteSize = LARGE.size): Upload {
    return { id: ID, path: 'p', byte_size: byteSize, received_bytes: this.received, entry: this.entry };
  }

  private put(byteSize: number): Entry {
    const rest = { modified_at: 0, etag: '"e"', executable: false, link_target: null };
    return { name: 'p', path: 'p', kind: 'file', byte_size: byteSize, ...rest };
  }

  private async next<T>(call: string, work: () => T): Promise<T> {
    this.calls.push(call);
    const failure = this.failures.shift();
    if (failure) {
      // What was sent before the connection broke has come.
      if (call.startsWith('PATCH')) this.received = 1000;
      throw failure;
    }
    return work();
  }
}

function way(stop = new AbortController()) {
  const progress: number[] = [];
  return {
    progress,
    expected: null,
    signal: stop.signal,
    onProgress: (sentBytes: number) => void progress.push(sentBytes),
    whenBack: async () => undefined,
  };
}

test('a large file goes on where the connection broke', async () => {
  const server = new FakeServer([null, offline(), offline(), null, null]);
  const sending = way();
  expect((await sendFile(server, 'p', LARGE, sending)).byte_size).toBe(LARGE.size);
  expect(server.calls).toEqual(['POST', 'PATCH 0', 'GET', 'GET', 'PATCH 1000']);
  expect(sending.progress).toEqual([0, 1000, LARGE.size]);
});

test('an answer that was lost is asked for again', async () => {
  const server = new FakeServer([null, null]);
  server.appendToUpload = async () => {
    server.calls.push('PATCH lost');
    server.entry = { byte_size: 7 } as Entry;
    throw offline();
  };
  expect((await sendFile(server, 'p', LARGE, way())).byte_size).toBe(7);
  expect(server.calls).toEqual(['POST', 'PATCH lost', 'GET']);
});

test('what the server has forgotten is begun anew', async () => {
  const server = new FakeServer([null, offline(), new ApiError('upload_not_found', 'forgotten', 404)]);
  await sendFile(server, 'p', LARGE, way());
  expect(server.calls).toEqual(['POST', 'PATCH 0', 'GET', 'POST', 'PATCH 0']);
});

test('a small file is sent at once, and again over itself', async () => {
  const server = new FakeServer([offline(), new ApiError('file_changed', 'there', 412)]);
  await sendFile(server, 'p', SMALL, way());
  expect(server.calls).toEqual(['PUT null', 'PUT null', 'PUT *']);
});

test('a refusal is not tried again', async () => {
  const full = new ApiError('filesystem_full', 'full', 507);
  const server = new FakeServer([full]);
  await expect(sendFile(server, 'p', LARGE, way())).rejects.toBe(full);
  const changed = new FakeServer([new ApiError('file_changed', 'there', 412)]);
  await expect(sendFile(changed, 'p', SMALL, way())).rejects.toThrow('there');
});

test('a cancelled upload is given up at the server too', async () => {
  const stop = new AbortController();
  const server = new FakeServer([null, offline()]);
  const sending = { ...way(stop), whenBack: async () => stop.abort() };
  await expect(sendFile(server, 'p', LARGE, sending)).rejects.toMatchObject({ name: 'AbortError' });
  expect(server.calls).toEqual(['POST', 'PATCH 0', 'DELETE']);
});

test('a file that is gone from the disk is not waited for', async () => {
  const gone = new File(['x'], 'gone');
  gone.slice = () => ({ arrayBuffer: () => Promise.reject(new Error('not found')) }) as unknown as Blob;
  const server = new FakeServer([offline()]);
  await expect(sendFile(server, 'p', gone, way())).rejects.toThrow('gone cannot be read any more: not found');
});
