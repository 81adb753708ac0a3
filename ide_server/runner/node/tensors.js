// Values as host and runner exchange them: a header (type, shape, files) and a payload of bytes. Numbers and booleans are
// little-endian, as JavaScript has them on all machines of today; texts are a JSON list; encoded files follow each other.

export const MEDIA = ["image", "audio", "video", "binary"];

export const ARRAYS = {
  f32: Float32Array, f64: Float64Array, i8: Int8Array, i16: Int16Array, i32: Int32Array, i64: BigInt64Array,
  u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, u64: BigUint64Array, boolean: Uint8Array,
};

/** `elements` are row-major: numbers, bigints or booleans. */
export function ofNumbers(type, shape, elements) {
  const Elements = ARRAYS[type];
  const isBig = type === "i64" || type === "u64";
  const numbers = isBig ? Elements.from(elements, (element) => BigInt(element)) : Elements.from(elements);
  return { type, shape, files: [], payload: [bytesOf(numbers)] };
}

export function ofTexts(shape, texts) {
  return { type: "string", shape, files: [], payload: [Buffer.from(JSON.stringify(texts.map((text) => text.toWellFormed())))] };
}

/** `files` are {data, format}. */
export function ofFiles(type, shape, files) {
  return {
    type,
    shape,
    files: files.map(({ data, format }) => ({ format, byte_size: data.byteLength })),
    payload: files.map(({ data }) => bytesOf(data)),
  };
}

export function bytesOf(data) {
  return data instanceof ArrayBuffer ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** From the bytes the host keeps a parameter's value in. */
export function decode(data) {
  const start = 4 + data.readUInt32BE(0);
  return { ...JSON.parse(data.toString("utf8", 4, start)), payload: [data.subarray(start)] };
}

/** Numbers as those of another type that can hold them; null: as they are. */
export function cast(tensor, type) {
  if (type === null || type === tensor.type) return tensor;
  const elements = elementsOf(tensor);
  return ofNumbers(type, tensor.shape, ["i64", "u64"].includes(type) ? elements : elements.map(Number));
}

/** A scalar as a plain value, all else as nested arrays; a file is a Buffer with its `format`. */
export function valueOf(tensor) {
  return nested(elementsOf(tensor), tensor.shape);
}

export function elementsOf(tensor) {
  const payload = tensor.payload.length === 1 ? tensor.payload[0] : Buffer.concat(tensor.payload);
  if (tensor.type === "string") return JSON.parse(payload.toString());
  if (MEDIA.includes(tensor.type)) return filesOf(tensor.files, payload);
  const numbers = Array.from(numbersOf(tensor.type, payload));
  if (tensor.type === "boolean") return numbers.map(Boolean);
  const isExact = (number) => BigInt(Number(number)) === number && Number.isSafeInteger(Number(number));
  return typeof numbers[0] === "bigint" && numbers.every(isExact) ? numbers.map(Number) : numbers;
}

function numbersOf(type, payload) {
  const Elements = ARRAYS[type];
  const isAligned = payload.byteOffset % Elements.BYTES_PER_ELEMENT === 0;
  const { buffer, byteOffset, length } = isAligned ? payload : Uint8Array.from(payload);
  return new Elements(buffer, byteOffset, length / Elements.BYTES_PER_ELEMENT);
}

function filesOf(files, payload) {
  let start = 0;
  return files.map(({ format, byte_size }) => Object.assign(payload.subarray(start, (start += byte_size)), { format }));
}

/** Row-major elements as arrays of arrays; the only one where the shape is empty. */
function nested(elements, shape) {
  if (shape.length === 0) return elements[0];
  if (shape.length === 1) return elements;
  const step = shape.slice(1).reduce((product, length) => product * length, 1);
  return Array.from({ length: shape[0] }, (_, row) => nested(elements.slice(row * step, (row + 1) * step), shape.slice(1)));
}
