/** Names of environment variables, judged while they are typed; the server has the last word. */

import { texts } from '../../texts/settings.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What is wrong with the name of a new variable; '' if nothing is. */
export function nameProblem(name: string, taken: readonly string[]): string {
  if (taken.includes(name)) return texts.variables.nameTaken(name);
  return NAME.test(name) ? '' : texts.variables.badName;
}
