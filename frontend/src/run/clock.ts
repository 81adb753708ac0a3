/** The time, for what counts up while it is looked at. */

import { type Readable, readable } from 'svelte/store';

/** Seconds since the epoch, each second anew. It stands still while nobody listens. */
export const now: Readable<number> = readable(Date.now() / 1000, (set) => {
  const tick = (): void => set(Date.now() / 1000);
  tick();
  const timer = setInterval(tick, 1000);
  return () => clearInterval(timer);
});
