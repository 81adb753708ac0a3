// The runner's end of the socket to the host: a worker reads it, the main thread writes it synchronously.

import { writeSync } from "node:fs";
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";

import { CHUNK_BYTES, encode } from "./frames.js";

export class Connection {
  #descriptor;
  #port;
  #requests = [];
  #waiting = null;
  #answered = new Map();
  #chunk = new Uint8Array(new SharedArrayBuffer(CHUNK_BYTES));
  #readId = 0;
  #arrived = new Int32Array(new SharedArrayBuffer(4));
  #pause = new Int32Array(new SharedArrayBuffer(4));

  /** The id of the request that the person wants stopped, readable even while code blocks this thread. */
  cancelled = new Int32Array(new SharedArrayBuffer(4));
  onCancel = () => {};

  constructor(descriptor) {
    this.#descriptor = descriptor;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on("message", (header) => this.#dispatch(header));
    new Worker(new URL("./receiver.js", import.meta.url), {
      workerData: { descriptor, port: port2, arrived: this.#arrived, cancelled: this.cancelled, chunk: this.#chunk },
      transferList: [port2],
    });
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
      yield this.#requests.shift();
    }
  }

  /** Bytes of something the host holds, fetched in chunks. Blocks this thread meanwhile. */
  read(blob, offset, byteSize) {
    const data = Buffer.allocUnsafeSlow(byteSize);
    for (let filled = 0; filled < byteSize; ) {
      const size = this.#readChunk(blob, offset + filled, Math.min(CHUNK_BYTES, byteSize - filled));
      data.set(this.#chunk.subarray(0, size), filled);
      filled += size;
    }
    return data;
  }

  /** Into #chunk; how much it is. */
  #readChunk(blob, offset, size) {
    const id = ++this.#readId;
    this.send({ type: "read", id, blob, offset, size });
    while (!this.#answered.has(id)) this.#receive();
    const read = this.#answered.get(id);
    this.#answered.delete(id);
    if (!read) throw new Error("Data can be read only until the function that was given it has returned.");
    return read;
  }

  #receive() {
    const seen = Atomics.load(this.#arrived, 0);
    const received = receiveMessageOnPort(this.#port);
    if (received) this.#dispatch(received.message);
    else Atomics.wait(this.#arrived, 0, seen);
  }

  #dispatch(header) {
    if (header === null) process.exit(1); // the host is gone: nobody is left to answer
    if (header.type === "data") this.#answered.set(header.id, header.parts[0]);
    else if (header.type === "cancel") this.onCancel(header.id);
    else {
      this.#requests.push(header);
      this.#waiting?.();
    }
  }
}
