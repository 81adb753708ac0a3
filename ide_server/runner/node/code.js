// The person's code: index.js, index.mjs or index.ts, its functions found and called. It comes in two forms: either it exports
// the functions; or its default export, or one named `model`, is an object with createModelState and instantiateModel.

import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";

export const FILES = ["index.js", "index.mjs", "index.ts"];
const FUNCTIONS = ["createModelState", "instantiateModel", "evaluate", "train", "getModelState", "dispose"];
const OF_AN_INSTANCE = ["evaluate", "train", "getModelState", "dispose"];
/** What the contract called them for a while. */
const OTHER_NAMES = { createModelState: "initializeWeights", getModelState: "getWeights" };
const MARKS_A_MODEL = ["createModelState", "instantiateModel", "initializeWeights"];
const PACKAGE = "/node_modules/@decthings/model/";

const { cache } = createRequire(import.meta.url);

export class Missing extends Error {
  constructor(name) {
    super(name);
    this.function = name;
  }
}

export class Code {
  #exported = {};
  #source = {};
  #text = "";
  #wasInstantiated = false;
  #instance = null;

  /** Import the file at `path`. Throws what its code throws, or an error with `unreadable` set. */
  async load(path) {
    try {
      accessSync(path, constants.R_OK);
    } catch (error) {
      throw Object.assign(error, { unreadable: true });
    }
    const imported = await import(pathToFileURL(path).href);
    // A CommonJS module's exports come as `default`; a default of its own is what a compiler made of `export default`.
    const common = cache[path] ? imported.default : undefined;
    const defaults = common ? common.default : imported.default;
    this.#exported = { ...imported, ...(isObject(defaults) ? defaults : {}), ...(isObject(common) ? common : {}) };
    const model = [defaults, this.#exported.model].find((each) => MARKS_A_MODEL.some((name) => functionOf(each, name)));
    this.#source = model ?? this.#exported;
    this.#text = [...Object.values(this.#exported), ...Object.values(model ?? {})].filter((each) => typeof each === "function").join();
  }

  /** Whether the functions are those of a model object. */
  get hasModel() {
    return this.#source !== this.#exported;
  }

  /** Whether the @decthings/model package made the model: it reads and returns values in bytes of its own. */
  get isPackaged() {
    return this.hasModel && Object.keys(cache).some((path) => path.includes(PACKAGE));
  }

  /** What can be called, or will be once instantiateModel has returned an instance. */
  functions() {
    const known = FUNCTIONS.filter((name) => this.#find(name));
    if (this.#wasInstantiated || !known.includes("instantiateModel")) return known;
    const foreseen = this.#foreseen(known);
    return FUNCTIONS.filter((name) => known.includes(name) || foreseen.includes(name));
  }

  async instantiate(...given) {
    this.#instance = (await this.call("instantiateModel", ...given)) ?? null;
    this.#wasInstantiated = true;
  }

  async call(name, ...given) {
    const callee = this.#find(name);
    if (!callee) throw new Missing(name);
    return await callee(...given);
  }

  /** An instance made by instantiateModel answers for its own methods, the module or model object for all else. */
  #find(name) {
    const method = OF_AN_INSTANCE.includes(name) ? methodOf(this.#instance, name) : undefined;
    return method ?? methodOf(this.#source, name);
  }

  /** Methods of exported classes, and what exported functions name so. One that names neither may still make both. */
  #foreseen(known) {
    const found = OF_AN_INSTANCE.filter((name) => this.#inAClass(name) || this.#inWords(name));
    return [...found, ...known].some((name) => name === "evaluate" || name === "train") ? found : OF_AN_INSTANCE;
  }

  #inAClass(name) {
    return Object.values(this.#exported).some((value) => functionOf(value?.prototype, name));
  }

  #inWords(name) {
    const names = [name, OTHER_NAMES[name]].filter(Boolean).join("|");
    return new RegExp(`\\b(${names})\\b\\s*[:(,}]`).test(this.#text);
  }
}

function methodOf(source, name) {
  const found = functionOf(source, name) ?? functionOf(source, OTHER_NAMES[name]);
  return found?.bind(source);
}

function functionOf(source, name) {
  const value = source?.[name];
  return typeof value === "function" ? value : undefined;
}

function isObject(value) {
  return typeof value === "object" && value !== null;
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
  const where = toldOf([path]);
  return where.includes(error.message) ? where : `${basename(path)}: ${stack}`;
}

/** What is wrong with the syntax of the file at `path`, in Node's words; "" if nothing is. Runs none of it. */
export function syntaxErrorOf(path) {
  return toldOf(["--check", path]);
}

function toldOf(given) {
  const told = spawnSync(process.execPath, given, { encoding: "utf8", timeout: 10_000, maxBuffer: 1 << 20 }).stderr ?? "";
  const where = told.split(/\n\s+at /)[0].replaceAll("file://", "");
  const start = where.search(/^\S+:\d+$/m);
  return start < 0 ? "" : where.slice(start);
}

/** Where the person's own file is at fault, as {path, line, column, message, kind}. */
export function problemOf(error, stack, path, folder) {
  const inside = (line) => line.includes(`${folder}/`) && !line.includes("/node_modules/");
  const at = stack.split("\n").filter(inside).map((line) => /(\/[^\s():]+):(\d+)(?::(\d+))?/.exec(line)).find(Boolean);
  const caret = stack.split("\n").find((line) => /^\s*\^+\s*$/.test(line));
  const isSyntax = error instanceof SyntaxError;
  const column = at?.[3] ?? (isSyntax && caret ? caret.indexOf("^") + 1 : 0);
  return {
    path: (at?.[1] ?? path).replace(`${folder}/`, ""),
    line: Number(at?.[2] ?? 0),
    column: Number(column),
    message: summary(error).slice(0, 2000),
    kind: isSyntax ? "syntax" : isMissingModule(error) ? "import" : "exception",
  };
}

export function isMissingModule(error) {
  return ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND", "ERR_UNKNOWN_FILE_EXTENSION"].includes(error?.code);
}

export function summary(error) {
  return error instanceof Error ? `${error.name}: ${error.message}` : `Thrown: ${String(error)}`;
}
