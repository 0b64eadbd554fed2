"""The names of months in the languages that exports are written in."""

import unicodedata

import pandas as pd

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_FOREIGN = (
    "januar janner janvier enero gennaio januari janeiro ene gen jan janv",
    "februar feber fevrier febrero febbraio februari fevereiro feb fev fevr febr",
    "marz mars marzo maart marco mar mrz maerz mrt",
    "april avril abril aprile apr avr abr",
    "mai mayo maggio mei maio may mag",
    "juni juin junio giugno junho jun giu",
    "juli juillet julio luglio julho jul juil lug",
    "august aout agosto augustus aug ago",
    "september septembre septiembre settembre setembro sep sept set",
    "oktober octobre octubre ottobre outubro oct okt ott out",
    "november novembre noviembre novembro nov",
    "dezember decembre diciembre dicembre december dezembro dec dez dic",
)
_NUMBERS = {
    word: number
    for number, (english, others) in enumerate(zip(MONTHS, _FOREIGN, strict=True), 1)
    for word in (english.lower(), english[:3].lower(), *others.split())
}


def month_numbers(words: pd.Series) -> pd.Series:
    """1 to 12 for the name of a month or its abbreviation, missing for any other word."""
    known = {word: _NUMBERS.get(_plain(word)) for word in words.dropna().unique()}
    return words.map(known).astype("float64")


def _plain(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word.lower())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
