/** The language servers of one file in one editor: added to the text while they run. */

import { autocompletion } from '@codemirror/autocomplete';
import { hoverTooltips, type LSPClient, serverCompletionSource, signatureHelp } from '@codemirror/lsp-client';
import { Compartment, type Extension, Prec } from '@codemirror/state';
import { EditorView, keymap, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import type { Readable } from 'svelte/store';
import { quickFix } from '../problem-marks.ts';
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
  offerActions(view: EditorView): void;
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
    file.servers.map(({ client }, index) =>
      following(client, (now) => (now === null ? [] : parts(now, file, index === 0))),
    ),
    EditorView.domEventHandlers({ mousedown: (event, view) => clicked(event, view, keys) }),
    keymap.of([{ key: 'Mod-k Mod-i', run: keys.showHover, preventDefault: true }]),
    quickFix.of(keys.offerActions),
    inlayHints(file),
    languageTheme,
  ];
}

/** A server that knows the code answers in milliseconds. */
const COMPLETION_DELAY_MS = 20;

function parts(client: LSPClient, { uri, languageId }: FileLanguages, isFirst: boolean): Extension {
  if (!isFirst) return secondDocument.of({ client, uri, languageId });
  return [
    client.plugin(uri, languageId),
    // In the place of what the language itself completes: a server knows these names too.
    autocompletion({ override: [serverCompletionSource], activateOnTypingDelay: COMPLETION_DELAY_MS }),
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

/** What goes with the value of a store, in its place as that changes. */
export function following<T>(store: Readable<T>, extensionOf: (value: T) => Extension): Extension {
  const place = new Compartment();
  const follow = ViewPlugin.define((view) => {
    let isThere = true;
    let shown: { readonly value: T } | null = null;
    const show = (value: T): void => {
      if (!isThere || shown?.value === value) return;
      shown = { value };
      view.dispatch({ effects: place.reconfigure(extensionOf(value)) });
    };
    // Later: an editor that is being updated cannot be changed.
    const stop = store.subscribe((value) => queueMicrotask(() => show(value)));
    return {
      destroy() {
        isThere = false;
        stop();
      },
    };
  });
  return [place.of([]), follow];
}
