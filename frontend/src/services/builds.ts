/** The building of an environment in words. */

import { texts } from '../texts/services.ts';
import type { Build, BuildPhase } from '../wire.ts';

export function describePhase(phase: BuildPhase): string {
  return texts.build.phases[phase];
}

/** "12 of 27 packages · 412 MiB of 1.1 GiB"; what is not known yet is left out. */
export function describeCounts(build: Build): string {
  const { packages, bytes } = texts.build;
  const known = [
    build.packages_total > 0 ? packages(build.packages_done, build.packages_total) : '',
    build.bytes_total > 0 ? bytes(build.bytes_done, build.bytes_total) : '',
  ];
  return known.filter(Boolean).join(' · ');
}
