/** What of the browser decides how keys are named. */

export const isMac = /Mac|iP(hone|ad)/.test(globalThis.navigator?.platform ?? '');
