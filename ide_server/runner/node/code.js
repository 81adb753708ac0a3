// The person's code: index.js, index.mjs or index.ts, its functions found and called.

import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";

export const FILES = ["index.js", "index.mjs", "index.ts"];
const FUNCTIONS = ["createModelState", "instantiateModel", "evaluate", "train", "getModelState", "dispose"];
const OF_AN_INSTANCE = ["evaluate", "train", "getModelState", "dispose"];

export class Missing extends Error {
  constructor(name) {
    super(name);
    this.function = name;
  }
}

export class Code {
  #exported = {};
  #instance = null;

  /** Import the file at `path`. Throws what its code throws, or an error with `unreadable` set. */
  async load(path) {
    try {
      accessSync(path, constants.R_OK);
    } catch (error) {
      throw Object.assign(error, { unreadable: true });
    }
    const imported = await import(pathToFileURL(path).href);
    // A CommonJS module's exports come as `default`.
    this.#exported = { ...imported, ...(typeof imported.default === "object" ? imported.default : {}) };
  }

  /** What can be called, or will be once instantiateModel has returned an instance. */
  functions() {
    return FUNCTIONS.filter((name) => this.#find(name) || this.#inAClass(name));
  }

  async instantiate(state) {
    this.#instance = (await this.call("instantiateModel", state)) ?? null;
  }

  async call(name, ...given) {
    const callee = this.#find(name);
    if (!callee) throw new Missing(name);
    return await callee(...given);
  }

  /** An instance made by instantiateModel answers for its own methods, the module for all else. */
  #find(name) {
    const method = OF_AN_INSTANCE.includes(name) ? this.#instance?.[name] : undefined;
    if (typeof method === "function") return method.bind(this.#instance);
    return typeof this.#exported[name] === "function" ? this.#exported[name] : undefined;
  }

  /** A class that the module exports, or an instance not made yet: its methods count where instantiateModel exists. */
  #inAClass(name) {
    if (!OF_AN_INSTANCE.includes(name) || typeof this.#exported.instantiateModel !== "function") return false;
    return Object.values(this.#exported).some((value) => typeof value?.prototype?.[name] === "function");
  }
}

/** The stack as the person should read it: their frames only, plain paths. */
export function stackOf(error) {
  if (!(error instanceof Error)) return `Thrown: ${String(error)}`;
  const runner = new URL(".", import.meta.url).href;
  const lines = String(error.stack ?? error).split("\n");
  const theirs = lines.filter((line) => !/^\s+at /.test(line) || !(line.includes(runner) || line.includes("node:")));
  const cause = error.cause === undefined ? "" : `\nCaused by: ${stackOf(error.cause)}`;
  return theirs.join("\n").replaceAll("file://", "") + cause;
}

/**
 * The stack of an error in loading `path`. Node tells the file and line of a syntax error only to the terminal,
 * so a second Node is asked; it runs no code, as linking fails first.
 */
export function loadingStackOf(error, path) {
  const stack = stackOf(error);
  if (!(error instanceof SyntaxError) || /:\d+\n/.test(stack)) return stack;
  const told = spawnSync(process.execPath, [path], { encoding: "utf8", timeout: 10_000, maxBuffer: 1 << 20 }).stderr ?? "";
  const where = told.split(/\n\s+at /)[0].replaceAll("file://", "");
  return where.includes(error.message) ? where.slice(where.search(/^\S+:\d+$/m)) : `${basename(path)}: ${stack}`;
}
