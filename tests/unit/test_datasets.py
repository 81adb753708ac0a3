"""What files become as entries of a dataset, and how those reach the disk."""

import array
import io
import json
import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ide_server.catalog import KeyRecord
from ide_server.errors import FilesystemUnavailable, InvalidRequest
from ide_server.host import disk
from ide_server.host.datasets import DatasetColumn, appending
from ide_server.host.datasets.appending import Appending
from ide_server.host.datasets.archives import read_zip
from ide_server.host.datasets.csv_tables import read_csv
from ide_server.host.datasets.entries import Batch, Known
from ide_server.host.datasets.json_lines import read_json_lines
from ide_server.host.datasets.json_values import batches_of
from ide_server.host.datasets.lines import MAX_RECORD_BYTES
from ide_server.host.datasets.npy import read_npy
from ide_server.host.datasets.preview import MAX_TEXT_BYTES, Reader
from ide_server.host.tensors import npy_header
from ide_server.wire import ElementType, NewEntries, OutputValue, ParameterDefinition

PNG = b"\x89PNG\r\n\x1a\n"
NOTHING: Known = {}


class Shelf:
    """The folder of one dataset, and what its row would say."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys: list[KeyRecord] = []

    @property
    def known(self) -> dict[str, KeyRecord]:
        return {key.key: key for key in self.keys}

    def append(self, batches: Iterator[Batch]) -> None:
        adding = Appending(self.folder, self.keys)
        try:
            for batch in batches:
                adding.add(batch)
            self.keys = adding.finish()
        except BaseException:
            adding.discard()
            raise

    def types(self) -> dict[str, tuple[str, list[int]]]:
        return {key.key: (key.type, key.shape) for key in self.keys}

    def shown(self, key: str) -> list[OutputValue]:
        record = self.known[key]
        return Reader(self.folder, record).show(0, record.entries)

    def values(self, key: str) -> list[Any]:
        """Elements of each entry, the only one of a single value."""
        return [value.elements if value.shape else value.elements[0] for value in self.shown(key)]

    def held(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def file_of(text: str | bytes) -> io.BytesIO:
    return io.BytesIO(text.encode() if isinstance(text, str) else text)


def zip_of(files: dict[str, bytes]) -> io.BytesIO:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content


def npy_of(element_type: ElementType, shape: list[int], data: bytes) -> bytes:
    return npy_header(element_type, shape) + data


# --- CSV ---


@pytest.mark.parametrize(
    ("cells", "came"),
    [
        (["1", "-2"], ("i64", [1, -2])),
        (["1", "2.5"], ("f64", [1.0, 2.5])),
        (["1", ""], ("f64", [1.0, "nan"])),
        (["1e3", "-inf"], ("f64", [1000.0, "-inf"])),
        (["true", "FALSE"], ("boolean", [True, False])),
        (["true", ""], ("string", ["true", ""])),
        (["1", "x"], ("string", ["1", "x"])),
        (["007", "8"], ("string", ["007", "8"])),
        (["92233720368547758070", "1"], ("string", ["92233720368547758070", "1"])),
        ([" a ", "ü,\nb"], ("string", [" a ", "ü,\nb"])),
        (["1_000", "2"], ("string", ["1_000", "2"])),
    ],
)
def test_a_column_of_csv_has_the_type_that_its_cells_show(
    shelf: Shelf, cells: list[str], came: tuple[str, list[Any]]
) -> None:
    rows = "".join('"{}",z\n'.format(cell.replace('"', '""')) for cell in cells)
    shelf.append(read_csv(file_of(f"a,b\n{rows}"), NOTHING))
    assert (shelf.types()["a"][0], shelf.values("a")) == came


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_comes_with_any_common_delimiter_a_mark_of_its_encoding_and_an_unnamed_index(
    shelf: Shelf, delimiter: str
) -> None:
    text = "﻿,x,y\r\n0,1.5,a\r\n\r\n1,2.5,b\r\n".replace(",", delimiter)
    shelf.append(read_csv(file_of(text), NOTHING))
    assert {key: shelf.values(key) for key in shelf.known} == {"column 1": [0, 1], "x": [1.5, 2.5], "y": ["a", "b"]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expected a line of names"),
        ("a,b\n", "at least one entry"),
        ("a,b\n1\n", "Line 2: expected 2 cells, as the header has, got 1"),
        ("a,a\n1,2\n", "'a' twice"),
        ('a\n"x\n', "Line 2: unexpected end of data"),
        (b"a\n\xff\n", "Line 2: expected UTF-8 text, got the byte 0xff"),
        ("a\n" + "x" * (MAX_RECORD_BYTES + 1), "Line 2: expected at most 8 MiB"),
        ('a,b\n"' + "x\n" * (MAX_RECORD_BYTES // 2), "MiB, got more|field larger than"),
        ("a\n" + "x" * 200_000, "field larger than field limit"),
        (",".join(map(str, range(1001))) + "\n", "at most 1000 columns, got 1,001"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_csv_that_cannot_be_read_is_refused_by_line_and_nothing_is_kept(
    shelf: Shelf, text: str | bytes, said: str
) -> None:
    with pytest.raises(InvalidRequest, match=said):
        shelf.append(read_csv(file_of(text), NOTHING))
    assert shelf.held() == {}


def test_cells_appended_to_a_key_have_its_type_or_are_refused_by_line(shelf: Shelf) -> None:
    shelf.append(read_csv(file_of("x,n\n1.5,1\n"), NOTHING))
    shelf.append(read_csv(file_of("x,n\n2,300\n,4\n"), shelf.known))
    assert (shelf.values("x"), shelf.values("n")) == ([1.5, 2.0, "nan"], [1, 300, 4])
    held = shelf.held()
    with pytest.raises(InvalidRequest, match=r"Line 3, 'n': expected an integer from .* got \"2\.5\""):
        shelf.append(read_csv(file_of("x,n\n,1\n1,2.5\n"), shelf.known))
    assert shelf.held() == held


# --- JSON ---


def test_json_lines_are_numbers_texts_files_and_tensors(shelf: Shelf) -> None:
    media = {"format": "png", "base64": "iVBORw0KGgo="}
    lines: list[dict[str, Any]] = [
        {"n": 1, "x": 1, "t": [[1, 2], [3, 4]], "words": ["a", "b"], "i": media, "ok": True},
        {"n": 2, "x": 2.5, "t": [[5, 6]], "words": [], "i": media, "ok": False},
        {"n": 3, "t": [], "words": ["c"], "i": media, "ok": True},
    ]
    shelf.append(read_json_lines(file_of("\n".join(map(json.dumps, lines))), NOTHING))
    assert shelf.types() == {
        "n": ("i64", []),
        "x": ("f64", []),
        "t": ("i64", [-1, -1]),
        "words": ("string", [-1]),
        "i": ("image", []),
        "ok": ("boolean", []),
    }
    assert shelf.values("x") == [1.0, 2.5, "nan"]
    assert [(value.shape, value.elements) for value in shelf.shown("t")] == [
        ([2, 2], [1, 2, 3, 4]),
        ([1, 2], [5, 6]),
        ([0, 0], []),
    ]
    assert [blob.byte_size for value in shelf.shown("i") for blob in value.blobs] == [8, 8, 8]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"x": 1}\n[1]\n', "Line 2: .* Expected a JSON object on each line"),
        ('{"x": 1}\n{"x": "a"}\n', "'x': expected numbers, texts, .* got integers, texts"),
        ('{"x": {"a": 1}}\n', "got objects"),
        ('{"x": null}\n', "got nothing that shows a type"),
        ('{"x": true}\n{}\n', "Line 2, 'x': expected true or false, got null"),
        ('{"x": [1]}\n{"x": 2}\n', "Line 2, 'x': expected a list, got 2"),
        ('{"x": [[1], [1, 2]]}\n', "Line 1, 'x': expected lists of equally long lists"),
        ('{"x": ' + "[" * 40 + "1" + "]" * 40 + "}\n", "at most 32 levels of lists"),
        ('{"x": "%s"}' % ("y" * MAX_RECORD_BYTES), "Line 1: expected at most 8 MiB"),
        ('{"x": {"format": "../x", "base64": ""}}', "Expected a format such as"),
        ('{"": 1}', "Expected a key of 1 to 200 printable characters"),
        ("\n".join(json.dumps({f"k{n}": 1}) for n in range(1001)), "at most 1000 keys"),
    ],
    ids=lambda value: value[:30],
)
def test_json_lines_that_do_not_fit_are_refused_by_line_and_nothing_is_kept(shelf: Shelf, text: str, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        shelf.append(read_json_lines(file_of(text), NOTHING))
    assert shelf.held() == {}


def test_a_request_may_say_the_type_of_a_new_key_and_not_another_of_an_old_one(shelf: Shelf) -> None:
    shelf.append(batches_of(NewEntries({"x": [1, 2]}, {"x": "u8"}), NOTHING))
    assert shelf.types() == {"x": ("u8", [])}
    with pytest.raises(InvalidRequest, match="Entry 1, 'x': expected an integer from 0 to 255, got 256"):
        shelf.append(batches_of(NewEntries({"x": [3, 256]}), shelf.known))
    with pytest.raises(InvalidRequest, match="holds entries of u8, got f64"):
        shelf.append(batches_of(NewEntries({"x": [3]}, {"x": "f64"}), shelf.known))
    with pytest.raises(InvalidRequest, match="at least one entry"):
        shelf.append(batches_of(NewEntries({"x": []}), shelf.known))
    assert shelf.values("x") == [1, 2]


# --- .npy and zip ---


@pytest.mark.parametrize(
    ("element_type", "code", "values"),
    [("f32", "f", [0.5, -1]), ("i16", "h", [1, -2]), ("u64", "Q", [1, 1 << 63]), ("boolean", "B", [True, False])],
)
def test_an_array_gives_an_entry_for_each_of_its_first_axis(
    shelf: Shelf, element_type: ElementType, code: str, values: list[Any]
) -> None:
    data = array.array(code, values * 3).tobytes()
    shelf.append(read_npy(file_of(npy_of(element_type, [2, 3], data)), "x"))
    assert shelf.types() == {"x": (element_type, [3])}
    assert shelf.values("x") == [[*values, values[0]], [values[1], *values]]


def header_of(dtype: str, shape: str, order: str = "False") -> bytes:
    text = f"{{'descr': {dtype}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def test_arrays_of_other_byte_orders_of_halves_and_of_texts_become_ours(shelf: Shelf) -> None:
    shelf.append(read_npy(file_of(header_of("'>i4'", "(2,)") + struct.pack(">2i", 1, -2)), "big"))
    shelf.append(read_npy(file_of(header_of("'<f2'", "(2,)") + struct.pack("<2e", 0.5, -2)), "half"))
    texts = "ab\0".encode("utf-32-le") + "ü\0\0".encode("utf-32-le")
    shelf.append(read_npy(file_of(header_of("'<U3'", "(2,)") + texts), "text"))
    assert shelf.types() == {"big": ("i32", []), "half": ("f32", []), "text": ("string", [])}
    assert [shelf.values(key) for key in ("big", "half", "text")] == [[1, -2], [0.5, -2.0], ["ab", "ü"]]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no array", "numpy.save has written"),
        (header_of("'<f8'", "(2,)") + bytes(8), "ends before all"),
        (header_of("'|O'", "(2,)"), "got the dtype '|O'"),
        (header_of("[('a', '<f8')]", "(2,)"), "Expected an array of numbers"),
        (header_of("'<f8'", "(2, 2)", "True"), "ascontiguousarray"),
        (header_of("'<f8'", "()"), "whose first axis are the entries"),
        (header_of("'<f8'", "(0,)"), "whose first axis are the entries"),
        (header_of("'<f8'", "(1, 999999999999)"), "at most 1,073,741,824 bytes"),
        (header_of("__import__('os')", "(1,)"), "cannot be read"),
        (header_of("(" * 9000 + ")" * 9000, "(1,)"), "cannot be read"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_no_array_of_ours_is_refused_and_nothing_is_kept(shelf: Shelf, data: bytes, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        shelf.append(read_npy(file_of(data), "x"))
    assert shelf.held() == {}


def test_a_zip_of_folders_gives_images_and_their_labels(shelf: Shelf) -> None:
    files = {"d/dog/2.PNG": PNG + b"2", "d/cat/1.png": PNG, "__MACOSX/d/cat/._1.png": b"", "d/.DS_Store": b"x"}
    shelf.append(read_zip(zip_of(files)))
    assert shelf.types() == {"image": ("image", []), "label": ("string", [])}
    assert shelf.values("label") == ["cat", "dog"]
    assert [(value.blobs[0].format, value.blobs[0].byte_size) for value in shelf.shown("image")] == [
        ("png", 8),
        ("png", 9),
    ]


def test_a_zip_of_files_beside_each_other_gives_them_with_their_names(shelf: Shelf) -> None:
    large = bytes(range(256)) * 2048
    shelf.append(read_zip(zip_of({"b.wav": large, "a.wav": b"RIFF"})))
    assert shelf.types() == {"audio": ("audio", []), "name": ("string", [])}
    assert shelf.values("name") == ["a.wav", "b.wav"]
    record = shelf.known["audio"]
    payload = Reader(shelf.folder, record).payload(1)
    content = Reader(shelf.folder, record).path.read_bytes()
    assert content[payload.start : payload.start + payload.byte_size] == large


def test_a_zip_of_arrays_gives_a_key_for_each(shelf: Shelf) -> None:
    arrays = {"x.npy": npy_of("f32", [2], array.array("f", [1, 2]).tobytes()), "y.npy": npy_of("u8", [2], b"\1\2")}
    shelf.append(read_zip(zip_of(arrays)))
    assert {key: shelf.values(key) for key in shelf.known} == {"x": [1.0, 2.0], "y": [1, 2]}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "Expected a zip with files in it"),
        ({"a.png": PNG, "b.wav": b"RIFF"}, "Expected files of one kind"),
        ({"a.png": PNG, "cat/b.png": PNG}, "either all files in folders"),
        ({"a/x.npy": b"", "b/x.npy": b""}, "Expected one x.npy"),
    ],
)
def test_a_zip_that_is_of_no_one_form_is_refused(shelf: Shelf, files: dict[str, bytes], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        shelf.append(read_zip(zip_of(files)))
    assert shelf.held() == {}


def test_a_zip_that_lies_about_itself_is_refused(shelf: Shelf) -> None:
    whole = zip_of({"a.png": PNG * 100}).getvalue()
    end = whole.rindex(b"PK\x05\x06")
    directory = whole.rindex(b"PK\x01\x02")
    endless = bytearray(whole)
    struct.pack_into("<I", endless, end + 12, 1 << 30)
    wrong = bytearray(whole)
    struct.pack_into("<I", wrong, directory + 24, 5)  # the size that it says the file has
    huge = bytearray(whole)
    struct.pack_into("<I", huge, directory + 24, 2 << 30)
    for data in (b"no zip", endless, wrong, huge, whole[:-30]):
        with pytest.raises(InvalidRequest, match=r"zip|2,147,483,648"):
            shelf.append(read_zip(file_of(bytes(data))))
    assert shelf.held() == {}


def test_a_zip_that_unpacks_to_too_much_is_refused_and_leaves_nothing(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appending, "MAX_BYTES", 1 << 20)
    bomb = zip_of({"x.npy": npy_of("f64", [1 << 20], bytes(8 << 20))})
    assert len(bomb.getvalue()) < 64 << 10
    with pytest.raises(InvalidRequest, match="Append them in several parts"):
        shelf.append(read_zip(bomb))
    assert shelf.held() == {}


# --- on disk ---


def numbers(count: int, first: int = 0) -> Iterator[Batch]:
    return batches_of(NewEntries({"x": [*range(first, first + count)]}), NOTHING)


def test_a_full_disk_leaves_the_entries_that_there_were(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.append(numbers(3))
    held = shelf.held()
    monkeypatch.setattr(disk, "RESERVE_BYTES", 1 << 60)
    with pytest.raises(FilesystemUnavailable, match="less than"):
        shelf.append(numbers(3))
    assert shelf.held() == held


def test_what_an_append_left_that_never_ended_is_cut_off_by_the_next(shelf: Shelf) -> None:
    shelf.append(numbers(3))
    killed = Appending(shelf.folder, shelf.keys)
    for batch in numbers(100, first=50):
        killed.add(batch)
    killed.finish()  # but the row was never changed
    assert shelf.values("x") == [0, 1, 2]
    shelf.append(numbers(2, first=3))
    assert shelf.values("x") == [0, 1, 2, 3, 4]


def test_many_entries_are_written_as_they_come(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appending, "HELD_BYTES", 1000)
    rows = "".join(f"{n},{n / 2},{'t' * (n % 7)}\n" for n in range(3000))
    shelf.append(read_csv(file_of("n,half,text\n" + rows), NOTHING))
    reader = Reader(shelf.folder, shelf.known["text"])
    assert [len(value.elements[0]) for value in reader.show(2995, 5)] == [n % 7 for n in range(2995, 3000)]
    assert reader.end_of(3000) == shelf.known["text"].byte_size == reader.path.stat().st_size


def test_a_long_text_is_shown_as_far_as_it_goes(shelf: Shelf) -> None:
    text = 'ä"\\\n' * MAX_TEXT_BYTES
    shelf.append(batches_of(NewEntries({"one": [text], "two": [[text, "b"]], "short": ["a"]}), NOTHING))
    (one,) = shelf.shown("one")
    assert one.truncated and len(one.elements[0]) > 1000 and text.startswith(one.elements[0])
    (two,) = shelf.shown("two")
    assert two.truncated and text.startswith(two.elements[0])
    assert not shelf.shown("short")[0].truncated


# --- as inputs ---


def fitting(shelf: Shelf, key: str, **definition: Any) -> tuple[str | None, ElementType | None]:
    """What does not fit, or what the numbers are cast to."""
    record = shelf.known[key]
    column = DatasetColumn(record, record.entries, record.byte_size, "values", "ends")
    defined = ParameterDefinition("p", **definition)
    problem = column.problem(defined)
    return problem, None if problem else column.fitting(defined).cast


@pytest.mark.parametrize(
    ("key", "definition", "problem", "cast"),
    [
        ("n", {"types": ["i64"]}, None, None),
        ("n", {"types": ["f64"]}, None, "f64"),
        ("n", {"types": ["string", "u8"]}, None, "u8"),
        ("n", {"types": ["i8"], "minimum": 1, "maximum": 200}, "expected i8, .* from 1 to 200", None),
        ("n", {"types": ["f64"], "minimum": 2}, "expected at least 2, got a dataset with 1 in it", None),
        ("n", {"types": ["f64"], "maximum": 100}, "expected at most 100, .* 200", None),
        ("n", {"types": ["string"]}, "expected string, got a dataset of i64", None),
        ("n", {"types": ["i64"], "choices": [1, 200, 3]}, None, None),
        ("n", {"types": ["i64"], "choices": [1, 2]}, "a dataset with 200 in it", None),
        ("half", {"types": ["i64"]}, "numbers that are no integers", None),
        ("half", {"types": ["f32"]}, None, "f32"),
        ("rows", {"types": ["f64"], "shape": [2]}, None, None),
        ("rows", {"types": ["f64"], "shape": [-1]}, None, None),
        (
            "rows",
            {"types": ["f64"], "shape": [3]},
            r"expected entries of the shape \[3\], got a dataset of \[2\]",
            None,
        ),
        ("rows", {"types": ["f64"]}, r"of the shape \[\], got", None),
        ("ragged", {"types": ["i64"], "shape": [1]}, r"got a dataset of \[-1\]", None),
        ("many", {"types": ["i64"], "choices": [1, 2]}, "many different values", None),
        ("word", {"types": ["string"], "choices": ["a", "b"]}, None, None),
        ("word", {"types": ["binary"]}, "expected binary, got a dataset of string", None),
    ],
)
def test_a_key_is_held_against_a_definition(
    shelf: Shelf,
    key: str,
    definition: dict[str, Any],
    problem: str | None,
    cast: str | None,
) -> None:
    shelf.append(
        batches_of(
            NewEntries(
                {
                    "n": [1, 200],
                    "half": [0.5, "nan"],
                    "rows": [[1.5, 2], [3, 4]],
                    "ragged": [[1], [1, 2]],
                    "many": [*range(100)],
                    "word": ["a", "b", "a"],
                },
                {"half": "f64"},
            ),
            NOTHING,
        )
    )
    came, came_cast = fitting(shelf, key, **definition)
    assert came is None if problem is None else re.search(problem, came or "")
    assert came_cast == cast
