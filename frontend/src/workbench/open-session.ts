/** Builds the ModelSession of a page and ties it to the editor area once that stands. */

import { type Readable, writable } from 'svelte/store';
import { ModelApi } from '../services/api.ts';
import { CodeChecker } from '../services/code-check.ts';
import { Commands } from '../services/commands.ts';
import { Dialogs } from '../services/dialogs.ts';
import { GitRepositories } from '../services/git.ts';
import { Languages } from '../services/languages.ts';
import { ModelEvents } from '../services/model-events.ts';
import { Notifications } from '../services/notifications.ts';
import { CODE_CHECK, ofCodeCheck, Problems } from '../services/problems.ts';
import type { ModelSession } from '../services/session.ts';
import type { Substitution } from '../services/substitutions.ts';
import { common } from '../texts/common.ts';
import type { ModelId } from '../wire.ts';

/** The part of the editor that the session stands for. */
export interface Editors {
  open(path: string, line?: number, column?: number): Promise<void>;
  preview(path: string, line?: number, column?: number): Promise<void>;
  saveAll(): Promise<boolean>;
  substitute(path: string, wanted: readonly Substitution[]): readonly Substitution[] | null;
}

/** The part of the file tree that the session stands for. */
export interface FileTree {
  reveal(path: string): Promise<void>;
}

/** The part of the terminal panel that the session stands for. */
export interface Terminals {
  run(command: string): Promise<void>;
}

export interface OwnedSession extends ModelSession {
  /** What the live region holds. */
  readonly announcement: Readable<string>;
  /** Files asked for before the editor stood are opened now. */
  attachEditors(editors: Editors): void;
  attachTerminals(terminals: Terminals): void;
  attachFileTree(tree: FileTree): void;
}

export async function openSession(modelId: ModelId): Promise<OwnedSession> {
  const api = new ModelApi(modelId);
  const model = await api.model();
  const notifications = new Notifications();
  const onError = (error: unknown): void => notifications.error(common.didNotWork, error);
  const events = new ModelEvents(api, model, onError);
  const announcement = writable('');
  const editors = Promise.withResolvers<Editors>();
  let standing: Editors | null = null;
  const terminals = Promise.withResolvers<Terminals>();
  const fileTree = Promise.withResolvers<FileTree>();
  const code = new CodeChecker({ api, events, environment: events.environment, variables: events.variables });
  const problems = new Problems();
  const stopCode = code.problems.subscribe((found) => problems.replace(CODE_CHECK, ofCodeCheck(found)));
  const git = new GitRepositories(api, events);
  return {
    modelId,
    api,
    events,
    code,
    git,
    problems,
    languages: new Languages(),
    notifications,
    announcement,
    commands: new Commands(onError),
    dialogs: new Dialogs(),
    model: events.model,
    usage: events.usage,
    operations: events.operations,
    states: events.states,
    ports: events.ports,
    terminals: events.terminals,
    environment: events.environment,
    variables: events.variables,
    filesystem: events.filesystem,
    connection: events.connection,
    attachEditors: (attached) => {
      standing = attached;
      editors.resolve(attached);
    },
    substitute: (path, wanted) => standing?.substitute(path, wanted) ?? null,
    attachTerminals: (attached) => terminals.resolve(attached),
    attachFileTree: (attached) => fileTree.resolve(attached),
    runInTerminal: async (command) => (await terminals.promise).run(command),
    openFile: async (path, line, column) => (await editors.promise).open(path, line, column),
    previewFile: async (path, line, column) => (await editors.promise).preview(path, line, column),
    revealInFiles: async (path) => (await fileTree.promise).reveal(path),
    saveAll: async () => (await editors.promise).saveAll(),
    announce: (message) => announcement.set(message),
    dispose: () => {
      stopCode();
      code.dispose();
      git.dispose();
      events.dispose();
    },
  };
}
