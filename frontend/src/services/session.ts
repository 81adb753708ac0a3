/** One model open in the page: what every panel is given.
 *
 * A panel is a Svelte component with one prop, `session: ModelSession`. The workbench mounts
 * src/terminal/TerminalPanel.svelte at the bottom and src/run/RunPanel.svelte on the right, once per page, and hides them
 * with CSS rather than unmounting them: a panel that measures itself watches its own size (ResizeObserver; 0 x 0 is hidden).
 *
 * - State is read from stores (`usage`, `operations`, ...), never kept twice. In a component: `const usage =
 *   $derived(session.usage)`, then `$usage`.
 * - What a person can do is a command: `onMount(() => { const command = session.commands.register({...}); return () =>
 *   command.dispose(); })`. Commands the workbench has: 'view.terminal' and 'view.run' show and focus a panel,
 *   'files.saveAll', 'model.settings', 'model.environment', 'model.variables', 'model.mounts', 'model.launch', 'model.filesystem',
 *   'palette.show'. The terminal registers 'terminal.new' and 'terminal.focus', the run
 *   panel 'run.evaluate' (F5, Ctrl+Enter), 'run.train', 'run.stop' (Shift+F5) and 'run.focus'; 'view.terminal' and 'view.run'
 *   call the two focus commands once their panel is seen.
 * - Before code runs, call `saveAll()`; false means that something could not be saved and the person was told.
 */

import type { Readable } from 'svelte/store';
import type { Disposable } from '../base/lifecycle.ts';
import type {
  Model,
  ModelEnvironment,
  ModelId,
  Operation,
  State,
  Terminal,
  Usage,
  Variable,
} from '../wire.ts';
import type { ModelApi } from './api.ts';
import type { CodeChecker } from './code-check.ts';
import type { Commands } from './commands.ts';
import type { Dialogs } from './dialogs.ts';
import type { GitRepositories } from './git.ts';
import type { Languages } from './languages.ts';
import type { FilesystemStatus, ModelEvents } from './model-events.ts';
import type { Notifications } from './notifications.ts';
import type { Problems } from './problems.ts';
import type { SocketStatus } from './socket.ts';
import type { Substitution } from './substitutions.ts';

export interface ModelSession extends Disposable {
  readonly modelId: ModelId;
  readonly api: ModelApi;
  /** File changes and rescans as events; also `operationChanged(reply)` after starting or cancelling one. */
  readonly events: ModelEvents;
  /** What the code defines, and what is wrong with it. */
  readonly code: CodeChecker;
  /** What is wrong in the files, whoever found it. */
  readonly problems: Problems;
  /** How the language servers are, and where the names in the code stand. */
  readonly languages: Languages;
  /** The model's Git repositories, and what is done to them. */
  readonly git: GitRepositories;
  readonly commands: Commands;
  readonly notifications: Notifications;
  readonly dialogs: Dialogs;

  readonly model: Readable<Model>;
  readonly usage: Readable<Usage>;
  /** Newest first. */
  readonly operations: Readable<readonly Operation[]>;
  readonly states: Readable<readonly State[]>;
  /** On which programs in its workspace listen; null before it was heard. */
  readonly ports: Readable<readonly number[] | null>;
  readonly terminals: Readable<readonly Terminal[]>;
  /** Null until the server has said. */
  readonly environment: Readable<ModelEnvironment | null>;
  readonly variables: Readable<readonly Variable[]>;
  readonly filesystem: Readable<FilesystemStatus>;
  readonly connection: Readable<SocketStatus>;

  /** Opens a file in the editor, the cursor at a line and column counted from 1; path as in Entry.path. */
  openFile(path: string, line?: number, column?: number): Promise<void>;
  /** Shows a file in a tab that the next preview replaces, unless it is edited or kept; the focus stays where it is. */
  previewFile(path: string, line?: number, column?: number): Promise<void>;
  /** Shows and selects a file or folder in the files. */
  revealInFiles(path: string): Promise<void>;
  /** Changes the text of a file in its editor, as one step that undo takes back. Those whose text was not found there;
   * null where the file is not open as text, and nothing was done. */
  substitute(path: string, wanted: readonly Substitution[]): readonly Substitution[] | null;
  /** Shows a new terminal and types a command into it, as the person would. */
  runInTerminal(command: string): Promise<void>;
  /** Saves every editor with changes. */
  saveAll(): Promise<boolean>;
  /** Says something to screen readers through the page's one live region. */
  announce(message: string): void;
}
