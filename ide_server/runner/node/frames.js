// Frames on a socket: four bytes of header length, a JSON header, then the binary parts whose sizes the header names.

export const MAX_HEADER_BYTES = 1 << 20;
export const CHUNK_BYTES = 1 << 20;

export function encode(header, parts = []) {
  const named = parts.length ? { ...header, parts: parts.map((part) => part.byteLength) } : header;
  // Half a surrogate pair is text to JavaScript, but no UTF-8.
  const text = Buffer.from(JSON.stringify(named, (_, value) => (typeof value === "string" ? value.toWellFormed() : value)));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, ...parts]);
}

/**
 * Collects bytes as they come and gives out whole frames as {header, parts}. Parts are views of what the next bytes overwrite:
 * a gigabyte that goes through leaves no garbage.
 */
export class FrameReader {
  #data = Buffer.allocUnsafeSlow(1 << 16);
  #size = 0;

  *feed(bytes) {
    this.#reserve(this.#size + bytes.length);
    this.#size += bytes.copy(this.#data, this.#size);
    let start = 0;
    for (let frame = this.#at(start); frame; frame = this.#at(start)) {
      yield frame;
      start = frame.end;
    }
    this.#data.copyWithin(0, start, this.#size);
    this.#size -= start;
  }

  /** The frame that begins at `start`, if it has come as a whole. */
  #at(start) {
    const body = start + 4;
    if (this.#size < body) return null;
    const size = this.#data.readUInt32BE(start);
    if (size > MAX_HEADER_BYTES) throw new Error(`expected a header of at most ${MAX_HEADER_BYTES} bytes, got ${size}`);
    if (this.#size < body + size) return null;
    const header = JSON.parse(this.#data.toString("utf8", body, body + size));
    const parts = [];
    let end = body + size;
    for (const part of header.parts ?? []) parts.push(this.#data.subarray(end, (end += part)));
    return end <= this.#size ? { header, parts, end } : null;
  }

  #reserve(size) {
    if (size <= this.#data.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * size);
    this.#data.copy(larger, 0, 0, this.#size);
    this.#data = larger;
  }
}
