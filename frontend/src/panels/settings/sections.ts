/** The sections of Model settings. */

import type { IconName } from '../../ui/icons.ts';

export type SectionName = 'general' | 'environment' | 'variables' | 'mounts' | 'launchers' | 'filesystem';

export interface SectionTab {
  readonly name: SectionName;
  readonly icon: IconName;
}

export const SECTIONS: readonly SectionTab[] = [
  { name: 'general', icon: 'gear' },
  { name: 'environment', icon: 'layers' },
  { name: 'variables', icon: 'key' },
  { name: 'mounts', icon: 'link' },
  { name: 'launchers', icon: 'chip' },
  { name: 'filesystem', icon: 'disk' },
];

/** The section `step` places on, round the ends. */
export function sectionAfter(name: SectionName, step: 1 | -1): SectionName {
  const index = SECTIONS.findIndex((section) => section.name === name);
  return SECTIONS.at((index + step) % SECTIONS.length)?.name ?? name;
}
