"""Source control."""

from typing import Literal

from ide_server.wire.base import ErrorBody, Message, Request

GitLetter = Literal["M", "A", "D", "R", "C", "T", "U", "?"]
"""Modified, added, deleted, renamed, copied, type changed, in conflict, untracked."""

GitDoing = Literal["merge", "rebase", "cherry-pick", "revert"]


class GitChange(Message, frozen=True):
    """Paths are of the filesystem, as in Entry."""

    path: str
    staged: GitLetter | None
    """What the next commit has of it, compared with the last."""
    unstaged: GitLetter | None
    """What is in the file, compared with what the next commit has."""
    original_path: str | None = None
    conflict: str | None = None
    """What both sides did, as two letters of git's: UU, AA, DU."""


class GitRepository(Message, frozen=True):
    path: str
    """Of its folder; '' is the root of the filesystem."""


class GitStatus(Message, frozen=True):
    repository: str
    branch: str | None
    """None: a commit is checked out, not a branch."""
    commit: str | None
    """None before the first."""
    upstream: str | None
    ahead: int
    behind: int
    doing: GitDoing | None
    """What has stopped half way, as for conflicts."""
    stashes: int
    remotes: list[str]
    changes: list[GitChange]
    more_changes: bool
    """There are others than are listed."""


class GitBranch(Message, frozen=True):
    name: str
    remote: bool
    current: bool
    commit: str
    upstream: str | None
    track: str
    """As git says it: `ahead 1, behind 2`, `gone`."""
    committed_at: float
    subject: str


class GitRemote(Message, frozen=True):
    name: str
    url: str


class GitStash(Message, frozen=True):
    index: int
    made_at: float
    message: str


class GitRefs(Message, frozen=True):
    branches: list[GitBranch]
    remotes: list[GitRemote]
    stashes: list[GitStash]


class GitLogEntry(Message, frozen=True):
    id: str
    parents: list[str]
    author: str
    email: str
    authored_at: float
    refs: list[str]
    subject: str


class GitCommitFile(Message, frozen=True):
    path: str
    letter: GitLetter
    original_path: str | None
    added_lines: int | None
    """None of a binary file."""
    deleted_lines: int | None


class GitCommitDetails(Message, frozen=True):
    commit: GitLogEntry
    message: str
    files: list[GitCommitFile]
    """Compared with its first parent."""


class GitBlameCommit(Message, frozen=True):
    id: str
    author: str
    authored_at: float
    summary: str


class GitBlame(Message, frozen=True):
    commits: list[GitBlameCommit]
    lines: list[int]
    """Of each line of the file on disk its place in `commits`; -1 where it is not committed yet."""


class GitInit(Request, frozen=True, tag="init", tag_field="type"):
    repository: str = ""


class GitStage(Request, frozen=True, tag="stage", tag_field="type"):
    """Of these paths, or of all where there are none."""

    repository: str = ""
    paths: list[str] = []


class GitUnstage(Request, frozen=True, tag="unstage", tag_field="type"):
    """As GitStage."""

    repository: str = ""
    paths: list[str] = []


class GitDiscard(Request, frozen=True, tag="discard", tag_field="type"):
    """Puts `paths` back to what is staged and deletes those that are `untracked`."""

    repository: str = ""
    paths: list[str] = []
    untracked: list[str] = []


class GitStageContent(Request, frozen=True, tag="stage_content", tag_field="type"):
    """Puts a text into the index, the file as it is: how a part of a file is staged or unstaged."""

    path: str
    content: str
    expected: str
    """The ETag of what the index has now; '' where it has none."""
    repository: str = ""


class GitCommit(Request, frozen=True, tag="commit", tag_field="type"):
    message: str
    """May be empty where it amends: then the message stays."""
    repository: str = ""
    amend: bool = False
    all: bool = False
    """Stage what is tracked first."""


class GitIdentity(Request, frozen=True, tag="identity", tag_field="type"):
    """Who commits, in all repositories of the model."""

    name: str
    email: str
    repository: str = ""


class GitSwitch(Request, frozen=True, tag="switch", tag_field="type"):
    """To a branch; one of a remote becomes a local one that follows it."""

    branch: str
    repository: str = ""
    create: bool = False
    start: str = ""
    """Where a new branch begins; '' is here."""


class GitCheckout(Request, frozen=True, tag="checkout", tag_field="type"):
    """A commit, without a branch."""

    commit: str
    repository: str = ""


class GitDeleteBranch(Request, frozen=True, tag="delete_branch", tag_field="type"):
    branch: str
    repository: str = ""
    force: bool = False
    """Also where its commits are nowhere else."""


class GitMerge(Request, frozen=True, tag="merge", tag_field="type"):
    branch: str
    repository: str = ""


class GitResolve(Request, frozen=True, tag="resolve", tag_field="type"):
    """Ends a conflict: with one side, both one after the other, or what is in the file."""

    path: str
    side: Literal["ours", "theirs", "both", "file"]
    repository: str = ""


class GitAbort(Request, frozen=True, tag="abort", tag_field="type"):
    """What has stopped half way."""

    doing: GitDoing
    repository: str = ""


class GitContinue(Request, frozen=True, tag="continue", tag_field="type"):
    doing: GitDoing
    repository: str = ""


class GitUndoCommit(Request, frozen=True, tag="undo_commit", tag_field="type"):
    """The last commit; what it changed is staged again."""

    repository: str = ""


class GitStashPush(Request, frozen=True, tag="stash_push", tag_field="type"):
    message: str = ""
    repository: str = ""


class GitStashApply(Request, frozen=True, tag="stash_apply", tag_field="type"):
    index: int = 0
    repository: str = ""
    drop: bool = True


class GitStashDrop(Request, frozen=True, tag="stash_drop", tag_field="type"):
    index: int
    repository: str = ""


class GitAddRemote(Request, frozen=True, tag="add_remote", tag_field="type"):
    name: str
    url: str
    repository: str = ""


GitAction = (
    GitInit
    | GitStage
    | GitUnstage
    | GitDiscard
    | GitStageContent
    | GitCommit
    | GitIdentity
    | GitSwitch
    | GitCheckout
    | GitDeleteBranch
    | GitMerge
    | GitResolve
    | GitAbort
    | GitContinue
    | GitUndoCommit
    | GitStashPush
    | GitStashApply
    | GitStashDrop
    | GitAddRemote
)


class GitClone(Request, frozen=True, tag="clone", tag_field="type"):
    """Into the model's filesystem, beside what is there."""

    url: str
    branch: str = ""
    """'' is the one that the other side has as its own."""


class GitFetch(Request, frozen=True, tag="fetch", tag_field="type"):
    repository: str = ""


class GitPull(Request, frozen=True, tag="pull", tag_field="type"):
    repository: str = ""


class GitPush(Request, frozen=True, tag="push", tag_field="type"):
    repository: str = ""
    remote: str = ""
    """To which a branch without upstream is pushed, which it follows from then on."""
    force: bool = False
    """Also where that undoes commits there, as long as they are known here."""


class GitSync(Request, frozen=True, tag="sync", tag_field="type"):
    """Pulls, then pushes."""

    repository: str = ""


GitTransfer = GitClone | GitFetch | GitPull | GitPush | GitSync


class GitDone(Message, frozen=True, tag="done", tag_field="type"):
    said: str
    """What git said to it."""


class GitProgress(Message, frozen=True, tag="progress", tag_field="type"):
    text: str


class GitTransferFailed(Message, frozen=True, tag="failed", tag_field="type"):
    error: ErrorBody


GitTransferEvent = GitProgress | GitDone | GitTransferFailed
"""The lines of a transfer's reply; the last is no GitProgress."""
