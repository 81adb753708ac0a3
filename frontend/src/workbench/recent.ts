/** What was used lately, the latest first, kept in this browser. */
export class Recent {
  constructor(
    private readonly key: string,
    private readonly most = 30,
  ) {}

  get all(): readonly string[] {
    const stored = localStorage.getItem(this.key);
    return stored === null ? [] : (JSON.parse(stored) as string[]); // written by used()
  }

  used(name: string): void {
    const others = this.all.filter((other) => other !== name);
    localStorage.setItem(this.key, JSON.stringify([name, ...others].slice(0, this.most)));
  }
}

/** Those used lately first, in that order; the others as they were. */
export function latestFirst<T>(
  items: readonly T[],
  recent: readonly string[],
  nameOf: (item: T) => string,
): readonly T[] {
  const place = new Map(recent.map((name, at) => [name, at]));
  const at = (item: T): number => place.get(nameOf(item)) ?? Number.POSITIVE_INFINITY;
  return [...items].sort((a, b) => Math.sign(at(a) - at(b)) || 0);
}
