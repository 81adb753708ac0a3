/** Languages by file name, each loaded when the first such file is opened. */

import { LanguageSupport, StreamLanguage, type StreamParser } from '@codemirror/language';
import { basename, extension } from '../base/paths.ts';
import { texts } from '../texts/editor.ts';

interface Language {
  readonly name: string;
  readonly load: (path: string) => Promise<LanguageSupport>;
}

/** One of CodeMirror's older modes, which know the words of a language. */
function legacy(name: string, parser: () => Promise<StreamParser<unknown>>): Language {
  return { name, load: async () => new LanguageSupport(StreamLanguage.define(await parser())) };
}

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
const modes = {
  clike: () => import('@codemirror/legacy-modes/mode/clike'),
  css: () => import('@codemirror/legacy-modes/mode/css'),
};
const shell = legacy('Shell', async () => (await import('@codemirror/legacy-modes/mode/shell')).shell);
const toml = legacy('TOML', async () => (await import('@codemirror/legacy-modes/mode/toml')).toml);
const ini = legacy('INI', async () => (await import('@codemirror/legacy-modes/mode/properties')).properties);
const dockerfile = legacy(
  'Dockerfile',
  async () => (await import('@codemirror/legacy-modes/mode/dockerfile')).dockerFile,
);
const diff = legacy('Diff', async () => (await import('@codemirror/legacy-modes/mode/diff')).diff);
const xml = legacy('XML', async () => (await import('@codemirror/legacy-modes/mode/xml')).xml);
const sql = legacy('SQL', async () => (await import('@codemirror/legacy-modes/mode/sql')).standardSQL);
const rust = legacy('Rust', async () => (await import('@codemirror/legacy-modes/mode/rust')).rust);
const go = legacy('Go', async () => (await import('@codemirror/legacy-modes/mode/go')).go);
const r = legacy('R', async () => (await import('@codemirror/legacy-modes/mode/r')).r);
const julia = legacy('Julia', async () => (await import('@codemirror/legacy-modes/mode/julia')).julia);
const ruby = legacy('Ruby', async () => (await import('@codemirror/legacy-modes/mode/ruby')).ruby);
const perl = legacy('Perl', async () => (await import('@codemirror/legacy-modes/mode/perl')).perl);
const lua = legacy('Lua', async () => (await import('@codemirror/legacy-modes/mode/lua')).lua);
const swift = legacy('Swift', async () => (await import('@codemirror/legacy-modes/mode/swift')).swift);
const fortran = legacy(
  'Fortran',
  async () => (await import('@codemirror/legacy-modes/mode/fortran')).fortran,
);
const octave = legacy('MATLAB', async () => (await import('@codemirror/legacy-modes/mode/octave')).octave);
const latex = legacy('LaTeX', async () => (await import('@codemirror/legacy-modes/mode/stex')).stex);
const cmake = legacy('CMake', async () => (await import('@codemirror/legacy-modes/mode/cmake')).cmake);
const nginx = legacy('nginx', async () => (await import('@codemirror/legacy-modes/mode/nginx')).nginx);
const jinja = legacy('Jinja', async () => (await import('@codemirror/legacy-modes/mode/jinja2')).jinja2);
const haskell = legacy(
  'Haskell',
  async () => (await import('@codemirror/legacy-modes/mode/haskell')).haskell,
);
const groovy = legacy('Groovy', async () => (await import('@codemirror/legacy-modes/mode/groovy')).groovy);
const protobuf = legacy(
  'Protocol Buffers',
  async () => (await import('@codemirror/legacy-modes/mode/protobuf')).protobuf,
);
const powershell = legacy(
  'PowerShell',
  async () => (await import('@codemirror/legacy-modes/mode/powershell')).powerShell,
);
const c = legacy('C', async () => (await modes.clike()).c);
const cpp = legacy('C++', async () => (await modes.clike()).cpp);
const java = legacy('Java', async () => (await modes.clike()).java);
const csharp = legacy('C#', async () => (await modes.clike()).csharp);
const kotlin = legacy('Kotlin', async () => (await modes.clike()).kotlin);
const scala = legacy('Scala', async () => (await modes.clike()).scala);
const dart = legacy('Dart', async () => (await modes.clike()).dart);
const scss = legacy('SCSS', async () => (await modes.css()).sCSS);
const less = legacy('Less', async () => (await modes.css()).less);

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
  svg: xml,
  xml,
  xsd: xml,
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
  cxx: cpp,
  hh: cpp,
  cu: cpp,
  cuh: cpp,
  ino: cpp,
  sql,
  rs: rust,
  go,
  java,
  cs: csharp,
  kt: kotlin,
  kts: kotlin,
  scala,
  dart,
  swift,
  r,
  jl: julia,
  rb: ruby,
  pl: perl,
  pm: perl,
  lua,
  f: fortran,
  f90: fortran,
  f95: fortran,
  m: octave,
  hs: haskell,
  groovy,
  gradle: groovy,
  tex: latex,
  cmake,
  proto: protobuf,
  ps1: powershell,
  jinja,
  j2: jinja,
  scss,
  less,
  zsh: shell,
  markdown,
  pyw: python,
  json5: json,
  webmanifest: json,
  properties: ini,
};

const BY_NAME: Readonly<Record<string, Language>> = {
  Dockerfile: dockerfile,
  Containerfile: dockerfile,
  'CMakeLists.txt': cmake,
  'nginx.conf': nginx,
  Gemfile: ruby,
  Rakefile: ruby,
  Jenkinsfile: groovy,
  Pipfile: toml,
  'requirements.txt': ini,
  '.zshrc': shell,
  '.env': ini,
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
  return languageOf(path)?.name ?? texts.plainText;
}

/** The language's support, or nothing to add where none is known. */
export async function loadLanguage(path: string): Promise<LanguageSupport | []> {
  return (await languageOf(path)?.load(path)) ?? [];
}
