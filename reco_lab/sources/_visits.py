"""Who was it and in which visit: a cookie's events become those of the person who logs in, visits are rebuilt."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PAUSE = 30 * 60
_MICRO = 1_000_000


def moments(times: pd.Series) -> NDArray[np.int64]:
    """Times as whole microseconds, only to put events in order: numbers keep their own unit, -1 where unreadable."""
    numbers = pd.to_numeric(times, errors="coerce")
    if numbers.notna().mean() >= 0.5:
        values = numbers.to_numpy(np.float64, na_value=np.nan)
        size = np.nanmedian(values) if np.isfinite(values).any() else 1.0
        unit = 10.0 ** (3 * round((15.2 - np.log10(max(size, 1.0))) / 3))
        return np.asarray(np.nan_to_num(values * unit, nan=-1), np.int64)
    read = pd.to_datetime(times, errors="coerce", utc=True, format="ISO8601")
    return np.asarray(read.dt.tz_localize(None).to_numpy("datetime64[us]").view(np.int64).clip(-1), np.int64)


def readable(times: pd.Series, when: NDArray[np.int64]) -> pd.Series:
    """Times that are numbers since 1970 as a person reads them, in UTC; the others as they are written."""
    numbers = pd.to_numeric(times, errors="coerce").notna().to_numpy(bool) & (when >= 0)
    if not numbers.any():
        return times
    texts = np.datetime_as_string(np.where(numbers, when, 0).astype("datetime64[us]"), unit="us")
    return times.where(~numbers, pd.Series(texts, times.index, dtype="str") + "Z")


def joined(user: pd.Series, visitor: pd.Series, when: NDArray[np.int64]) -> pd.Series:
    """The person of each event: who is logged in, else who logs in next with the same cookie, else who did last.

    Missing where the cookie never saw anybody log in.
    """
    order = np.lexsort((when, pd.factorize(visitor)[0]))
    by = visitor.iloc[order]
    known = user.iloc[order].groupby(by, sort=False)
    person = known.bfill().fillna(known.ffill())
    return person.reindex(visitor.index).where(visitor.notna(), user).fillna(user).astype("str")


def visits(who: pd.Series, when: NDArray[np.int64], pause: int = PAUSE) -> pd.Series:
    """A number for each visit: of one visitor, until nothing happens for `pause` seconds."""
    codes = pd.factorize(who)[0]
    order = np.lexsort((when, codes))
    begins = np.append(True, (np.diff(codes[order]) != 0) | (np.diff(when[order]) > pause * _MICRO))[
        : len(who)
    ]
    numbers = np.empty(len(who), np.int64)
    numbers[order] = np.cumsum(begins)
    return pd.Series(numbers, who.index).astype("str")
