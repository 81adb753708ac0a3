/** How long to wait before connecting again: doubling from half a second to 15 s, with jitter. */

export const FIRST_DELAY_MS = 500;
export const LONGEST_DELAY_MS = 15_000;

/** Delay before the attempt after `failures` failed ones (1 or more). Jitter takes off up to half, so that a
 * thousand pages do not return to a restarted server in one moment. */
export function delayMilliseconds(failures: number, random: () => number = Math.random): number {
  const full = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 16));
  return Math.round(full * (1 - random() / 2));
}
