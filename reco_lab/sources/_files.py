"""Bytes of a file, unpacked where it is packed, and never more of them than is safe."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from reco_lab.core.errors import DataError, NotFoundError

HEAD_BYTES = 64 << 10
MOST_BYTES = 2 << 30
FREE_BYTES = 64 << 20
MOST_RATIO = 100
CHUNK = 4 << 20

_BROKEN = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)


def head(path: Path, size: int = HEAD_BYTES) -> bytes:
    """The first `size` bytes, unpacked. Raises NotFoundError, or DataError for a damaged archive."""
    with _unpacked(path) as stream:
        return stream.read(size)


def contents(path: Path, most: int | None = None) -> bytes:
    """All bytes, unpacked; only the first `most` where that is given.

    Raises DataError for more than 2 GB, and for an archive that unpacks to more than 100 times its size.
    """
    packed = max(path.stat().st_size, 1) if path.exists() else 1
    parts: list[bytes] = []
    size = 0
    with _unpacked(path) as stream:
        while (most is None or size < most) and (part := stream.read(CHUNK)):
            parts.append(part)
            size += len(part)
            if size > MOST_BYTES or (size > FREE_BYTES and size > MOST_RATIO * packed):
                raise DataError(
                    f"It unpacks to more than {size >> 20} MB, which is too much.",
                    where=path.name,
                    fix="Split it into smaller files.",
                )
    return b"".join(parts)[:most]


@contextmanager
def _unpacked(path: Path) -> Iterator[IO[bytes]]:
    if not path.is_file():
        raise NotFoundError("There is no such file.", where=path.name, fix="Check its name and folder.")
    try:
        with path.open("rb") as raw:
            start = raw.read(4)
            raw.seek(0)
            if start[:2] == b"\x1f\x8b":
                with gzip.open(raw) as stream:
                    yield cast("IO[bytes]", stream)
            elif start == b"PK\x03\x04":
                with zipfile.ZipFile(raw) as archive, archive.open(_only_member(archive, path)) as stream:
                    yield stream
            else:
                yield raw
    except _BROKEN as error:
        raise DataError(
            f"It cannot be read ({error}).", where=path.name, fix="Save or download it again."
        ) from error


def _only_member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    names = archive.namelist()
    if "[Content_Types].xml" in names or "mimetype" in names:
        kind = "an Excel workbook" if any(name.startswith("xl/") for name in names) else "an office document"
        raise DataError(f"It is {kind}.", where=path.name, fix="Save the sheet as CSV and bring that.")
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
    return members[0]
