"""Text that a spreadsheet shows and never runs, and the way back to what it was.

A spreadsheet takes a cell that begins with a sign for a formula, also behind blanks, and where it splits lines at
its own separators also in the middle of a text. An apostrophe in front of the sign stops that. It is put in front
of every text that already looks guarded as well, so `original` always finds what was there.
"""

import re
from typing import Final

_SIGNS: Final = "=+\\-@＝＋－＠﹦﹢﹣﹫"
_SEPARATORS: Final = ";\t\r\n"
_BLANK: Final = rf"(?:[^\S{_SEPARATORS}]|[\x00-\x08\x0e-\x1f\x7f\xad\u200b-\u200f\u2060-\u2064\ufeff])*"
_LIVE: Final = re.compile(rf"(^|[{_SEPARATORS}])('*{_BLANK}[{_SIGNS}])")
_GUARDED: Final = re.compile(rf"(^|[{_SEPARATORS}])'('*{_BLANK}[{_SIGNS}])")
_OPENING: Final = re.compile(r"^('*[\t\r\n\x00])")
_OPENING_GUARDED: Final = re.compile(r"^'('*[\t\r\n\x00])")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PICTURE: Final = re.compile(r"[\u2400-\u2408\u240b\u240c\u240e-\u241f\u2421]")
_NO_LETTER: Final = re.compile(r"[\ud800-\udfff\ufffe\uffff]")


def guarded(text: str) -> str:
    """The text for a CSV: an apostrophe wherever a spreadsheet would begin to compute (OWASP ASVS 5.0, 1.2.10)."""
    return visible(_OPENING.sub(r"'\1", _LIVE.sub(r"\1'\2", text)))


def original(cell: str) -> str:
    """The text that `guarded` was given; pictures of control characters become what they stand for."""
    text = _PICTURE.sub(lambda found: "\x7f" if found[0] == "\u2421" else chr(ord(found[0]) - 0x2400), cell)
    return _GUARDED.sub(r"\1\2", _OPENING_GUARDED.sub(r"\1", text))


def live(text: str) -> bool:
    """Whether a spreadsheet might run the text."""
    return bool(_LIVE.search(text) or _OPENING.search(text))


def visible(text: str) -> str:
    """The text with control characters as their pictures (␀): readers cut texts there, workbooks cannot hold them."""
    shown = _CONTROL.sub(lambda found: chr(0x2421 if found[0] == "\x7f" else 0x2400 + ord(found[0])), text)
    return _NO_LETTER.sub("\ufffd", shown)
