/** Marks beside the lines that differ from what is staged; each opens into what was there, to take back or to stage. */

import { Chunk } from '@codemirror/merge';
import { type Extension, Prec, RangeSetBuilder, StateEffect, StateField, Text } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  EditorView,
  GutterMarker,
  gutter,
  keymap,
  ViewPlugin,
  WidgetType,
} from '@codemirror/view';
import { get } from 'svelte/store';
import { messageOf } from '../../services/api.ts';
import type { ModelSession } from '../../services/session.ts';
import { common } from '../../texts/common.ts';
import { texts } from '../../texts/git-marks.ts';
import type { Encoding } from '../encodings.ts';
import { decodeText, lineEndOf, lineEndsOf } from '../text-file.ts';
import { blameMarks } from './blame-marks.ts';
import { type ChunkKind, chunksOf, kindOf, linesOf, reverted, staged } from './chunks.ts';

interface Base {
  /** Git's id of it. */
  readonly id: string;
  readonly text: Text;
  readonly lineEnd: string;
  readonly encoding: Encoding;
}

interface Marks {
  readonly base: Base | null;
  readonly chunks: readonly Chunk[];
  /** Which is open, by its place. */
  readonly open: number | null;
}

const NOTHING: Marks = { base: null, chunks: [], open: null };

const setBase = StateEffect.define<Base | null>();
const setOpen = StateEffect.define<number | null>();

const marks = StateField.define<Marks>({
  create: () => NOTHING,
  update(value, transaction) {
    let next = value;
    if (transaction.docChanged && next.base !== null) {
      const chunks = Chunk.updateB(next.chunks, next.base.text, transaction.newDoc, transaction.changes);
      next = { ...next, chunks, open: null };
    }
    for (const effect of transaction.effects) {
      if (effect.is(setBase)) {
        const base = effect.value;
        next = { base, chunks: base === null ? [] : chunksOf(base.text, transaction.newDoc), open: null };
      } else if (effect.is(setOpen)) next = { ...next, open: effect.value };
    }
    return next;
  },
});

class ChunkMarker extends GutterMarker {
  constructor(private readonly kind: ChunkKind) {
    super();
  }

  override eq(other: ChunkMarker): boolean {
    return other.kind === this.kind;
  }

  override toDOM(): HTMLElement {
    const element = document.createElement('div');
    element.className = `cm-git-mark cm-git-${this.kind}`;
    element.title = texts.since[this.kind];
    return element;
  }
}

const MARKERS: Readonly<Record<ChunkKind, ChunkMarker>> = {
  added: new ChunkMarker('added'),
  changed: new ChunkMarker('changed'),
  deleted: new ChunkMarker('deleted'),
};

const markGutter = gutter({
  class: 'cm-git-gutter',
  markers: ({ state }) => {
    const builder = new RangeSetBuilder<GutterMarker>();
    let last = 0;
    for (const chunk of state.field(marks).chunks) {
      const [first, end] = linesOf(chunk, state.doc);
      for (let line = Math.max(first, last + 1); line <= end; line += 1) {
        const { from } = state.doc.line(line);
        builder.add(from, from, MARKERS[kindOf(chunk)]);
        last = line;
      }
    }
    return builder.finish();
  },
  domEventHandlers: {
    mousedown: (view, block) => {
      const { number } = view.state.doc.lineAt(block.from);
      const at = chunkAtLine(view, number);
      if (at === -1) return false;
      const isOpen = view.state.field(marks).open === at;
      view.dispatch({ effects: setOpen.of(isOpen ? null : at) });
      return true;
    },
  },
});

function chunkAtLine({ state }: EditorView, line: number): number {
  return state.field(marks).chunks.findIndex((chunk) => {
    const [first, end] = linesOf(chunk, state.doc);
    return first <= line && line <= end;
  });
}

/** The first after the cursor's line, or before it; of all the other end where there is none. */
function step(view: EditorView, forward: boolean): boolean {
  const { state } = view;
  const { chunks } = state.field(marks);
  if (chunks.length === 0) return false;
  const line = state.doc.lineAt(state.selection.main.head).number;
  const starts = chunks.map((chunk) => linesOf(chunk, state.doc)[0]);
  const found = forward
    ? starts.findIndex((start) => start > line)
    : starts.findLastIndex((start) => start < line);
  const at = found !== -1 ? found : forward ? 0 : chunks.length - 1;
  const start = state.doc.line(starts[at] ?? 1).from;
  view.dispatch({
    selection: { anchor: start },
    effects: [setOpen.of(at), EditorView.scrollIntoView(start, { y: 'center' })],
  });
  return true;
}

function close(view: EditorView): boolean {
  if (view.state.field(marks).open === null) return false;
  view.dispatch({ effects: setOpen.of(null) });
  view.focus();
  return true;
}

/** What stood in a chunk's place, and what can be done about it. */
class Peek extends WidgetType {
  constructor(
    private readonly chunk: Chunk,
    private readonly base: Base,
    private readonly place: { readonly number: number; readonly count: number },
    private readonly stage: (view: EditorView, chunk: Chunk) => void,
  ) {
    super();
  }

  override eq(other: Peek): boolean {
    return other.chunk === this.chunk && other.base === this.base;
  }

  override ignoreEvent(): boolean {
    return true;
  }

  override toDOM(view: EditorView): HTMLElement {
    const element = document.createElement('div');
    element.className = 'cm-git-peek';
    element.setAttribute('role', 'group');
    element.setAttribute('aria-label', texts.change(this.place));
    const { fromA, toA } = this.chunk;
    const before = document.createElement('pre');
    before.textContent =
      fromA === toA ? '' : this.base.text.sliceString(fromA, Math.max(fromA, toA - 1)) || ' ';
    const bar = document.createElement('div');
    bar.className = 'cm-git-bar';
    const title = document.createElement('span');
    title.textContent = (fromA === toA ? texts.changeAdded : texts.changeBefore)(this.place);
    bar.append(
      title,
      button(texts.stage, () => this.stage(view, this.chunk)),
      button(texts.revert, () => revert(view, this.chunk, this.base)),
      button(texts.previous, () => step(view, false)),
      button(texts.next, () => step(view, true)),
      button(common.close, () => close(view)),
    );
    element.append(bar);
    if (fromA !== toA) element.append(before);
    element.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') close(view);
    });
    return element;
  }
}

function button(label: string, act: () => void): HTMLButtonElement {
  const element = document.createElement('button');
  element.type = 'button';
  element.textContent = label;
  element.addEventListener('click', act);
  return element;
}

function revert(view: EditorView, chunk: Chunk, base: Base): void {
  view.dispatch({ changes: reverted(chunk, base.text, view.state.doc), userEvent: 'revert' });
  view.focus();
}

function peek(stage: (view: EditorView, chunk: Chunk) => void): Extension {
  return EditorView.decorations.compute([marks], (state): DecorationSet => {
    const { base, chunks, open } = state.field(marks);
    const chunk = open === null ? undefined : chunks[open];
    if (base === null || open === null || chunk === undefined) return Decoration.none;
    const [, line] = linesOf(chunk, state.doc);
    const widget = new Peek(chunk, base, { number: open + 1, count: chunks.length }, stage);
    return Decoration.set(Decoration.widget({ widget, block: true, side: 1 }).range(state.doc.line(line).to));
  });
}

const look = EditorView.theme({
  '.cm-git-gutter': { width: '5px' },
  '.cm-git-gutter .cm-gutterElement': { padding: '0', cursor: 'pointer' },
  '.cm-git-mark': { height: '100%', width: '3px', marginLeft: '1px' },
  '.cm-git-added': { background: 'var(--success)' },
  '.cm-git-changed': { background: 'var(--accent)' },
  '.cm-git-deleted': {
    width: '0',
    height: '0',
    marginTop: 'calc(1lh - 4px)',
    border: '4px solid transparent',
    borderLeftColor: 'var(--danger)',
    borderRight: '0',
  },
  '.cm-git-peek': {
    borderBlock: '1px solid var(--accent)',
    background: 'var(--surface-1)',
    fontFamily: 'var(--font-ui)',
  },
  '.cm-git-bar': { display: 'flex', gap: '6px', alignItems: 'center', padding: '4px 10px' },
  '.cm-git-bar span': { minWidth: '14ch', color: 'var(--text-muted)', fontSize: 'var(--size-small)' },
  '.cm-git-peek pre': {
    maxHeight: '12lh',
    margin: '0',
    padding: '4px 10px',
    overflow: 'auto',
    background: 'color-mix(in srgb, var(--danger) 12%, transparent)',
    fontFamily: 'var(--font-mono)',
  },
});

/** Reads what is staged of the file whenever that may have become another, as long as somebody sees it. */
function follow(session: ModelSession, path: string): Extension {
  return ViewPlugin.define((view) => {
    let asked = 0;
    let isStale = true;
    const read = async (): Promise<void> => {
      const repository = session.git.of(path)?.repository;
      if (repository === undefined || view.dom.offsetParent === null) return;
      isStale = false;
      asked += 1;
      const number = asked;
      try {
        // Asking for what is not there would put a failed request into the browser's console.
        const isUntracked = get(session.git.changes).get(path)?.unstaged === '?';
        const base = isUntracked ? null : baseOf(await session.api.gitContent(repository, path, 'index'));
        if (number === asked && base?.id !== view.state.field(marks).base?.id)
          view.dispatch({ effects: setBase.of(base) });
      } catch {
        isStale = true; // marks are an aid: the view of source control tells what is wrong with the repository
      }
    };
    const listening = session.git.onRefreshed(() => {
      isStale = true;
      void read();
    });
    void Promise.resolve().then(read);
    return {
      update: (update) => {
        if (isStale && update.geometryChanged) void read();
      },
      destroy: () => {
        asked = -1;
        listening.dispose();
      },
    };
  });
}

/** None where git has no such file, or it is not text. */
function baseOf(content: { id: string; bytes: Uint8Array } | null): Base | null {
  if (content === null) return null;
  const decoded = decodeText(content.bytes);
  if (decoded === null) return null;
  const lineEnd = lineEndOf(lineEndsOf(decoded.text));
  const text = Text.of(decoded.text.split(lineEnd));
  return { id: content.id, text, lineEnd, encoding: decoded.encoding };
}

function stageIn(session: ModelSession, path: string) {
  return async (view: EditorView, chunk: Chunk): Promise<void> => {
    const { base } = view.state.field(marks);
    const repository = session.git.of(path)?.repository;
    if (base === null || repository === undefined) return;
    const lines = staged(chunk, base.text, view.state.doc).toString().split('\n');
    if (!base.encoding.startsWith('utf-8')) {
      session.notifications.error(texts.notStaged, new Error(texts.onlyUtf8));
      return;
    }
    const mark = base.encoding === 'utf-8-bom' ? '\uFEFF' : '';
    const action = {
      type: 'stage_content',
      path,
      content: mark + lines.join(base.lineEnd),
      expected: base.id,
      repository,
    } as const;
    try {
      await session.git.act(action, texts.staging);
      session.announce(texts.staged);
    } catch (error) {
      session.notifications.error(texts.notStaged, new Error(messageOf(error)));
    }
    view.focus();
  };
}

export function gitMarks(session: ModelSession, path: string): Extension {
  const stage = stageIn(session, path);
  return [
    marks,
    markGutter,
    peek((view, chunk) => void stage(view, chunk)),
    look,
    follow(session, path),
    blameMarks(session, path),
    Prec.high(
      keymap.of([
        { key: 'Alt-F3', run: (view) => step(view, true) },
        { key: 'Shift-Alt-F3', run: (view) => step(view, false) },
        { key: 'Escape', run: close },
      ]),
    ),
  ];
}
