/** JSON as it was written: whole numbers that a double cannot hold stay the text they came as. */

const LONG_WHOLE = /[[,:]-?\d{16,}[\],}]/;

export function parseExactly(text: string): unknown {
  return LONG_WHOLE.test(text) ? JSON.parse(text, exactly) : JSON.parse(text);
}

/** Browsers that do not tell the source (`context`) give the number nearest. */
function exactly(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source ?? '';
  const isLossy = typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source);
  return isLossy ? source : value;
}
