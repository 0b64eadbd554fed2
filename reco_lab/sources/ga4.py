"""Google Analytics 4: the export to BigQuery, as JSON lines or an array, or flattened to a CSV."""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from reco_lab.core.source import Source, Table
from reco_lab.sources._events import Event, Said, first, inner, objects_in, read_events
from reco_lab.sources._json import head_names

_PARAMS = "event_params_"
_NOT_SET = {"(not set)", "(not provided)"}
_VALUES = ("string_value", "int_value", "double_value", "float_value")
_PLAIN = re.compile(r"[^a-z0-9_]+")


class Ga4(Source):
    """Events as Google documents them (support.google.com/analytics/answer/7029846, "BigQuery Export schema").

    Of `event_params` the session and the page are read, of `items` id, name, category, price and quantity; an
    event with three items becomes three rows. In a CSV the names may be joined by dots or underscores
    (`event_params.ga_session_id`, `items_item_id`), and a cell may hold the list as JSON.
    """

    label: ClassVar[str] = "Google Analytics 4 (BigQuery export)"

    def recognises(self, path: Path, head: bytes) -> bool:  # noqa: ARG002 - the content decides
        """Whether it names events, their time and a device or parameters as that export does."""
        names = head_names(head)
        return {"event_name", "event_timestamp"} <= names and bool(
            names & {"user_pseudo_id", "event_params", "event_bundle_sequence_id", "ga_session_id"}
        )

    def read(
        self,
        path: Path,
        *,
        header: bool | None = None,  # noqa: ARG002 - the export always names its values
        rows: int | None = None,
        **options: Any,
    ) -> Table:
        """Read the file. A line that is no event is refused; DataError where more than 1 % are."""
        return read_events(path, self.label, rows, options, _events, _events)


def _events(told: Said) -> Iterator[Event]:
    flat = {_plain(name): value for name, value in told.items()}
    params = _params(flat.get("event_params"))
    for name in [name for name in flat if name.startswith(_PARAMS) and flat[name] is not None]:
        params[_bare(name)] = flat[name]
    ecommerce = inner(flat.get("ecommerce")) or {}
    yield Event(
        {
            "user": flat.get("user_id"),
            "visitor": flat.get("user_pseudo_id"),
            "session": first(params, "ga_session_id") or first(flat, "ga_session_id", "session_id"),
            "time": flat.get("event_timestamp"),
            "event": flat.get("event_name"),
            "page": first(params, "page_location", "page_path") or first(flat, "page_location", "page_path"),
            "order": first(params, "transaction_id")
            or (first(ecommerce, "transaction_id") if isinstance(ecommerce, dict) else None)
            or first(flat, "ecommerce_transaction_id", "transaction_id"),
        },
        [_item(one) for one in objects_in(flat.get("items"))] or _flat_item(flat),
    )


def _item(told: Said) -> dict[str, Any]:
    return {
        "item": _set(first(told, "item_id")) or _set(first(told, "item_name")),
        "quantity": first(told, "quantity"),
        "title": _set(first(told, "item_name")),
        "category": _set(first(told, "item_category")),
        "price": first(told, "price", "price_in_usd"),
    }


def _flat_item(flat: Said) -> list[dict[str, Any]]:
    names = ("item_id", "item_name", "item_category", "price", "quantity")
    told = {name: first(flat, f"items_{name}", f"item_{name}", name) for name in names}
    return [_item(told)] if told["item_id"] or told["item_name"] else []


def _params(value: Any) -> dict[str, Any]:
    """The parameters by name: the one of their four typed values that is there."""
    found = inner(value)
    if isinstance(found, dict):
        return dict(found)
    params = {}
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict) and isinstance(one.get("value"), dict) and isinstance(one.get("key"), str):
            params[one["key"]] = first(one["value"], *_VALUES)
    return params


def _set(value: Any) -> Any:
    return None if value in _NOT_SET else value


@lru_cache(1024)
def _bare(name: str) -> str:
    """The parameter that a flattened column holds."""
    bare = name.removeprefix(_PARAMS)
    return next(
        (bare.removesuffix(f"_{kind}") for kind in (*_VALUES, "value") if bare.endswith(f"_{kind}")), bare
    )


@lru_cache(1024)
def _plain(name: str) -> str:
    return _PLAIN.sub("_", name.lower()).strip("_")
