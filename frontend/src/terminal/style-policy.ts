/** Opens xterm under a Content-Security-Policy that allows styles by nonce only.
 *
 * Its DOM renderer has two habits that `style-src 'self' 'nonce-…'` forbids, and no option against either (xterm 6.0.0):
 * open() makes three <style> elements, and 24-bit colours and contrast are written with setAttribute('style'). The first
 * are given the nonce as they are made; the second is replaced by the same declaration through CSSOM, which policies allow.
 */

import type { Terminal } from '@xterm/xterm';

/** What is reached into; a version of xterm that has it elsewhere fails at once here, and in the browser test. */
interface DomRendererInside {
  readonly _core: {
    readonly _renderService: {
      readonly _renderer: { readonly value: { readonly _rowFactory: RowFactory } };
    };
  };
}

interface RowFactory {
  _addStyle(element: HTMLElement, declaration: string): void;
}

export function openUnderPolicy(terminal: Terminal, parent: HTMLElement, nonce: string): void {
  withNonceOnStyles(parent.ownerDocument, nonce, () => terminal.open(parent));
  const inside = terminal as unknown as DomRendererInside; // private, so no type says it
  const rowFactory = inside._core._renderService._renderer.value._rowFactory;
  if (typeof rowFactory._addStyle !== 'function')
    throw new Error('expected _addStyle in the DOM renderer of xterm');
  rowFactory._addStyle = (element, declaration) => {
    element.style.cssText += declaration;
  };
}

/** open() is synchronous, so no other code makes an element meanwhile. */
function withNonceOnStyles(document: Document, nonce: string, open: () => void): void {
  const create = document.createElement;
  document.createElement = (name: string, options?: ElementCreationOptions) => {
    const element = create.call(document, name, options);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    return element;
  };
  try {
    open();
  } finally {
    document.createElement = create;
  }
}
