// Turns what the code returned into named tensors and states, and sends them.

import { CHUNK_BYTES } from "./frames.js";
import { unpack } from "./packed.js";
import { bytesOf, MEDIA, ofFiles, ofNumbers, ofTexts } from "./tensors.js";

const MAX_DEPTH = 32;
const MAX_KEYS = 100;
const MAX_KEY_BYTES = 80;
const MAX_VALUE_BYTES = 2 ** 30;
const FORMATS = {
  image: ["png", "jpeg", "jpg", "gif", "webp", "svg", "bmp", "avif"],
  audio: ["wav", "mp3", "ogg", "flac", "m4a"],
  video: ["mp4", "webm", "mov", "mkv"],
};
const ARRAY_TYPES = new Map([
  [Float32Array, "f32"], [Float64Array, "f64"], [Int8Array, "i8"], [Int16Array, "i16"], [Int32Array, "i32"],
  [BigInt64Array, "i64"], [Uint8ClampedArray, "u8"], [Uint16Array, "u16"], [Uint32Array, "u32"], [BigUint64Array, "u64"],
]);
const EXPECTED = "expected numbers, text, booleans, bytes, a typed array, lists of these, or {data: bytes, format: 'png'}";

/** The code returned something that cannot be shown; the message names what and where. */
export class InvalidOutput extends Error {}

// --- states: bytes (the empty key), or a mapping from key to bytes ---

export function stateOf(described, blobs) {
  if (described === null) return null;
  const read = ({ blob, byte_size }) => blobs.read(blob, 0, byte_size);
  const values = Object.fromEntries(Object.entries(described).map(([key, kept]) => [key, read(kept)]));
  return "" in values ? values[""] : values;
}

export function sendState(state, source, connection, kind = "state") {
  for (const [key, segments] of keyedSegments(state, source)) sendKey(key, segments, connection, kind);
}

function sendKey(key, segments, connection, kind) {
  for (const chunk of segments.flatMap(chunksOf)) connection.send({ type: kind, key }, chunk);
  if (!segments.some((segment) => segment.length)) connection.send({ type: kind, key }, Buffer.alloc(0));
}

/** Takes a state key by key, and sends it on at once. */
export class Provider {
  #source;
  #connection;
  #keys = new Set();

  constructor(source, connection) {
    this.#source = source;
    this.#connection = connection;
  }

  get wasUsed() {
    return this.#keys.size > 0;
  }

  provide(key, data) {
    this.provideAll([{ key, data }]);
  }

  provideAll(items) {
    for (const { key, data } of items) {
      checkedKey(key, this.#source);
      if (this.#keys.has(key)) throw new InvalidOutput(`${this.#source} provided the key ${key} twice; keys are given once.`);
      if (this.#keys.size === MAX_KEYS) {
        throw new InvalidOutput(`${this.#source} provided more than ${MAX_KEYS} keys; a state has at most so many.`);
      }
      const segments = segmentsOf(data, `${this.#source}, key ${key},`);
      this.#keys.add(key);
      sendKey(key, segments, this.#connection, "state");
    }
  }
}

function keyedSegments(state, source) {
  if (isBytes(state) || Array.isArray(state) || !isMapping(state)) return [["", segmentsOf(state, source)]];
  const entries = state instanceof Map ? [...state] : Object.entries(state);
  if (entries.length > MAX_KEYS) {
    throw new InvalidOutput(`${source} returned ${entries.length} keys; a state has at most ${MAX_KEYS}.`);
  }
  return entries.map(([key, value]) => [checkedKey(key, source), segmentsOf(value, `${source}, key ${key},`)]);
}

function checkedKey(key, source) {
  const size = typeof key === "string" ? Buffer.byteLength(key) : 0;
  if (size > 0 && size <= MAX_KEY_BYTES) return key;
  throw new InvalidOutput(`${source} returned the key ${String(key)}; expected text of 1 to ${MAX_KEY_BYTES} bytes.`);
}

function segmentsOf(value, source) {
  const segments = Array.isArray(value) ? value : [value];
  for (const segment of segments) {
    if (!isBytes(segment)) {
      throw new InvalidOutput(
        `${source} returned ${typeName(segment)}; expected bytes (a Buffer), or an object from key to bytes. ` +
          "Turn it into bytes first, for example with Buffer.from(JSON.stringify(...)).",
      );
    }
  }
  const size = segments.reduce((sum, segment) => sum + segment.byteLength, 0);
  if (size <= MAX_VALUE_BYTES) return segments.map(bytesOf);
  throw new InvalidOutput(`${source} returned ${size} bytes; one key holds at most ${MAX_VALUE_BYTES}.`);
}

function chunksOf(data) {
  const starts = Array.from({ length: Math.ceil(data.length / CHUNK_BYTES) }, (_, index) => index * CHUNK_BYTES);
  return starts.map((start) => data.subarray(start, start + CHUNK_BYTES));
}

// --- outputs ---

/** Every tensor of [name, tensors] pairs: its header with the first of its bytes, then the rest. */
export function sendOutputs(named, connection) {
  for (const [name, tensors] of named) {
    connection.send({ type: "output", name });
    for (const tensor of tensors) sendTensor(tensor, connection);
  }
}

function sendTensor({ type, shape, files, payload }, connection) {
  const byteSize = payload.reduce((sum, piece) => sum + piece.length, 0);
  let header = { type: "value", element_type: type, shape, byte_size: byteSize, files };
  for (const chunk of payload.flatMap(chunksOf)) {
    connection.send(header, chunk);
    header = { type: "elements" };
  }
  if (!byteSize) connection.send(header, Buffer.alloc(0));
}

/** As namedValues, of what a model made by the @decthings/model package returned. */
export function unpackedValues(returned) {
  return returned.map(({ name, data }) => [checkedName(name), data.map(unpack)]);
}

/** From an object or Map, a list of {name, data}, or a bare value named "output". */
export function namedValues(returned) {
  const isNamed = (item) => isMapping(item) && Object.keys(item).sort().join() === "data,name";
  let pairs;
  if (returned === undefined || returned === null) pairs = [];
  else if (Array.isArray(returned) && returned.length && returned.every(isNamed)) {
    pairs = returned.map(({ name, data }) => [name, data]);
  } else if (isMapping(returned) && !isMedia(returned)) {
    pairs = returned instanceof Map ? [...returned] : Object.entries(returned);
  } else pairs = [["output", returned]];
  return pairs.map(([name, data]) => [checkedName(name), valuesOf(data, name)]);
}

function checkedName(name) {
  if (typeof name === "string" && name.length > 0 && name.length <= 200) return name;
  throw new InvalidOutput(`evaluate returned an output named ${String(name)}; expected text of 1 to 200 characters.`);
}

/** A list of typed arrays or files is several values; any other list is one tensor. */
function valuesOf(data, where) {
  if (data === undefined || data === null) return [];
  const isWhole = (item) => isBytes(item) || ArrayBuffer.isView(item) || isMedia(item) || isPackable(item);
  if (Array.isArray(data) && data.length && data.every(isWhole)) {
    return data.map((item, index) => tensorOf(item, `${where}[${index}]`));
  }
  return [tensorOf(data, where)];
}

export function tensorOf(data, where) {
  if (isBytes(data)) return media(data, data.format || formatOf(bytesOf(data)), where);
  if (isMedia(data)) return media(data.data, data.format.toLowerCase().replace(/^\./, ""), where, data.type);
  if (isPackable(data)) return unpack(data.serialize());
  const arrayType = ARRAY_TYPES.get(data?.constructor);
  if (arrayType) return { type: arrayType, shape: [data.length], files: [], payload: [bytesOf(data)] };
  return nested(data, where);
}

/** A tensor of the @decthings/api-client package. */
function isPackable(data) {
  return typeof data?.serialize === "function";
}

function nested(data, where) {
  const shape = [];
  for (let level = data; Array.isArray(level); level = level[0]) {
    shape.push(level.length);
    if (shape.length > MAX_DEPTH) throw new InvalidOutput(`${where}: expected at most ${MAX_DEPTH} levels of lists.`);
  }
  const flat = [];
  flatten(data, shape, 0, where, flat);
  const type = commonType(flat, where);
  return type === "string" ? ofTexts(shape, flat) : ofNumbers(type, shape, flat);
}

function flatten(data, shape, depth, where, flat) {
  if (depth === shape.length) {
    if (!["number", "bigint", "string", "boolean"].includes(typeof data)) {
      throw new InvalidOutput(`${where}: ${EXPECTED}, got ${typeName(data)}.`);
    }
    flat.push(data);
    return;
  }
  if (!Array.isArray(data)) {
    throw new InvalidOutput(`${where}: expected a list of ${shape[depth]}, as beside it, got ${typeName(data)}.`);
  }
  if (data.length !== shape[depth]) {
    throw new InvalidOutput(
      `${where}: expected ${shape[depth]} elements, as beside it, got ${data.length}. A tensor's rows are equally long.`,
    );
  }
  data.forEach((item, index) => flatten(item, shape, depth + 1, `${where}[${index}]`, flat));
}

function commonType(flat, where) {
  const kinds = [...new Set(flat.map((item) => typeof item))].sort();
  if (kinds.length > 1) throw new InvalidOutput(`${where}: expected elements of one type, got ${kinds.join(" and ")}.`);
  if (kinds[0] === "bigint") return bigintType(flat, where);
  return { boolean: "boolean", string: "string" }[kinds[0]] ?? "f64";
}

function media(data, format, where, type) {
  if (!/^[a-z0-9.+-]{0,16}$/.test(format)) throw new InvalidOutput(`${where}: expected a format like 'png', got ${format}.`);
  const known = Object.entries(FORMATS).find(([, formats]) => formats.includes(format))?.[0];
  const kind = type ?? known ?? "binary";
  if (!MEDIA.includes(kind)) throw new InvalidOutput(`${where}: expected one of ${MEDIA.join(", ")} as type, got ${kind}.`);
  return ofFiles(kind, [], [{ data, format }]);
}

function bigintType(flat, where) {
  if (flat.every((item) => BigInt.asIntN(64, item) === item)) return "i64";
  if (flat.every((item) => BigInt.asUintN(64, item) === item)) return "u64";
  throw new InvalidOutput(`${where}: expected integers of at most 64 bits. Return numbers or text.`);
}

/** The format that the first bytes of an encoded file give away; "" if none does. */
function formatOf(data) {
  const starts = [
    ["89504e470d0a1a0a", "png"], ["ffd8ff", "jpeg"], ["47494638", "gif"], ["664c6143", "flac"], ["4f676753", "ogg"],
    ["494433", "mp3"], ["1a45dfa3", "webm"],
  ];
  const head = data.subarray(0, 12);
  if (head.toString("latin1", 0, 4) === "RIFF") return { WAVE: "wav", WEBP: "webp" }[head.toString("latin1", 8)] ?? "";
  if (head.toString("latin1", 4, 8) === "ftyp") return "mp4";
  return starts.find(([start]) => head.toString("hex").startsWith(start))?.[1] ?? "";
}

function isBytes(data) {
  return data instanceof Uint8Array || data instanceof ArrayBuffer;
}

function isMapping(data) {
  if (data instanceof Map) return true;
  const prototype = typeof data === "object" && data !== null ? Object.getPrototypeOf(data) : undefined;
  return prototype === Object.prototype || prototype === null;
}

function isMedia(data) {
  return isMapping(data) && !(data instanceof Map) && isBytes(data.data) && typeof data.format === "string";
}

function typeName(data) {
  return data === null ? "null" : typeof data === "object" ? (data.constructor?.name ?? "an object") : typeof data;
}
