"""Bytes of a file, unpacked where it is packed, and never more of them than is safe."""

import gzip
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import zstandard

from reco_lab.core.errors import DataError, NotFoundError

HEAD_BYTES = 64 << 10
MOST_BYTES = 4 << 30
FREE_BYTES = 64 << 20
MOST_RATIO = 100
CHUNK = 4 << 20
WIDEST_WINDOW = 128 << 20

ZIP, GZIP, ZSTANDARD, PARQUET = b"PK\x03\x04", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
_OFFICE = ("[Content_Types].xml", "mimetype")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (
    OSError,
    EOFError,
    zlib.error,
    zipfile.BadZipFile,
    zstandard.ZstdError,
    NotImplementedError,
    RuntimeError,
)


def head(path: Path, size: int = HEAD_BYTES) -> bytes:
    """The first `size` bytes, unpacked. Raises NotFoundError, or DataError for a damaged archive."""
    with unpacked(path) as stream:
        return stream.read(size)


def contents(path: Path, most: int | None = None, *, lines: bool = False) -> bytes:
    """All bytes, unpacked; only the first `most` where that is given.

    Raises DataError for more than 4 GB, for an archive that unpacks to more than 100 times its size and,
    with `lines`, as soon as 4 MB come without the end of a line.
    """
    packed = max(path.stat().st_size, 1) if path.exists() else 1
    data = bytearray()
    with unpacked(path) as stream:
        while (most is None or len(data) < most) and (part := stream.read(CHUNK)):
            if lines and len(part) == CHUNK and b"\n" not in part and b"\r" not in part:
                raise long_line(data.count(b"\n") + 1, path.name)
            data += part
            check_size(len(data), packed, path.name)
    return bytes(data) if most is None else bytes(data[:most])


def long_line(number: int, name: str) -> DataError:
    """What to say of a line that is longer than 1 MB."""
    return DataError(
        f"Line {number} is longer than 1 MB.",
        where=name,
        fix="Check that its rows stand on lines of their own.",
    )


def check_size(size: int, packed: int, name: str, most: int | None = MOST_BYTES) -> None:
    """Raise DataError for more bytes than are read, or for far more than they were packed into."""
    if (most is not None and size > most) or (size > FREE_BYTES and size > MOST_RATIO * packed):
        raise DataError(
            f"It unpacks to more than {size >> 20} MB, which is too much.",
            where=name,
            fix="Split it into smaller files.",
        )


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """The file as a stream, unpacked where it is packed. Raises as `head` does."""
    if os.path.isdir(path):  # noqa: PTH112 - as below
        raise NotFoundError("This is a folder, not a file.", where=path.name, fix="Name a file in it.")
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises for a name that is too long
        raise NotFoundError("There is no such file.", where=path.name, fix="Check its name and folder.")
    try:
        with path.open("rb") as raw:
            start = raw.read(4)
            raw.seek(0)
            if start[:2] == GZIP:
                with gzip.open(raw) as stream:
                    yield cast("IO[bytes]", stream)
            elif start == ZSTANDARD:
                unpacker = zstandard.ZstdDecompressor(max_window_size=WIDEST_WINDOW)
                with unpacker.stream_reader(raw, read_across_frames=True) as stream:
                    yield cast("IO[bytes]", _Whole(stream))
            elif start == ZIP:
                yield from _unzipped(raw, path)
            else:
                yield raw
    except _BROKEN as error:
        raise DataError(
            f"It cannot be read ({error}).", where=path.name, fix="Save or download it again."
        ) from error


def _unzipped(raw: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(raw) as archive:
        if any(name in archive.namelist() for name in _OFFICE):
            raw.seek(0)
            yield raw
            return
        member = _only_member(archive, path)
        check_size(member.file_size, max(path.stat().st_size, 1), path.name)
        with archive.open(member) as stream:
            yield stream


def _only_member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    members = [
        one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")
    ]
    if len(members) != 1:
        inside = ", ".join(one.filename for one in members[:5]) or "nothing"
        raise DataError(
            f"The archive holds {len(members)} files ({inside}), not one.",
            where=path.name,
            fix="Unpack it and bring one file.",
        )
    if members[0].flag_bits & 1:
        raise DataError("It is locked with a password.", where=path.name, fix="Save it without one.")
    if members[0].compress_type not in _METHODS:
        raise DataError("It is packed in an unusual way.", where=path.name, fix="Pack it as a usual .zip.")
    return members[0]


class _Whole:
    """A stream whose `read(size)` gives `size` bytes while there are as many, as files do."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        parts = []
        while size > 0 and (part := self._stream.read(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)
