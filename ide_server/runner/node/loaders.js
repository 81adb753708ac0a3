// What a function is given to read, from the host only when asked for: parameters of many values, and states.

const PAGE_ENDS = 8192;
const MAX_PAGES = 16;
const READ_AHEAD_BYTES = 1 << 20;

/** The host's bytes that one call may read; once the call has ended, nothing. */
export class Blobs {
  #connection;
  #inlined;
  #open = true;

  /** `inlined`: pairs of a blob and its bytes, which came with the call. */
  constructor(connection, inlined) {
    this.#connection = connection;
    this.#inlined = new Map(inlined);
  }

  read(blob, offset, byteSize) {
    if (!this.#open) throw new Error("Data can be read only until the function that was given it has returned.");
    const inlined = this.#inlined.get(blob);
    if (!inlined) return this.#connection.read(blob, offset, byteSize);
    const data = Buffer.allocUnsafeSlow(byteSize); // aligned, and the caller's own
    data.set(inlined.subarray(offset, offset + byteSize));
    return data;
  }

  close() {
    this.#open = false;
  }
}

/** The values of one parameter, in order or shuffled, read in portions; also a sequence: length, at(), [index], for of. */
export class DataLoader {
  #given;
  #blobs;
  #convert;
  #order = null;
  #position = 0;
  #pages = new Map();

  constructor(given, blobs, convert) {
    this.#given = given;
    this.#blobs = blobs;
    this.#convert = convert;
    // Only a proxy answers loader[0].
    return new Proxy(this, { get: (self, name) => get(self, name) });
  }

  size() {
    return this.#given.count;
  }

  totalByteSize() {
    return this.#given.byte_size;
  }

  position() {
    return this.#position;
  }

  setPosition(position) {
    const wanted = Math.max(0, Math.floor(position));
    if (!(wanted <= this.size())) {
      throw new RangeError(`expected a position of at most ${this.size()}, the number of values, got ${position}`);
    }
    this.#position = wanted;
  }

  remaining() {
    return this.size() - this.#position;
  }

  hasNext(amount = 1) {
    return this.remaining() >= Math.floor(amount);
  }

  /** The next values, fewer at the end. */
  async next(amount = 1) {
    const start = this.#position;
    this.#position = Math.min(this.size(), start + Math.max(0, Math.floor(amount)));
    return this.#read(start, this.#position);
  }

  /** Another order from here on; the position stays. */
  shuffle() {
    this.shuffleInGroup([]);
  }

  /** The same new order for this and all others: they hold equally many values. */
  shuffleInGroup(others) {
    const odd = others.find((other) => other.size() !== this.size());
    if (odd) throw new RangeError(`expected loaders of ${this.size()} values each, got one of ${odd.size()}`);
    const order = shuffled(this.size());
    this.takeOrder(order);
    for (const other of others) other.takeOrder(order);
  }

  takeOrder(order) {
    this.#order = order;
  }

  get length() {
    return this.size();
  }

  at(index) {
    const place = index < 0 ? this.size() + index : index;
    return place >= 0 && place < this.size() ? this.#read(place, place + 1)[0] : undefined;
  }

  *[Symbol.iterator]() {
    const step = Math.max(1, Math.floor((READ_AHEAD_BYTES * this.size()) / Math.max(1, this.totalByteSize())));
    for (let start = 0; start < this.size(); start += step) yield* this.#read(start, Math.min(this.size(), start + step));
  }

  #read(start, end) {
    if (start >= end) return [];
    if (this.#order) return Array.from(this.#order.subarray(start, end), (place) => this.#readRun(place, place + 1)[0]);
    return this.#readRun(start, end);
  }

  /** Values that lie beside each other, in one go. */
  #readRun(start, end) {
    const first = this.#end(start - 1);
    const data = this.#blobs.read(this.#given.blob, first, this.#end(end - 1) - first);
    return Array.from({ length: end - start }, (_, index) =>
      this.#convert(data.subarray(this.#end(start + index - 1) - first, this.#end(start + index) - first)),
    );
  }

  /** Where the value at `place` ends. */
  #end(place) {
    if (place < 0) return 0;
    const { count, byte_size, ends } = this.#given;
    if (ends === null) return (byte_size / count) * (place + 1); // all are equally long
    return this.#page(Math.floor(place / PAGE_ENDS))[place % PAGE_ENDS];
  }

  #page(number) {
    const known = this.#pages.get(number);
    if (known) return known;
    const first = number * PAGE_ENDS;
    const data = this.#blobs.read(this.#given.ends, 8 * first, 8 * Math.min(PAGE_ENDS, this.size() - first));
    const page = Float64Array.from(new BigUint64Array(data.buffer, data.byteOffset, data.length / 8), Number);
    if (this.#pages.size === MAX_PAGES) this.#pages.delete(this.#pages.keys().next().value);
    this.#pages.set(number, page);
    return page;
  }
}

function get(loader, name) {
  if (typeof name === "string" && /^\d+$/.test(name)) return loader.at(Number(name));
  const value = loader[name];
  return typeof value === "function" ? value.bind(loader) : value;
}

function shuffled(count) {
  const order = Uint32Array.from({ length: count }, (_, place) => place);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

/** What one key of a state holds. */
export class StateLoader {
  #kept;
  #blobs;

  constructor(kept, blobs) {
    this.#kept = kept;
    this.#blobs = blobs;
  }

  byteSize() {
    return this.#kept.byte_size;
  }

  async read() {
    return this.#blobs.read(this.#kept.blob, 0, this.byteSize());
  }
}
