/** Whether WebSockets get through, from how attempts to open them have ended. */

/** Where they did before, the server may just be away. */
const PATIENCE_MS = 20_000;

export class TransportChoice {
  private opened = false;
  private failingSince: number | null = null;
  private substituteNext = false;

  /** For the next attempt, at this time in milliseconds. */
  next(now: number): 'websocket' | 'substitute' {
    if (this.failingSince === null) return 'websocket';
    if (this.opened && now - this.failingSince < PATIENCE_MS) return 'websocket';
    // By turns: one of them will get through, and it is not known which.
    this.substituteNext = !this.substituteNext;
    return this.substituteNext ? 'substitute' : 'websocket';
  }

  websocketOpened(): void {
    this.opened = true;
    this.failingSince = null;
    this.substituteNext = false;
  }

  /** Before it had opened. */
  websocketFailed(now: number): void {
    this.failingSince ??= now;
  }

  /** It got through where WebSockets did not: so will the next. */
  substituteOpened(): void {
    this.substituteNext = false;
  }
}
