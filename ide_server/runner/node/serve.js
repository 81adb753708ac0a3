// Answers the host's requests, one after the other.

import { existsSync } from "node:fs";
import { basename, join } from "node:path";

import { Call, TrainFailed } from "./calls.js";
import { Code, FILES, isMissingModule, loadingStackOf, Missing, problemOf, stackOf, summary, syntaxErrorOf } from "./code.js";
import { Connection } from "./connection.js";
import { InvalidOutput } from "./values.js";

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
  constructor(kind, message, details = "", problems = []) {
    super(message);
    this.header = { kind, message: cut(message), details: cut(details), problems };
  }
}

export async function serve(folder, descriptor) {
  const connection = new Connection(descriptor);
  const runner = new Runner(folder, connection);
  connection.send({ type: "ready", language: "node", version: process.versions.node, restarts: false });
  for await (const request of connection.requests()) await runner.answer(request);
}

class Runner {
  #folder;
  #path;
  #connection;
  #code = new Code();

  constructor(folder, connection) {
    this.#folder = folder;
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

  #handle(request) {
    if (request.type === "check") return this.#check();
    if (request.type === "load") return this.#load();
    return new Call(this.#code, this.#connection, request).run();
  }

  #check() {
    const told = syntaxErrorOf(this.#path);
    if (!told) return;
    const message = /^\w*Error: (.*)$/m.exec(told)?.[1] ?? told;
    const problem = problemOf(new SyntaxError(message), told, this.#path, this.#folder);
    throw new Failed("invalid_executable_file", "There are syntax errors.", "", [problem]);
  }

  async #load() {
    try {
      await this.#code.load(this.#path);
    } catch (error) {
      throw this.#loadFailure(error);
    }
  }

  #loadFailure(error) {
    const file = basename(this.#path);
    if (error?.unreadable) return new Failed("read_executable_file_failed", `${file} could not be read: ${error.message}`);
    const details = logged(loadingStackOf(error, this.#path));
    const problems = [problemOf(error, details, this.#path, this.#folder)];
    if (!(error instanceof SyntaxError || isMissingModule(error))) {
      return new Failed("exception", summary(error), details, problems);
    }
    return new Failed("invalid_executable_file", `${file} could not be loaded: ${summary(error)}`, details, problems);
  }

  #failure(error) {
    if (error instanceof Failed) return error.header;
    if (error instanceof TrainFailed) return { kind: "exception", message: cut(error.message) };
    if (error instanceof InvalidOutput) return { kind: "invalid_output", message: cut(error.message) };
    if (error instanceof Missing) {
      const hint = HINTS[error.function];
      const message = `${basename(this.#path)} exports no function ${error.function}. Add it: ${hint}`;
      return { kind: "missing_function", message };
    }
    return { kind: "exception", message: cut(summary(error)), details: cut(logged(stackOf(error))) };
  }
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
