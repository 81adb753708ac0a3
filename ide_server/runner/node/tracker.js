// What train(params, tracker) reports through, and how it learns that it should stop.

export class Tracker {
  #connection;
  #requestId;
  #callbacks = [];
  #steps = new Map();
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
    this.#connection.send({ type: "progress", fraction: Math.min(1, Math.max(0, finite(fraction) ?? 0)) });
  }

  /** Points of curves: [[name, value], ...] or {name: value}. Without `step` each name counts its own. */
  metrics(metrics, step) {
    const pairs = Array.isArray(metrics) ? metrics : Object.entries(metrics);
    this.#connection.send({ type: "metrics", metrics: pairs.map(([name, value]) => this.#point(name, value, step)) });
  }

  /** Let the operation end as failed, for this reason, when train returns. */
  failed(reason) {
    this.failure = String(reason);
  }

  #point(name, value, step = this.#steps.get(name) ?? 0) {
    this.#steps.set(name, step + 1);
    return [String(name), Math.trunc(step), finite(value)];
  }
}

/** A number that JSON can hold, null for NaN and the infinities. */
function finite(value) {
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}
