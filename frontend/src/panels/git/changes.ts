/** The changes of a repository in the groups and words that the view shows them in. */

import { basename, parent } from '../../base/paths.ts';
import { texts } from '../../texts/git.ts';
import type { GitChange, GitLetter, GitStatus } from '../../wire.ts';

const GROUPS = ['conflicts', 'staged', 'changes'] as const;
export type GroupName = (typeof GROUPS)[number];

export interface ChangeRow {
  readonly group: GroupName;
  readonly path: string;
  readonly name: string;
  /** '' for one that lies in the repository's own folder. */
  readonly folder: string;
  readonly letter: GitLetter;
  readonly change: GitChange;
}

export interface ChangeGroup {
  readonly name: GroupName;
  readonly title: string;
  readonly rows: readonly ChangeRow[];
}

/** As people know them: an untracked file is a U, one in conflict an exclamation mark. */
export function shownLetter(letter: GitLetter): string {
  if (letter === '?') return 'U';
  return letter === 'U' ? '!' : letter;
}

/** Empty groups are left out; a file that is staged and changed again is in two. */
export function groupsOf({ repository, changes }: GitStatus): readonly ChangeGroup[] {
  const row = (group: GroupName, change: GitChange, letter: GitLetter): ChangeRow => {
    const folder = parent(change.path).slice(repository === '' ? 0 : repository.length + 1);
    return { group, path: change.path, name: basename(change.path), folder, letter, change };
  };
  const rows = changes.flatMap((change): ChangeRow[] => {
    if (change.conflict !== null) return [row('conflicts', change, 'U')];
    return [
      ...(change.staged === null ? [] : [row('staged', change, change.staged)]),
      ...(change.unstaged === null ? [] : [row('changes', change, change.unstaged)]),
    ];
  });
  return GROUPS.map((name) => ({
    name,
    title: texts.groups[name],
    rows: rows.filter(({ group }) => group === name),
  })).filter((group) => group.rows.length > 0);
}

/** What stands beside the branch: commits to pull and to push. */
export function syncText({
  upstream,
  ahead,
  behind,
}: Pick<GitStatus, 'upstream' | 'ahead' | 'behind'>): string {
  if (upstream === null) return '';
  return [behind > 0 ? `${behind}↓` : '', ahead > 0 ? `${ahead}↑` : ''].filter(Boolean).join(' ');
}

/** The branch, or the commit that is checked out in its place. */
export function branchText({ branch, commit }: Pick<GitStatus, 'branch' | 'commit'>): string {
  return branch ?? (commit === null ? texts.noCommits : commit.slice(0, 8));
}
