// Values in the bytes that the @decthings/model package gives and takes; see packed.py of the Python runner.

import { ARRAYS, bytesOf, elementsOf, ofFiles, ofTexts } from "./tensors.js";

const TYPES = [
  "f32", "f64", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64",
  "string", "binary", "boolean", "image", "audio", "video",
];
const SHORT_FORMATS = { jpeg: "jpg", tiff: "tif", webp: "wbp", avif: "avf", webm: "wbm", flac: "flc" };
const LONG_FORMATS = { wbp: "webp", avf: "avif", wbm: "webm", flc: "flac" };

export function pack(tensor) {
  const head = Buffer.concat([Buffer.from([TYPES.indexOf(tensor.type) + 1, tensor.shape.length]), ...tensor.shape.map(length)]);
  if (tensor.type in ARRAYS) return Buffer.concat([head, ...tensor.payload]);
  const elements = Buffer.concat(bytesOfElements(tensor).flatMap((element) => [length(element.length), element]));
  return Buffer.concat([head, length(elements.length), elements]);
}

function bytesOfElements(tensor) {
  const elements = elementsOf(tensor);
  if (tensor.type === "string") return elements.map((text) => Buffer.from(text));
  if (tensor.type === "binary") return elements;
  return elements.map((file) => Buffer.concat([Buffer.from(short(file.format)), file]));
}

function short(format) {
  return (SHORT_FORMATS[format] ?? format).slice(0, 3).padEnd(3);
}

function length(value) {
  if (value < 253) return Buffer.from([value]);
  const [marker, size] = value < 2 ** 16 ? [253, 2] : value < 2 ** 32 ? [254, 4] : [255, 8];
  const bytes = Buffer.alloc(9);
  bytes.writeBigUInt64BE(BigInt(value), 1);
  return Buffer.concat([Buffer.from([marker]), bytes.subarray(9 - size)]);
}

/** A tensor from the bytes of one. Throws RangeError for bytes that are none. */
export function unpack(data) {
  const reader = new Reader(bytesOf(data));
  const type = TYPES[reader.take(1)[0] - 1];
  if (!type) throw new RangeError(`expected a type from 1 to ${TYPES.length}`);
  const shape = Array.from({ length: reader.take(1)[0] }, () => reader.length());
  const count = shape.reduce((product, each) => product * each, 1);
  if (type in ARRAYS) return { type, shape, files: [], payload: [reader.take(count * ARRAYS[type].BYTES_PER_ELEMENT)] };
  reader.length();
  const elements = Array.from({ length: count }, () => reader.take(reader.length()));
  if (type === "string") return ofTexts(shape, elements.map(String));
  if (type === "binary") return ofFiles(type, shape, elements.map((element) => ({ data: element, format: "" })));
  return ofFiles(type, shape, elements.map((element) => ({ data: element.subarray(3), format: formatOf(element) })));
}

function formatOf(element) {
  const format = element.toString("latin1", 0, 3).trim().toLowerCase();
  return LONG_FORMATS[format] ?? format;
}

class Reader {
  #data;
  #position = 0;

  constructor(data) {
    this.#data = data;
  }

  take(size) {
    const start = this.#position;
    this.#position += size;
    if (this.#position > this.#data.length) throw new RangeError(`expected ${size} more bytes at ${start}`);
    return this.#data.subarray(start, this.#position);
  }

  length() {
    const first = this.take(1)[0];
    if (first < 253) return first;
    const size = { 253: 2, 254: 4, 255: 8 }[first];
    return Number(Buffer.concat([Buffer.alloc(8 - size), this.take(size)]).readBigUInt64BE());
  }
}
