/** Names of environment variables, judged while they are typed; the server has the last word. */

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What is wrong with the name of a new variable; '' if nothing is. */
export function nameProblem(name: string, taken: readonly string[]): string {
  if (taken.includes(name)) return `${name} exists already; change it in the list.`;
  return NAME.test(name) ? '' : 'A name has letters, digits and _, and begins with no digit.';
}
