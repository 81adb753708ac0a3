/** CodeMirror in the page's colours; both themes at once, as ui/tokens.css holds them. */

import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { Theme } from '../services/theme.ts';

const looks = EditorView.theme({
  '&': {
    height: '100%',
    color: 'var(--text)',
    backgroundColor: 'var(--surface-0)',
    fontSize: 'var(--size-code)',
  },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '1.6' },
  '.cm-content': { padding: '8px 0 40vh', caretColor: 'var(--accent)' },
  '.cm-line': { padding: '0 12px 0 6px' },
  '.cm-cursor, .cm-dropCursor': { borderLeft: '2px solid var(--accent)' },
  '.cm-gutters': {
    backgroundColor: 'var(--surface-0)',
    color: 'var(--text-faint)',
    border: 'none',
    paddingLeft: '6px',
  },
  '.cm-lineNumbers .cm-gutterElement': { minWidth: '32px', padding: '0 4px 0 8px' },
  '.cm-foldGutter .cm-gutterElement': { color: 'var(--text-faint)', cursor: 'pointer' },
  '.cm-activeLine': { backgroundColor: 'var(--hover)' },
  '.cm-activeLineGutter': { backgroundColor: 'transparent', color: 'var(--text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'light-dark(#b9dfe6, #1f4f58)',
  },
  '.cm-selectionMatch': { backgroundColor: 'light-dark(#0b72851c, #4cb8c428)' },
  '&.cm-focused .cm-matchingBracket': {
    backgroundColor: 'var(--selected)',
    outline: '1px solid var(--line-strong)',
  },
  '&.cm-focused .cm-nonmatchingBracket': { color: 'var(--danger)' },
  '.cm-searchMatch': { backgroundColor: 'light-dark(#f7dd8f, #6a5411)' },
  '.cm-searchMatch-selected': { backgroundColor: 'light-dark(#f2b94a, #9a7414)' },
  '.cm-foldPlaceholder': {
    backgroundColor: 'var(--surface-2)',
    border: 'none',
    color: 'var(--text-muted)',
    padding: '0 6px',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--surface-3)',
    color: 'var(--text)',
    border: '1px solid var(--line)',
    borderRadius: 'var(--radius)',
    boxShadow: 'var(--shadow)',
    overflow: 'hidden',
  },
  '.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--font-mono)', maxHeight: '16em' },
  '.cm-tooltip-autocomplete > ul > li': { padding: '3px 8px', lineHeight: '1.5' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--selected)',
    color: 'var(--text)',
  },
  '.cm-completionMatchedText': { textDecoration: 'none', color: 'var(--accent)', fontWeight: '600' },
  '.cm-completionDetail': { color: 'var(--text-muted)' },
  '.cm-panels': { backgroundColor: 'var(--surface-1)', color: 'var(--text)', fontFamily: 'var(--font-ui)' },
  '.cm-read-only': {
    padding: '4px 12px',
    borderBottom: '1px solid var(--line)',
    color: 'var(--text-muted)',
    fontSize: '12px',
  },
  '.cm-panels-bottom': { borderTop: '1px solid var(--line)' },
  '.cm-panel.cm-search': {
    padding: '8px 28px 8px 12px',
    display: 'flex',
    flexWrap: 'wrap',
    gap: '6px',
    alignItems: 'center',
  },
  '.cm-panel.cm-search br': { flexBasis: '100%', content: '""', display: 'block' },
  '.cm-panel.cm-search label': {
    fontSize: '12px',
    fontWeight: '400',
    display: 'inline-flex',
    alignItems: 'center',
    gap: '4px',
  },
  '.cm-panel.cm-search input[type=checkbox]': { margin: '0', accentColor: 'var(--accent)' },
  '.cm-panel.cm-search [name=close]': {
    top: '6px',
    right: '8px',
    minHeight: '24px',
    minWidth: '24px',
    fontSize: '16px',
  },
  '.cm-textfield': { margin: '0', borderColor: 'var(--line-strong)', backgroundColor: 'var(--surface-0)' },
  '.cm-button': {
    margin: '0',
    backgroundImage: 'none',
    backgroundColor: 'var(--surface-2)',
    border: '1px solid var(--line)',
    borderRadius: 'var(--radius)',
  },
  '.cm-collapsedLines': {
    padding: '4px 12px',
    background: 'var(--surface-2)',
    color: 'var(--text-muted)',
    fontFamily: 'var(--font-ui)',
    fontSize: '12px',
  },
  '.cm-collapsedLines::before, .cm-collapsedLines::after': { content: '""' },
  '.cm-specialChar': { color: 'var(--danger)' },
});

export const syntaxColors = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.self], color: 'var(--syntax-keyword)' },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: 'var(--syntax-string)' },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: 'var(--syntax-number)' },
  { tag: tags.comment, color: 'var(--syntax-comment)', fontStyle: 'italic' },
  {
    tag: [
      tags.function(tags.variableName),
      tags.function(tags.propertyName),
      tags.function(tags.definition(tags.variableName)),
    ],
    color: 'var(--syntax-function)',
  },
  { tag: [tags.typeName, tags.className, tags.namespace, tags.tagName], color: 'var(--syntax-type)' },
  {
    tag: [tags.attributeName, tags.definition(tags.propertyName), tags.labelName],
    color: 'var(--syntax-property)',
  },
  { tag: [tags.meta, tags.annotation, tags.processingInstruction], color: 'var(--syntax-property)' },
  { tag: tags.heading, color: 'var(--syntax-function)', fontWeight: '700' },
  { tag: [tags.link, tags.url], color: 'var(--accent)', textDecoration: 'underline' },
  { tag: tags.strong, fontWeight: '700' },
  { tag: tags.emphasis, fontStyle: 'italic' },
  { tag: tags.strikethrough, textDecoration: 'line-through' },
  { tag: tags.inserted, color: 'var(--success)' },
  { tag: tags.deleted, color: 'var(--danger)' },
  { tag: tags.invalid, color: 'var(--syntax-invalid)' },
]);

export const pageTheme: Extension = [looks, syntaxHighlighting(syntaxColors)];

/** Tells CodeMirror's own parts, which have colours for light and for dark, which one it is. */
export function brightness(theme: Theme): Extension {
  return EditorView.darkTheme.of(theme === 'dark');
}
