// A worker thread that reads the host's socket, so that a cancel is noticed, and data arrives, while the person's code blocks
// the main thread.

import { Socket } from "node:net";
import { workerData } from "node:worker_threads";

import { FrameReader } from "./frames.js";

const { descriptor, port, arrived, cancelled, chunk } = workerData;
const frames = new FrameReader();

function hand(message) {
  port.postMessage(message);
  Atomics.add(arrived, 0, 1);
  Atomics.notify(arrived, 0);
}

/** What was read goes through memory that both threads have; the main thread reads one chunk at a time. */
function take({ header, parts }) {
  if (header.type === "cancel") Atomics.store(cancelled, 0, header.id);
  if (header.type === "data") chunk.set(parts[0]);
  if (header.type === "call") header.inlined = header.inline.map((blob, index) => [blob, Uint8Array.from(parts[index])]);
  hand(header);
}

const socket = new Socket({
  fd: descriptor,
  readable: true,
  writable: false,
  onread: {
    buffer: Buffer.allocUnsafeSlow(1 << 16),
    callback(size, buffer) {
      for (const frame of frames.feed(buffer.subarray(0, size))) take(frame);
      return true;
    },
  },
});
socket.on("end", () => hand(null));
socket.on("error", () => hand(null));
socket.resume();
