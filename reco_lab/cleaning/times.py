"""Times: one way of writing them is decided for a whole column, and what cannot be decided is asked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.cleaning.cleaned import Cleaned, distinct, first_line, spread
from reco_lab.core.errors import DataError, MappingError

LOOKED_AT = 5000
EARLIEST = np.datetime64("1990-01-01", "us")
_UNITS = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1, "nanoseconds": 0.001}
_DATE8 = r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_PARTS = (
    r"(?P<first>\d{1,2})(?P<mark>[./-])(?P<second>\d{1,2})[./-](?P<year>\d{4}|\d{2})"
    r"(?:[ T,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second_>\d{2}(?:\.\d+)?))?\s*(?P<half>[AaPp][Mm])?)?"
)
Times = NDArray[np.datetime64]


@dataclass(frozen=True)
class _Reading:
    times: Times
    note: str


def clean_times(
    column: pd.Series, now: datetime, *, day_first: bool | None = None, zone: str = "UTC"
) -> Cleaned:
    """Turn texts into UTC datetimes in microseconds; rows without a readable time are refused.

    Understood, each for the whole column: epochs (the unit follows from their range), ISO 8601, YYYYMMDD,
    and numeric dates whose order of day and month the column shows. Times without a zone are of `zone`.
    Raises MappingError where the column holds no times or day and month cannot be told apart (then say
    `day_first`), DataError for a time before 1990 or more than a day after `now`.
    """
    codes, texts = distinct(column)
    bare = texts.str.strip()
    latest = np.datetime64(now.replace(tzinfo=None) + timedelta(days=1), "us")
    reading = _read(bare, str(column.name), latest, day_first, zone)
    times = reading.times
    unread = np.isnat(times)
    if len(times) and unread.mean() > 0.5:
        raise MappingError(
            f"Column {column.name!r} does not hold times, for example {bare[unread].iloc[0]!r}.",
            fix="Choose the column that says when, or none.",
        )
    outside = ~unread & ((times < EARLIEST) | (times > latest))
    if outside.any():
        _stop(column, spread(codes, outside), times[outside][0])
    values = pd.Series(np.append(times, np.datetime64("NaT"))[codes], column.index, name=column.name)
    refused = {"has no time": codes < 0, "has a time that cannot be read": spread(codes, unread)}
    return Cleaned(values, refused, note=reading.note)


def _read(texts: pd.Series, name: str, latest: np.datetime64, day_first: bool | None, zone: str) -> _Reading:
    if _share(texts, _DATE8) > 0.5:
        return _Reading(_dates(texts, "%Y%m%d", zone), f"dates as YYYYMMDD{_said(zone)}")
    if _share(texts, r"\d+(?:\.\d+)?(?:[eE]\+?\d+)?") > 0.5:
        return _epoch(texts, name, latest)
    if _share(texts, _PARTS) > 0.5:
        return _numeric(texts, name, day_first, zone)
    zoned = texts.str.contains(r"(?:Z|[+-]\d{2}:?\d{2}|UTC)$", regex=True).to_numpy(bool)
    utc = texts.str.endswith("UTC")
    plain = texts.where(~utc, texts.str.slice(stop=-3).str.strip() + "Z") if utc.any() else texts
    times = np.full(len(texts), np.datetime64("NaT", "us"))
    for flags, where in ((zoned, "UTC"), (~zoned, zone)):
        times[flags] = _dates(plain[flags], "ISO8601", where)
    return _Reading(times, "ISO dates" + ("" if zoned.all() else _said(zone)))


def _share(texts: pd.Series, pattern: str) -> float:
    return float(texts.iloc[:LOOKED_AT].str.fullmatch(pattern).mean()) if len(texts) else 0.0


def _said(zone: str) -> str:
    return f", taken as {zone}"


def _dates(texts: pd.Series, form: str, zone: str) -> Times:
    parsed = pd.to_datetime(texts, format=form, errors="coerce", utc=zone == "UTC")
    return _to_utc(parsed, zone)


def _to_utc(parsed: pd.Series, zone: str) -> Times:
    if parsed.dt.tz is None:
        parsed = parsed.dt.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward")
    return np.asarray(parsed.dt.tz_convert("UTC").dt.tz_localize(None), "datetime64[us]")


def _epoch(texts: pd.Series, name: str, latest: np.datetime64) -> _Reading:
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    middle = float(np.nanmedian(numbers))
    low, high = (float(bound.astype(np.int64)) for bound in (EARLIEST, latest))
    unit = next((word for word, factor in _UNITS.items() if low <= middle * factor <= high), None)
    if unit is None:
        raise MappingError(
            f"The numbers of column {name!r} (about {middle:.0f}) are no times between 1990 and now.",
            fix="Choose the column that says when, or none.",
        )
    micro = np.rint(numbers * _UNITS[unit])
    far = np.abs(micro) > 2.0**62
    if far.any():
        raise DataError(f"Column {name!r} mixes units of time, for example {texts[far].iloc[0]!r}.")
    times = np.full(len(texts), np.datetime64("NaT", "us"))
    known = ~np.isnan(micro)
    times[known] = micro[known].astype(np.int64).astype("datetime64[us]")
    return _Reading(times, f"{unit} since 1970, UTC")


def _numeric(texts: pd.Series, name: str, day_first: bool | None, zone: str) -> _Reading:
    parts = texts.str.extract(f"^{_PARTS}$")
    first, second = (pd.to_numeric(parts[one], errors="coerce") for one in ("first", "second"))
    if day_first is None:
        day_first = _order(texts, first, second, bool((parts["mark"] == ".").any()), name)
    day, month = (first, second) if day_first else (second, first)
    year = pd.to_numeric(parts["year"], errors="coerce")
    year = year.where(year > 99, year.where(year < 69, year - 100) + 2000)
    hour = pd.to_numeric(parts["hour"], errors="coerce").fillna(0)
    half = parts["half"].str.lower()
    hour = hour.where(half.isna(), hour % 12 + 12 * (half == "pm"))
    fields = {"year": year, "month": month, "day": day, "hour": hour}
    fields["minute"] = pd.to_numeric(parts["minute"], errors="coerce").fillna(0)
    fields["second"] = pd.to_numeric(parts["second_"], errors="coerce").fillna(0)
    parsed = pd.to_datetime(pd.DataFrame(fields), errors="coerce")
    order = "day before month" if day_first else "month before day"
    return _Reading(_to_utc(parsed, zone), f"dates with the {order}{_said(zone)}")


def _order(texts: pd.Series, first: pd.Series, second: pd.Series, dots: bool, name: str) -> bool:
    days_first, months_first = (first > 12).to_numpy(bool), (second > 12).to_numpy(bool)
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


def _stop(column: pd.Series, flagged: NDArray[np.bool_], time: np.datetime64) -> None:
    line, text = first_line(column, flagged)
    raise DataError(
        f"Column {column.name!r} says {text!r}, which is {np.datetime_as_string(time, 's')}: before 1990 or "
        "in the future.",
        where=f"line {line}",
        fix="Mend or remove it, or choose another column for the time.",
    )
