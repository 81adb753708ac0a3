/** An environment and its building in words and numbers. */

import type { Build, BuildPhase, EnvironmentChoice, ModelEnvironment } from '../wire.ts';
import { formatBytes, formatCount } from './format.ts';

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
  readonly words: string;
  /** Percents of the whole where the phase begins and ends: what it took of an environment with torch, roughly. */
  readonly from: number;
  readonly to: number;
}

const PHASES: Readonly<Record<BuildPhase, Stretch>> = {
  waiting: { words: 'Waiting for its turn', from: 0, to: 0 },
  fetching_python: { words: 'Fetching Python', from: 0, to: 10 },
  resolving: { words: 'Resolving versions', from: 10, to: 15 },
  downloading: { words: 'Downloading', from: 15, to: 75 },
  installing: { words: 'Installing', from: 75, to: 95 },
  finishing: { words: 'Finishing', from: 95, to: 100 },
};

export function describePhase(phase: BuildPhase): string {
  return PHASES[phase].words;
}

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

/** "12 of 27 packages · 412 MiB of 1.1 GiB"; what is not known yet is left out. */
export function describeCounts(build: Build): string {
  const packages = build.packages_total > 0 ? [countOf(build.packages_done, build.packages_total)] : [];
  const bytes =
    build.bytes_total > 0 ? [`${formatBytes(build.bytes_done)} of ${formatBytes(build.bytes_total)}`] : [];
  return [...packages, ...bytes].join(' · ');
}

function countOf(done: number, total: number): string {
  return `${done.toLocaleString('en-US')} of ${formatCount(total, 'package')}`;
}
