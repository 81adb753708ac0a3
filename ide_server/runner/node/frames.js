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

/** Collects bytes as they come and gives out whole frames as {header, parts}. */
export class FrameReader {
  #chunks = [];
  #byteSize = 0;
  #needed = 4;

  *feed(bytes) {
    this.#chunks.push(bytes);
    this.#byteSize += bytes.length;
    for (let frame = this.#next(); frame; frame = this.#next()) yield frame;
  }

  #next() {
    if (this.#byteSize < this.#needed) return null;
    const data = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#chunks = [data];
    const size = data.readUInt32BE(0);
    if (size > MAX_HEADER_BYTES) throw new Error(`expected a header of at most ${MAX_HEADER_BYTES} bytes, got ${size}`);
    if (!this.#has(4 + size)) return null;
    const header = JSON.parse(data.toString("utf8", 4, 4 + size));
    const sizes = header.parts ?? [];
    if (!this.#has(sizes.reduce((sum, part) => sum + part, 4 + size))) return null;
    const parts = [];
    let start = 4 + size;
    for (const part of sizes) parts.push(Buffer.from(data.subarray(start, (start += part))));
    this.#chunks = [data.subarray(start)];
    this.#byteSize -= start;
    this.#needed = 4;
    return { header, parts };
  }

  /** If not, nothing is put together again before so much has come. */
  #has(byteSize) {
    this.#needed = byteSize;
    return this.#byteSize >= byteSize;
  }
}
