/** What the shell tells of itself: where commands begin, how they end, and which folder it is in.
 *
 * The marks are those of FinalTerm (OSC 133) and of VS Code (OSC 633), which other shells and tools send as well.
 */

import type { IMarker, Terminal } from '@xterm/xterm';
import { type Readable, writable } from 'svelte/store';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import { shellFolder } from '../base/shell-folder.ts';
import { texts } from '../texts/terminal.ts';

interface Command {
  readonly prompt: IMarker;
  runs: boolean;
}

export class ShellIntegration implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly folders = writable<string | null>('');
  private prompts: IMarker[] = [];
  private command: Command | null = null;

  /** Of the filesystem, as in Entry.path; null where the shell is elsewhere. */
  readonly folder: Readable<string | null> = this.folders;

  constructor(private readonly terminal: Terminal) {
    for (const code of [133, 633]) {
      this.owned.add(terminal.parser.registerOscHandler(code, (data) => this.heard(data)));
    }
  }

  /** Scrolls to the command before (-1) or after (1) what is shown. */
  scrollToCommand(step: 1 | -1): void {
    this.prompts = this.prompts.filter((prompt) => !prompt.isDisposed);
    const top = this.terminal.buffer.active.viewportY;
    const found =
      step === -1
        ? this.prompts.findLast(({ line }) => line < top)
        : this.prompts.find(({ line }) => line > top);
    if (found !== undefined) this.terminal.scrollToLine(found.line);
    else if (step === 1) this.terminal.scrollToBottom();
  }

  dispose(): void {
    this.owned.dispose();
  }

  private heard(data: string): boolean {
    const [kind = '', ...rest] = data.split(';');
    if (kind === 'A') this.prompted();
    else if (kind === 'C') this.started();
    else if (kind === 'D') this.ended(rest[0] ?? '');
    else if (kind === 'P' && rest[0]?.startsWith('Cwd=')) this.folders.set(shellFolder(rest[0].slice(4)));
    return true;
  }

  private prompted(): void {
    const prompt = this.terminal.registerMarker(0);
    if (prompt === undefined) return; // a full-screen program's own screen keeps none
    this.command = { prompt, runs: false };
    this.prompts.push(prompt);
  }

  private started(): void {
    if (this.command !== null) this.command.runs = true;
  }

  /** Also said after Enter on an empty line, when nothing ran. */
  private ended(code: string): void {
    const { command } = this;
    this.command = null;
    if (command === null || !command.runs || !/^\d{1,3}$/.test(code)) return;
    const decoration = this.terminal.registerDecoration({ marker: command.prompt, layer: 'top' });
    // It goes with its line, and what listens to it with it.
    decoration?.onRender((element) => {
      element.classList.add('command-mark', code === '0' ? 'succeeded' : 'failed');
      element.title = code === '0' ? texts.command.succeeded : texts.command.failed(code);
    });
  }
}
