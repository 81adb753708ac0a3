/** What this client understands, beyond what @codemirror/lsp-client says of itself. */

import type { ClientCapabilities } from 'vscode-languageserver-protocol';

const SYMBOL_KINDS = Array.from({ length: 26 }, (_, index) => index + 1);
const ACTION_KINDS = ['', 'quickfix', 'refactor', 'source', 'source.organizeImports', 'source.fixAll'];

export const CAPABILITIES = {
  general: { positionEncodings: ['utf-16'] },
  workspace: {
    applyEdit: true,
    workspaceEdit: { documentChanges: true },
    didChangeWatchedFiles: { dynamicRegistration: true },
    symbol: {},
    diagnostics: { refreshSupport: true },
    inlayHint: { refreshSupport: true },
  },
  textDocument: {
    synchronization: { didSave: true },
    publishDiagnostics: { versionSupport: true, tagSupport: { valueSet: [1, 2] }, dataSupport: true },
    definition: { linkSupport: true },
    documentSymbol: {
      hierarchicalDocumentSymbolSupport: true,
      // @ts-expect-error the protocol's type is an enum, whose numbers these are
      symbolKind: { valueSet: SYMBOL_KINDS },
    },
    rename: { prepareSupport: true },
    inlayHint: {},
    codeAction: {
      codeActionLiteralSupport: { codeActionKind: { valueSet: ACTION_KINDS } },
      dataSupport: true,
      isPreferredSupport: true,
      resolveSupport: { properties: ['edit'] },
    },
  },
} satisfies ClientCapabilities;
