/** What the bottom line says, and the menus that open from it. */

import { formatBytes, formatCount } from '../base/format.ts';
import type { Usage } from '../wire.ts';

interface Cursor {
  readonly line: number;
  readonly column: number;
  readonly selected: number;
}

export const texts = {
  connection: {
    open: 'Connected',
    connecting: 'Connecting…',
    waiting: 'Offline',
    closed: 'Disconnected',
  },
  openSettings: (present: string) => `${present}. Open Model settings`,
  filesystem: 'Filesystem:',
  usage: ({ used_bytes, limit_bytes, used_files, limit_files }: Usage) =>
    `${formatBytes(used_bytes)} / ${formatBytes(limit_bytes)} · ${used_files.toLocaleString('en-US')} / ${limit_files.toLocaleString('en-US')} files`,
  environment: 'Environment:',
  environmentFailed: 'Environment, the last build failed:',
  building: (percent: number) => `Building environment… ${percent} %`,
  ports: 'Ports:',
  aboutPorts: 'Ports on which programs listen',
  notSaved: (files: number) => `${files} not saved`,
  cursor: ({ line, column, selected }: Cursor) =>
    `Ln ${line}, Col ${column}${selected > 0 ? ` (${selected} selected)` : ''}`,

  git: {
    switchBranch: 'Switch the branch',
    branch: (branch: string, changes: number) =>
      `Branch ${branch}${changes > 0 ? ', with changes' : ''}. Switch it`,
    publish: 'Publish the branch',
    syncWith: (upstream: string) => `Sync with ${upstream}`,
    sync: (behind: number, ahead: number) => `Sync: ${behind} to pull, ${ahead} to push`,
  },

  showProblems: (errors: number, warnings: number) =>
    `${formatCount(errors, 'error')}, ${formatCount(warnings, 'warning')}. Show the problems`,
  /** After their number. */
  errors: 'errors,',
  warnings: 'warnings',

  languageServers: 'Language servers',
  restartOne: 'Language servers: restart one',
  restart: (server: string) => `Restart ${server}`,
  serverIs: {
    starting: (server: string) => `${server} starting…`,
    ready: (server: string) => server,
    stopped: (server: string) => `${server} stopped`,
    failed: (server: string) => `${server} failed`,
  },
  serversOf: (language: string, servers: readonly string[]) => `${language}: ${servers.join(', ')}`,
  openServers: (servers: string, reasons: string) =>
    `${servers}${reasons === '' ? '' : `. ${reasons}`}. Language servers`,

  format: {
    indentation: 'Indentation',
    /** Before what it is, for who hears it. */
    indentationIs: 'Indentation,',
    spaces: (width: number) => `Spaces: ${width}`,
    tabs: (width: number) => `Tabs: ${width}`,
    indentWithSpaces: (width: number) => `Indent with ${width} spaces`,
    indentWithTabs: (width: number) => `Indent with tabs, ${width} wide`,
    reindentWithSpaces: 'Write all indentation with spaces',
    reindentWithTabs: 'Write all indentation with tabs',

    encoding: 'Encoding',
    encodingIs: 'Encoding,',
    reopenWithAnother: 'Reopen with another encoding…',
    saveWithAnother: 'Save with another encoding…',
    reopen: 'Reopen with encoding',
    save: 'Save with encoding',
    unsaved: (file: string) =>
      `${file} has unsaved changes. Save them, then reopen it with another encoding.`,
    isNot: (file: string, asked: string, present: string) =>
      `${file} is not ${asked}: saving it would change bytes that you did not touch. It stays open as ${present}.`,

    lineEnds: 'Line ends',
    lineEndsAre: 'Line ends,',
    lf: 'LF (Linux, macOS)',
    crlf: 'CRLF (Windows)',
    /** By what ends the lines of a text. */
    lineEnd: { '\n': 'LF', '\r\n': 'CRLF', mixed: 'Mixed' },
  },
};
