// A worker thread that reads the host's socket, so that a cancel is noticed, and data arrives, while the person's code blocks
// the main thread.

import { Socket } from "node:net";
import { workerData } from "node:worker_threads";

import { FrameReader } from "./frames.js";

const { descriptor, port, arrived, cancelled } = workerData;
const socket = new Socket({ fd: descriptor, readable: true, writable: false });
const frames = new FrameReader();

function hand(message) {
  port.postMessage(message);
  Atomics.add(arrived, 0, 1);
  Atomics.notify(arrived, 0);
}

socket.on("data", (bytes) => {
  for (const frame of frames.feed(bytes)) {
    if (frame.header.type === "cancel") Atomics.store(cancelled, 0, frame.header.id);
    hand(frame);
  }
});
socket.on("end", () => hand(null));
socket.on("error", () => hand(null));
