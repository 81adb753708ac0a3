/** A Jupyter notebook of format 4 as cells to be read. What a file of a model holds is believed nothing. */

import { texts } from '../../texts/viewing.ts';

export type Output =
  | { readonly kind: 'text'; readonly text: string; readonly isError: boolean }
  | { readonly kind: 'image'; readonly url: string; readonly description: string }
  | { readonly kind: 'html'; readonly html: string }
  | { readonly kind: 'markdown'; readonly markdown: string }
  /** Of a kind that this page does not show. */
  | { readonly kind: 'other'; readonly types: readonly string[] };

export type Cell =
  | { readonly kind: 'markdown'; readonly markdown: string }
  | { readonly kind: 'raw'; readonly text: string }
  | {
      readonly kind: 'code';
      readonly code: string;
      /** In [3]; null where it has not run. */
      readonly count: number | null;
      readonly outputs: readonly Output[];
    };

export interface Notebook {
  /** As notebooks call it: "python". */
  readonly language: string;
  readonly cells: readonly Cell[];
}

/** Why a text is no notebook that can be shown. */
export class NotebookProblem extends Error {
  override readonly name = 'NotebookProblem';
}

type Json = Readonly<Record<string, unknown>>;

export function parseNotebook(text: string): Notebook {
  const { cells, metadata, nbformat } = objectOf(parse(text));
  if (nbformat !== 4 || !Array.isArray(cells))
    throw new NotebookProblem(texts.notebook.otherFormat(JSON.stringify(nbformat)));
  const { language_info, kernelspec } = objectOf(metadata);
  const language = objectOf(language_info).name ?? objectOf(kernelspec).language ?? 'python';
  return { language: String(language), cells: cells.map((cell) => cellOf(objectOf(cell))) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new NotebookProblem(texts.notebook.notJson(error.message));
  }
}

function cellOf(cell: Json): Cell {
  const source = textOf(cell.source);
  if (cell.cell_type === 'markdown')
    return { kind: 'markdown', markdown: withAttachments(source, objectOf(cell.attachments)) };
  if (cell.cell_type !== 'code') return { kind: 'raw', text: source };
  const outputs = Array.isArray(cell.outputs) ? cell.outputs : [];
  const count = typeof cell.execution_count === 'number' ? cell.execution_count : null;
  return {
    kind: 'code',
    code: source,
    count,
    outputs: joined(outputs.map((output) => outputOf(objectOf(output)))),
  };
}

function outputOf(output: Json): Output {
  switch (output.output_type) {
    case 'stream':
      return { kind: 'text', text: textOf(output.text), isError: output.name === 'stderr' };
    case 'error': {
      const lines = Array.isArray(output.traceback) ? output.traceback.map(String).join('\n') : '';
      return {
        kind: 'text',
        text: lines || `${textOf(output.ename)}: ${textOf(output.evalue)}`,
        isError: true,
      };
    }
    default:
      return richest(objectOf(output.data));
  }
}

/** The form that says most of those this page shows. */
function richest(data: Json): Output {
  const text = textOf(data['text/plain']);
  const image = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'].find(
    (type) => typeof data[type] !== 'undefined',
  );
  if (image !== undefined) {
    const base64 = textOf(data[image]).replace(/\s/g, '');
    return { kind: 'image', url: `data:${image};base64,${base64}`, description: text };
  }
  const svg = textOf(data['image/svg+xml']);
  if (svg) return { kind: 'image', url: `data:image/svg+xml,${encodeURIComponent(svg)}`, description: text };
  const html = textOf(data['text/html']);
  if (html) return { kind: 'html', html };
  const markdown = textOf(data['text/markdown']);
  if (markdown) return { kind: 'markdown', markdown };
  if (text) return { kind: 'text', text, isError: false };
  if (data['application/json'] !== undefined)
    return { kind: 'text', text: JSON.stringify(data['application/json'], null, 2), isError: false };
  const latex = textOf(data['text/latex']);
  if (latex) return { kind: 'text', text: latex, isError: false };
  return { kind: 'other', types: Object.keys(data) };
}

/** What a program printed comes in pieces. */
function joined(outputs: readonly Output[]): Output[] {
  const all: Output[] = [];
  for (const output of outputs) {
    const last = all.at(-1);
    if (output.kind === 'text' && last?.kind === 'text' && last.isError === output.isError)
      all[all.length - 1] = { ...last, text: last.text + output.text };
    else all.push(output);
  }
  return all;
}

/** Images that are kept in the cell. */
function withAttachments(markdown: string, attachments: Json): string {
  let text = markdown;
  for (const [name, forms] of Object.entries(attachments)) {
    const [type, content] = Object.entries(objectOf(forms))[0] ?? [];
    if (type?.startsWith('image/'))
      text = text.replaceAll(`attachment:${name}`, `data:${type};base64,${textOf(content)}`);
  }
  return text;
}

/** Texts are kept whole or as their lines. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join('');
  return typeof value === 'string' ? value : '';
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}; // checked right here
}
