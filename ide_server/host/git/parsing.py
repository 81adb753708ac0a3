"""What git prints for programs, as messages. Untrusted: what does not read as expected is left out."""

import re
from collections.abc import Iterator, Mapping
from typing import cast, get_args

from ide_server.host.mounts.names import to_wire
from ide_server.wire import (
    GitBlame,
    GitBlameCommit,
    GitBranch,
    GitChange,
    GitCommitDetails,
    GitCommitFile,
    GitDoing,
    GitLetter,
    GitLogEntry,
    GitRefs,
    GitRemote,
    GitStash,
    GitStatus,
)

CHANGES_LISTED = 5000
LOG_FIELDS = "%H%x00%P%x00%an%x00%ae%x00%at%x00%D%x00%s"
COMMIT_FORMAT = f"{LOG_FIELDS}%x00%B%x00%x1e"
FIELDS = 7
SECTION = b"\x1e\n"
LETTERS: frozenset[str] = frozenset(get_args(GitLetter))
DOINGS: frozenset[str] = frozenset(get_args(GitDoing))
BLAME_LINE = re.compile(rb"([0-9a-f]{40,64}) \d+ \d+(?: \d+)?")
COUNTED = re.compile(rb"(\d+|-)\t(\d+|-)\t(.*)", re.DOTALL)
NOT_COMMITTED = re.compile(r"0+")
CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")


def status_of(repository: str, output: bytes, *, is_cut: bool) -> GitStatus:
    """Of the script `status`: porcelain version 2 with `# doing` and `# remote` lines of our own."""
    headers: dict[str, str] = {}
    remotes: list[str] = []
    changes: list[GitChange] = []
    records = iter(output.split(b"\0")[:-1])
    for record in records:
        if record.startswith(b"# "):
            name, _, value = record[2:].decode(errors="replace").partition(" ")
            if name == "remote":
                remotes.append(value)
            else:
                headers[name] = value
        elif len(changes) == CHANGES_LISTED:
            is_cut = True
            break
        elif (change := _change(repository, record, records)) is not None:
            changes.append(change)
    return _status(repository, headers, remotes, changes, is_cut=is_cut)


def _status(
    repository: str, headers: Mapping[str, str], remotes: list[str], changes: list[GitChange], *, is_cut: bool
) -> GitStatus:
    branch, commit, doing = (headers.get(name, "") for name in ("branch.head", "branch.oid", "doing"))
    ahead, behind = [*headers.get("branch.ab", "").split(), "", ""][:2]
    return GitStatus(
        repository=repository,
        branch=None if branch in ("", "(detached)") else branch,
        commit=None if commit in ("", "(initial)") else commit,
        upstream=headers.get("branch.upstream"),
        ahead=_number(ahead.removeprefix("+")),
        behind=_number(behind.removeprefix("-")),
        doing=cast(GitDoing, doing) if doing in DOINGS else None,
        stashes=_number(headers.get("stash", "")),
        remotes=remotes,
        changes=changes,
        more_changes=is_cut,
    )


def _change(repository: str, record: bytes, records: Iterator[bytes]) -> GitChange | None:
    match record[:2]:
        case b"1 ":
            return _tracked(repository, record.split(b" ", 8), None)
        case b"2 ":
            return _tracked(repository, record.split(b" ", 9), next(records, None))
        case b"u ":
            fields = record.split(b" ", 10)
            if len(fields) == 11:
                return GitChange(_path(repository, fields[-1]), None, "U", conflict=fields[1].decode(errors="replace"))
        case b"? ":
            return GitChange(_path(repository, record[2:]), None, "?")
    return None


def _tracked(repository: str, fields: list[bytes], original: bytes | None) -> GitChange | None:
    if len(fields) < 9 or len(fields[1]) != 2:
        return None
    staged, unstaged = (_letter(fields[1][place : place + 1]) for place in (0, 1))
    return GitChange(
        _path(repository, fields[-1]),
        staged,
        unstaged,
        original_path=None if original is None else _path(repository, original),
    )


def _letter(letter: bytes) -> GitLetter | None:
    text = letter.decode(errors="replace")
    return cast(GitLetter, text) if text in LETTERS else None


def _path(repository: str, path: bytes) -> str:
    name = to_wire(path)
    return f"{repository}/{name}" if repository else name


def log_of(output: bytes) -> list[GitLogEntry]:
    fields = output.split(b"\0")
    return [
        entry
        for start in range(0, len(fields) - FIELDS + 1, FIELDS)
        if (entry := _log_entry(fields[start : start + FIELDS])) is not None
    ]


def _log_entry(fields: list[bytes]) -> GitLogEntry | None:
    commit, parents, author, email, at, refs, subject = (field.decode(errors="replace") for field in fields)
    if not re.fullmatch(r"[0-9a-f]{40,64}", commit):
        return None
    return GitLogEntry(
        id=commit,
        parents=parents.split(),
        author=author,
        email=email,
        authored_at=_time(at),
        refs=[ref for ref in refs.split(", ") if ref],
        subject=subject,
    )


def commit_of(repository: str, output: bytes) -> GitCommitDetails | None:
    """Of `git show -z --raw --numstat --format=COMMIT_FORMAT`."""
    fields = output.split(b"\0")
    if len(fields) < FIELDS + 2 or (entry := _log_entry(fields[:FIELDS])) is None:
        return None
    message = fields[FIELDS].decode(errors="replace").strip()
    return GitCommitDetails(entry, message, list(_files(repository, fields[FIELDS + 2 :])))


def _files(repository: str, fields: list[bytes]) -> Iterator[GitCommitFile]:
    """First `:modes ids letter`, path (and path before a rename), of each file; then `added deleted path` of each."""
    rest = iter(fields)
    letters: dict[bytes, tuple[GitLetter, bytes | None]] = {}
    for field in rest:
        field = field.lstrip(b"\n")
        if field.startswith(b":"):
            letter = _letter(field.rpartition(b" ")[2][:1])
            original = next(rest, b"")
            path = next(rest, b"") if letter in ("R", "C") else original
            if letter is not None:
                letters[path] = letter, original if path != original else None
        elif counted := COUNTED.fullmatch(field):
            added, deleted, path = counted.groups()
            if not path:  # renamed: both paths follow
                next(rest, b"")
                path = next(rest, b"")
            letter, before = letters.get(path, ("M", None))
            yield GitCommitFile(
                _path(repository, path),
                letter,
                None if before is None else _path(repository, before),
                _count(added),
                _count(deleted),
            )


def _count(field: bytes) -> int | None:
    return _number(field.decode()) if field.isdigit() else None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def refs_of(output: bytes) -> GitRefs:
    """Of the script `refs`."""
    branches, remotes, stashes = [*output.split(SECTION, 2), b"", b""][:3]
    return GitRefs(
        [branch for line in _lines(branches) if (branch := _branch(line.split("\0"))) is not None],
        [remote for line in _lines(remotes) if (remote := _remote(line)) is not None],
        [stash for line in _lines(stashes) if (stash := _stash(line.split("\0"))) is not None],
    )


def _lines(section: bytes) -> list[str]:
    return section.decode(errors="replace").splitlines()


def _branch(fields: list[str]) -> GitBranch | None:
    if len(fields) != 7:
        return None
    ref, commit, upstream, track, head, at, subject = fields
    kind, _, name = ref.removeprefix("refs/").partition("/")
    if kind not in ("heads", "remotes") or name.endswith("/HEAD"):
        return None
    return GitBranch(name, kind == "remotes", head == "*", commit, upstream or None, track, _time(at), subject)


def _remote(line: str) -> GitRemote | None:
    name, _, rest = line.partition("\t")
    return GitRemote(name, without_credentials(rest.removesuffix(" (fetch)"))) if rest.endswith(" (fetch)") else None


def without_credentials(text: str) -> str:
    """Of the addresses in it."""
    return CREDENTIALS.sub("", text)


def _stash(fields: list[str]) -> GitStash | None:
    if len(fields) != 3 or not (found := re.fullmatch(r"stash@\{(\d+)\}", fields[0])):
        return None
    return GitStash(_number(found[1]), _time(fields[1]), fields[2])


def blame_of(output: bytes) -> GitBlame:
    """Of `git blame --porcelain`."""
    places: dict[str, int] = {}
    told: dict[str, dict[str, str]] = {}
    lines: list[int] = []
    commit = ""
    for line in output.split(b"\n"):
        if line.startswith(b"\t"):
            lines.append(places.get(commit, -1))
        elif found := BLAME_LINE.fullmatch(line):
            commit = found[1].decode()
            if not NOT_COMMITTED.fullmatch(commit):
                places.setdefault(commit, len(places))
        else:
            name, _, value = line.decode(errors="replace").partition(" ")
            told.setdefault(commit, {}).setdefault(name, value)
    return GitBlame([_blamed(commit, told.get(commit, {})) for commit in places], lines)


def _blamed(commit: str, told: Mapping[str, str]) -> GitBlameCommit:
    return GitBlameCommit(commit, told.get("author", ""), _time(told.get("author-time", "")), told.get("summary", ""))


def _time(seconds: str) -> float:
    return float(seconds) if seconds.isascii() and seconds.isdecimal() and len(seconds) < 13 else 0.0
