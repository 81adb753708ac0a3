/** Languages by file name, each loaded when the first such file is opened. */

import { LanguageSupport, StreamLanguage, type StreamParser } from '@codemirror/language';
import { basename, extension } from '../base/paths.ts';

interface Language {
  readonly name: string;
  readonly load: (path: string) => Promise<LanguageSupport>;
}

const stream = async (parser: Promise<StreamParser<unknown>>): Promise<LanguageSupport> =>
  new LanguageSupport(StreamLanguage.define(await parser));

const python: Language = {
  name: 'Python',
  load: async () => (await import('@codemirror/lang-python')).python(),
};
const javascript: Language = {
  name: 'JavaScript',
  load: async (path) =>
    (await import('@codemirror/lang-javascript')).javascript({ jsx: extension(path) === 'jsx' }),
};
const typescript: Language = {
  name: 'TypeScript',
  load: async (path) =>
    (await import('@codemirror/lang-javascript')).javascript({
      typescript: true,
      jsx: extension(path) === 'tsx',
    }),
};
const json: Language = { name: 'JSON', load: async () => (await import('@codemirror/lang-json')).json() };
const markdown: Language = {
  name: 'Markdown',
  load: async () => (await import('@codemirror/lang-markdown')).markdown(),
};
const yaml: Language = { name: 'YAML', load: async () => (await import('@codemirror/lang-yaml')).yaml() };
const html: Language = { name: 'HTML', load: async () => (await import('@codemirror/lang-html')).html() };
const css: Language = { name: 'CSS', load: async () => (await import('@codemirror/lang-css')).css() };
const shell: Language = {
  name: 'Shell',
  load: () => stream(import('@codemirror/legacy-modes/mode/shell').then((mode) => mode.shell)),
};
const toml: Language = {
  name: 'TOML',
  load: () => stream(import('@codemirror/legacy-modes/mode/toml').then((mode) => mode.toml)),
};
const ini: Language = {
  name: 'INI',
  load: () => stream(import('@codemirror/legacy-modes/mode/properties').then((mode) => mode.properties)),
};
const dockerfile: Language = {
  name: 'Dockerfile',
  load: () => stream(import('@codemirror/legacy-modes/mode/dockerfile').then((mode) => mode.dockerFile)),
};
const diff: Language = {
  name: 'Diff',
  load: () => stream(import('@codemirror/legacy-modes/mode/diff').then((mode) => mode.diff)),
};
const c: Language = {
  name: 'C',
  load: () => stream(import('@codemirror/legacy-modes/mode/clike').then((mode) => mode.c)),
};
const cpp: Language = {
  name: 'C++',
  load: () => stream(import('@codemirror/legacy-modes/mode/clike').then((mode) => mode.cpp)),
};

const BY_EXTENSION: Readonly<Record<string, Language>> = {
  py: python,
  pyi: python,
  js: javascript,
  mjs: javascript,
  cjs: javascript,
  jsx: javascript,
  ts: typescript,
  mts: typescript,
  cts: typescript,
  tsx: typescript,
  json,
  jsonl: json,
  ipynb: json,
  md: markdown,
  yaml,
  yml: yaml,
  html,
  htm: html,
  svg: html,
  xml: html,
  css,
  sh: shell,
  bash: shell,
  toml,
  lock: toml,
  ini,
  cfg: ini,
  conf: ini,
  env: ini,
  diff,
  patch: diff,
  c,
  h: c,
  cc: cpp,
  cpp,
  hpp: cpp,
  cu: cpp,
};

const BY_NAME: Readonly<Record<string, Language>> = {
  Dockerfile: dockerfile,
  '.bashrc': shell,
  '.profile': shell,
  '.bash_profile': shell,
  '.npmrc': ini,
  '.editorconfig': ini,
  '.gitconfig': ini,
};

function languageOf(path: string): Language | undefined {
  return BY_NAME[basename(path)] ?? BY_EXTENSION[extension(path)];
}

export function languageName(path: string): string {
  return languageOf(path)?.name ?? 'Plain text';
}

/** The language's support, or nothing to add where none is known. */
export async function loadLanguage(path: string): Promise<LanguageSupport | []> {
  return (await languageOf(path)?.load(path)) ?? [];
}
