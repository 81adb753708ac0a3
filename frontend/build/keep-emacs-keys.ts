/** Keeps what @replit/codemirror-emacs does when it is loaded: its build marks the calls that bind its keys as free of
 * effects, so a bundler leaves them out.
 */

import type { Plugin } from 'vite';

export function keepEmacsKeys(): Plugin {
  return {
    name: 'keep-emacs-keys',
    transform: {
      filter: { id: /@replit\/codemirror-emacs\// },
      handler: (code) => ({ code: code.replaceAll('/*@__PURE__*/', ''), map: null }),
    },
  };
}
