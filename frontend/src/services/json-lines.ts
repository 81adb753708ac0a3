/** A reply that is a stream of JSON values, each on a line of its own. */

/** Each value as its line has come. Who stops early ends the request. */
export async function* jsonLines<T>(response: Response): AsyncGenerator<T> {
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      const lines = `${rest}${value ?? ''}`.split('\n');
      rest = done ? '' : (lines.pop() ?? '');
      for (const line of lines) if (line !== '') yield JSON.parse(line) as T; // the server's types are wire.ts
      if (done) return;
    }
  } finally {
    await reader.cancel();
  }
}
