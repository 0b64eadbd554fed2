"""Which encoding a text has that is not Unicode: each candidate is tried, and the most readable one is a guess.

A candidate's mark is the share of its letters beyond ASCII that are common in its languages and stand as they
do in words: Latin letters with accents alone between others, Cyrillic or Greek ones side by side, in one case.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

WORDS = {
    "cp1252": "Windows-1252 (Western Europe)",
    "cp1250": "Windows-1250 (Central Europe)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
    "cp1257": "Windows-1257 (Baltic)",
    "cp874": "Windows-874 (Thai)",
    "koi8-r": "KOI8-R (Cyrillic)",
    "cp932": "Shift-JIS (Japanese)",
    "euc_jp": "EUC-JP (Japanese)",
    "gb18030": "GB18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "cp949": "EUC-KR (Korean)",
    "mac_roman": "Macintosh Roman",
    "cp850": "DOS 850 (Western Europe)",
}
ENOUGH = 0.5
SHOWN_LINES = 5
_SAMPLE_LINES, _SAMPLE_BYTES, _LONGEST_SHOWN = 2000, 128 << 10, 80
_WESTERN = "äöüßÄÖÜéèêëÉÈÊàâÀÂáÁçÇîïíÍôóÓúÚûùœŒæÆñÑãõÃÕøØåÅìòÌÒ€’‘“”„–—…«»°£§©®™·¿¡½²³µ\xa0"
_LATIN = {
    "cp1252": _WESTERN,
    "cp1250": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽöüőűÖÜŐŰľĺŕôäđĐăâîşţĂÂÎŞŢ–„”“’€§\xa0",
    "cp1254": "çğıöşüÇĞİÖŞÜâîû’“”–€\xa0",
    "cp1257": "āčēģīķļņšūžĀČĒĢĪĶĻŅŠŪŽąęėįųĄĘĖĮŲõäöüÕÄÖÜ–„”“€\xa0",
    "mac_roman": _WESTERN,
    "cp850": _WESTERN,
}
_WORTH = {"cp1252": 1.0, "cp1250": 0.95, "cp1254": 0.96, "cp1257": 0.9, "mac_roman": 0.9, "cp850": 0.9,
          "cp1251": 1.0, "koi8-r": 0.99, "cp1253": 0.98, "cp1255": 1.01, "cp1256": 0.9, "cp874": 0.8}  # fmt: skip
_SCRIPTS = {
    "cp1251": "А-яЁёІіЇїЄєҐґ",
    "koi8-r": "А-яЁё",
    "cp1253": "Α-ώά-ώΆΈ-Ώ",
    "cp1255": "א-ת",
    "cp1256": "ء-ي",
    "cp874": "ก-ฺเ-๏",
}
_RARE = 0.3
_ASCII = 127
_FEWEST_LETTERS = 4
_LEADS = {  # first bytes of the common characters, and what these are worth
    "cp932": ((0x81, 0x83, 1.0), (0x88, 0x97, 0.95)),
    "euc_jp": ((0xA4, 0xA5, 1.1), (0xA1, 0xA3, 0.9), (0xB0, 0xCF, 0.85)),
    "gb18030": ((0xB0, 0xD7, 0.9), (0xA1, 0xA3, 0.8)),
    "big5": ((0xA4, 0xC6, 0.95), (0xA1, 0xA3, 0.8)),
    "cp949": ((0xB0, 0xC8, 1.0), (0xA1, 0xA3, 0.8)),
}
_TRAILS_ABOVE = {"gb18030", "cp949"}
_VOWELS = {
    "cp1251": "аеиоуыэюяёіїє",
    "koi8-r": "аеиоуыэюяё",
    "cp1253": "αεηιουωάέήίόύώϊϋ",
}
_FEWEST_VOWELS, _ODD, _SHOUTED = 0.25, 0.8, 0.97
_BESIDE_LETTERS = "’‘“„«\xa0"
_SIGNS = "№«»–—…’“”„€°\xa0"
_BEYOND = re.compile(rb"[\x80-\xff]")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")


@dataclass(frozen=True)
class Guess:
    """An encoding, how readable it makes the text (0 to 1), and the first lines that show it."""

    encoding: str
    score: float
    lines: tuple[str, ...]


def guesses(data: bytes) -> list[Guess]:
    """What the text may be, most readable first; only those that decode all of the sample."""
    sample = _sample(data)
    telling = _telling(sample)
    found = []
    for encoding in WORDS:
        try:
            text = b"\n".join(sample).decode(encoding)
        except UnicodeDecodeError:
            continue
        lines = text.split("\n")
        shown = tuple(_around(lines[place]) for place in telling)
        found.append(Guess(encoding, _score(encoding, text), shown))
    return sorted(found, key=lambda one: -one.score)


def _sample(data: bytes) -> list[bytes]:
    """The first lines that hold bytes beyond ASCII."""
    lines: list[bytes] = []
    at = size = 0
    while len(lines) < _SAMPLE_LINES and size < _SAMPLE_BYTES and (found := _BEYOND.search(data, at)):
        begin, end = data.rfind(b"\n", 0, found.start()) + 1, data.find(b"\n", found.start())
        at = len(data) if end < 0 else end
        lines.append(data[begin:at].strip(b"\r"))
        size += len(lines[-1])
    return lines


def _telling(sample: list[bytes]) -> list[int]:
    """The lines to look at: those first that hold bytes beyond ASCII which no line before them holds."""
    seen: set[int] = set()
    news = []
    for place, line in enumerate(sample):
        beyond = {byte for byte in line if byte > _ASCII}
        news.append((-len(beyond - seen), place))
        seen |= beyond
    return [place for _, place in sorted(news)[:SHOWN_LINES]]


def _around(line: str) -> str:
    """What fits of a line, so that a letter beyond ASCII is in it: one between letters rather than a sign."""
    line = line.strip()
    runs = list(_FOREIGN.finditer(line))
    letter = next(
        (run for run in runs if any(char.isalpha() for char in run.group())), runs[0] if runs else None
    )
    begin = max(0, letter.start() - _LONGEST_SHOWN // 2) if letter and letter.end() > _LONGEST_SHOWN else 0
    return f"{'…' if begin else ''}{line[begin : begin + _LONGEST_SHOWN]}"


def _score(encoding: str, text: str) -> float:
    runs = list(_FOREIGN.finditer(text))
    size = sum(len(run.group()) for run in runs)
    if not size:
        return 0.0
    few = min(1.0, len(set("".join(run.group() for run in runs))) / _FEWEST_LETTERS)
    if encoding == "cp1252":
        few = 1.0
    if encoding in _LATIN:
        return few * _WORTH[encoding] * sum(_latin(_LATIN[encoding], text, runs)) / size
    if encoding in _SCRIPTS:
        letters = re.compile(f"[{_SCRIPTS[encoding]}]")
        letters_only = "".join(run.group() for run in runs)
        vowels = sum(map(letters_only.lower().count, _VOWELS.get(encoding, "")))
        few *= _ODD if encoding in _VOWELS and vowels < _FEWEST_VOWELS * size else 1.0
        few *= _SHOUTED if letters_only.isupper() else 1.0
        return few * _WORTH[encoding] * sum(_script(letters, run.group()) for run in runs) / size
    return few * sum(sum(_common(encoding, run.group())) for run in runs) / size


def _latin(common: str, text: str, runs: list[re.Match[str]]) -> Iterator[float]:
    """Accents stand alone or a few together; capitals begin words, and signs do not stand before letters."""
    for run in runs:
        crowd = 1.0 if len(run.group()) <= 3 else 0.3
        around = f" {text[max(run.start() - 1, 0) : run.end() + 1]} "[run.start() == 0 :]
        for before, char, after in zip(around, around[1:], around[2:], strict=False):
            if char.isascii():
                continue
            sign_in_word = not char.isalpha() and char not in _BESIDE_LETTERS and after.isalpha()
            odd = sign_in_word or (before.islower() and char.isupper())
            yield crowd * (char in common) * (0.2 if odd else 1.0)


def _script(letters: re.Pattern[str], run: str) -> float:
    good = [char in _SIGNS or letters.match(char) is not None for char in run]
    odd = sum(before.islower() and after.isupper() for before, after in pairwise(run))
    single = 0.5 if len(run) == 1 and run not in _SIGNS else 1.0
    return single * max(0.0, sum(good) - 2.0 * odd)


def _common(encoding: str, run: str) -> Iterator[float]:
    for char in run:
        code = char.encode(encoding)
        if len(code) == 2:
            worth = (worth for low, high, worth in _LEADS[encoding] if low <= code[0] <= high)
            rare = encoding in _TRAILS_ABOVE and code[1] < 0xA1
            yield _RARE if rare else next(worth, _RARE)
        else:
            yield _RARE if encoding == "cp932" and len(code) == 1 else 0.0
