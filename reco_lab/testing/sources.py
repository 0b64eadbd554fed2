"""What every source must do: account for every row, leave ids as they are, refuse with a sentence.

A check takes a source, a way to write a table of text as a file of its kind, and an empty folder.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from reco_lab.core.errors import InputError
from reco_lab.core.source import Source

Rows = Sequence[tuple[str, str]]
Writer = Callable[[Path, Rows], None]
Check = Callable[[Source, Writer, Path], None]

IDS = (
    "00123", "123", "1", "01", "1.0", "1e5", "1E5", "100000", "NA", "N/A", "null", "NULL", "None", "nan", "NaN",
    "true", "True", "FALSE", "inf", "-inf", "-5", "+44123", "9007199254740993", "18446744073709551617", "0x1F", "1_000",
    "2020-01-01", "12:30", "é", "e\u0301", "Ω", "日本", "🛒", "a-b", "a.b", "a/b", "=1+1", "@x", "#1", "%41", "\\N",
    "-", "_", ".5", "5.", "0", "00", "-0", "1,5", "x" * 256,
)  # fmt: skip
"""Fifty ids that readers of tables like to change."""


def check_documents_itself(source: Source, _write: Writer, _folder: Path) -> None:
    """It has a label for people."""
    assert source.label


def check_accounts_for_every_row(source: Source, write: Writer, folder: Path) -> None:
    """Rows in the file are rows loaded and rows refused."""
    path = folder / "table"
    rows = [(f"u{n % 7}", f"i{n % 11}") for n in range(200)]
    write(path, rows)
    table = source.read(path)
    assert table.rows_in_file == len(table.frame) + len(table.refused) == len(rows)


def check_ids_are_not_changed(source: Source, write: Writer, folder: Path) -> None:
    """Every id arrives as it was written, in its place."""
    path = folder / "table"
    rows = list(zip(IDS, IDS[::-1], strict=True))
    write(path, rows)
    frame = source.read(path).frame
    assert list(zip(frame.iloc[:, 0], frame.iloc[:, 1], strict=True)) == rows


def check_every_column_is_text(source: Source, write: Writer, folder: Path) -> None:
    """Numbers stay the text that they were."""
    path = folder / "table"
    write(path, [("1", "2"), ("3", "4.0")])
    frame = source.read(path).frame
    assert {str(kind) for kind in frame.dtypes} == {"str"}


def check_lines_are_counted_upwards(source: Source, write: Writer, folder: Path) -> None:
    """The index says where each row stands in the file."""
    path = folder / "table"
    write(path, [(f"u{n}", f"i{n}") for n in range(30)])
    frame = source.read(path).frame
    assert frame.index.is_monotonic_increasing
    assert frame.index[0] >= 1


def check_recognises_its_own(source: Source, write: Writer, folder: Path) -> None:
    """It knows its kind whatever the file is called, and says so without reading it all."""
    path = folder / "picture.png"
    write(path, [("u1", "i1"), ("u1", "i2"), ("u2", "i1"), ("u3", "i2")])
    assert source.recognises(path, path.read_bytes()[: 64 << 10])
    assert not source.recognises(path, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")


def check_a_preview_reads_only_the_first_rows(source: Source, write: Writer, folder: Path) -> None:
    """`rows` limits what is read."""
    path = folder / "table"
    write(path, [(f"u{n}", f"i{n}") for n in range(500)])
    assert 1 <= len(source.read(path, rows=20).frame) <= 20


def check_damage_is_refused_with_a_sentence(source: Source, write: Writer, folder: Path) -> None:
    """A file that is empty, overwritten with bytes, full of NUL or missing gets a sentence."""
    path = folder / "table"
    write(path, [(f"u{n}", f"i{n}") for n in range(50)])
    whole = path.read_bytes()
    for damaged in (b"", bytes(range(256)) * 64, whole[: len(whole) // 2] + b"\0" * 4096):
        path.write_bytes(damaged)
        assert _sentence(source, path).endswith(".")
    assert _sentence(source, folder / "missing").endswith(".")


def _sentence(source: Source, path: Path) -> str:
    try:
        source.read(path)
    except InputError as error:
        return str(error)
    return ""


CHECKS: tuple[Check, ...] = (
    check_documents_itself,
    check_accounts_for_every_row,
    check_ids_are_not_changed,
    check_every_column_is_text,
    check_lines_are_counted_upwards,
    check_recognises_its_own,
    check_a_preview_reads_only_the_first_rows,
    check_damage_is_refused_with_a_sentence,
)
