/** Code that is only read, in the colours of the editor. */

import { highlightCode } from '@lezer/highlight';
import { syntaxColors } from '../codemirror-theme.ts';
import { loadLanguage } from '../languages.ts';

/** How fenced blocks and notebooks call languages, where that is not what their files end with. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  python: 'py',
  python3: 'py',
  ipython: 'py',
  ipython3: 'py',
  pycon: 'py',
  javascript: 'js',
  node: 'js',
  typescript: 'ts',
  shell: 'sh',
  console: 'sh',
  zsh: 'sh',
  markdown: 'md',
  'c++': 'cpp',
  text: 'txt',
};

/** Longer code stays in one colour: it is parsed in one go. */
const LONGEST_CHARACTERS = 200_000;

/** In spans of the editor's classes; left as it is where the language is not known. */
export async function colour(element: HTMLElement, language: string): Promise<void> {
  const code = element.textContent ?? '';
  const name = language.toLowerCase();
  const support = await loadLanguage(`code.${EXTENSIONS[name] ?? name}`);
  if (Array.isArray(support) || code.length > LONGEST_CHARACTERS) return;
  const tree = support.language.parser.parse(code);
  const parts: Node[] = [];
  const put = (text: string, classes: string): void => {
    if (!classes) return void parts.push(document.createTextNode(text));
    const span = document.createElement('span');
    span.className = classes;
    span.textContent = text;
    parts.push(span);
  };
  highlightCode(code, tree, syntaxColors, put, () => parts.push(document.createTextNode('\n')));
  element.replaceChildren(...parts);
}
