/** The language servers of one file in one editor: added to the text while they run. */

import { autocompletion } from '@codemirror/autocomplete';
import { hoverTooltips, type LSPClient, serverCompletionSource, signatureHelp } from '@codemirror/lsp-client';
import { Compartment, type Extension, Prec } from '@codemirror/state';
import { EditorView, keymap, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import type { Readable } from 'svelte/store';
import { secondDocument } from './documents.ts';
import { inlayHints } from './inlay-hints.ts';
import type { ServerConnection } from './server-connection.ts';
import { languageTheme } from './theme.ts';

/** What an editor's file is to the servers, first the one that knows the code. */
export interface FileLanguages {
  readonly path: string;
  readonly uri: string;
  readonly languageId: string;
  readonly servers: readonly ServerConnection[];
}

export interface LanguageKeys {
  /** At a place in the text that was clicked on with Ctrl. */
  goToDefinition(view: EditorView, offset: number): void;
  showHover(view: EditorView): boolean;
}

/** Calls entered and left as the editor comes and goes. */
export interface Attending {
  entered(view: EditorView, file: FileLanguages): void;
  left(view: EditorView, file: FileLanguages): void;
  focused(view: EditorView): void;
}

export function fileLanguages(file: FileLanguages, attending: Attending, keys: LanguageKeys): Extension {
  return [
    attendance(file, attending),
    file.servers.map((server, index) => attached(server, (client) => parts(client, file, index === 0))),
    EditorView.domEventHandlers({ mousedown: (event, view) => clicked(event, view, keys) }),
    keymap.of([{ key: 'Mod-k Mod-i', run: keys.showHover, preventDefault: true }]),
    inlayHints(file),
    languageTheme,
  ];
}

function parts(client: LSPClient, { uri, languageId }: FileLanguages, isFirst: boolean): Extension {
  if (!isFirst) return secondDocument.of({ client, uri, languageId });
  return [
    client.plugin(uri, languageId),
    // In the place of what the language itself completes: a server knows these names too.
    autocompletion({ override: [serverCompletionSource] }),
    hoverTooltips(),
    Prec.high(signatureHelp()),
  ];
}

function clicked(event: MouseEvent, view: EditorView, keys: LanguageKeys): boolean {
  const isPlain = event.button === 0 && !event.shiftKey && !event.altKey;
  if (!isPlain || !(event.ctrlKey || event.metaKey)) return false;
  const offset = view.posAtCoords({ x: event.clientX, y: event.clientY });
  if (offset === null) return false;
  event.preventDefault();
  keys.goToDefinition(view, offset);
  return true;
}

function attendance(file: FileLanguages, attending: Attending): Extension {
  return ViewPlugin.define((view) => {
    attending.entered(view, file);
    return {
      update(update: ViewUpdate) {
        if (update.focusChanged && update.view.hasFocus) attending.focused(update.view);
        if (update.docChanged) for (const server of file.servers) server.changed();
      },
      destroy: () => attending.left(view, file),
    };
  });
}

/** What a server adds to an editor, for as long as it can be asked. */
function attached(
  { client }: { client: Readable<LSPClient | null> },
  partsOf: (client: LSPClient) => Extension,
): Extension {
  const place = new Compartment();
  const follow = ViewPlugin.define((view) => {
    let isThere = true;
    let shown: LSPClient | null = null;
    const show = (now: LSPClient | null): void => {
      if (!isThere || now === shown) return;
      shown = now;
      view.dispatch({ effects: place.reconfigure(now === null ? [] : partsOf(now)) });
    };
    // Later: an editor that is being updated cannot be changed.
    const stop = client.subscribe((now) => queueMicrotask(() => show(now)));
    return {
      destroy() {
        isThere = false;
        stop();
      },
    };
  });
  return [place.of([]), follow];
}
