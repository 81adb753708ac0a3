import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'svelte/compiler';
import { expect, test } from 'vitest';

/** Attributes and properties whose words a person reads or hears. */
const READ =
  /^(aria-(label|description|roledescription|valuetext|placeholder)|alt|title|placeholder|label|heading|hint|message|text|detail|description|action|summary|what|name)$/;
const WORD = /\p{L}{2}/u;
const CAPITAL = /^\p{Lu}\p{Ll}/u;
const SENTENCE = /\p{L}{2}[,.:;…]? \p{L}/u;

/** What is called with words for a program, or for who develops this page. */
const TOLD_NO_PERSON =
  /^(Error|TypeError|RangeError|URL|RegExp|querySelector(All)?|closest|matches|matching|theme|ascii)$/;
/** Attributes and properties whose words are for the browser, also where only a part of them is computed. */
const FOR_THE_BROWSER = /^(class(Name)?|style|rel|this|aria-describedby)$/;
/** Formats of numbers and times, code that is shown as code, lists of tags and of endings of names. */
const WITHOUT_TEXTS = [
  'base/format.ts',
  'run/request-code.ts',
  'editor/viewers/markup.ts',
  'editor/viewers/viewers.ts',
  'editor/language-servers/sanitize.ts',
  'ui/file-icons.ts',
];
/** Names of languages and formats, the same in every language; and a font. */
const NAMES = new Set([
  'Python',
  'JavaScript',
  'TypeScript',
  'Markdown',
  'Protocol Buffers',
  '11px system-ui',
]);

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

/** Where words stand: as content, in an attribute or property that is read, or anywhere else in code. */
type Place = 'content' | 'read' | 'code';

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

function nameOf(node: unknown): string {
  if (!isNode(node)) return '';
  return String(node.name ?? node.value ?? nameOf(node.property));
}

function wordsOf(node: Node): string | null {
  if (node.type === 'Text') return String(node.data);
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : null;
  if (node.type === 'TemplateElement') return String((node.value as { cooked: string }).cooked);
  return null;
}

function isText(words: string, place: Place): boolean {
  if (NAMES.has(words)) return false;
  if (place === 'content') return WORD.test(words);
  return SENTENCE.test(words) || (place === 'read' && CAPITAL.test(words));
}

function isPassedOver(node: Node): boolean {
  if (/^Import|^StyleSheet$/.test(node.type)) return true;
  if (node.type.startsWith('TS')) return !/^TS(As|Satisfies|NonNull)/.test(node.type);
  if (/^(New|Call)Expression$/.test(node.type)) return TOLD_NO_PERSON.test(nameOf(node.callee));
  if (node.type === 'BinaryExpression') return String(node.operator).endsWith('==');
  if (node.type === 'AssignmentExpression') return FOR_THE_BROWSER.test(nameOf((node.left as Node).property));
  if (node.type === 'RegularElement') return node.name === 'code';
  return node.type === 'Attribute' && FOR_THE_BROWSER.test(String(node.name));
}

function placeIn(node: Node, place: Place): Place {
  if (node.type === 'Attribute') return READ.test(String(node.name)) ? 'read' : 'code';
  if (node.type.endsWith('Directive')) return 'code';
  if (node.type === 'Property') return place === 'read' || READ.test(nameOf(node.key)) ? 'read' : 'code';
  if (node.type === 'ExpressionTag' && place === 'content') return 'read';
  if (/Function|Statement|Declaration|Call/.test(node.type)) return place === 'content' ? 'read' : 'code';
  return place;
}

function* textsBelow(node: Node, place: Place): Generator<Node> {
  const words = wordsOf(node);
  if (words !== null) {
    if (isText(words.trim(), place)) yield node;
    return;
  }
  if (isPassedOver(node)) return;
  const inner = placeIn(node, place);
  for (const [key, value] of Object.entries(node)) {
    if (key === 'css' || key === 'comments' || key === 'tag') continue;
    for (const child of Array.isArray(value) ? value : [value])
      if (isNode(child)) yield* textsBelow(child, inner);
  }
}

/** 'run/History.svelte:12: Delete' */
function textsIn(file: string): string[] {
  const source = readFileSync(join(import.meta.dirname, file), 'utf8');
  const whole = file.endsWith('.ts') ? `<script lang="ts">${source}</script>` : source;
  const { fragment, instance, module } = parse(whole, { modern: true });
  const found = [...textsBelow(fragment as unknown as Node, 'content')];
  for (const script of [instance, module])
    if (script) found.push(...textsBelow(script.content as unknown as Node, 'code'));
  return found.map((node) => {
    const line = whole.slice(0, node.start).split('\n').length;
    return `${file}:${line}: ${(wordsOf(node) ?? '').trim().replaceAll(/\s+/g, ' ')}`;
  });
}

test('what a person reads stands in texts/', () => {
  const files = globSync('**/*.{ts,svelte}', { cwd: import.meta.dirname }).filter(
    (file) => !/\.test\.ts$|^texts\/|^wire\.ts$/.test(file) && !WITHOUT_TEXTS.includes(file),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(files.flatMap(textsIn)).toEqual([]);
});
