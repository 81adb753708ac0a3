// Answers the host's requests, one after the other.

import { existsSync } from "node:fs";
import { basename, join } from "node:path";

import { Code, FILES, loadingStackOf, Missing, stackOf } from "./code.js";
import { Connection } from "./connection.js";
import { Tracker } from "./tracker.js";
import { InvalidOutput, parametersOf, sendOutputs, sendState, stateOf } from "./values.js";

const MAX_DETAILS = 10_000;

const HINTS = {
  createModelState: "export function createModelState(params) { return Buffer.from('...') }",
  instantiateModel: "export function instantiateModel(state) { }",
  evaluate: "export function evaluate(params) { return { output: ... } }",
  train: "export function train(params, tracker) { }",
  getModelState: "export function getModelState() { return Buffer.from('...') }",
  dispose: "export function dispose() { }",
};

/** The request did not succeed; `header` says why in the words of the protocol. */
class Failed extends Error {
  constructor(kind, message, details = "") {
    super(message);
    this.header = { kind, message: cut(message), details: cut(details) };
  }
}

export async function serve(folder, descriptor) {
  const connection = new Connection(descriptor);
  const runner = new Runner(folder, connection);
  connection.send({ type: "ready", language: "node", version: process.versions.node });
  for await (const request of connection.requests()) await runner.answer(request);
}

class Runner {
  #path;
  #connection;
  #code = new Code();

  constructor(folder, connection) {
    this.#path = join(folder, FILES.find((name) => existsSync(join(folder, name))) ?? FILES[0]);
    this.#connection = connection;
  }

  async answer(request) {
    this.#connection.send({ id: request.id, ...(await this.#outcome(request)) });
  }

  async #outcome(request) {
    try {
      await this.#handle(request);
      return { type: "returned", functions: this.#code.functions() };
    } catch (error) {
      return { type: "failed", ...this.#failure(error) };
    }
  }

  async #handle(request) {
    switch (request.function ?? "load") {
      case "load":
        return this.#load();
      case "createModelState":
        return sendState(await this.#call(request, await this.#parameters(request)), "createModelState", this.#connection);
      case "instantiateModel":
        return this.#code.instantiate(await stateOf(request.state, this.#connection));
      case "evaluate":
        return sendOutputs(await this.#call(request, await this.#parameters(request)), this.#connection);
      case "train":
        return this.#train(request);
      case "getModelState":
        return sendState(await this.#call(request), "getModelState", this.#connection);
      case "dispose":
        return this.#call(request);
      default:
        throw new Failed("exception", `expected the name of a function, got ${request.function}`);
    }
  }

  async #load() {
    try {
      await this.#code.load(this.#path);
    } catch (error) {
      const file = basename(this.#path);
      if (error?.unreadable) throw new Failed("read_executable_file_failed", `${file} could not be read: ${error.message}`);
      if (!(error instanceof SyntaxError || isMissingModule(error))) throw error;
      const details = logged(loadingStackOf(error, this.#path));
      throw new Failed("invalid_executable_file", `${file} could not be loaded: ${summary(error)}`, details);
    }
  }

  async #train(request) {
    const tracker = new Tracker(this.#connection, request.id);
    await this.#call(request, await this.#parameters(request), tracker);
    if (tracker.failure !== null) throw new Failed("exception", `train reported a failure: ${tracker.failure}`);
  }

  #call(request, ...given) {
    return this.#code.call(request.function, ...given);
  }

  #parameters(request) {
    return parametersOf(request.parameters, this.#connection);
  }

  #failure(error) {
    if (error instanceof Failed) return error.header;
    if (error instanceof InvalidOutput) return { kind: "invalid_output", message: cut(error.message) };
    if (error instanceof Missing) {
      const hint = HINTS[error.function];
      const message = `${basename(this.#path)} exports no function ${error.function}. Add it: ${hint}`;
      return { kind: "missing_function", message };
    }
    return { kind: "exception", message: cut(summary(error)), details: cut(logged(stackOf(error))) };
  }
}

function isMissingModule(error) {
  return ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND", "ERR_UNKNOWN_FILE_EXTENSION"].includes(error?.code);
}

function summary(error) {
  return error instanceof Error ? `${error.name}: ${error.message}` : `Thrown: ${String(error)}`;
}

/** The whole of it goes to the log, however long. */
function logged(text) {
  process.stderr.write(`${text}\n`);
  return text;
}

/** The end of a traceback may matter as much as its start, so the middle goes. */
function cut(text) {
  if (text.length <= MAX_DETAILS) return text;
  const omitted = "\n...\n";
  const half = (MAX_DETAILS - omitted.length) / 2;
  return text.slice(0, Math.floor(half)) + omitted + text.slice(text.length - Math.floor(half));
}
