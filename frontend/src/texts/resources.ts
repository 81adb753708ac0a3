/** What is said of what a launcher may use and has used. */

import { formatCount } from '../base/format.ts';

export const texts = {
  resources: 'Resources',
  countCpus: (count: number) => formatCount(count, 'CPU'),
  countGpus: (count: number) => formatCount(count, 'GPU'),

  notRead: (why: string) => `What was used could not be read. ${why}`,
  reading: 'Reading what was used…',
  firstComes: 'The first reading comes after a second.',
  overBefore: 'It was over before the first reading.',
  notTold: 'This machine does not tell what launchers use.',

  cpus: 'CPUs',
  memory: 'Memory',
  used: (name: string) => `${name} used`,
  usedIn: (name: string, unit: string) => `${name} used in ${unit}`,
  limit: 'limit',
  most: (peak: string) => `most ${peak}`,
  mostOf: (peak: string, limit: string) => `of ${limit} · most ${peak}`,
  seconds: 'seconds',
  minutes: 'minutes',
  hours: 'hours',
};
