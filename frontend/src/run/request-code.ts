/** A run as code for other programs: starts the same operation through the API, follows its events, gets its result.
 *
 * With nothing installed: curl in a POSIX shell, Python's standard library, Node from 18 on or a browser.
 */

import type { MediaValue, ModelId, NewOperation } from '../wire.ts';

export type CodeLanguage = 'curl' | 'Python' | 'JavaScript';

export interface Call {
  /** Of the server, as the page knows it: "https://slipway.example". */
  readonly url: string;
  readonly model: ModelId;
  readonly request: NewOperation;
}

/** What to put the secret of an API token in the place of. */
export const TOKEN = '<API token>';

/** A longer file is read from the disk by who runs the code, instead of standing in it. */
const LONGEST_FILE = 4 * 1024;
const LINE_LENGTH = 100;

export function requestCode(language: CodeLanguage, call: Call): string {
  switch (language) {
    case 'curl':
      return curl(call);
    case 'Python':
      return python(call);
    case 'JavaScript':
      return javascript(call);
  }
}

/** How a language writes what JSON holds. */
interface Dialect {
  readonly words: { readonly true: string; readonly false: string; readonly null: string };
  text(value: string): string;
  /** The content of a file in base64. */
  file(name: string): string;
}

function literal(value: unknown, dialect: Dialect, name = '', indent = ''): string {
  if (typeof value === 'string') return dialect.text(value);
  if (typeof value === 'boolean' || value === null) return dialect.words[`${value}`];
  if (typeof value !== 'object') return JSON.stringify(value);
  const entries = isLongFile(value)
    ? longFile(value, dialect, name)
    : entriesOf(value, dialect, name, indent);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const short = `${open}${entries.join(', ')}${close}`;
  if (short.length <= LINE_LENGTH && !short.includes('\n')) return short;
  const inner = `${indent}  `;
  return `${open}\n${entries.map((entry) => `${inner}${entry}`).join(',\n')}\n${indent}${close}`;
}

function entriesOf(value: object, dialect: Dialect, name: string, indent: string): string[] {
  const inner = `${indent}  `;
  if (Array.isArray(value))
    return value.map((item, at) => literal(item, dialect, `${name}-${at + 1}`, inner));
  return Object.entries(value).map(
    // A value of many has its files named by the parameter.
    ([key, item]) => `${dialect.text(key)}: ${literal(item, dialect, key === 'values' ? name : key, inner)}`,
  );
}

function isLongFile(value: object): value is MediaValue {
  return 'base64' in value && typeof value.base64 === 'string' && value.base64.length > LONGEST_FILE;
}

function longFile({ format }: MediaValue, dialect: Dialect, name: string): string[] {
  const path = `${name.replace(/[^\w-]/g, '_')}.${format || 'bin'}`;
  return [
    `${dialect.text('format')}: ${dialect.text(format)}`,
    `${dialect.text('base64')}: ${dialect.file(path)}`,
  ];
}

/** What was left to the server is left out: it comes back as null. */
function bodyOf({ request: { kind, parameters = {}, ...rest } }: Call): object {
  return { kind, parameters, ...chosenOf(rest) };
}

function chosenOf(given: object): object {
  const chosen = Object.entries(given).flatMap(([name, value]: [string, unknown]) => {
    if (value === null || value === undefined) return [];
    if (typeof value !== 'object') return [[name, value]];
    const inner = chosenOf(value);
    return Object.keys(inner).length === 0 ? [] : [[name, inner]];
  });
  return Object.fromEntries(chosen);
}

function isWithFiles(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return isLongFile(value) || Object.values(value).some(isWithFiles);
}

const path = ({ model }: Call): string => `/api/v1/models/${encodeURIComponent(model)}/operations`;
const FILES_NOTE = 'Long files are read from this folder: put them there by these names.';

function curl(call: Call): string {
  const body = bodyOf(call);
  const withFiles = isWithFiles(body);
  // Between unquoted marks the shell puts in files, so what else it would put in is escaped.
  const text = (value: string): string => {
    const quoted = JSON.stringify(value);
    return withFiles ? quoted.replace(/[\\$`]/g, '\\$&') : quoted;
  };
  const dialect: Dialect = {
    words: { true: 'true', false: 'false', null: 'null' },
    text,
    file: (name) => `"$(base64 < ${name} | tr -d '\\n')"`,
  };
  const lines = [
    `SLIPWAY_URL=${shellQuoted(call.url)}`,
    `SLIPWAY_TOKEN='${TOKEN}'`,
    '',
    ...(withFiles ? [`# ${FILES_NOTE}`] : []),
    `operation=$(curl --silent --show-error --fail-with-body "$SLIPWAY_URL${path(call)}" \\`,
    `  --header "Authorization: Bearer $SLIPWAY_TOKEN" \\`,
    `  --header 'Content-Type: application/json' \\`,
    `  --data-binary @- <<${withFiles ? 'END' : "'END'"}`,
    literal(body, dialect),
    'END',
    ') || { echo "$operation"; exit 1; }',
    `id=$(printf '%s' "$operation" | grep -o '"id":"[^"]*"' | head -n 1 | cut -d '"' -f 4)`,
    '',
    '# What it prints and reports, until it has ended.',
    `curl --silent --show-error --fail-with-body --no-buffer "$SLIPWAY_URL/api/v1/operations/$id/events" \\`,
    `  --header "Authorization: Bearer $SLIPWAY_TOKEN"`,
  ];
  if (call.request.kind === 'evaluate') {
    lines.push(
      '',
      `curl --silent --show-error --fail-with-body "$SLIPWAY_URL/api/v1/operations/$id/result" \\`,
      `  --header "Authorization: Bearer $SLIPWAY_TOKEN"`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function shellQuoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}

function python(call: Call): string {
  const body = bodyOf(call);
  const withFiles = isWithFiles(body);
  const dialect: Dialect = {
    words: { true: 'True', false: 'False', null: 'None' },
    text: (value) => JSON.stringify(value),
    file: (name) => `base64.b64encode(pathlib.Path(${JSON.stringify(name)}).read_bytes()).decode()`,
  };
  const lines = [
    ...(withFiles ? ['import base64'] : []),
    'import json',
    ...(withFiles ? ['import pathlib'] : []),
    'import urllib.request',
    '',
    `URL = ${JSON.stringify(call.url)}`,
    `TOKEN = ${JSON.stringify(TOKEN)}`,
    '',
    '',
    'def call(path, body=None):',
    '    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}',
    '    data = None if body is None else json.dumps(body).encode()',
    '    return urllib.request.urlopen(urllib.request.Request(URL + path, data, headers))',
    '',
    '',
    ...(withFiles ? [`# ${FILES_NOTE}`] : []),
    `body = ${literal(body, dialect)}`,
    `with call(${JSON.stringify(path(call))}, body) as reply:`,
    '    operation = json.load(reply)',
    '',
    '# What it prints and reports, until it has ended.',
    `with call(f"/api/v1/operations/{operation['id']}/events") as lines:`,
    '    for line in lines:',
    '        if line.startswith(b"data:"):',
    '            for event in json.loads(line[5:])["events"]:',
    '                print(event)',
  ];
  if (call.request.kind === 'evaluate') {
    lines.push(
      '',
      `with call(f"/api/v1/operations/{operation['id']}/result") as reply:`,
      '    print(json.load(reply))',
    );
  }
  return `${lines.join('\n')}\n`;
}

function javascript(call: Call): string {
  const body = bodyOf(call);
  const withFiles = isWithFiles(body);
  const dialect: Dialect = {
    words: { true: 'true', false: 'false', null: 'null' },
    text: (value) => JSON.stringify(value),
    file: (name) => `await readFile(${JSON.stringify(name)}, 'base64')`,
  };
  const lines = [
    ...(withFiles ? ["import { readFile } from 'node:fs/promises';", ''] : []),
    `const url = ${JSON.stringify(call.url)};`,
    `const token = ${JSON.stringify(TOKEN)};`,
    '',
    'async function call(path, init) {',
    "  const headers = { Authorization: 'Bearer ' + token, 'Content-Type': 'application/json' };",
    '  const reply = await fetch(url + path, { headers, ...init });',
    '  if (!reply.ok) throw new Error(await reply.text());',
    '  return reply;',
    '}',
    '',
    ...(withFiles ? [`// ${FILES_NOTE}`] : []),
    `const body = ${literal(body, dialect)};`,
    `const started = await call(${JSON.stringify(path(call))}, { method: 'POST', body: JSON.stringify(body) });`,
    'const { id } = await started.json();',
    '',
    '// What it prints and reports, until it has ended.',
    "const events = await call('/api/v1/operations/' + id + '/events');",
    "let rest = '';",
    'for await (const text of events.body.pipeThrough(new TextDecoderStream())) {',
    "  const lines = (rest + text).split('\\n');",
    '  rest = lines.pop();',
    '  for (const line of lines) {',
    "    if (line.startsWith('data:')) JSON.parse(line.slice(5)).events.forEach((event) => console.log(event));",
    '  }',
    '}',
  ];
  if (call.request.kind === 'evaluate') {
    lines.push(
      '',
      "const result = await call('/api/v1/operations/' + id + '/result');",
      'console.log(JSON.stringify(await result.json()));',
    );
  }
  return `${lines.join('\n')}\n`;
}
