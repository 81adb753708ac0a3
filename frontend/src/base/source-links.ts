import { resolveIn } from './shell-folder.ts';

/** Finds places in source files that a line of output names: tracebacks of Python and Node, compilers, pytest, grep. */

export interface SourceLink {
  /** Where in the line the text stands that names the place. */
  readonly start: number;
  readonly end: number;
  /** Relative to the filesystem's root. */
  readonly path: string;
  readonly line: number;
  readonly column: number | null;
}

/** Where the filesystem stands inside a sandbox. */
const ROOT = '/model/';

const LONGEST_PATH = 1024;

const PYTHON_FRAME = /File "(?<path>[^"\n]+)", line (?<line>\d{1,9})/g;
const COLON_PLACE = /:(?<line>\d{1,9})(?::(?<column>\d{1,9}))?/g;
const PATH_CHARACTER = /[\w@+~./-]/;

/** With an extension, so that `12:30:05` and `host:8000` are no places. */
const FILE_NAME = /[^/]\.[A-Za-z]\w*$/;

/** `folder`: that of relative paths; null where they lead nowhere. */
export function sourceLinks(line: string, folder: string | null = ''): SourceLink[] {
  const frames = [...line.matchAll(PYTHON_FRAME)].map((match) => frameLink(match, folder));
  const places = [...line.matchAll(COLON_PLACE)].map((match) => placeLink(line, match, folder));
  return [...frames, ...places].filter((link) => link !== null).sort((a, b) => a.start - b.start);
}

function frameLink(match: RegExpExecArray, folder: string | null): SourceLink | null {
  return linkOf(match, match.index, withinRoot(match.groups?.path ?? '', folder));
}

/** Reads the path backwards from its line number, which keeps hostile lines cheap where one expression would not. */
function placeLink(line: string, match: RegExpExecArray, folder: string | null): SourceLink | null {
  let start = match.index;
  while (start > 0 && match.index - start < LONGEST_PATH && PATH_CHARACTER.test(line.charAt(start - 1)))
    start -= 1;
  const path = line.slice(start, match.index);
  const isFileUrl = path.startsWith('//') && line.slice(0, start).endsWith('file:');
  // After another colon it is part of an address or of a place already found.
  if (line.charAt(start - 1) === ':' && !isFileUrl) return null;
  if (!FILE_NAME.test(path)) return null;
  return linkOf(match, start, withinRoot(isFileUrl ? path.slice(2) : path, folder));
}

function linkOf(match: RegExpExecArray, start: number, path: string | null): SourceLink | null {
  if (path === null) return null;
  const { line, column } = match.groups ?? {};
  return {
    start,
    end: match.index + match[0].length,
    path,
    line: Number(line),
    column: column === undefined ? null : Number(column),
  };
}

/** A path of the filesystem, or null: `<string>`, frozen modules and the environment's own files cannot be opened. */
function withinRoot(path: string, folder: string | null): string | null {
  if (path.startsWith(ROOT)) return path.slice(ROOT.length) || null;
  if (path.startsWith('/') || path.startsWith('<') || path === '' || folder === null) return null;
  return resolveIn(folder, path);
}
