/** A launcher in words for a person: how it stands, what it has loaded, what it may use, when it ends. */

import { formatAge, formatElapsed } from '../../base/format.ts';
import { texts } from '../../texts/launchers.ts';
import type { Launcher, LauncherStatus, State } from '../../wire.ts';
import type { Tone } from '../outcomes.ts';
import { specText } from './spec.ts';

const TONES: Readonly<Record<LauncherStatus, Tone>> = {
  starting: 'busy',
  ready: 'good',
  working: 'busy',
  restarting: 'bad',
  failed: 'bad',
};

/** A temporary one that is ready is kept warm, and will end. */
export function statusText({ status, choice }: Launcher): { title: string; tone: Tone } {
  const isWarm = status === 'ready' && choice === null;
  return { title: isWarm ? texts.warm : texts.statuses[status], tone: TONES[status] };
}

/** What it has loaded: "state “base” instantiated", "code loaded". */
export function loadedText({ level, state_id }: Launcher, states: readonly State[]): string {
  if (level === null) return texts.noProcess;
  if (level !== 'state_instantiated') return texts.loaded[level];
  const name = states.find(({ id }) => id === state_id)?.name;
  return name === undefined ? texts.instantiated : texts.stateInstantiated(name);
}

/** What comes next without anybody doing anything; '' if nothing does. */
export function nextText({ status, choice, idle_until }: Launcher, now: number): string {
  if (idle_until === null) return '';
  const left = formatElapsed(idle_until - now);
  if (status === 'restarting') return texts.startsAgainIn(left);
  return choice === null && status === 'ready' ? texts.endsIn(left) : '';
}

/** All of it in one line. */
export function aboutLauncher(launcher: Launcher, states: readonly State[], now: number): string {
  const { spec, started_at, operations, restarts, message } = launcher;
  const [firstLine = ''] = message.split('\n');
  return [
    loadedText(launcher, states),
    specText(spec),
    started_at === null ? '' : texts.started(formatAge(started_at, now)),
    texts.runs(operations),
    restarts === 0 ? '' : texts.startedAgain(restarts),
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
