// The runner's end of the socket to the host: a worker reads it, the main thread writes it synchronously.

import { writeSync } from "node:fs";
import { Worker } from "node:worker_threads";

import { CHUNK_BYTES, encode } from "./frames.js";

export class Connection {
  #descriptor;
  #requests = [];
  #waiting = null;
  #reads = new Map();
  #readId = 0;
  #pause = new Int32Array(new SharedArrayBuffer(4));

  /** The id of the request that the person wants stopped, readable even while code blocks this thread. */
  cancelled = new Int32Array(new SharedArrayBuffer(4));
  onCancel = () => {};

  constructor(descriptor) {
    this.#descriptor = descriptor;
    const worker = new Worker(new URL("./receiver.js", import.meta.url), {
      workerData: { descriptor, cancelled: this.cancelled },
    });
    worker.on("message", (frame) => this.#dispatch(frame));
  }

  send(header, ...parts) {
    let data = encode(header, parts);
    while (data.length) {
      try {
        data = data.subarray(writeSync(this.#descriptor, data));
      } catch (error) {
        // The worker's event loop has made the socket non-blocking: wait until the host has read some.
        if (error.code !== "EAGAIN") throw error;
        Atomics.wait(this.#pause, 0, 0, 1);
      }
    }
  }

  /** What the host asks, in order, until it closes the socket. */
  async *requests() {
    for (;;) {
      if (!this.#requests.length) await new Promise((resolve) => (this.#waiting = resolve));
      const request = this.#requests.shift();
      if (request === null) return;
      yield request;
    }
  }

  /** The bytes of something the host holds, fetched in chunks. */
  async read(blob, byteSize) {
    const chunks = [];
    for (let offset = 0; offset < byteSize; offset += chunks.at(-1).length) {
      chunks.push(await this.#readChunk(blob, offset, Math.min(CHUNK_BYTES, byteSize - offset)));
    }
    return Buffer.concat(chunks);
  }

  #readChunk(blob, offset, size) {
    const id = ++this.#readId;
    this.send({ type: "read", id, blob, offset, size });
    return new Promise((resolve) => this.#reads.set(id, resolve));
  }

  #dispatch(frame) {
    if (frame === null) process.exit(1); // the host is gone: nobody is left to answer
    const { header, parts } = frame;
    if (header.type === "data") {
      this.#reads.get(header.id)(parts[0]);
      this.#reads.delete(header.id);
    } else if (header.type === "cancel") {
      this.onCancel(header.id);
    } else {
      this.#requests.push(header);
      this.#waiting?.();
    }
  }
}
