"""What goes between a repository and its remotes, as the commands of git that do it. Pure."""

from typing import assert_never

from ide_server import wire
from ide_server.host.git.actions import checked_branch, checked_url
from ide_server.host.git.parsing import without_credentials
from ide_server.host.git.places import folder_of
from ide_server.host.git.program import SCRIPTS, Command
from ide_server.host.masking import Mask
from ide_server.wire import GitTransfer

SECONDS = 3600.0
LINE_CHARACTERS = 500


def commands_of(transfer: GitTransfer) -> list[Command]:
    """To be run one after the other, as long as they succeed. Raises NameNotAllowed, InvalidRequest."""
    match transfer:
        case wire.GitClone(url, branch):
            name = checked_branch(branch) if branch else ""
            return [Command((f"{SCRIPTS}/clone", checked_url(url), name), seconds=SECONDS, writes=True)]
        case wire.GitFetch(repository):
            return [_command(repository, "fetch", "--progress", "--all", "--prune")]
        case wire.GitPull(repository):
            return [_command(repository, "pull", "--progress")]
        case wire.GitPush(repository, remote, force):
            options = ["--force-with-lease"] if force else []
            to = ["--set-upstream", checked_branch(remote), "HEAD"] if remote else []
            return [_command(repository, "push", "--progress", *options, *to)]
        case wire.GitSync(repository):
            return [_command(repository, "pull", "--progress"), _command(repository, "push", "--progress")]
        case _:
            assert_never(transfer)


def _command(repository: str, *arguments: str) -> Command:
    return Command(("git", *arguments), folder_of(repository), seconds=SECONDS, writes=True)


def shown(line: str, secrets: frozenset[str]) -> str:
    return Mask(secrets).text(without_credentials(line))[:LINE_CHARACTERS]
