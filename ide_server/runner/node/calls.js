// What each function is called with, in either form of the code, and what becomes of what it returns.

import { Blobs, DataLoader, StateLoader } from "./loaders.js";
import { pack } from "./packed.js";
import { cast, decode, valueOf } from "./tensors.js";
import { Tracker } from "./tracker.js";
import { namedValues, Provider, sendOutputs, sendState, stateOf, unpackedValues } from "./values.js";

/** The code said so through its tracker. */
export class TrainFailed extends Error {}

/**
 * The first argument of a model's function: the options object of newer code, which reads its properties, and at the same
 * time the Map (of parameters, of a state) that older code expects in this place.
 */
class Options extends Map {
  constructor(entries, properties) {
    super(entries);
    Object.assign(this, properties);
  }
}

/** One request of the host to call a function. */
export class Call {
  #code;
  #connection;
  #request;
  #blobs;

  constructor(code, connection, request) {
    this.#code = code;
    this.#connection = connection;
    this.#request = request;
    this.#blobs = new Blobs(connection, request.inlined);
  }

  /** Throws what the code throws, Missing, InvalidOutput. */
  async run() {
    try {
      await this.#run();
    } finally {
      this.#blobs.close();
    }
  }

  #run() {
    switch (this.#request.function) {
      case "createModelState":
        return this.#createModelState();
      case "instantiateModel":
        return this.#instantiateModel();
      case "evaluate":
        return this.#evaluate();
      case "train":
        return this.#train();
      case "getModelState":
        return this.#getModelState();
      case "dispose":
        return this.#code.call("dispose");
      default:
        throw new Error(`expected the name of a function, got ${this.#request.function}`);
    }
  }

  async #createModelState() {
    const otherModels = this.#otherModels(true);
    if (this.#code.hasModel) {
      const params = this.#loaders();
      return this.#provided("createModelState", params, { params, otherModels, other_models: otherModels });
    }
    const made = await this.#code.call("createModelState", this.#plainParameters(), otherModels);
    return sendState(made, "createModelState", this.#connection);
  }

  #instantiateModel() {
    const otherModels = this.#otherModels(false);
    const described = this.#request.state;
    if (!this.#code.hasModel) return this.#code.instantiate(stateOf(described, this.#blobs), otherModels);
    const state = this.#stateLoaders(described);
    return this.#code.instantiate(new Options(state, { state, weights: state, otherModels, other_models: otherModels }));
  }

  async #evaluate() {
    const returned = await this.#code.call("evaluate", this.#parameters());
    const named = this.#code.isPackaged ? unpackedValues(returned) : namedValues(returned);
    sendOutputs(named, this.#connection);
  }

  async #train() {
    const tracker = new Tracker(this.#connection, this.#request.id);
    try {
      await this.#code.call("train", this.#parameters({ tracker }), tracker);
    } finally {
      tracker.end();
    }
    if (tracker.failure !== null) throw new TrainFailed(`train reported a failure: ${tracker.failure}`);
  }

  async #getModelState() {
    if (this.#code.hasModel) return this.#provided("getModelState", [], {});
    return sendState(await this.#code.call("getModelState"), "getModelState", this.#connection);
  }

  /** Call a function that gives a state through its provider; one that returns it instead is understood too. */
  async #provided(name, entries, properties) {
    const provider = new Provider(name, this.#connection);
    const names = ["stateProvider", "state_provider", "weightsProvider", "weights_provider"];
    const options = new Options(entries, {
      ...properties,
      ...Object.fromEntries(names.map((each) => [each, provider])),
      provide: (key, data) => provider.provide(key, data),
      provideAll: (items) => provider.provideAll(items),
    });
    const returned = await this.#code.call(name, options, provider);
    if (returned !== undefined && returned !== null && !provider.wasUsed) sendState(returned, name, this.#connection);
  }

  #parameters(properties = {}) {
    if (!this.#code.hasModel) return this.#plainParameters();
    const params = this.#loaders();
    return new Options(params, { ...properties, params });
  }

  /** Of code that is plain functions: a parameter of one value is that value, read when it is looked at. */
  #plainParameters() {
    const parameters = {};
    for (const [name, loader] of this.#loaders()) defineLazily(parameters, name, this.#request.parameters[name], loader);
    return parameters;
  }

  #loaders() {
    const form = this.#code.isPackaged ? pack : valueOf;
    const loader = (given) => new DataLoader(given, this.#blobs, (data) => form(cast(decode(data), given.cast)));
    return new Map(Object.entries(this.#request.parameters).map(([name, given]) => [name, loader(given)]));
  }

  #stateLoaders(described) {
    return new Map(Object.entries(described ?? {}).map(([key, kept]) => [key, new StateLoader(kept, this.#blobs)]));
  }

  #otherModels(withState) {
    const describe = ({ mount_path, state }) => ({
      mountPath: mount_path,
      mount_path,
      ...(withState ? { state: this.#stateLoaders(state) } : {}),
    });
    return new Map(Object.entries(this.#request.other_models).map(([id, other]) => [id, describe(other)]));
  }
}

function defineLazily(parameters, name, given, loader) {
  let value = given.single ? undefined : loader;
  Object.defineProperty(parameters, name, {
    enumerable: true,
    configurable: true,
    get: () => (value ??= loader.at(0)),
    set: (other) => (value = other),
  });
}
