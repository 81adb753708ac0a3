// What train(params, tracker) reports through, and how it learns that it should stop.

import { unpack } from "./packed.js";
import { ARRAYS, elementsOf } from "./tensors.js";
import { sendState, tensorOf } from "./values.js";

const MAX_ELEMENTS = 10_000;

export class Tracker {
  #connection;
  #requestId;
  #callbacks = [];
  #steps = new Map();
  #ended = false;
  failure = null;

  constructor(connection, requestId) {
    this.#connection = connection;
    this.#requestId = requestId;
    connection.onCancel = (id) => id === requestId && this.#callbacks.forEach((callback) => callback());
  }

  /** True once the person has pressed Stop: return soon, or the launcher is ended. */
  get cancelled() {
    return Atomics.load(this.#connection.cancelled, 0) === this.#requestId;
  }

  /** Call `callback()` when the person presses Stop. Code that never awaits should look at `cancelled` instead. */
  onCancel(callback) {
    this.#callbacks.push(callback);
    if (this.cancelled) callback();
  }

  on_cancel(callback) {
    this.onCancel(callback);
  }

  /** How much is done, from 0 to 1. */
  progress(fraction) {
    this.#send({ type: "progress", fraction: Math.min(1, Math.max(0, finite(fraction) ?? 0)) });
  }

  /**
   * Points of curves: [[name, value], ...], {name: value} or [{name, value}]; a value may be an array. Without `step` each
   * name counts its own.
   */
  metrics(metrics, step) {
    const points = [];
    for (const [name, value] of pairsOf(metrics)) {
      const number = numberOf(value);
      const at = this.#step(name, step);
      if (typeof number === "object" && number !== null) this.#sendTensor(name, at, number);
      else points.push([String(name), at, number]);
    }
    if (points.length) this.#send({ type: "metrics", metrics: points });
  }

  /**
   * Keep what was learned so far, as bytes or a mapping from key to bytes; it takes the place of the last one. A training that
   * does not come to its end can be started again with it as its state.
   */
  checkpoint(state) {
    this.#checkRunning();
    sendState(state, "tracker.checkpoint", this.#connection, "checkpoint");
    this.#send({ type: "checkpointed" });
  }

  /** Let the operation end as failed, for this reason, when train returns. */
  failed(reason) {
    this.failure = String(reason);
  }

  #step(name, step = this.#steps.get(name) ?? 0) {
    this.#steps.set(name, step + 1);
    return Math.trunc(step);
  }

  #sendTensor(name, step, { type, shape, payload }) {
    const header = { type: "metric_tensor", name: String(name), step, element_type: type, shape };
    this.#send(header, Buffer.concat(payload));
  }

  /** What the code goes on to say is no longer of this training. */
  end() {
    this.#ended = true;
  }

  #send(header, ...parts) {
    this.#checkRunning();
    this.#connection.send(header, ...parts);
  }

  #checkRunning() {
    if (this.#ended) throw new Error("A tracker can be used only until train has returned.");
  }
}

function pairsOf(metrics) {
  if (!Array.isArray(metrics)) return Object.entries(metrics);
  return metrics.map((item) => (Array.isArray(item) ? item : [item.name, item.value]));
}

/** A number that JSON can hold, null for NaN and the infinities; a tensor of more than one. */
function numberOf(value) {
  if (!(Array.isArray(value) || ArrayBuffer.isView(value) || typeof value?.serialize === "function")) return finite(value);
  const tensor = Buffer.isBuffer(value) ? unpack(value) : tensorOf(value, "a metric");
  if (!(tensor.type in ARRAYS)) throw new TypeError(`expected a number or an array of numbers as a metric, got ${tensor.type}`);
  const elements = elementsOf(tensor);
  if (elements.length === 1) return finite(elements[0]);
  if (elements.length <= MAX_ELEMENTS) return tensor;
  throw new RangeError(`expected at most ${MAX_ELEMENTS} elements in a metric, got ${elements.length}`);
}

/** A number that JSON can hold, null for NaN and the infinities. */
function finite(value) {
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}
