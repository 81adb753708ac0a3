// Frames on a socket: four bytes of header length, a JSON header, then the binary parts whose sizes the header names.

export const MAX_HEADER_BYTES = 1 << 20;
export const CHUNK_BYTES = 1 << 20;

export function encode(header, parts = []) {
  const named = parts.length ? { ...header, parts: parts.map((part) => part.byteLength) } : header;
  const text = Buffer.from(JSON.stringify(named));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, ...parts]);
}

/** Collects bytes as they come and gives out whole frames as {header, parts}. */
export class FrameReader {
  #data = Buffer.alloc(0);

  *feed(bytes) {
    this.#data = this.#data.length ? Buffer.concat([this.#data, bytes]) : bytes;
    for (let frame = this.#next(); frame; frame = this.#next()) yield frame;
  }

  #next() {
    if (this.#data.length < 4) return null;
    const size = this.#data.readUInt32BE(0);
    if (size > MAX_HEADER_BYTES) throw new Error(`expected a header of at most ${MAX_HEADER_BYTES} bytes, got ${size}`);
    if (this.#data.length < 4 + size) return null;
    const header = JSON.parse(this.#data.toString("utf8", 4, 4 + size));
    const sizes = header.parts ?? [];
    let end = 4 + size + sizes.reduce((sum, part) => sum + part, 0);
    if (this.#data.length < end) return null;
    const parts = [];
    let start = 4 + size;
    for (const part of sizes) parts.push(Buffer.from(this.#data.subarray(start, (start += part))));
    this.#data = this.#data.subarray(end);
    return { header, parts };
  }
}
