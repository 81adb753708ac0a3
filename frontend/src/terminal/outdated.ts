/** What to say of a terminal that was started before its model's environment, variables or mounted models changed. */

import { describeChoice, describeRuntimes, isSameChoice } from '../base/environment.ts';
import { texts } from '../texts/terminal.ts';
import type { EnvironmentChoice } from '../wire.ts';

/** `started` is undefined for a terminal that was outdated already when this page saw it first. */
export function describeOutdated(
  started: EnvironmentChoice | undefined,
  now: EnvironmentChoice | undefined,
): string {
  if (started === undefined || now === undefined) return texts.outdated.somehow;
  if (isSameChoice(started, now)) return texts.outdated.byVariables;
  return texts.outdated.byEnvironment(whatDiffers(started, now));
}

function whatDiffers(started: EnvironmentChoice, now: EnvironmentChoice): string {
  if (started.python !== now.python) return `Python ${started.python}`;
  return started.node === now.node ? describeChoice(started) : describeRuntimes(started);
}
