"""Source control with the real git in a real workspace, on a real filesystem with a limit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from ide_server.errors import (
    FileNotFound,
    GitBusy,
    GitFailed,
    GitIdentityMissing,
    GitNoSpace,
    GitRejected,
    InvalidRequest,
    NameNotAllowed,
)
from ide_server.host.app import owners
from ide_server.host.git.program import Command, Programs
from ide_server.host.sandbox.runtime import find_program
from ide_server.host.state import HostState
from ide_server.settings import Settings
from ide_server.wire import (
    GitAbort,
    GitAction,
    GitAddRemote,
    GitChange,
    GitClone,
    GitCommit,
    GitDeleteBranch,
    GitDiscard,
    GitDone,
    GitFetch,
    GitIdentity,
    GitInit,
    GitMerge,
    GitProgress,
    GitPull,
    GitPush,
    GitRepository,
    GitResolve,
    GitStage,
    GitStageContent,
    GitStashApply,
    GitStashPush,
    GitStatus,
    GitSwitch,
    GitSync,
    GitTransfer,
    GitUndoCommit,
    GitUnstage,
    ModelChange,
    ModelId,
    NewModel,
    VariableValue,
)
from tests.support.catalogs import make_catalog
from tests.support.environments import share_environments
from tests.support.sandboxes import command_lines, files_with

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.sandbox,
    pytest.mark.fuse,
    pytest.mark.skipif(find_program("git") is None, reason="no git here: apt-get install git"),
]

WAIT_SECONDS = 60.0
IDENTITY = GitIdentity("Ada Lovelace", "ada@example.org")
MEBIBYTE = 1 << 20


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path, network="none")
    share_environments(tmp_path)
    make_catalog(settings)
    return settings


@pytest.fixture
async def host(settings: Settings) -> AsyncIterator[HostState]:
    async with owners(settings) as state:
        yield state


class Model:
    """A model with a repository at its root."""

    def __init__(self, host: HostState, model_id: ModelId) -> None:
        self.host = host
        self.id = model_id
        self.git = host["git"]

    async def act(self, *actions: GitAction) -> None:
        for action in actions:
            await self.git.act(self.id, action)

    async def transfer(self, transfer: GitTransfer) -> list[GitProgress | GitDone]:
        return [event async for event in self.git.transfer(self.id, transfer)]

    async def write(self, path: str, text: str) -> None:
        if any(entry.path == path for entry in await self.host["files"].list_folder(self.id, path.rpartition("/")[0])):
            await self.sh(f"cat > '{path}'", stdin=text)
        else:
            await self.host["files"].write_new(self.id, path, text.encode())

    async def read(self, path: str) -> str:
        return await self.sh(f"cat '{path}'")

    async def sh(self, script: str, *, stdin: str = "") -> str:
        """As a person types it in the terminal."""
        command = Command(("bash", "-c", script), stdin=stdin.encode(), writes=True)
        output = await Programs(self.host["workspaces"]).run(self.id, command)
        assert output.code == 0, output.said
        return output.stdout.decode()

    async def status(self, repository: str = "") -> GitStatus:
        return await self.git.status(self.id, repository)

    async def changes(self) -> list[GitChange]:
        return (await self.status()).changes

    async def commit(self, message: str, **files: str) -> None:
        for name, text in files.items():
            await self.write(name, text)
        await self.act(GitStage(), GitCommit(message))


@pytest.fixture
async def model(host: HostState) -> Model:
    """With one commit, of all that its template has."""
    model = Model(host, (await host["models"].create(NewModel("m", "image"))).id)
    await model.act(GitInit(), IDENTITY)
    await model.commit("First", file="one\ntwo\nthree\n")
    return model


async def test_what_is_changed_staged_committed_and_undone_shows_as_git_itself_has_it(model: Model) -> None:
    assert await model.git.repositories(model.id) == [GitRepository("")]
    assert await model.changes() == []  # neither .venv nor what bash and git keep in the home folder
    await model.write("file", "one\nTWO\nthree\n")
    await model.write("new ü\tname", "new")
    await model.sh("git rm -q main.py; mkdir -p sub; mv slipway.toml sub/; git add -A sub slipway.toml")
    assert {
        (change.path, change.staged, change.unstaged, change.original_path) for change in await model.changes()
    } == {
        ("file", None, "M", None),
        ("new ü\uf709name", None, "?", None),
        ("main.py", "D", None, None),
        ("sub/slipway.toml", "R", None, "slipway.toml"),
    }
    await model.act(GitUnstage(paths=["main.py"]), GitStage(paths=["new ü\uf709name", "file"]))
    assert {(change.path, change.staged, change.unstaged) for change in await model.changes()} == {
        ("file", "M", None),
        ("new ü\uf709name", "A", None),
        ("main.py", None, "D"),
        ("sub/slipway.toml", "R", None),
    }
    await model.act(GitUnstage(), GitDiscard(paths=["file", "main.py", "slipway.toml"], untracked=["sub/slipway.toml"]))
    assert await model.changes() == [GitChange("new ü\uf709name", None, "?")]
    assert await model.read("file") == "one\ntwo\nthree\n"
    await model.commit("Second\n\nWith a body\n# and no comment")
    status = await model.status()
    (newest, first) = await model.git.log(model.id, "", path="", skip=0)
    assert (status.branch, status.commit, status.changes) == ("main", newest.id, [])
    assert (newest.parents, newest.author, newest.email, newest.subject, newest.refs) == (
        [first.id], "Ada Lovelace", "ada@example.org", "Second", ["HEAD -> main"],
    )  # fmt: skip
    details = await model.git.commit(model.id, "", newest.id)
    assert details.message == "Second\n\nWith a body\n# and no comment"
    assert [(file.path, file.letter, file.added_lines) for file in details.files] == [("new ü\uf709name", "A", 1)]
    await model.act(GitCommit("", amend=True), GitUndoCommit())
    assert await model.changes() == [GitChange("new ü\uf709name", "A", None)]
    assert "First" in await model.sh("git log --format=%s")


async def test_a_part_of_a_file_is_staged_by_its_text_and_only_over_what_was_read(model: Model) -> None:
    await model.write("file", "ONE\ntwo\nTHREE\n")
    index = await model.git.content(model.id, "", "file", version="index")
    assert index.data == b"one\ntwo\nthree\n"
    await model.act(GitStageContent("file", "ONE\ntwo\nthree\n", index.id))
    assert await model.changes() == [GitChange("file", "M", "M")]
    assert await model.sh("git diff --cached -U0 | grep ^[+-][a-zA-Z]") == "-one\n+ONE\n"
    with pytest.raises(GitFailed, match="the index has changed"):
        await model.act(GitStageContent("file", "late", index.id))
    await model.write("script", "#!/bin/sh\n")
    await model.sh("chmod +x script")
    await model.act(GitStageContent("script", "#!/bin/sh\n", ""))
    assert (await model.sh("git ls-files -s script")).startswith("100755 ")
    with pytest.raises(FileNotFound, match=r"script is not in HEAD"):
        await model.git.content(model.id, "", "script", version="HEAD")
    blame = await model.git.blame(model.id, "", "file")
    assert [commit.summary for commit in blame.commits] == ["First"]
    assert blame.lines == [-1, 0, -1]
    with pytest.raises(InvalidRequest, match="Expected HEAD or the id of a commit"):
        await model.git.content(model.id, "", "file", version="--help")
    with pytest.raises(NameNotAllowed):
        await model.status("../..")


async def test_branches_merge_and_conflicts_are_resolved_as_the_person_says(model: Model) -> None:
    await model.act(GitSwitch("side", create=True))
    await model.commit("Side", file="one\nSIDE\nthree\n", other="theirs\n")
    await model.act(GitSwitch("main"))
    await model.commit("Main", file="one\nMAIN\nthree\n")
    for side, expected in (("ours", "MAIN\n"), ("theirs", "SIDE\n"), ("both", "MAIN\nSIDE\n")):
        with pytest.raises(GitFailed) as raised:
            await model.act(GitMerge("side"))
        assert "CONFLICT (content): Merge conflict in file" in raised.value.details["output"]
        status = await model.status()
        assert status.doing == "merge"
        assert [(change.path, change.conflict) for change in status.changes] == [("other", None), ("file", "UU")]
        await model.act(GitResolve("file", side))  # type: ignore[arg-type]  # one of them
        assert await model.read("file") == f"one\n{expected}three\n"
        assert (await model.status()).doing == "merge"
        if side != "both":
            await model.act(GitAbort("merge"))
    await model.act(GitCommit("Merged"))
    assert len((await model.git.log(model.id, "", path="", skip=0))[0].parents) == 2
    await model.act(GitDeleteBranch("side"))
    assert [branch.name for branch in (await model.git.refs(model.id, "")).branches] == ["main"]
    await model.write("file", "stashed\n")
    await model.act(GitStashPush("for later"))
    assert await model.changes() == []
    assert "for later" in (await model.git.refs(model.id, "")).stashes[0].message
    await model.act(GitStashApply())
    assert (await model.changes(), (await model.status()).stashes) == ([GitChange("file", None, "M")], 0)
    with pytest.raises(GitFailed, match="no name for a branch"):
        await model.act(GitSwitch("a..b", create=True))
    with pytest.raises(InvalidRequest, match="Expected the name of a branch"):
        await model.act(GitSwitch("--orphan"))


async def test_two_models_of_one_remote_push_pull_and_sync(model: Model) -> None:
    await model.sh("git init -q --bare remote.git; echo remote.git/ >> .git/info/exclude")
    await model.act(GitAddRemote("origin", "file:///model/remote.git"))
    assert isinstance((await model.transfer(GitPush(remote="origin")))[-1], GitDone)
    await model.sh("git clone -q remote.git other; echo other/ >> .git/info/exclude")
    assert GitRepository("other") in await model.git.repositories(model.id)
    await model.write("other/file", "from the other\n")
    await model.act(GitStage("other"), GitCommit("Other", repository="other"))
    assert (await model.status("other")).ahead == 1
    await model.transfer(GitPush("other"))
    await model.commit("Mine", mine="mine\n")
    with pytest.raises(GitRejected, match="Pull them first"):
        await model.transfer(GitPush())
    await model.transfer(GitFetch())
    status = await model.status()
    assert (status.upstream, status.ahead, status.behind, status.remotes) == ("origin/main", 1, 1, ["origin"])
    await model.transfer(GitSync())
    status = await model.status()
    assert (status.ahead, status.behind, await model.read("file")) == (0, 0, "from the other\n")
    await model.transfer(GitPull("other"))
    assert await model.read("other/mine") == "mine\n"


async def test_a_clone_brings_all_with_progress_and_a_failed_one_leaves_nothing(host: HostState) -> None:
    fresh = Model(host, (await host["models"].create(NewModel("fresh", "image"))).id)
    with pytest.raises(GitFailed, match="no such remote repository"):
        await fresh.transfer(GitClone("file:///model/missing.git"))
    assert await fresh.git.repositories(fresh.id) == []
    await fresh.sh(
        "rm -rf *; git init -q /tmp/source; cd /tmp/source; echo hello > hello; git add .; "
        "git -c user.name=a -c user.email=b commit -qm Hello; git branch side"
    )
    events = await fresh.transfer(GitClone("file:///tmp/source", "side"))
    # Which of git's lines come last in what was read at once is chance; that some come is not.
    assert any(isinstance(event, GitProgress) and event.text for event in events)
    status = await fresh.status()
    assert (status.branch, status.upstream, status.changes) == ("side", "origin/side", [])
    assert await fresh.read("hello") == "hello\n"


async def test_a_full_disk_fails_with_its_numbers_and_the_repository_stays_whole(model: Model) -> None:
    await model.sh(
        "head -c 3M /dev/urandom > big; git add big; git commit -qm Big; git rm -q big; git commit -qm Small"
    )
    await model.host["models"].change(model.id, ModelChange(limit_bytes=8 * MEBIBYTE))
    await model.sh("head -c 20M /dev/zero > filler || true")
    with pytest.raises(GitNoSpace, match="The filesystem is full") as raised:
        await model.act(GitStage())
    assert raised.value.details["limit_bytes"] == 8 * MEBIBYTE
    with pytest.raises(GitNoSpace):
        await model.act(GitSwitch("big", create=True, start="main~1"))
    await model.sh("rm -f filler")
    assert "error" not in await model.sh("git fsck 2>&1")
    await model.act(GitStage(), GitCommit("After"))
    assert await model.changes() == []


async def test_a_clone_that_does_not_fit_leaves_no_repository_or_a_whole_one(host: HostState) -> None:
    model = Model(host, (await host["models"].create(NewModel("m", empty=True))).id)
    assert await host["files"].list_folder(model.id, "") == []
    await model.sh(
        "git init -q /tmp/source; cd /tmp/source; head -c 3M /dev/urandom > big; git add .; "
        "git -c user.name=a -c user.email=b commit -qm Big"
    )
    await host["models"].change(model.id, ModelChange(limit_bytes=2 * MEBIBYTE))
    with pytest.raises(GitNoSpace):
        await model.transfer(GitClone("file:///tmp/source"))
    assert await model.git.repositories(model.id) == []
    await host["models"].change(model.id, ModelChange(limit_bytes=5 * MEBIBYTE))
    with pytest.raises(GitNoSpace):
        await model.transfer(GitClone("file:///tmp/source"))  # what is fetched fits, what is checked out does not
    assert "error" not in await model.sh("git fsck 2>&1")
    await host["models"].change(model.id, ModelChange(limit_bytes=16 * MEBIBYTE))
    await model.sh("git checkout -q -f -B main origin/main")
    assert (await model.changes(), (await model.status()).branch) == ([], "main")


async def test_nothing_is_committed_by_nobody_and_a_name_is_asked_for_once(host: HostState) -> None:
    model = Model(host, (await host["models"].create(NewModel("m", "image"))).id)
    await model.act(GitInit(), GitStage())
    with pytest.raises(GitIdentityMissing, match="who commits"):
        await model.act(GitCommit("First"))
    await model.act(IDENTITY, GitCommit("First"))
    assert await model.sh("git config user.name") == "Ada Lovelace\n"
    with pytest.raises(GitFailed, match="nothing to commit"):
        await model.act(GitCommit("Again"))
    await model.sh("touch .git/index.lock")
    with pytest.raises(GitBusy, match="Another git"):
        await model.act(GitStage())


async def test_a_hook_that_does_not_end_is_ended_with_all_that_it_has_started(model: Model) -> None:
    await model.sh("printf '#!/bin/sh\nsleep 98765 & sleep 98765\n' > .git/hooks/pre-commit; chmod +x .git/hooks/*")
    await model.write("file", "changed\n")
    await model.act(GitStage())
    committing = asyncio.create_task(model.act(GitCommit("Slow")))
    async with asyncio.timeout(WAIT_SECONDS):
        while command_lines().count("98765") < 2:  # noqa: ASYNC110 (nobody tells when a program starts)
            await asyncio.sleep(0.05)
    committing.cancel()
    await asyncio.wait([committing])
    async with asyncio.timeout(WAIT_SECONDS):
        while "98765" in command_lines():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_tokens_are_for_their_hosts_alone_and_are_written_nowhere(
    host: HostState, model: Model, settings: Settings
) -> None:
    token = "correct-horse-battery-staple"
    for name in ("GIT_TOKEN", "GIT_TOKEN_GIT_EXAMPLE_ORG_8443"):
        await host["variables"].set(model.id, name, VariableValue(f"{token}-{name.lower()}", secret=True))
    await host["variables"].set(model.id, "GIT_USERNAME_GIT_EXAMPLE_ORG_8443", VariableValue("ada"))

    async def asked(url: str) -> str:
        return await model.sh(f"GIT_TERMINAL_PROMPT=0 git credential fill <<< 'url={url}' || true")

    assert f"password={token}-git_token\n" in await asked("https://github.com/a/b")
    assert token not in await asked("https://evil.example/a/b")
    assert token not in await asked("http://github.com/a/b")
    answer = await asked("https://git.example.org:8443/a/b")
    assert "username=ada\n" in answer
    assert f"password={token}-git_token_git_example_org_8443\n" in answer
    assert files_with(token, settings.run_path) == []
    assert token not in command_lines()
    with pytest.raises(GitFailed) as raised:
        await model.transfer(GitClone(f"https://x:{token}@127.0.0.1:1/a.git"))
    assert token not in str(raised.value.details)


async def test_who_stops_listening_to_a_transfer_stops_git(model: Model) -> None:
    await model.sh("git config core.sshCommand 'sleep 87654 #'; git remote add far ssh://nowhere/repository")
    async with aclosing(model.git.transfer(model.id, GitFetch())) as events:
        first = asyncio.ensure_future(anext(events))
        async with asyncio.timeout(WAIT_SECONDS):
            while "87654" not in command_lines():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        first.cancel()
        await asyncio.wait([first])
    async with asyncio.timeout(WAIT_SECONDS):
        while "87654" in command_lines():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
