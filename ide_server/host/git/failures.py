"""From what git said to an error that says what to do."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from ide_server.errors import GitBusy, GitFailed, GitIdentityMissing, GitNoSpace, GitRejected, GitSignInNeeded
from ide_server.host.git.parsing import without_credentials
from ide_server.host.git.program import Output
from ide_server.host.masking import Mask
from ide_server.wire import Usage

OUTPUT_CHARACTERS = 8000
NO_SPACE = re.compile(
    r"No space left on device|Disk quota exceeded|unable to write (?:loose object )?file", re.IGNORECASE
)
IDENTITY = re.compile(r"Please tell me who you are|user\.useConfigOnly|empty ident name|unable to auto-detect email")
SIGN_IN = re.compile(
    r"could not read (?:Username|Password) for '(\w+)://(?:[^@/']*@)?([^/']+)|"
    r"Authentication failed for '(\w+)://(?:[^@/']*@)?([^/']+)|"
    r"The requested URL returned error: 403|Permission denied \(publickey|HTTP Basic: Access denied"
)
ADDRESS = re.compile(r"(\w+)://(?:[^@/'\s]*@)?([^/'\s]+)")


class Known(NamedTuple):
    pattern: re.Pattern[str]
    message: str
    kind: type[GitFailed] = GitFailed


KNOWN = (
    Known(
        re.compile(r"env: .git.: No such file|git: (?:command )?not found"),
        "The server's machine has no git: apt-get install git.",
    ),
    Known(re.compile(r"index\.lock|another git process|Unable to create '.*\.lock'"),
          "Another git is at work in this repository. Try again when it has ended; if none runs, one was killed: "
          "delete .git/index.lock.", GitBusy),
    Known(re.compile(r"non-fast-forward|\(fetch first\)|Updates were rejected"),
          "The remote has commits that are not here. Pull them first, then push.", GitRejected),
    Known(re.compile(r"stale info"),
          "The remote has changed since the last fetch, so nothing was overwritten. Fetch, look, then try again.",
          GitRejected),
    Known(re.compile(r"would be overwritten by (?:merge|checkout)"),
          "Changes that are not committed would be overwritten. Commit or stash them first."),
    Known(re.compile(r"Please commit your changes or stash them|You have unstaged changes|index contains uncommitted"),
          "There are changes that are not committed. Commit or stash them first."),
    Known(re.compile(r"is not fully merged"),
          "The branch has commits that are in no other branch: deleting it would lose them."),
    Known(re.compile(r"nothing (?:added )?to commit|no changes added to commit"),
          "There is nothing to commit: stage some changes first."),
    Known(re.compile(r"unmerged files|needs merge|not possible because you have unmerged"),
          "There are conflicts. Resolve them, then go on."),
    Known(re.compile(r"Could not resolve host"),
          "The remote's address is not known to the name server, or there is no network."),
    Known(re.compile(r"Failed to connect|Connection refused|Connection timed out|Network is unreachable"),
          "The remote cannot be reached from the model's network."),
    Known(re.compile(r"Repository not found|does not appear to be a git repo|' not found|Could not read from remote"),
          "There is no such remote repository, or it may not be read with what git was given to sign in."),
    Known(re.compile(r"Remote branch .* not found|couldn't find remote ref"), "The remote has no such branch."),
    Known(re.compile(r"has no upstream branch|no tracking information|no upstream configured"),
          "The branch follows none of a remote yet. Publish it first."),
    Known(re.compile(r"No configured push destination|No remote repository specified"),
          "The repository has no remote. Add one first."),
    Known(re.compile(r"A branch named .* already exists"), "There is a branch of that name already."),
    Known(re.compile(r"is not a valid branch name|not a valid ref"), "This is no name for a branch."),
    Known(re.compile(r"not a git repository|cannot change directory"), "There is no Git repository in this folder."),
)  # fmt: skip


def failed(output: Output, usage: Usage) -> GitFailed:
    """The error that stands for an end which was not good."""
    said = shown(output)
    if output.timed_out:
        return GitFailed(
            "Git took too long and was stopped. Do it in the terminal, where nothing hurries.", output=said
        )
    if NO_SPACE.search(said):
        return no_space(said, usage)
    if IDENTITY.search(said):
        return GitIdentityMissing("Git does not know who commits. Tell it your name and e-mail address.", output=said)
    if SIGN_IN.search(said):
        return sign_in_needed(said)
    for known in KNOWN:
        if known.pattern.search(said):
            return known.kind(known.message, output=said)
    return GitFailed(last_line(said) or "Git failed without a word.", output=said)


def shown(output: Output) -> str:
    """What it said, without what nobody may read."""
    # Git tells part of its failures, as conflicts, on its standard output.
    text = "\n".join(filter(None, (output.stdout[-OUTPUT_CHARACTERS:].decode(errors="replace").strip(), output.said)))
    return Mask(output.secrets).text(without_credentials(text[-OUTPUT_CHARACTERS:]))


def no_space(said: str, usage: Usage) -> GitNoSpace:
    numbers: Mapping[str, int] = {
        "used_bytes": usage.used_bytes,
        "limit_bytes": usage.limit_bytes,
        "used_files": usage.used_files,
        "limit_files": usage.limit_files,
    }
    return GitNoSpace(
        f"The filesystem is full: {usage.used_bytes:,} of {usage.limit_bytes:,} bytes and {usage.used_files:,} of "
        f"{usage.limit_files:,} files and folders are used. What was committed before is whole. Remove something or "
        "raise the limit, then try again.",
        output=said,
        **numbers,
    )


def sign_in_needed(said: str) -> GitSignInNeeded:
    found = ADDRESS.search(said)
    if found is None or found[1] == "ssh":
        return GitSignInNeeded(
            "The remote did not accept the SSH key. Set the secret GIT_SSH_KEY in Model settings, or put a key into "
            "/model/.ssh.",
            host="",
            variables=["GIT_SSH_KEY"],
            output=said,
        )
    host = found[2]
    variables = [token_variable(host), *(["GIT_TOKEN"] if host == "github.com" else [])]
    return GitSignInNeeded(
        f"{host} wants to know who asks, or does not accept what it was told. Set an access token as the secret "
        f"{' or '.join(reversed(variables))} in Model settings.",
        host=host,
        variables=variables,
        output=said,
    )


def token_variable(host: str) -> str:
    """As inside/bin/git/credential makes it."""
    return "GIT_TOKEN_" + re.sub(r"[^A-Z0-9]", "_", host.upper())


def last_line(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith("hint:")]
    fatal = [line for line in lines if line.startswith(("fatal: ", "error: "))]
    line = (fatal or lines or [""])[-1].strip()
    return re.sub(r"^(?:fatal|error): ", "", line)[:500]
