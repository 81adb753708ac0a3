/** How what language servers add looks. */

import { EditorView } from '@codemirror/view';

export const languageTheme = EditorView.theme({
  '.cm-lsp-documentation': {
    maxWidth: '640px',
    maxHeight: '320px',
    padding: '6px 10px',
    overflow: 'auto',
    fontFamily: 'var(--font-ui)',
    fontSize: 'var(--size-normal)',
    lineHeight: '1.5',
    overflowWrap: 'anywhere',
  },
  '.cm-lsp-documentation pre': { fontFamily: 'var(--font-mono)', whiteSpace: 'pre-wrap' },
  '.cm-lsp-documentation code': { fontFamily: 'var(--font-mono)' },
  '.cm-lsp-documentation hr': { border: 'none', borderTop: '1px solid var(--line)', margin: '6px 0' },
  '.cm-lsp-signature-tooltip': {
    maxWidth: '640px',
    maxHeight: '240px',
    padding: '6px 10px',
    overflow: 'auto',
  },
  '.cm-lsp-signature-tooltip .cm-lsp-active-parameter': { color: 'var(--accent)', fontWeight: '700' },
  '.cm-tooltip.cm-completionInfo': { padding: '0', maxWidth: '480px' },
  '.cm-inlay-hint': {
    padding: '0 3px',
    borderRadius: 'var(--radius)',
    background: 'var(--surface-2)',
    color: 'var(--text-muted)',
    fontSize: '85%',
  },
  '.cm-code-actions': { padding: '4px', maxWidth: '520px', maxHeight: '260px', overflow: 'auto' },
  '.cm-code-actions button': {
    display: 'block',
    width: '100%',
    minHeight: '28px',
    padding: '2px 10px',
    border: '0',
    borderRadius: 'var(--radius)',
    background: 'transparent',
    color: 'var(--text)',
    fontFamily: 'var(--font-ui)',
    fontSize: 'var(--size-normal)',
    textAlign: 'left',
  },
  '.cm-code-actions button:focus': { background: 'var(--selected)', outline: 'none' },
  '.cm-code-actions p': {
    margin: '0',
    padding: '4px 10px',
    color: 'var(--text-muted)',
    fontFamily: 'var(--font-ui)',
  },
  '.cm-rename': { padding: '6px' },
  '.cm-rename input': { minWidth: '220px', fontFamily: 'var(--font-mono)' },
  '.cm-rename p': {
    margin: '4px 0 0',
    color: 'var(--text-muted)',
    fontFamily: 'var(--font-ui)',
    fontSize: '12px',
  },
});
