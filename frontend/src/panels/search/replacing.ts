/** Replaces what was found: in the editor where a file is open, else on disk, if it is still the file that was read. */

import { ApiError, hasCode, messageOf } from '../../services/api.ts';
import type { ModelSession } from '../../services/session.ts';
import { inverse, type Substitution, substituted } from '../../services/substitutions.ts';
import { texts } from '../../texts/search.ts';
import type { SearchMatch } from '../../wire.ts';
import type { FileResults } from './results.ts';

export interface Failure {
  readonly path: string;
  readonly error: unknown;
}

/** What takes one file back to what it was. */
type Undoing =
  | { readonly kind: 'editor'; readonly path: string; readonly edits: readonly Substitution[] }
  | {
      readonly kind: 'disk';
      readonly path: string;
      readonly before: Blob;
      readonly etag: string | null;
    };

export interface Replaced {
  readonly matches: number;
  readonly files: number;
  readonly failures: readonly Failure[];
  readonly undoing: readonly Undoing[];
}

const MOST_BYTES = 64 * 2 ** 20;
const AT_ONCE = 4;

/** One file after the other in a few lanes; at a full disk no further file is begun. `done` hears what is no more. */
export async function replaceAll(
  session: ModelSession,
  files: readonly FileResults[],
  done: (path: string, matches: readonly SearchMatch[]) => void,
): Promise<Replaced> {
  const waiting = [...files];
  const failures: Failure[] = [];
  const undoing: Undoing[] = [];
  let matches = 0;
  let changedFiles = 0;
  let isFull = false;
  const lane = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined && !isFull; file = waiting.shift()) {
      try {
        const outcome = await replaceIn(session, file);
        if (outcome.missed.length > 0)
          failures.push({ path: file.path, error: new Error(texts.changedSince) });
        const replaced = file.matches.filter((match) => !outcome.missed.includes(match));
        if (replaced.length === 0) continue;
        done(file.path, replaced);
        matches += replaced.length;
        changedFiles += 1;
        undoing.push(outcome.undoing);
      } catch (error) {
        failures.push({ path: file.path, error });
        isFull ||= hasCode(error, 'filesystem_full');
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return { matches, files: changedFiles, failures, undoing };
}

/** Takes back what `replaceAll` has done; what somebody has changed since stays. Answers what can be taken back later: a full
 * disk does not take the longer text that was there before. */
export async function undo(
  session: ModelSession,
  { undoing }: Pick<Replaced, 'undoing'>,
): Promise<Pick<Replaced, 'failures' | 'undoing'>> {
  const failures: Failure[] = [];
  const left: Undoing[] = [];
  for (const each of undoing) {
    try {
      if (each.kind === 'disk') await session.api.write(each.path, each.before, each.etag);
      else if (session.substitute(each.path, each.edits)?.length !== 0) throw new Error(texts.changedSince);
    } catch (error) {
      failures.push({ path: each.path, error });
      if (each.kind === 'disk' && !hasCode(error, 'file_changed')) left.push(each);
    }
  }
  return { failures, undoing: left };
}

interface Outcome {
  readonly missed: readonly SearchMatch[];
  readonly undoing: Undoing;
}

async function replaceIn(session: ModelSession, { path, matches }: FileResults): Promise<Outcome> {
  const byEdit = new Map(matches.map((match) => [editOf(match), match]));
  const edits = [...byEdit.keys()];
  const matchesOf = (missed: readonly Substitution[]): SearchMatch[] =>
    missed.flatMap((edit) => byEdit.get(edit) ?? []);
  const missed = session.substitute(path, edits);
  if (missed !== null) {
    const back = inverse(edits.filter((edit) => !missed.includes(edit)));
    return { missed: matchesOf(missed), undoing: { kind: 'editor', path, edits: back } };
  }
  return replaceOnDisk(session, path, edits, matchesOf);
}

async function replaceOnDisk(
  session: ModelSession,
  path: string,
  edits: readonly Substitution[],
  matchesOf: (missed: readonly Substitution[]) => SearchMatch[],
): Promise<Outcome> {
  const { bytes, etag } = await session.api.read(path, MOST_BYTES);
  if (bytes === null) throw new Error(texts.tooLarge);
  const { text, missed } = substituted(textOf(bytes), edits);
  const undoing = { kind: 'disk', path, before: new Blob([bytes]), etag: null } as const;
  if (missed.length === edits.length) return { missed: matchesOf(missed), undoing };
  const entry = await session.api.write(path, text, etag);
  return { missed: matchesOf(missed), undoing: { ...undoing, etag: entry.etag } };
}

/** Of anything but UTF-8, what is written would not be what was read. */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw new Error(texts.notUtf8);
    throw error;
  }
}

function editOf({ line, column, text, replacement }: SearchMatch): Substitution {
  if (replacement === null) throw new Error(`expected what replaces ${text}, got nothing`);
  return { line, column, text, insert: replacement };
}

export function describeFailures(failures: readonly Failure[]): string {
  const shown = failures.slice(0, 6).map(({ path, error }) => `${path}: ${reasonOf(error)}`);
  const more = failures.length - shown.length;
  return [...shown, ...(more > 0 ? [texts.andMore(more)] : [])].join('\n');
}

function reasonOf(error: unknown): string {
  if (error instanceof ApiError && error.code === 'file_changed') return texts.changedSince;
  return messageOf(error);
}
