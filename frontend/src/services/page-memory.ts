/** What the page remembers over a reload, for each of its windows by itself; a new window begins as the last one was left. */

export class PageMemory<T> {
  /** `parse` takes what was stored, by whatever version of the page, and gives null for what it cannot use. */
  constructor(
    private readonly key: string,
    private readonly parse: (stored: unknown) => T | null,
  ) {}

  read(): T | null {
    return this.readFrom(sessionStorage) ?? this.readFrom(localStorage);
  }

  write(value: T): void {
    const text = JSON.stringify(value);
    for (const storage of [sessionStorage, localStorage]) {
      try {
        storage.setItem(this.key, text);
      } catch (error) {
        // Full, or forbidden: the page works as well without a memory.
        if (!(error instanceof DOMException)) throw error;
      }
    }
  }

  private readFrom(storage: Storage): T | null {
    const text = storage.getItem(this.key);
    if (text === null) return null;
    try {
      return this.parse(JSON.parse(text));
    } catch (error) {
      if (error instanceof SyntaxError) return null;
      throw error;
    }
  }
}
