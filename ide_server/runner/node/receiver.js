// A worker thread that reads the host's socket, so that a cancel is noticed while the person's code blocks the main thread.

import { Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

import { FrameReader } from "./frames.js";

const { descriptor, cancelled } = workerData;
const socket = new Socket({ fd: descriptor, readable: true, writable: false });
const frames = new FrameReader();

socket.on("data", (bytes) => {
  for (const frame of frames.feed(bytes)) {
    if (frame.header.type === "cancel") Atomics.store(cancelled, 0, frame.header.id);
    parentPort.postMessage(frame);
  }
});
const end = () => parentPort.postMessage(null);
socket.on("end", end);
socket.on("error", end);
