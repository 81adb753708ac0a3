/** Tells a terminal's own answers from what a person typed. */

const ESCAPE = '\\x1b';

/** Device attributes, status and cursor reports, modes, window reports, colours, and whatever comes as a DCS string. */
const QUERY_REPLY = new RegExp(
  [
    `${ESCAPE}\\[[?>=][\\d;]*c`,
    `${ESCAPE}\\[\\??\\d+n`,
    `${ESCAPE}\\[\\??\\d+;\\d+(;\\d+)?R`,
    `${ESCAPE}\\[\\??\\d+;\\d+\\$y`,
    `${ESCAPE}\\[\\d+;\\d+;\\d+t`,
    `${ESCAPE}\\](4;\\d+|1[0-2]);rgba?:[^\\x07${ESCAPE}]*(\\x07|${ESCAPE}\\\\)`,
    `${ESCAPE}P[^${ESCAPE}]*${ESCAPE}\\\\`,
  ]
    .map((form) => `(${form})`)
    .join('|')
    .replace(/^.*$/s, '^($&)+$'),
);

export function isQueryReply(text: string): boolean {
  return QUERY_REPLY.test(text);
}
