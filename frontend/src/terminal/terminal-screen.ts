/** One xterm on the page: what it draws, how large it is, and what a person types into it. */

import '@xterm/xterm/css/xterm.css';
import { FitAddon } from '@xterm/addon-fit';
import type { SearchAddon } from '@xterm/addon-search';
import { Unicode11Addon } from '@xterm/addon-unicode11';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { Terminal } from '@xterm/xterm';
import { get, type Readable } from 'svelte/store';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import { cspNonce } from '../services/csp.ts';
import { preference } from '../services/preferences.ts';
import { appearance } from '../services/theme.ts';
import { FileLinkProvider, type OpenPlace } from './file-link-provider.ts';
import { hasGraphicsProcessor } from './graphics-processor.ts';
import { isPrompt } from './prompt.ts';
import { ShellIntegration } from './shell-integration.ts';
import { openUnderPolicy } from './style-policy.ts';
import type { Screen } from './terminal-stream.ts';
import { terminalTheme } from './terminal-theme.ts';

export interface ScreenEvents {
  typed(text: string): void;
  openPlace: OpenPlace;
  find(): void;
  /** Other rows and columns fit. */
  fontChanged(): void;
}

export interface Size {
  readonly rows: number;
  readonly columns: number;
}

const fontSize = preference('fontSize');
const SCROLLBACK_ROWS = 10_000;
/** In a sliver of a window the shell keeps its size: a prompt broken over many lines stays broken. */
const LEAST_COLUMNS = 12;
/** WCAG AA, for programs that choose colours with a dark screen in mind. */
const CONTRAST = 4.5;
/** After its first output a shell has prompted, even if with a prompt that is not known as one. */
const PROMPTED_MS = 2_000;

export class TerminalScreen implements Screen, Disposable {
  private readonly owned = new DisposableStore();
  private readonly terminal: Terminal;
  private readonly fitting = new FitAddon();
  /** The shell's, of the filesystem; null where it is elsewhere. */
  readonly folder: Readable<string | null>;
  private disposed = false;
  private readonly shell: ShellIntegration;
  private searching: Promise<SearchAddon> | null = null;

  constructor(
    private readonly container: HTMLElement,
    private readonly events: ScreenEvents,
  ) {
    const fontFamily = getComputedStyle(container).getPropertyValue('--font-mono');
    this.terminal = this.owned.add(
      new Terminal({
        allowProposedApi: true, // unicode versions are counted among them
        // A CSS animation, which makes Chromium hold back all that comes after a key for a frame: the echo with it.
        cursorBlink: false,
        fontFamily,
        fontSize: get(fontSize),
        lineHeight: 1.2,
        linkHandler: { activate: (_, uri) => openAddress(uri) },
        minimumContrastRatio: CONTRAST,
        scrollback: SCROLLBACK_ROWS,
      }),
    );
    this.shell = this.owned.add(new ShellIntegration(this.terminal));
    this.folder = this.shell.folder;
    this.load();
    openUnderPolicy(this.terminal, container, cspNonce());
    this.listen();
  }

  get size(): Size {
    return { rows: this.terminal.rows, columns: this.terminal.cols };
  }

  write(bytes: Uint8Array, drawn: () => void): void {
    this.terminal.write(bytes, drawn);
  }

  /** A line of the page's own, after all output so far. */
  print(text: string): void {
    this.terminal.write(`\x1b[0m\r\n\x1b[2m${text}\x1b[0m\r\n`);
  }

  reset(): void {
    this.terminal.reset();
  }

  resize(rows: number, columns: number): void {
    this.terminal.resize(columns, rows);
  }

  /** Takes the size of its container; null while that is hidden. */
  fit(): Size | null {
    const isHidden = this.container.clientHeight === 0;
    const wanted = isHidden ? undefined : this.fitting.proposeDimensions();
    if (wanted === undefined || !(wanted.rows > 0 && wanted.cols >= LEAST_COLUMNS)) return null;
    this.resize(wanted.rows, wanted.cols);
    return this.size;
  }

  focus(): void {
    this.terminal.focus();
  }

  /** While false, keys are dropped: there is nobody to send them to. */
  acceptInput(accept: boolean): void {
    this.terminal.options.disableStdin = !accept;
    this.terminal.options.cursorInactiveStyle = accept ? 'outline' : 'none';
  }

  /** Whether it seems that a shell waits for a command. */
  get isAtPrompt(): boolean {
    const buffer = this.terminal.buffer.active;
    const line = buffer.getLine(buffer.baseY + buffer.cursorY)?.translateToString() ?? '';
    return buffer.type === 'normal' && isPrompt(line, buffer.cursorX);
  }

  /** Calls once a new shell has prompted. */
  oncePrompted(run: () => void): void {
    const waiting = this.owned.add(new DisposableStore());
    const prompted = (): void => {
      waiting.dispose();
      run();
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    waiting.defer(() => clearTimeout(timer));
    waiting.add(
      this.terminal.onWriteParsed(() => {
        timer ??= setTimeout(prompted, PROMPTED_MS);
        if (this.isAtPrompt) prompted();
      }),
    );
  }

  async find(text: string, backwards: boolean): Promise<boolean> {
    this.searching ??= this.loadSearch();
    const search = await this.searching;
    return backwards ? search.findPrevious(text) : search.findNext(text);
  }

  clearSelection(): void {
    this.terminal.clearSelection();
  }

  dispose(): void {
    this.disposed = true;
    this.owned.dispose();
  }

  private load(): void {
    this.terminal.loadAddon(this.fitting);
    void this.loadGraphics();
    this.terminal.loadAddon(new Unicode11Addon());
    this.terminal.unicode.activeVersion = '11';
    this.terminal.loadAddon(new WebLinksAddon((_, uri) => openAddress(uri)));
    this.owned.add(
      this.terminal.registerLinkProvider(
        new FileLinkProvider(this.terminal, () => get(this.shell.folder), this.events.openPlace),
      ),
    );
  }

  private listen(): void {
    this.owned.add(this.terminal.onData((text) => this.events.typed(text)));
    this.owned.add(this.terminal.onBinary((text) => this.events.typed(text)));
    this.owned.defer(
      appearance.subscribe(() => {
        this.terminal.options.theme = terminalTheme();
      }),
    );
    this.owned.defer(
      fontSize.subscribe((pixels) => {
        if (this.terminal.options.fontSize === pixels) return;
        this.terminal.options.fontSize = pixels;
        this.events.fontChanged();
      }),
    );
    this.owned.defer(
      preference('readTerminalsAloud').subscribe((aloud) => {
        this.terminal.options.screenReaderMode = aloud;
      }),
    );
    this.terminal.attachCustomKeyEventHandler((event) => this.isForTerminal(event));
  }

  /** False for keys that are the browser's, and those of this screen itself. */
  private isForTerminal(event: KeyboardEvent): boolean {
    if (event.type !== 'keydown') return true;
    const control = event.ctrlKey && !event.altKey && !event.metaKey;
    if (control && event.shiftKey && event.code === 'KeyC') {
      event.preventDefault();
      this.copy();
      return false;
    }
    if ((control || event.metaKey) && !event.shiftKey && event.code === 'KeyF') {
      event.preventDefault();
      this.events.find();
      return false;
    }
    if (control && !event.shiftKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      this.shell.scrollToCommand(event.key === 'ArrowUp' ? -1 : 1);
      return false;
    }
    return !isBrowserKey(event);
  }

  private copy(): void {
    // xterm answers the copy event with its selection; unlike the clipboard API that works without https too.
    if (this.terminal.hasSelection()) document.execCommand('copy');
  }

  /** Drawing with a graphics processor is faster; where one is only imitated, it is slower. */
  private async loadGraphics(): Promise<void> {
    if (!hasGraphicsProcessor()) return;
    const { WebglAddon } = await import('@xterm/addon-webgl');
    if (this.disposed) return;
    const graphics = new WebglAddon();
    // Lost with the processor, as after sleep: the screen is drawn as before.
    this.owned.add(graphics.onContextLoss(() => graphics.dispose()));
    this.terminal.loadAddon(graphics);
  }

  private async loadSearch(): Promise<SearchAddon> {
    const { SearchAddon } = await import('@xterm/addon-search');
    const search = new SearchAddon();
    this.terminal.loadAddon(search);
    return search;
  }
}

/** Chords of the browser that no shell knows; Ctrl+Shift+V is its paste. The page's own were taken before they came here. */
function isBrowserKey({ ctrlKey, metaKey, shiftKey, altKey }: KeyboardEvent): boolean {
  return !altKey && (metaKey || (ctrlKey && shiftKey));
}

/** Addresses come from a program's output: only those of the web, and without access to this page. */
function openAddress(uri: string): void {
  if (/^https?:\/\//i.test(uri)) window.open(uri, '_blank', 'noopener,noreferrer');
}
