/** A launcher in words for a person: how it stands, what it has loaded, what it may use, when it ends. */

import { formatAge, formatBytes, formatCount, formatElapsed } from '../../base/format.ts';
import type { Launcher, LauncherLevel, LauncherSpec, LauncherStatus, State } from '../../wire.ts';
import type { Tone } from '../outcomes.ts';

export interface LevelText {
  readonly title: string;
  /** What it is for. */
  readonly hint: string;
}

export const LEVELS: Readonly<Record<LauncherLevel, LevelText>> = {
  state_instantiated: {
    title: 'State instantiated',
    hint: 'The model stands with its state; an evaluate is answered at once.',
  },
  code_loaded: {
    title: 'Code loaded',
    hint: 'The code is imported; the state is instantiated by the first run.',
  },
  launcher: {
    title: 'Process started',
    hint: 'The sandbox runs; code and state are loaded by the first run.',
  },
};

const STATUSES: Readonly<Record<LauncherStatus, { readonly title: string; readonly tone: Tone }>> = {
  starting: { title: 'Starting', tone: 'busy' },
  ready: { title: 'Ready', tone: 'good' },
  working: { title: 'Working', tone: 'busy' },
  restarting: { title: 'Restarting', tone: 'bad' },
  failed: { title: 'Failed', tone: 'bad' },
};

/** A temporary one that is ready is kept warm, and will end. */
export function statusText({ status, choice }: Launcher): { title: string; tone: Tone } {
  return status === 'ready' && choice === null ? { title: 'Warm', tone: 'good' } : STATUSES[status];
}

/** "0.5 CPUs, 512 MiB". */
export function specText({ cpus, memory_bytes, gpus }: LauncherSpec): string {
  const parts = [formatCount(cpus, 'CPU'), formatBytes(memory_bytes)];
  return (gpus > 0 ? [...parts, formatCount(gpus, 'GPU')] : parts).join(', ');
}

/** What it has loaded: "state “base” instantiated", "code loaded". */
export function loadedText({ level, state_id }: Launcher, states: readonly State[]): string {
  if (level === null) return 'no process';
  if (level !== 'state_instantiated') return LEVELS[level].title.toLowerCase();
  const name = states.find(({ id }) => id === state_id)?.name;
  return name === undefined ? 'instantiated' : `state “${name}” instantiated`;
}

/** What comes next without anybody doing anything; '' if nothing does. */
export function nextText({ status, choice, idle_until }: Launcher, now: number): string {
  if (idle_until === null) return '';
  const left = formatElapsed(idle_until - now);
  if (status === 'restarting') return `starts again in ${left}`;
  return choice === null && status === 'ready' ? `ends in ${left}` : '';
}

/** All of it in one line. */
export function aboutLauncher(launcher: Launcher, states: readonly State[], now: number): string {
  const { spec, started_at, operations, restarts, message } = launcher;
  const [firstLine = ''] = message.split('\n');
  return [
    loadedText(launcher, states),
    specText(spec),
    started_at === null ? '' : `started ${formatAge(started_at, now)}`,
    formatCount(operations, 'run'),
    restarts === 0 ? '' : `started again ${restarts === 1 ? 'once' : `${restarts} times`}`,
    nextText(launcher, now),
    firstLine,
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

/** What a person may end: an idle temporary one. */
export function isIdle({ status, choice }: Launcher): boolean {
  return choice === null && status === 'ready';
}
