from pathlib import Path

import pytest

from fsquota.arguments import owner, parse, parser, size_bytes


@pytest.mark.parametrize(
    ("text", "expected"), [("0", 0), ("33554432", 32 << 20), ("1KiB", 1024), ("32MiB", 32 << 20), ("2TiB", 2 << 40)]
)
def test_a_size_is_a_number_of_bytes_or_of_a_unit(text: str, expected: int) -> None:
    assert size_bytes(text) == expected


@pytest.mark.parametrize("text", ["", "-1", "32MB", "1.5GiB", "MiB", "٣"])
def test_a_wrong_size_is_refused_with_what_was_expected(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["resize", "/mount", f"--size={text}"])
    assert ended.value.code == 2
    assert "expected a number (a size may end in KiB, MiB, GiB or TiB)" in capsys.readouterr().err


def test_an_owner_is_two_numbers() -> None:
    assert owner("100000:100001") == (100000, 100001)


def test_what_is_not_named_lies_beside_the_backing_folder() -> None:
    options = parse(["mount", "data/files", "/mnt", "--size=1MiB", "--files=10"])
    assert (options.control, options.staging) == (Path("data/files.sock"), Path("data/files.staging"))
    assert options.aside == Path("data/files.aside")
