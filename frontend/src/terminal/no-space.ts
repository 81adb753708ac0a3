/** Finds in a terminal's output what programs print when a write did not fit. */

const NO_SPACE = /no space left on device|\bENOSPC\b/i;
/** A message can be cut between two chunks of output. */
const KEPT_CHARACTERS = 32;

export class NoSpaceWatch {
  private readonly decoder = new TextDecoder('latin1');
  private rest = '';

  /** Whether the words end in these bytes. */
  sees(bytes: Uint8Array): boolean {
    const text = this.rest + this.decoder.decode(bytes);
    const found = NO_SPACE.test(text);
    this.rest = found ? '' : text.slice(-KEPT_CHARACTERS);
    return found;
  }
}
