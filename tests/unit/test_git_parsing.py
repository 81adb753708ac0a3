"""What git prints, read into messages: also by a git that is none."""

from hypothesis import given
from hypothesis import strategies as st

from ide_server.host.git import parsing
from ide_server.host.git.failures import failed
from ide_server.host.git.program import Output, said_of
from ide_server.wire import GitBlame, GitChange, GitRefs, GitRemote, Usage

ID = "ab" * 20
USAGE = Usage(5, 10, 1, 2)


def said(text: str) -> Output:
    return Output(1, b"", text, is_cut=False, timed_out=False, secrets=frozenset(["hunter22"]))


def test_a_status_tells_branch_remotes_and_changes() -> None:
    modes = f"N... 100644 100644 100644 {ID} {ID}"
    output = "\0".join(
        (
            "# doing rebase", "# remote origin", f"# branch.oid {ID}", "# branch.head (detached)",
            "# branch.upstream origin/main", "# branch.ab +2 -13", "# stash 4",
            f"1 .M {modes} a b", f"2 R. {modes} R100 new", "old", f"u UD N... 1 2 3 4 {ID} {ID} {ID} c", "? d\n", "",
        )
    )  # fmt: skip
    status = parsing.status_of("sub", output.encode(), is_cut=False)
    assert (status.branch, status.commit, status.upstream) == (None, ID, "origin/main")
    assert (status.ahead, status.behind, status.stashes, status.doing, status.remotes) == (
        2,
        13,
        4,
        "rebase",
        ["origin"],
    )
    assert status.changes == [
        GitChange("sub/a b", None, "M"),
        GitChange("sub/new", "R", None, original_path="sub/old"),
        GitChange("sub/c", None, "U", conflict="UD"),
        GitChange("sub/d\uf70a", None, "?"),
    ]


def test_more_changes_than_are_listed_are_told_of() -> None:
    status = parsing.status_of("", b"? x\0" * (parsing.CHANGES_LISTED + 1), is_cut=False)
    assert (len(status.changes), status.more_changes) == (parsing.CHANGES_LISTED, True)


@given(st.binary(max_size=300))
def test_nothing_that_a_program_prints_makes_reading_fail(output: bytes) -> None:
    parsing.status_of("", output, is_cut=False)
    parsing.refs_of(output)
    parsing.log_of(output)
    parsing.commit_of("", output)
    parsing.blame_of(output)
    for start in (b"# branch.ab ", b"# stash ", b"1 ", b"2 ", b"u "):
        parsing.status_of("", start + output + b"\0", is_cut=False)


def test_blame_names_each_commit_once_and_lines_that_are_in_none() -> None:
    none = "0" * 40
    output = (
        f"{ID} 1 1 2\nauthor Ada\nauthor-time 7\nsummary S\n\tone\n{none} 2 2 1\nauthor Not\n\ttwo\n{ID} 2 3\n\tthree\n"
    )
    blame = parsing.blame_of(output.encode())
    assert [(commit.id, commit.author, commit.authored_at) for commit in blame.commits] == [(ID, "Ada", 7.0)]
    assert blame.lines == [0, -1, 0]
    assert parsing.blame_of(b"") == GitBlame([], [])


def test_the_address_of_a_remote_is_shown_without_its_password() -> None:
    output = b"\x1e\norigin\thttps://ada:hunter22@example.org/a.git (fetch)\norigin\tx (push)\n\x1e\n"
    assert parsing.refs_of(output) == GitRefs([], [GitRemote("origin", "https://example.org/a.git")], [])


def test_what_git_says_becomes_what_to_do() -> None:
    error = failed(said("fatal: could not read Username for 'https://git.example.org:8443': prompts disabled"), USAGE)
    assert (error.code, error.details["host"]) == ("git_sign_in_needed", "git.example.org:8443")
    assert error.details["variables"] == ["GIT_TOKEN_GIT_EXAMPLE_ORG_8443"]
    assert failed(said("git@h: Permission denied (publickey)."), USAGE).details["variables"] == ["GIT_SSH_KEY"]
    assert failed(said("error: unable to write file x: No space left on device"), USAGE).code == "git_no_space"
    unknown = failed(said("hint: no\nfatal: something with hunter22 in it"), USAGE)
    assert (unknown.code, unknown.message) == ("git_failed", "something with *** in it")
    assert failed(said("env: \u2018git\u2019: No such file or directory"), USAGE).message.endswith(
        "apt-get install git."
    )
    assert failed(said(""), USAGE).message == "Git failed without a word."


def test_of_a_line_that_was_written_over_the_last_is_kept() -> None:
    assert said_of(bytearray(b"1%\r50%\r100%, done.\nnext\r\n")) == "100%, done.\nnext"
