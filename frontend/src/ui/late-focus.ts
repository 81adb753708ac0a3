/** For what can take the focus only once it is loaded: by then a person may be elsewhere. */

/** Whether the person has not gone elsewhere until then, by mouse or by key. Rejects as `loading` does. */
export async function hasStayed(loading: Promise<unknown>): Promise<boolean> {
  let hasPointed = false;
  let pressedAt: Element | null = null;
  const listening = new AbortController();
  const options = { capture: true, signal: listening.signal };
  const pointed = (): void => {
    hasPointed = true;
  };
  const pressed = (): void => {
    pressedAt ??= document.activeElement;
  };
  window.addEventListener('pointerdown', pointed, options);
  window.addEventListener('keydown', pressed, options);
  try {
    await loading;
  } finally {
    listening.abort();
  }
  const now = document.activeElement;
  const hasMoved = pressedAt !== null && now !== pressedAt && now !== document.body;
  return !hasPointed && !hasMoved;
}
