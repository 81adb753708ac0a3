/** Works that are done one after another, in the order in which they were asked for. */

export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  /** Settles as `work` does, which begins when all before it has ended, well or not. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work, work);
    this.last = turn;
    return turn;
  }
}
