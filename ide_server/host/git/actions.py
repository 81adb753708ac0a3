"""What a person does to a repository, as the commands of git that do it. Pure."""

from collections.abc import Sequence
from typing import assert_never

from ide_server import wire
from ide_server.errors import InvalidRequest
from ide_server.host.git.places import folder_of, path_in
from ide_server.host.git.program import SCRIPTS, Command
from ide_server.wire import GitAction

SECONDS = 300.0
"""Hooks of a commit may run tests."""
NAME_CHARACTERS = 250
PATHS_AT_ONCE = 500
FROM_STDIN = ("--pathspec-from-file=-", "--pathspec-file-nul")
LITERAL = ("git", "--literal-pathspecs")


def command_of(action: GitAction) -> list[Command]:
    """To be run one after the other, as long as they succeed. Raises NameNotAllowed, InvalidRequest."""
    folder = folder_of(action.repository)
    match action:
        case wire.GitStage(repository, paths):
            return [_of_paths(folder, (*LITERAL, "add", "--all"), repository, paths)]
        case wire.GitUnstage(repository, paths):
            return [_of_paths(folder, (*LITERAL, "reset", "--quiet"), repository, paths)]
        case wire.GitDiscard(repository, paths, untracked):
            return _discard(folder, repository, paths, untracked)
        case wire.GitCommit():
            return [_commit(folder, action)]
        case wire.GitStageContent(path, content, expected, repository):
            arguments = (f"{SCRIPTS}/stage-content", path_in(repository, path), expected)
            return [Command(arguments, folder, stdin=content.encode(), writes=True)]
        case wire.GitIdentity(name, email):
            values = (("user.name", name), ("user.email", email))
            return [_plain(folder, "config", "--global", key, _line(value, "name and e-mail")) for key, value in values]
        case _:
            return [Command(arguments, folder, seconds=SECONDS, writes=True) for arguments in _arguments(action)]


Simple = (
    wire.GitInit
    | wire.GitSwitch
    | wire.GitCheckout
    | wire.GitDeleteBranch
    | wire.GitMerge
    | wire.GitResolve
    | wire.GitAbort
    | wire.GitContinue
    | wire.GitUndoCommit
    | wire.GitStashPush
    | wire.GitStashApply
    | wire.GitStashDrop
    | wire.GitAddRemote
)


def _arguments(action: Simple) -> list[tuple[str | bytes, ...]]:
    match action:
        case wire.GitInit():
            return [("git", "init", "--quiet")]
        case wire.GitSwitch(branch, _, True, start):
            return [("git", "switch", "--create", checked_branch(branch), *([checked_branch(start)] if start else []))]
        case wire.GitSwitch(branch):
            return [("git", "switch", checked_branch(branch))]
        case wire.GitCheckout(commit):
            return [("git", "switch", "--detach", checked_branch(commit))]
        case wire.GitDeleteBranch(branch, _, force):
            return [("git", "branch", "--delete", *(["--force"] if force else []), "--", checked_branch(branch))]
        case wire.GitMerge(branch):
            return [("git", "merge", "--no-edit", checked_branch(branch))]
        case wire.GitResolve(path, side, repository):
            return [(f"{SCRIPTS}/resolve", side, path_in(repository, path))]
        case wire.GitAbort(doing):
            return [("git", doing, "--abort")]
        case wire.GitContinue(doing):
            return [("git", doing, "--continue")]
        case wire.GitUndoCommit():
            return [("git", "reset", "--soft", "HEAD~1")]
        case wire.GitStashPush(message):
            words = ["--message", message] if message else []
            return [("git", "stash", "push", "--include-untracked", *words)]
        case wire.GitStashApply(index, _, drop):
            return [("git", "stash", "pop" if drop else "apply", f"stash@{{{index}}}")]
        case wire.GitStashDrop(index):
            return [("git", "stash", "drop", f"stash@{{{index}}}")]
        case wire.GitAddRemote(name, url):
            return [("git", "remote", "add", "--", checked_branch(name), checked_url(url))]
        case _:
            assert_never(action)


def _plain(folder: bytes, *arguments: str) -> Command:
    return Command(("git", *arguments), folder, writes=True)


def _of_paths(folder: bytes, arguments: tuple[str, ...], repository: str, paths: Sequence[str]) -> Command:
    """Paths come as standard input: there may be more of them than a command line holds."""
    stdin = _joined(repository, paths)
    return Command((*arguments, *(FROM_STDIN if paths else ())), folder, stdin=stdin, seconds=SECONDS, writes=True)


def _joined(repository: str, paths: Sequence[str]) -> bytes:
    return b"".join(path_in(repository, path) + b"\0" for path in paths)


def _discard(folder: bytes, repository: str, paths: Sequence[str], untracked: Sequence[str]) -> list[Command]:
    if not paths and not untracked:
        raise InvalidRequest("Expected paths whose changes are to be discarded, got none.")
    found = [_of_paths(folder, (*LITERAL, "restore", "--worktree"), repository, paths)] if paths else []
    for start in range(0, len(untracked), PATHS_AT_ONCE):
        names = [path_in(repository, path) for path in untracked[start : start + PATHS_AT_ONCE]]
        found.append(Command((*LITERAL, "clean", "--force", "-d", "--quiet", "--", *names), folder, writes=True))
    return found


def _commit(folder: bytes, action: wire.GitCommit) -> Command:
    message = action.message.strip()
    if not message and not action.amend:
        raise InvalidRequest("Expected a message of what is committed, got none.", field="message")
    options = [option for option, wanted in (("--amend", action.amend), ("--all", action.all)) if wanted]
    text = ("--file=-", "--cleanup=whitespace") if message else ("--no-edit",)
    arguments = ("git", "commit", "--quiet", *options, *text)
    return Command(arguments, folder, stdin=message.encode(), seconds=SECONDS, writes=True)


def checked_branch(name: str) -> str:
    """Git knows better what a name may be; here it only must not be taken for an option. Raises InvalidRequest."""
    if not name or name.startswith("-") or len(name) > NAME_CHARACTERS or not name.isprintable():
        raise InvalidRequest(f"Expected the name of a branch, got {name[:NAME_CHARACTERS]!r}.")
    return name


def checked_url(url: str) -> str:
    """Raises InvalidRequest."""
    if not url or url.startswith("-") or len(url) > 2000 or not url.isprintable() or "::" in url:
        raise InvalidRequest(f"Expected the address of a Git repository, as https://host/name.git, got {url[:200]!r}.")
    return url


def _line(value: str, what: str) -> str:
    value = value.strip()
    if not value or len(value) > NAME_CHARACTERS or not value.isprintable():
        raise InvalidRequest(f"Expected {what} of 1 to {NAME_CHARACTERS} printable characters, got {value[:80]!r}.")
    return value
