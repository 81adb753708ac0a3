/** Where a person was in the text before they went elsewhere, to go back to. */

export interface Visited {
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

const KEPT = 50;
/** A place so near to another is the same one. */
const NEAR_LINES = 10;

export class NavigationHistory {
  private readonly behind: Visited[] = [];
  private readonly ahead: Visited[] = [];

  get canGoBack(): boolean {
    return this.behind.length > 0;
  }

  get canGoForward(): boolean {
    return this.ahead.length > 0;
  }

  /** The person goes on from here, to wherever. */
  leave(here: Visited): void {
    this.ahead.length = 0;
    push(this.behind, here);
  }

  back(here: Visited | null): Visited | null {
    return step(this.behind, this.ahead, here);
  }

  forward(here: Visited | null): Visited | null {
    return step(this.ahead, this.behind, here);
  }
}

function step(from: Visited[], to: Visited[], here: Visited | null): Visited | null {
  const target = from.pop() ?? null;
  if (target !== null && here !== null) push(to, here);
  return target;
}

function push(places: Visited[], place: Visited): void {
  const last = places.at(-1);
  if (last?.path === place.path && Math.abs(last.line - place.line) < NEAR_LINES) places.pop();
  places.push(place);
  if (places.length > KEPT) places.shift();
}
