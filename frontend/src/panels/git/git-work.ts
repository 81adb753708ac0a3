/** What a person does to a repository, with what is said when it does not work. */

import { get, writable } from 'svelte/store';
import { type ApiError, hasCode, messageOf } from '../../services/api.ts';
import { type Diff, pathOfDiff } from '../../services/git.ts';
import type { Action } from '../../services/notifications.ts';
import type { ModelSession } from '../../services/session.ts';
import { texts } from '../../texts/git.ts';
import type { GitAction, GitDoing, GitStatus, GitTransfer } from '../../wire.ts';
import type { ChangeRow } from './changes.ts';

export type GitDialog =
  | { readonly kind: 'branches' | 'stashes' | 'history' | 'remote'; readonly repository: string }
  | { readonly kind: 'file-history'; readonly repository: string; readonly path: string }
  /** Asked because a commit needs it; false where it was not told. */
  | { readonly kind: 'identity'; readonly repository: string; answer(known: boolean): void };

export interface CommitOptions {
  readonly amend?: boolean;
  readonly push?: boolean;
}

export class GitWork {
  /** The one that is open. */
  readonly dialog = writable<GitDialog | null>(null);

  constructor(private readonly session: ModelSession) {}

  /** Whether it worked; if not, the person was told. */
  async act(action: GitAction, doing: string, failure: string): Promise<boolean> {
    return this.attempt(failure, () => this.session.git.act(action, doing), action.repository);
  }

  async transfer(transfer: GitTransfer, doing: string, failure: string): Promise<boolean> {
    const repository = 'repository' in transfer ? transfer.repository : '';
    return this.attempt(failure, () => this.session.git.transfer(transfer, doing), repository);
  }

  showDiff(diff: Diff): void {
    this.dialog.set(null);
    void this.session.previewFile(pathOfDiff(diff));
  }

  stage(repository: string, rows: readonly ChangeRow[]): Promise<boolean> {
    return this.act(
      { type: 'stage', repository, paths: rows.map(({ path }) => path) },
      texts.stage.doing,
      texts.stage.failed,
    );
  }

  unstage(repository: string, rows: readonly ChangeRow[]): Promise<boolean> {
    // Of a renamed file both names are in the index.
    const paths = rows.flatMap(({ path, change }) => [
      path,
      ...(change.original_path === null ? [] : [change.original_path]),
    ]);
    return this.act({ type: 'unstage', repository, paths }, texts.unstage.doing, texts.unstage.failed);
  }

  async discard(repository: string, rows: readonly ChangeRow[]): Promise<void> {
    const untracked = rows.filter(({ letter }) => letter === '?').map(({ path }) => path);
    const paths = rows.filter(({ letter }) => letter !== '?').map(({ path }) => path);
    const [first] = rows;
    if (first === undefined) return;
    const says = texts.discard;
    const question = says.question(rows.length === 1 ? first.name : says.files(rows.length));
    const message = says.message(paths.length, untracked.length);
    if (!(await this.session.dialogs.confirm(question, message, says.action))) return;
    await this.act({ type: 'discard', repository, paths, untracked }, says.doing, says.failed);
  }

  /** True once it is committed. */
  async commit(
    status: GitStatus,
    message: string,
    { amend = false, push = false }: CommitOptions = {},
  ): Promise<boolean> {
    const { repository } = status;
    if (!(await this.session.saveAll())) return false;
    if (!amend && !(await this.stagedForCommit(repository))) return false;
    const committed = await this.act(
      { type: 'commit', repository, message, amend },
      texts.commit.doing,
      texts.commit.failed,
    );
    if (committed) this.session.announce(texts.commit.done);
    if (committed && push) await this.push(status);
    return committed;
  }

  /** Without an upstream the branch is published. */
  async push(status: GitStatus, force = false): Promise<boolean> {
    const { repository, upstream, remotes, branch } = status;
    if (upstream === null && branch === null) {
      this.session.notifications.error(`${texts.push.failed}.`, new Error(texts.push.noBranch));
      return false;
    }
    const [first] = remotes;
    if (upstream === null && first === undefined) {
      this.dialog.set({ kind: 'remote', repository });
      return false;
    }
    const remote = upstream === null ? (remotes.includes('origin') ? 'origin' : (first ?? '')) : '';
    return this.transfer(
      { type: 'push', repository, remote, force },
      remote === '' ? texts.push.doing : texts.push.publishing,
      texts.push.failed,
    );
  }

  async pull({ repository }: GitStatus): Promise<boolean> {
    if (!(await this.session.saveAll())) return false;
    return this.transfer({ type: 'pull', repository }, texts.pull.doing, texts.pull.failed);
  }

  fetch({ repository }: GitStatus): Promise<boolean> {
    return this.transfer({ type: 'fetch', repository }, texts.fetch.doing, texts.fetch.failed);
  }

  async sync(status: GitStatus): Promise<boolean> {
    if (status.upstream === null) return this.push(status);
    if (!(await this.session.saveAll())) return false;
    return this.transfer(
      { type: 'sync', repository: status.repository },
      texts.sync.doing,
      texts.sync.failed,
    );
  }

  abort(repository: string, doing: GitDoing): Promise<boolean> {
    return this.act({ type: 'abort', doing, repository }, texts.abort.doing, texts.abort.failed(doing));
  }

  goOn(repository: string, doing: GitDoing): Promise<boolean> {
    return this.act({ type: 'continue', doing, repository }, texts.goOn.doing, texts.goOn.failed(doing));
  }

  /** What a person has just staged counts, though the view may not show it yet. */
  private async stagedForCommit(repository: string): Promise<boolean> {
    let status: GitStatus | null = null;
    await this.attempt(texts.commit.failed, async () => {
      status = await this.session.git.status(repository);
    });
    return status !== null && (isReadyForCommit(status) || this.stageAll(status));
  }

  private async stageAll(status: GitStatus): Promise<boolean> {
    if (status.changes.length === 0) {
      this.session.notifications.info(texts.nothingToCommit);
      return false;
    }
    const question = {
      title: texts.stageAll.title,
      message: texts.stageAll.message(status.changes.length),
      choices: [{ value: 'all', label: texts.stageAll.action, kind: 'primary' }] as const,
    };
    if ((await this.session.dialogs.ask(question)) !== 'all') return false;
    return this.stage(status.repository, []);
  }

  private async attempt(failure: string, work: () => Promise<unknown>, repository = ''): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!hasCode(error, 'git_identity_missing')) this.tell(failure, error, repository);
      else if (await this.askIdentity(repository)) return this.attempt(failure, work, repository);
      return false;
    }
  }

  private askIdentity(repository: string): Promise<boolean> {
    return new Promise((resolve) => {
      const answer = (known: boolean): void => {
        this.dialog.set(null);
        resolve(known);
      };
      this.dialog.set({ kind: 'identity', repository, answer });
    });
  }

  private tell(failure: string, error: unknown, repository: string): void {
    const actions = this.waysOut(error, repository);
    const details = messageOf(error);
    this.session.notifications.show({
      severity: 'error',
      key: `git-${failure}`,
      message: `${failure}.`,
      details,
      actions,
    });
  }

  private waysOut(error: unknown, repository: string): readonly Action[] {
    const command = (label: string, id: string): Action => ({
      label,
      run: () => void this.session.commands.run(id),
    });
    const status = (get(this.session.git.repositories) ?? []).find((each) => each.repository === repository);
    if (hasCode(error, 'git_sign_in_needed')) return [command(texts.waysOut.openSecrets, 'model.variables')];
    if (hasCode(error, 'git_no_space')) return [command(texts.waysOut.raiseLimit, 'model.filesystem')];
    if (hasCode(error, 'git_rejected') && status)
      return [{ label: texts.waysOut.pull, run: () => void this.pull(status) }];
    return outputOf(error) === messageOf(error)
      ? []
      : [{ label: texts.waysOut.showOutput, run: () => this.showOutput(error) }];
  }

  private showOutput(error: unknown): void {
    void this.session.dialogs.ask({ title: texts.outputTitle, message: outputOf(error), choices: [] });
  }
}

function isReadyForCommit({ changes, doing }: GitStatus): boolean {
  return doing !== null || changes.some(({ staged }) => staged !== null);
}

/** Git's own words; the message where there are none. */
function outputOf(error: unknown): string {
  const output = (error as Partial<ApiError> | null)?.details?.output;
  return typeof output === 'string' && output !== '' ? output : messageOf(error);
}
