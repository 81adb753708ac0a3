/** An environment and its building: what it is made of, and how far it has come. */

import type { Build, BuildPhase, EnvironmentChoice, ModelEnvironment } from '../wire.ts';

export const NONE = '';

/** "Python 3.12 · Node 24". */
export function describeRuntimes({ python, node }: EnvironmentChoice): string {
  return `Python ${python} · Node ${node}`;
}

/** "Python 3.12 · Node 24 · torch 2.13.0". */
export function describeChoice(choice: EnvironmentChoice): string {
  const packages = packagesOf(choice).map(([name, version]) => `${name} ${version}`);
  return [describeRuntimes(choice), ...packages].join(' · ');
}

/** Name and version of what is preinstalled, by name. */
export function packagesOf({ packages = {} }: EnvironmentChoice): [name: string, version: string][] {
  return Object.entries(packages).sort(([a], [b]) => a.localeCompare(b));
}

export function isSameChoice(a: EnvironmentChoice, b: EnvironmentChoice): boolean {
  return describeChoice(a) === describeChoice(b);
}

/** What a model has, or will have once what is built now is whole. */
export function comingChoice({ choice, build }: ModelEnvironment): EnvironmentChoice {
  return build?.status === 'running' || build?.status === 'failed' ? build.choice : choice;
}

export function isBuilding(environment: ModelEnvironment | null): boolean {
  return environment?.build?.status === 'running';
}

/** The event of what happened next can come before the reply to a request: what is known to be further on stays. */
export function withReply(known: ModelEnvironment | null, reply: ModelEnvironment): ModelEnvironment {
  if (known === null) return reply;
  const isDone = known.build === null && isSameChoice(known.choice, comingChoice(reply));
  const isSameBuild = known.build !== null && known.build.started_at === reply.build?.started_at;
  return isDone || isSameBuild ? known : reply;
}

interface Stretch {
  /** Percents of the whole where the phase begins and ends: what it took of an environment with torch, roughly. */
  readonly from: number;
  readonly to: number;
}

const PHASES: Readonly<Record<BuildPhase, Stretch>> = {
  waiting: { from: 0, to: 0 },
  fetching_python: { from: 0, to: 10 },
  resolving: { from: 10, to: 15 },
  downloading: { from: 15, to: 75 },
  installing: { from: 75, to: 95 },
  finishing: { from: 95, to: 100 },
};

/** How far a build has come. A phase that counts nothing stands at its beginning. */
export function buildPercent(build: Build): number {
  const { from, to } = PHASES[build.phase];
  return Math.floor(from + (to - from) * phaseFraction(build));
}

function phaseFraction({ phase, ...counts }: Build): number {
  if (phase !== 'installing' && counts.bytes_total > 0)
    return fraction(counts.bytes_done, counts.bytes_total);
  return fraction(counts.packages_done, counts.packages_total);
}

function fraction(done: number, total: number): number {
  return total > 0 ? Math.min(1, done / total) : 0;
}
