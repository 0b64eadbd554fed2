"""What an office document is made of, looked at before anything of it is unpacked or parsed."""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from defusedxml import ElementTree  # type: ignore[import-untyped] # it comes without stubs

from reco_lab.core.errors import DataError
from reco_lab.sources._files import check_size

MOST_MEMBERS = 10_000
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_MAIN = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_STRICT_LINK = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_DECLARED = (b"<!DOCTYPE", b"<!ENTITY")
_CELL = re.compile(rb"<c\b([^>]*[^>/])>(.*?)</c>", re.DOTALL)
_FORMULA = re.compile(rb"<f[\s>/]")
_VALUE = re.compile(rb"<(?:v|t)\b[^>]*>[^<]")
_PLACE = re.compile(rb"""\br=["']([A-Z]{1,3}[0-9]{1,7})["']""")
_ODS_FORMULA = re.compile(rb"<table:table-cell\b([^>]*table:formula=[^>]*)>")
_ERROR = re.compile(rb"""\bt=["']e["']""")
_TEXT = re.compile(rb"<v\b[^>]*>([^<]{1,20})")
_PADDED = re.compile(rb"""formatCode=["']0{2,}["']""")


def inspect(data: bytes, name: str) -> None:
    """Raise DataError for a document that would unpack to too much, or whose XML declares entities."""
    if not data.startswith(b"PK"):
        return
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if len(members) > MOST_MEMBERS:
            raise DataError(f"It is made of {len(members)} parts, which is too much.", where=name)
        check_size(sum(one.file_size for one in members), len(data), name)
        for member in members:
            with archive.open(member) as part:
                if any(mark in part.read(64 << 10) for mark in _DECLARED):
                    raise DataError(
                        "Its XML declares entities, which a spreadsheet never does.",
                        where=name,
                        fix="Open it in a spreadsheet program and save it again.",
                    )


def faults(data: bytes, sheet: str) -> dict[str, str]:
    """What is wrong with cells of an .xlsx document, by place (such as "B2"): errors, formulas without a value."""
    part = _sheet_part(data, sheet)
    if not any(mark in part for mark in (b"<f", b't="e"', b"t='e'")):
        return {}
    return dict(_faults(part))


def lost_formulas_of_ods(data: bytes) -> int:
    """How many formulas of an .ods document were saved without a value."""
    found = _ODS_FORMULA.finditer(_member(data, "content.xml"))
    return sum(b"office:value" not in one.group(1) and b"value-type=" not in one.group(1) for one in found)


def pads_with_zeros(data: bytes) -> bool:
    """Whether a number format of an .xlsx document shows leading zeros."""
    return _PADDED.search(_member(data, "xl/styles.xml")) is not None


def _faults(part: bytes) -> Iterator[tuple[str, str]]:
    for cell in _CELL.finditer(part):
        place = _PLACE.search(cell.group(1))
        if place is None:
            continue
        where = place.group(1).decode()
        if _ERROR.search(cell.group(1)):
            found = _TEXT.search(cell.group(2))
            yield where, f"holds the error {found.group(1).decode() if found else '?'} (cell {where})"
        elif _FORMULA.search(cell.group(2)) and not _VALUE.search(cell.group(2)):
            yield where, f"holds a formula without a value (cell {where})"


def _sheet_part(data: bytes, sheet: str) -> bytes:
    book, links = _member(data, "xl/workbook.xml"), _member(data, "xl/_rels/workbook.xml.rels")
    if not book or not links:
        return b""
    targets = {one.get("Id"): str(one.get("Target")) for one in ElementTree.fromstring(links)}
    for element in _sheets(ElementTree.fromstring(book)):
        if element.get("name") == sheet:
            target = targets.get(element.get(_LINK) or element.get(_STRICT_LINK), "")
            return _member(data, target.removeprefix("/") if target.startswith("/") else f"xl/{target}")
    return b""


def _sheets(book: Any) -> Iterator[Any]:
    yield from book.iter(f"{_MAIN}sheet")
    yield from book.iter(f"{_STRICT_MAIN}sheet")


def _member(data: bytes, member: str) -> bytes:
    if not data.startswith(b"PK"):
        return b""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(member) if member in archive.namelist() else b""
