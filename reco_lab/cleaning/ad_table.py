"""A table of ads: from rows of text to booked ads and back.

A cell with several values holds them with `;` between, or as a JSON list; `attributes` is a JSON object.
"""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from pydantic import ValidationError

from reco_lab.cleaning.ids import canonical_id
from reco_lab.core.ads import Ad
from reco_lab.core.errors import DataError

COLUMNS = tuple(Ad.model_fields)
_OTHER_NAMES = {
    "ad": "id",
    "ad_id": "id",
    "headline": "title",
    "url": "link",
    "item_id": "item",
    "cost_per_click": "bid",
    "cpc": "bid",
    "start": "starts",
    "end": "ends",
    "slot": "slots",
    "segment": "segments",
    "budget": "total_budget",
}
_LISTS = ("slots", "segments")
_MOMENTS = ("starts", "ends")
_IDS = ("id", "item")
_UNKEPT = re.compile("[\x00-\x1f\x7f-\x9f]")
Refusals = list[tuple[int, str, str]]


def read_ads(frame: pd.DataFrame) -> tuple[list[Ad], Refusals]:
    """The ads of a table of text, and each row that is none: its line, why, and what it says.

    The index is the number of the line. An empty cell is not said. Where a row names an item and a category
    the item counts. Raises DataError where a column is missing, is there twice or means nothing.
    """
    named = frame.set_axis(_names(frame.columns), axis=1)
    found: dict[str, Ad] = {}
    refused: Refusals = []
    for line, row in zip(named.index, named.to_dict("records"), strict=True):
        said = {
            str(name): str(value) for name, value in row.items() if not pd.isna(value) and str(value).strip()
        }
        try:
            ad = _ad(said)
        except ValueError as error:
            refused.append((int(line), told(error), " | ".join(said.values())))
            continue
        if ad.id in found:
            refused.append((int(line), "id: an earlier row has the same", " | ".join(said.values())))
        else:
            found[ad.id] = ad
    return list(found.values()), refused


def ad_table(ads: Iterable[Ad]) -> pd.DataFrame:
    """Ads as a table that `read_ads` reads back to the same ads."""
    rows = []
    for ad in ads:
        row = ad.model_dump(mode="json")
        for name in _LISTS:
            row[name] = _together(row[name])
        row["attributes"] = json.dumps(row["attributes"], ensure_ascii=False) if row["attributes"] else None
        rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def checked(ad: Ad) -> Ad:
    """The ad with its ids in their one spelling. Raises ValueError for an id that no file could hold."""
    changes: dict[str, str] = {}
    for name in _IDS:
        value = getattr(ad, name)
        if value is None:
            continue
        changes[name] = canonical_id(value)
        if not changes[name] or _UNKEPT.search(changes[name]):
            raise ValueError(f"{name}: it is empty or holds control characters")
    return ad.model_copy(update=changes)


def told(error: ValueError) -> str:
    """What is wrong with an ad, in one sentence that begins with the field."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False)[0]
    field = str(first["loc"][0]) if first["loc"] else ""
    what = "it is missing" if first["type"] == "missing" else str(first["msg"])
    what = what.removeprefix("Value error, ").replace("Input should", "it should")
    if first["type"] == "string_pattern_mismatch":
        what = "it should begin with https://, http:// or /"
    return f"{field}: {what}" if field else what


def _ad(said: dict[str, str]) -> Ad:
    values: dict[str, Any] = dict(said)
    if "item" in values:
        values.pop("category", None)
    for name in _LISTS:
        if name in values:
            values[name] = _apart(name, said[name])
    for name in _MOMENTS:
        if name in values:
            values[name] = _moment(name, said[name])
    if "attributes" in values:
        values["attributes"] = _attributes(said["attributes"])
    return checked(Ad.model_validate(values))


def _names(columns: Iterable[object]) -> list[str]:
    plain = [str(name).strip().lower().replace(" ", "_").replace("-", "_") for name in columns]
    names = [_OTHER_NAMES.get(name, name) for name in plain]
    twice = sorted({name for name in names if names.count(name) > 1})
    strange = [str(name) for name, known in zip(columns, names, strict=True) if known not in COLUMNS]
    if twice:
        raise DataError(f"Two columns mean the {twice[0]} of an ad.", fix="Leave one of them out.")
    if missing := [name for name in ("id", "title") if name not in names]:
        raise DataError(f"It has no column {missing[0]!r}.", fix=f"A table of ads has: {', '.join(COLUMNS)}.")
    if strange:
        raise DataError(f"An ad has no {strange[0]!r}.", fix=f"A table of ads has: {', '.join(COLUMNS)}.")
    return names


def _apart(name: str, cell: str) -> list[str]:
    if cell.lstrip().startswith("["):
        found = _json(cell)
        if not isinstance(found, list):
            raise ValueError(f'{name}: it should look like home; basket or ["home", "basket"]')
        return [str(one) for one in found]
    return [one.strip() for one in cell.split(";") if one.strip()]


def _together(values: list[str]) -> str | None:
    if not values:
        return None
    plain = all(one and one == one.strip() and ";" not in one and one[0] != "[" for one in values)
    return "; ".join(values) if plain else json.dumps(values, ensure_ascii=False)


def _attributes(cell: str) -> dict[str, list[str]]:
    found = _json(cell)
    if not isinstance(found, dict):
        raise ValueError('attributes: it should look like {"country": ["DE", "AT"]}')  # noqa: TRY004 - what a file says, not what a caller passes
    return {name: value if isinstance(value, list) else [value] for name, value in found.items()}


def _json(cell: str) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return None


def _moment(name: str, cell: str) -> datetime:
    try:
        found = datetime.fromisoformat(cell.strip())
    except ValueError:
        raise ValueError(f"{name}: it should look like 2026-12-01 or 2026-12-01T08:00+00:00") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
