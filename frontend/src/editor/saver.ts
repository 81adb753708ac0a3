/** Saving of open files: what is done before it, what a person is asked or told when it fails. */

import { basename } from '../base/paths.ts';
import { showWriteError } from '../services/filesystem-full.ts';
import type { ModelSession } from '../services/session.ts';
import { common } from '../texts/common.ts';
import { texts } from '../texts/editor.ts';
import type { OpenFile, SaveOutcome } from './open-file.ts';
import { SaveHooks } from './save-hooks.ts';

export class Saver {
  /** Who wants to do something before a file is saved adds it here. */
  readonly hooks: SaveHooks;

  constructor(private readonly session: ModelSession) {
    this.hooks = new SaveHooks((error) => session.notifications.error(texts.saving.hookFailed, error));
  }

  /** True once what is in the editor is on disk; else the person was asked or told. */
  async save(file: OpenFile): Promise<boolean> {
    if (file.state.save.disk === 'changed') return this.resolveConflict(file);
    await this.hooks.run(file, 'asked');
    return this.settle(file, await file.save());
  }

  /** Without a question or a word. Over another's version it writes nothing. */
  async saveQuietly(file: OpenFile): Promise<SaveOutcome> {
    await this.hooks.run(file, 'auto');
    return file.save();
  }

  async overwrite(file: OpenFile): Promise<boolean> {
    return this.settle(file, await file.overwrite());
  }

  /** Saves what came out of a comparison. */
  async overwriteWith(file: OpenFile, text: string): Promise<boolean> {
    return this.settle(file, await file.overwriteWith(text));
  }

  async tell(file: OpenFile, error: unknown): Promise<void> {
    await showWriteError(this.session, texts.saving.failed(basename(file.path)), error);
  }

  private async settle(file: OpenFile, outcome: SaveOutcome): Promise<boolean> {
    if (outcome.kind === 'changed') {
      // Deleted meanwhile: nothing is overwritten, so it is made anew, which is what saving means.
      if (file.state.save.disk === 'deleted') return this.settle(file, await file.save());
      return this.resolveConflict(file);
    }
    if (outcome.kind === 'failed') await this.tell(file, outcome.error);
    else this.session.announce(texts.saving.done(basename(file.path)));
    return outcome.kind === 'saved';
  }

  private async resolveConflict(file: OpenFile): Promise<boolean> {
    const choice = await this.session.dialogs.ask({
      title: texts.disk.changedTitle(basename(file.path)),
      message: texts.disk.changedWhileEdited(file.path),
      choices: [
        { value: 'load', label: texts.disk.load },
        { value: 'overwrite', label: texts.disk.overwrite },
        { value: 'compare', label: common.compare, kind: 'primary' },
      ],
    });
    if (choice === 'overwrite') return this.overwrite(file);
    if (choice === 'load') await file.reload();
    if (choice === 'compare') await file.compare();
    return choice === 'load';
  }
}
