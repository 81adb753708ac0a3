// Between JavaScript's values and the protocol's: parameters in, outputs and states out.

import { CHUNK_BYTES } from "./frames.js";

const MAX_ELEMENTS = 10_000;
const MAX_TEXT_BYTES = 1 << 20;
const MAX_DEPTH = 32;
const MAX_KEYS = 100;
const MAX_KEY_BYTES = 80;
const MAX_VALUE_BYTES = 2 ** 30;
const FORMATS = {
  image: ["png", "jpeg", "jpg", "gif", "webp", "svg", "bmp", "avif"],
  audio: ["wav", "mp3", "ogg", "flac", "m4a"],
  video: ["mp4", "webm", "mov", "mkv"],
};
const ARRAYS = new Map([
  [Float32Array, "f32"], [Float64Array, "f64"], [Int8Array, "i8"], [Int16Array, "i16"], [Int32Array, "i32"],
  [BigInt64Array, "i64"], [Uint8ClampedArray, "u8"], [Uint16Array, "u16"], [Uint32Array, "u32"], [BigUint64Array, "u64"],
]);
const EXPECTED = "expected numbers, text, booleans, bytes, a typed array, lists of these, or {data: bytes, format: 'png'}";

/** The code returned something that cannot be shown; the message names what and where. */
export class InvalidOutput extends Error {}

// --- parameters ---

export async function parametersOf(described, connection) {
  const parameters = {};
  for (const [name, value] of Object.entries(described)) parameters[name] = await parameterOf(value, connection);
  return parameters;
}

async function parameterOf({ type, blob, byte_size, format }, connection) {
  const data = await connection.read(blob, byte_size);
  if (["image", "audio", "video", "binary"].includes(type)) return Object.assign(data, { format });
  const value = JSON.parse(data.toString());
  return type === "f32" || type === "f64" ? floats(value) : value;
}

/** JSON has no NaN and no infinities: they come as words. */
function floats(value) {
  if (Array.isArray(value)) return value.map(floats);
  const words = { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, "-inf": Number.NEGATIVE_INFINITY };
  return words[value] ?? value;
}

// --- states: bytes (the empty key), or a mapping from key to bytes ---

export async function stateOf(described, connection) {
  if (described === null) return null;
  const values = {};
  for (const [key, { blob, byte_size }] of Object.entries(described)) values[key] = await connection.read(blob, byte_size);
  return "" in values ? values[""] : values;
}

export function sendState(state, source, connection) {
  for (const [key, segments] of keyedSegments(state, source)) {
    for (const chunk of segments.flatMap(chunksOf)) connection.send({ type: "state", key }, chunk);
    if (!segments.some((segment) => segment.length)) connection.send({ type: "state", key }, Buffer.alloc(0));
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
  if (size <= MAX_VALUE_BYTES) return segments.map(bufferOf);
  throw new InvalidOutput(`${source} returned ${size} bytes; one key holds at most ${MAX_VALUE_BYTES}.`);
}

function chunksOf(data) {
  const starts = Array.from({ length: Math.ceil(data.length / CHUNK_BYTES) }, (_, index) => index * CHUNK_BYTES);
  return starts.map((start) => data.subarray(start, start + CHUNK_BYTES));
}

// --- outputs ---

export function sendOutputs(returned, connection) {
  for (const [name, values] of namedValues(returned)) {
    connection.send({ type: "output", name });
    for (const value of values) sendValue(value, connection);
  }
}

function sendValue({ type, shape = [], elements = [], truncated = false, media, format = null }, connection) {
  if (media) {
    for (const chunk of chunksOf(media)) connection.send({ type: "blob" }, chunk);
    if (!media.length) connection.send({ type: "blob" }, media);
  }
  const [kept, cut] = withinTextLimit(elements);
  const header = { type: "value", element_type: type, shape, truncated: truncated || cut, format };
  connection.send(header, Buffer.from(`[${kept.map(jsonOf).join(",")}]`));
}

/** Long texts are cut, as the page could not show them anyway. */
function withinTextLimit(elements) {
  let left = MAX_TEXT_BYTES;
  const kept = [];
  for (const element of elements) {
    if (typeof element === "string" && element.length > left) return [[...kept, element.slice(0, left)], true];
    if (typeof element === "string") left -= element.length;
    kept.push(element);
  }
  return [kept, false];
}

/** Integers of 64 bits go as they are; NaN and the infinities, which JSON lacks, as words. */
function jsonOf(element) {
  if (typeof element === "bigint") return element.toString();
  if (typeof element !== "number" || Number.isFinite(element)) return JSON.stringify(element);
  return Number.isNaN(element) ? '"nan"' : element > 0 ? '"inf"' : '"-inf"';
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
  const isWhole = (item) => isBytes(item) || ArrayBuffer.isView(item) || isMedia(item);
  if (Array.isArray(data) && data.length && data.every(isWhole)) {
    return data.map((item, index) => valueOf(item, `${where}[${index}]`));
  }
  return [valueOf(data, where)];
}

function valueOf(data, where) {
  if (isBytes(data)) return mediaValue(bufferOf(data), data.format || formatOf(bufferOf(data)));
  if (isMedia(data)) return mediaValue(bufferOf(data.data), data.format.toLowerCase().replace(/^\./, ""), data.type);
  const arrayType = ARRAYS.get(data?.constructor);
  if (!arrayType) return nested(data, where);
  const elements = [...data.subarray(0, MAX_ELEMENTS)];
  return { type: arrayType, shape: [data.length], elements, truncated: data.length > MAX_ELEMENTS };
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
  return { type, shape, elements: flat.slice(0, MAX_ELEMENTS), truncated: flat.length > MAX_ELEMENTS };
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
  if (kinds[0] === "bigint" && flat.some((item) => BigInt.asIntN(64, item) !== item)) {
    throw new InvalidOutput(`${where}: expected integers of at most 64 bits. Return numbers or text.`);
  }
  return { boolean: "boolean", string: "string", bigint: "i64" }[kinds[0]] ?? "f64";
}

function mediaValue(media, format, type) {
  const known = Object.entries(FORMATS).find(([, formats]) => formats.includes(format))?.[0];
  return { type: type ?? known ?? "binary", media, format };
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

function bufferOf(data) {
  return data instanceof ArrayBuffer ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
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
