/** Markdown as GitHub writes it, as HTML that is not safe yet. */

import { Marked } from 'marked';
import { LANGUAGE_ATTRIBUTE } from './markup.ts';

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

const marked = new Marked({
  gfm: true,
  renderer: {
    code({ text, lang }) {
      const language = /^[\w+#.-]+/.exec(lang ?? '')?.[0] ?? '';
      return `<pre ${LANGUAGE_ATTRIBUTE}="${escaped(language)}">${escaped(text)}</pre>\n`;
    },
    // No control of a form: it could not be ticked.
    checkbox({ checked }) {
      return checked ? '☑ ' : '☐ ';
    },
  },
});

/** What stands before the text of many files for tools to read. */
const FRONT_MATTER = /^---\r?\n[\s\S]*?\r?\n---\r?\n/;

export function htmlOf(markdown: string): string {
  return marked.parse(markdown.replace(FRONT_MATTER, ''), { async: false });
}
