"""Fetching the programs of language servers, and reading their messages."""

import asyncio
import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from ide_server.errors import LanguageServerUnavailable
from ide_server.host.languages.fetching import FetchFailed, NpmPackage, Tools, npm_variables, open_to_all, unpack
from ide_server.host.languages.framing import MAX_MESSAGE_BYTES, Skipped, encode, read_message
from ide_server.host.languages.programs import Program, Programs, programs
from ide_server.settings import Settings

pytestmark = pytest.mark.anyio


class NoTools:
    async def npm(self) -> tuple[str, ...]:
        return ("/usr/bin/false",)


def packed(folder: Path, **files: str) -> str:
    """Makes the archive that npm would; its SHA-512."""
    with tarfile.open(folder / "a.tgz", "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"package/lib/{name}")
            member.size, member.mode = len(text), 0o755
            archive.addfile(member, io.BytesIO(text.encode()))
        link = tarfile.TarInfo("package/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return base64.b64encode(hashlib.sha512((folder / "a.tgz").read_bytes()).digest()).decode()


def test_an_archive_is_unpacked_only_with_the_hash_that_is_written_down(tmp_path: Path) -> None:
    sha512 = packed(tmp_path, tsc="program")
    into = tmp_path / "into"
    with pytest.raises(FetchFailed, match=r"expected a\.tgz with the SHA-512 other, got "):
        unpack(tmp_path, into, sha512="other")
    assert not into.exists()
    unpack(tmp_path, into, sha512=sha512)
    open_to_all(into)
    assert [(path.name, path.stat().st_mode & 0o777) for path in sorted(into.rglob("*"))] == [
        ("lib", 0o755),
        ("tsc", 0o755),
    ]


def test_npm_is_configured_as_this_machine_is(tmp_path: Path) -> None:
    variables = npm_variables({"NODE_EXTRA_CA_CERTS": "/mine", "NPM_CONFIG_CACHE": "/not"}, cache=tmp_path)
    assert variables["NODE_EXTRA_CA_CERTS"] == "/mine"
    assert variables["NPM_CONFIG_CACHE"] == str(tmp_path)


def test_every_server_has_a_command_but_where_there_is_no_program_for_the_machine() -> None:
    assert [program.name for program in programs("s390x") if not program.command] == ["typescript"]
    assert all(program.command for machine in ("x86_64", "aarch64") for program in programs(machine))


async def test_what_could_not_be_fetched_is_told_leaves_nothing_and_is_tried_again(tmp_path: Path) -> None:
    tools: Tools = NoTools()
    known = Programs(Settings(data_dir=tmp_path), tools)
    known.start()
    package = NpmPackage("typescript", "7.0.2", "")
    program = Program("typescript", "TypeScript", ("typescript",), ("tsc",), package)
    for _ in range(2):
        assert known.state(program) == "not_fetched"
        waiting = [asyncio.create_task(known.wait_ready(program)) for _ in range(3)]
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        expected = "TypeScript could not be fetched: npm could not fetch typescript 7.0.2: it ended with code 1"
        assert {(type(end), str(end)) for end in ends} == {(LanguageServerUnavailable, expected)}
        assert known.fault(program) == expected
    await known.close()
    assert list((tmp_path / "languages").iterdir()) == []


async def test_closing_ends_a_fetch(tmp_path: Path) -> None:
    class Slow:
        async def npm(self) -> tuple[str, ...]:
            return ("/usr/bin/sleep", "100", "--")

    known = Programs(Settings(data_dir=tmp_path), Slow())
    known.start()
    program = Program("typescript", "TypeScript", (), ("tsc",), NpmPackage("typescript", "7.0.2", ""))
    waiting = asyncio.create_task(known.wait_ready(program))
    await asyncio.sleep(0)
    assert known.state(program) == "fetching"
    await known.close()
    with pytest.raises(LanguageServerUnavailable):
        await waiting
    assert list((tmp_path / "languages").iterdir()) == []


# --- messages ---


async def reader_of(*chunks: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    for chunk in chunks:
        reader.feed_data(chunk)
    reader.feed_eof()
    return reader


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 2",
        b"content-length:2",
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 2",
    ],
)
async def test_a_message_is_as_long_as_its_head_says(head: bytes) -> None:
    reader = await reader_of(head + b"\r\n\r\n{}", encode("é".encode()))
    assert [await read_message(reader), await read_message(reader)] == ["{}", "é"]
    with pytest.raises(EOFError):
        await read_message(reader)


@pytest.mark.parametrize(
    ("begin", "reply_to"),
    [
        (b'{"jsonrpc":"2.0","id":12,"result":"', "12"),
        (b'{"id": "a-b", "result": "', '"a-b"'),
        (b'{"jsonrpc":"2.0","id":12,"method":"workspace/applyEdit","params":"', None),
        (b'{"jsonrpc":"2.0","method":"x","params":"', None),
        (b'{"result":"', None),
        (b'{"id":"\\ud83d', None),
    ],
)
async def test_of_what_is_left_out_it_is_known_which_request_it_answers(begin: bytes, reply_to: str | None) -> None:
    body = begin + b"x" * MAX_MESSAGE_BYTES
    reader = await reader_of(encode(body), encode(b"{}"))
    assert await read_message(reader) == Skipped(len(body), reply_to)
    assert await read_message(reader) == "{}"
