"""Times: the way of writing them is decided for a whole column, and what cannot be decided is asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.cleaning.cleaned import Cleaned, Mask, distinct, first_line, spread
from reco_lab.cleaning.months import MONTHS, month_numbers
from reco_lab.core.errors import DataError, MappingError

LOOKED_AT = 5000
SOME, TAKEN_AS = "; some as ", ", taken as "
EARLIEST = np.datetime64("1990-01-01", "us")
NAT = np.datetime64("NaT", "us")
_UNITS = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1, "nanoseconds": 0.001}
_BEGINNING, _EXACT, _FARTHEST = 1 << 20, 2.0**53, 2.0**62
_DATE8 = r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_HOURS = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3, "WET": 0, "WEST": 1,
}  # fmt: skip
_NAMED = "|".join(sorted(_HOURS, key=len, reverse=True))
_ZONE = rf"(?:\s*(?P<zone>{_NAMED}|(?:UTC|GMT)?[+-]\d{{2}}(?::?\d{{2}})?))?"
_ZONED = r"(?:Z|\d:?\d{2}(?:[.,]\d+)?\s*[+-]\d{2}(?::?\d{2})?)$"
_TIME = (
    r"(?:[ T,:]+(?:at |um |à |a las )?(?P<hour>\d{1,2})[:h.](?P<minute>\d{2})(?:[:.](?P<second>\d{2}(?:[.,]\d+)?))?"
    rf"\s*(?P<half>[AaPp]\.?[Mm]\.?)?(?:\s?Uhr)?{_ZONE})?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.|º)?"
_YEAR = r"(?P<year>\d{4}|\d{2})"
_MONTH = r"(?P<month>[^\W\d_]{3,12})\.?"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2}):(?P<second>\d{2})"
_WEEKDAY = r"(?:[^\W\d_]{2,10}\.?,? +)?"
_NUMERIC = rf"(?P<first>\d{{1,2}})(?P<mark>[./-])(?P<then>\d{{1,2}})[./-]{_YEAR}{_TIME}"
_DOTTED = rf"\d{{1,2}}\.\d{{1,2}}\.\d{{2,4}}{_TIME}"
_WITH_YEAR_FIRST = r"\d{4}[./-]\d{1,2}[./-]\d{1,2}(?:\D.*)?"
_YEAR_FIRST = rf"(?P<year>\d{{4}})[./-](?P<month>\d{{1,2}})[./-](?P<day>\d{{1,2}}){_TIME}"
_WORDED = (
    rf"{_WEEKDAY}{_DAY}[ ./-]+(?:de )?{_MONTH}[ .,/-]+(?:del? )?{_YEAR}{_TIME}",
    rf"{_WEEKDAY}{_MONTH}[ -]+{_DAY},?[ -]+{_YEAR}{_TIME}",
    rf"(?P<year>\d{{4}})[ /-]{_MONTH}[ /-]{_DAY}{_TIME}",
    rf"{_WEEKDAY}{_MONTH} +{_DAY} +{_CLOCK}(?: (?P<zone>{_NAMED}|[+-]\d{{4}}))? (?P<year>\d{{4}})",
)
_FIELDS = ("year", "month", "day", "hour", "minute", "second", "half", "zone")
Times = NDArray[np.datetime64]


@dataclass(frozen=True)
class _Read:
    times: Times
    note: str


def clean_times(
    column: pd.Series, now: datetime, *, day_first: bool | None = None, zone: str = "UTC", stop: bool = True
) -> Cleaned:
    """Turn texts into UTC datetimes in microseconds; rows without a readable time are refused.

    Understood, each for the whole column: epochs (the unit follows from their range), ISO 8601 and its usual
    variants, YYYYMMDD, dates with the month's name, and numeric dates whose order of day and month the column
    shows. What is written otherwise than most is read where it can mean one day only: with the year first, or
    with dots. Times without a zone are of `zone`. Raises MappingError where the column holds no times or day and
    month cannot be told apart (then say `day_first`) and, unless `stop` is false, DataError for a time before
    1990 or more than a day after `now`.
    """
    codes, texts = distinct(column)
    bare = texts.str.strip().str.strip("[]")
    read = _with_others(bare, _read(bare, str(column.name), _latest(now), day_first, zone), day_first, zone)
    times = read.times
    unread = np.isnat(times)
    if len(times) and unread.mean() > 0.5:
        raise MappingError(
            f"Column {column.name!r} does not hold times, for example {bare[unread].iloc[0]!r}.",
            fix="Choose the column that says when, or none.",
        )
    values = pd.Series(np.append(times, NAT)[codes], column.index, name=column.name)
    if stop:
        check_range(column, values, np.ones(len(column), bool), now)
    refused = {"has no time": codes < 0, "has a time that cannot be read": spread(codes, unread)}
    return Cleaned(values, refused, note=read.note)


def clean_epochs(parts: Sequence[NDArray[np.int64]], name: str, now: datetime) -> Cleaned | None:
    """Whole numbers as `clean_times` reads their digits; None where it takes them for dates such as 20230105.

    The column comes in parts. Raises as `clean_times` with `stop` false.
    """
    numbers = np.concatenate(parts)
    first = pd.Series(pd.unique(numbers[:_BEGINNING])[:LOOKED_AT]).astype("str")
    if any(_share(first, rf"{_DATE8}\d{{{length - 8}}}") > 0.5 for length in _COMPACT):
        return None
    latest = _latest(now)
    low, high = (float(bound.astype(np.int64)) for bound in (EARLIEST, latest))
    ends = float(numbers.min()), float(numbers.max())
    within = (word for word, factor in _UNITS.items() if low <= ends[0] * factor and ends[1] * factor <= high)
    unit = next(within, None) or _unit(float(np.median(np.unique(numbers))), name, latest)
    factor = _UNITS[unit]
    if factor >= 1 and ends[1] * factor < _EXACT:
        numbers *= np.int64(factor)
    else:
        micro = np.rint(numbers * float(factor))
        far = micro > _FARTHEST
        if far.any():
            raise _mixed(name, str(numbers[far][0]))
        numbers = micro.astype(np.int64)
    return Cleaned(pd.Series(numbers.view("datetime64[us]"), name=name), note=_epoch_note(unit))


def check_range(column: pd.Series, times: pd.Series, rows: Mask, now: datetime) -> None:
    """Raise DataError naming the first of these rows that lies before 1990 or more than a day after `now`."""
    moments = times.to_numpy("datetime64[us]")
    outside = rows & outside_range(moments, now)
    if not outside.any():
        return
    line, text = first_line(column, outside)
    raise DataError(
        f"Column {column.name!r} says {text!r}, which is {np.datetime_as_string(moments[outside][0], 's')}: "
        "before 1990 or in the future.",
        where=f"line {line}",
        fix="Mend or remove it, or choose another column for the time.",
    )


def outside_range(times: Times, now: datetime) -> Mask:
    """Which times lie before 1990 or more than a day after `now`."""
    return (times < EARLIEST) | (times > _latest(now))


def _latest(now: datetime) -> np.datetime64:
    return np.datetime64(now.replace(tzinfo=None) + timedelta(days=1), "us")


def _read(texts: pd.Series, name: str, latest: np.datetime64, day_first: bool | None, zone: str) -> _Read:
    for length, form in _COMPACT.items():
        if _share(texts, rf"{_DATE8}\d{{{length - 8}}}") > 0.5:
            words = "YYYYMMDD" + "HHMMSS"[: length - 8]
            return _Read(_dates(texts, form, zone), f"dates as {words}{_said(zone)}")
    if _share(texts, r"\d+(?:\.\d+)?(?:[eE]\+?\d+)?") > 0.5:
        return _epoch(texts, name, latest)
    if _share(texts, _NUMERIC) > 0.5:
        return _numeric(texts, name, day_first, zone)
    if float(texts.iloc[:LOOKED_AT].str.contains(r"[^\W\d_]{3}", regex=True).mean() or 0) > 0.5:
        worded = _worded(texts, zone)
        if worded is not None:
            return worded
    return _iso(texts, zone)


def _with_others(texts: pd.Series, read: _Read, day_first: bool | None, zone: str) -> _Read:
    """What was read, and of the rest what can mean one day only."""
    times, notes = read.times, [read.note]
    days = day_first is None or day_first
    for pattern, way in (
        (_WITH_YEAR_FIRST, _iso),
        (_DOTTED if day_first is None else _NUMERIC, lambda some, zone: _numeric(some, "", days, zone)),
    ):
        left = np.isnat(times)
        if left.any():
            left[left] = texts[left].str.fullmatch(pattern).to_numpy(bool)
        if left.any():
            found = way(texts[left], zone)
            times[left] = found.times
            if not np.isnat(found.times).all():
                notes.append(found.note)
    return _Read(times, said_together(notes))


def said_together(notes: Iterable[str]) -> str:
    """What is said of times that are written in several ways, the first one first."""
    parts = [one.partition(TAKEN_AS) for note in notes for one in note.split(SOME)]
    zone = next((f"{mark}{zone}" for _, mark, zone in parts if mark), "")
    return SOME.join(dict.fromkeys(way for way, _, _ in parts)) + zone


def _share(texts: pd.Series, pattern: str) -> float:
    return float(texts.iloc[:LOOKED_AT].str.fullmatch(pattern).mean()) if len(texts) else 0.0


def _said(zone: str) -> str:
    return f"{TAKEN_AS}{zone}"


def _dates(texts: pd.Series, form: str, zone: str) -> Times:
    parsed = pd.to_datetime(texts, format=form, errors="coerce", utc=zone == "UTC")
    return _to_utc(parsed, zone)


def _to_utc(parsed: pd.Series, zone: str) -> Times:
    if parsed.dt.tz is None:
        parsed = parsed.dt.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward")
    return np.asarray(parsed.dt.tz_convert("UTC").dt.tz_localize(None), "datetime64[us]")


def _iso(texts: pd.Series, zone: str) -> _Read:
    """ISO 8601 first; what that does not read may have other marks, single digits or a zone's name."""
    zoned = texts.str.contains(_ZONED, regex=True).to_numpy(bool)
    times = np.full(len(texts), NAT)
    for flags, where in ((zoned, "UTC"), (~zoned, zone)):
        times[flags] = _dates(texts[flags], "ISO8601", where)
    left = np.isnat(times)
    if left.any():
        parts = texts[left].str.extract(f"^{_YEAR_FIRST}$")
        times[left] = _assembled(parts, zone)
        zoned = zoned | np.isin(np.arange(len(texts)), np.flatnonzero(left)[parts["zone"].notna()])
    return _Read(times, "ISO dates" + ("" if zoned.all() else _said(zone)))


def _epoch(texts: pd.Series, name: str, latest: np.datetime64) -> _Read:
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    unit = _unit(float(np.nanmedian(numbers)), name, latest)
    micro = np.rint(numbers * _UNITS[unit])
    far = np.abs(micro) > _FARTHEST
    if far.any():
        raise _mixed(name, texts[far].iloc[0])
    times = np.full(len(texts), NAT)
    known = ~np.isnan(micro)
    times[known] = micro[known].astype(np.int64).astype("datetime64[us]")
    return _Read(times, _epoch_note(unit))


def _unit(middle: float, name: str, latest: np.datetime64) -> str:
    """The unit in which the number in the middle is a time between 1990 and now."""
    low, high = (float(bound.astype(np.int64)) for bound in (EARLIEST, latest))
    unit = next((word for word, factor in _UNITS.items() if low <= middle * factor <= high), None)
    if unit is None:
        raise MappingError(
            f"The numbers of column {name!r} (about {middle:.0f}) are no times between 1990 and now.",
            fix="Choose the column that says when, or none.",
        )
    return unit


def _mixed(name: str, example: str) -> DataError:
    return DataError(f"Column {name!r} mixes units of time, for example {example!r}.")


def _epoch_note(unit: str) -> str:
    return f"{unit} since 1970, UTC"


def _numeric(texts: pd.Series, name: str, day_first: bool | None, zone: str) -> _Read:
    parts = texts.str.extract(f"^{_NUMERIC}$")
    first, then = (pd.to_numeric(parts[one], errors="coerce") for one in ("first", "then"))
    if day_first is None:
        day_first = _order(texts, first, then, bool((parts["mark"] == ".").any()), name)
    day, month = (first, then) if day_first else (then, first)
    order = "day before month" if day_first else "month before day"
    said = "" if parts["zone"].notna().all() else _said(zone)
    return _Read(_assembled(parts.assign(day=day, month=month), zone), f"dates with the {order}{said}")


def _worded(texts: pd.Series, zone: str) -> _Read | None:
    """Dates with the month's name; None where there are none."""
    parts = pd.DataFrame(index=texts.index, columns=list(_FIELDS), dtype="str")
    for pattern in _WORDED:
        found = texts.str.extract(f"^{pattern}$").reindex(columns=list(_FIELDS))
        parts = parts.where(parts["year"].notna(), found)
    parts["month"] = month_numbers(parts["month"])
    if parts["month"].isna().mean() > 0.5:
        return None
    said = "" if parts["zone"].notna().all() else _said(zone)
    return _Read(_assembled(parts, zone), f"dates with the month's name, such as {MONTHS[0]}{said}")


def _assembled(parts: pd.DataFrame, zone: str) -> Times:
    """Year, month, day, hour, minute, second, half of the day and zone to UTC."""
    numbers = {
        name: pd.to_numeric(parts[name].astype("str").str.replace(",", "."), errors="coerce")
        for name in _FIELDS[:6]
    }
    year = numbers["year"]
    year = year.where(year > 99, year.where(year < 69, year - 100) + 2000)
    half = parts["half"].astype("str").str.lower().str[0]
    hour = numbers["hour"].fillna(0)
    hour = hour.where(half.isna(), hour % 12 + 12 * (half == "p"))
    fields = numbers | {"year": year, "hour": hour}
    fields |= {name: numbers[name].fillna(0) for name in ("minute", "second")}
    parsed = pd.to_datetime(pd.DataFrame(fields), errors="coerce")
    offsets = _offsets(parts["zone"].astype("str"))
    known = ~np.isnat(offsets)
    return np.where(known, parsed.to_numpy("datetime64[us]") - offsets, _to_utc(parsed, zone))


def _offsets(zones: pd.Series) -> NDArray[np.timedelta64]:
    named = zones.map(_HOURS).astype("float64")
    signed = zones.str.extract(r"(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2})?$")
    hours = pd.to_numeric(signed["hours"]) + pd.to_numeric(signed["minutes"]).fillna(0) / 60
    total = named.fillna(hours * (1 - 2 * (signed["sign"] == "-")))
    return (
        (total * 60).round().astype("Float64").to_numpy(np.float64, na_value=np.nan).astype("timedelta64[m]")
    )


def _order(texts: pd.Series, first: pd.Series, then: pd.Series, dots: bool, name: str) -> bool:
    days_first, months_first = (first > 12).to_numpy(bool), (then > 12).to_numpy(bool)
    if days_first.any() and months_first.any():
        raise DataError(
            f"Column {name!r} writes dates in two ways: {texts[days_first].iloc[0]!r} and "
            f"{texts[months_first].iloc[0]!r}.",
            fix="Write them all in one way, best as YYYY-MM-DD.",
        )
    if not (days_first.any() or months_first.any() or dots):
        raise MappingError(
            f"Column {name!r} has dates such as {texts.iloc[0]!r}: day or month first?",
            fix="Say which comes first: the day or the month.",
        )
    return bool(days_first.any()) or (dots and not months_first.any())
