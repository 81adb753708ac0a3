/** Types and names of parameters in the text, which nobody wrote there; off unless a person wants them. */

import { type Extension, StateEffect, StateField } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  EditorView,
  ViewPlugin,
  type ViewUpdate,
  WidgetType,
} from '@codemirror/view';
import type { InlayHint } from 'vscode-languageserver-protocol';
import { isRefused } from '../../services/language-requests.ts';
import { preference } from '../../services/preferences.ts';
import { able } from './asking.ts';
import type { FileLanguages } from './file-languages.ts';
import { offsetOf, positionAt } from './positions.ts';

/** After what was typed is told to the server. */
const DELAY_MS = 400;
const LONGEST_HINT = 40;

class HintWidget extends WidgetType {
  constructor(private readonly text: string) {
    super();
  }

  override eq(other: HintWidget): boolean {
    return other.text === this.text;
  }

  override toDOM(): HTMLElement {
    const element = document.createElement('span');
    element.className = 'cm-inlay-hint';
    element.textContent = this.text;
    // A reader of the screen reads the text as it is.
    element.ariaHidden = 'true';
    return element;
  }
}

const setHints = StateEffect.define<DecorationSet>();

const shownHints = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (shown, { changes, effects }) =>
    effects.findLast((effect) => effect.is(setHints))?.value ?? shown.map(changes),
  provide: (field) => EditorView.decorations.from(field),
});

export function inlayHints(file: FileLanguages): Extension {
  return [shownHints, ViewPlugin.define((view) => new HintReader(view, file))];
}

class HintReader {
  private readonly stops: (() => void)[];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isOn = false;
  private isThere = true;

  constructor(
    private readonly view: EditorView,
    private readonly file: FileLanguages,
  ) {
    const stopPreference = preference('inlayHints').subscribe((isOn) => {
      this.isOn = isOn;
      this.readSoon();
    });
    this.stops = [
      stopPreference,
      ...file.servers.map(({ client }) => client.subscribe(() => this.readSoon())),
    ];
  }

  update({ docChanged, viewportChanged }: ViewUpdate): void {
    if (docChanged || viewportChanged) this.readSoon();
  }

  destroy(): void {
    this.isThere = false;
    clearTimeout(this.timer);
    for (const stop of this.stops) stop();
  }

  private readSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.read(), DELAY_MS);
  }

  private async read(): Promise<void> {
    const { doc } = this.view.state;
    const hints = this.isOn ? await this.ask() : [];
    // Nobody needs hints for a text that is gone: there is another round.
    if (!this.isThere || !this.view.state.doc.eq(doc)) return;
    if (hints.length > 0 || this.view.state.field(shownHints).size > 0)
      this.view.dispatch({
        effects: setHints.of(
          Decoration.set(
            hints.map((hint) => this.mark(hint)),
            true,
          ),
        ),
      });
  }

  private async ask(): Promise<readonly InlayHint[]> {
    const server = able(this.file, 'inlayHintProvider');
    const { from, to } = this.view.viewport;
    const { doc } = this.view.state;
    const params = {
      textDocument: { uri: this.file.uri },
      range: { start: positionAt(doc, from), end: positionAt(doc, to) },
    };
    try {
      return (await server?.ask<unknown, InlayHint[] | null>('textDocument/inlayHint', params)) ?? [];
    } catch (error) {
      if (isRefused(error)) return [];
      throw error;
    }
  }

  private mark({ label, position, paddingLeft, paddingRight }: InlayHint): ReturnType<Decoration['range']> {
    const text = typeof label === 'string' ? label : label.map(({ value }) => value).join('');
    const short = text.length > LONGEST_HINT ? `${text.slice(0, LONGEST_HINT)}…` : text;
    const widget = new HintWidget(`${paddingLeft ? ' ' : ''}${short}${paddingRight ? ' ' : ''}`);
    return Decoration.widget({ widget, side: 1 }).range(offsetOf(this.view.state.doc, position));
  }
}
