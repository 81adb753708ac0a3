/** The sections of Model settings. */

import type { IconName } from '../../ui/icons.ts';

export type SectionName = 'general' | 'environment' | 'variables' | 'mounts' | 'launchers' | 'filesystem';

export interface SectionTab {
  readonly name: SectionName;
  readonly title: string;
  readonly icon: IconName;
}

export const SECTIONS: readonly SectionTab[] = [
  { name: 'general', title: 'General', icon: 'gear' },
  { name: 'environment', title: 'Environment', icon: 'layers' },
  { name: 'variables', title: 'Variables', icon: 'key' },
  { name: 'mounts', title: 'Mounted models', icon: 'link' },
  { name: 'launchers', title: 'Launchers', icon: 'chip' },
  { name: 'filesystem', title: 'Filesystem', icon: 'disk' },
];

/** The section `step` places on, round the ends. */
export function sectionAfter(name: SectionName, step: 1 | -1): SectionName {
  const index = SECTIONS.findIndex((section) => section.name === name);
  return SECTIONS.at((index + step) % SECTIONS.length)?.name ?? name;
}
