"""Snowplow: the atomic events, as the enriched stream writes them or as a table exported from a warehouse."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from reco_lab.core.source import Source, Table
from reco_lab.sources._events import Event, Events, Said, first, inner, objects_in, of_objects, of_rows
from reco_lab.sources._files import head as file_head
from reco_lab.sources._json import begins_as_json, head_names

WIDTH = 131
_PLACES = {
    3: "collector_tstamp", 4: "dvce_created_tstamp", 5: "event", 6: "event_id", 12: "user_id", 15: "domain_userid",
    17: "network_userid", 29: "page_url", 35: "page_urlpath", 52: "contexts", 53: "se_category", 54: "se_action",
    55: "se_label", 56: "se_property", 57: "se_value", 58: "unstruct_event", 59: "tr_orderid", 67: "ti_orderid",
    68: "ti_sku", 69: "ti_name", 70: "ti_category", 71: "ti_price", 72: "ti_quantity", 77: "useragent",
    123: "domain_sessionid", 124: "derived_tstamp", 126: "event_name",
}  # fmt: skip
NAMES = tuple(_PLACES.get(place, f"field_{place}") for place in range(WIDTH))
_ACTION = "snowplow_ecommerce_action"
_SHOP = "com_snowplowanalytics_snowplow_ecommerce_"


class Snowplow(Source):
    """Events with the columns of `atomic.events` (docs.snowplow.io, "canonical event" and "enriched TSV format").

    The type of a structured event is its `se_action` and its item `se_property` (or `se_label`), that of a
    self-describing one its `event_name`; of the ecommerce events the action is the type and every product entity
    an item. Without a header the 131 places of the enriched TSV are taken.
    """

    label: ClassVar[str] = "Snowplow"

    def recognises(self, path: Path, head: bytes) -> bool:  # noqa: ARG002 - the content decides
        """Whether it names the columns of atomic events, or has the 131 places of the enriched TSV."""
        names = head_names(head)
        if {"event", "domain_userid"} <= names and names & {"derived_tstamp", "collector_tstamp"}:
            return True
        return _is_enriched(head)

    def read(
        self,
        path: Path,
        *,
        header: bool | None = None,  # noqa: ARG002 - a header is told by its names
        rows: int | None = None,
        **options: Any,
    ) -> Table:
        """Read the file. A row that cannot be read is refused; DataError where more than 1 % are."""
        events = Events(path.name)
        dialect: dict[str, Any] = {}
        if begins_as_json(path):
            of_objects(events, path, rows, _events)
        elif _is_enriched(file_head(path)):
            written = options | {"delimiter": "\t", "quote": ""}
            dialect = of_rows(events, path, rows, written, _events, NAMES)
        else:
            dialect = of_rows(events, path, rows, options, _events)
        return events.table({**dialect, "format": self.label}, options, rows)


def _is_enriched(start: bytes) -> bool:
    fields = start.split(b"\n", 1)[0].split(b"\t")
    return len(fields) == WIDTH and fields[3][:2] == b"20" and fields[3][4:5] == b"-"


def _events(told: Said) -> Iterator[Event]:
    kind = first(told, "event")
    items: list[Said] = []
    if kind == "struct":
        kind = first(told, "se_action") or kind
        item = first(told, "se_property", "se_label")
        items = [{"item": item, "price": None}] if item else []
    elif kind == "unstruct":
        kind, items = _described(told)
    elif first(told, "ti_sku"):
        items = [_bought(told)]
    yield Event(
        {
            "user": first(told, "user_id"),
            "visitor": first(told, "domain_userid", "network_userid"),
            "session": first(told, "domain_sessionid"),
            "time": first(told, "derived_tstamp", "collector_tstamp", "dvce_created_tstamp"),
            "event": kind,
            "page": first(told, "page_url", "page_urlpath"),
            "agent": first(told, "useragent"),
            "order": first(told, "ti_orderid", "tr_orderid"),
        },
        items,
    )


def _described(told: Said) -> tuple[Any, list[Said]]:
    """The type of a self-describing event and the products among its entities."""
    name = first(told, "event_name")
    action = _data(first(told, "unstruct_event")) or objects_in(
        _column(told, f"unstruct_event_{_SHOP}{_ACTION}")
    )
    own = action[0] if action else {}
    entities = _data(first(told, "contexts"), "/product/") or objects_in(
        _column(told, f"contexts_{_SHOP}product")
    )
    products = [_product(one) for one in entities]
    if not products and (item := first(own, "product_id", "item_id", "sku", "id")):
        products = [{"item": item, "price": first(own, "price"), "quantity": first(own, "quantity")}]
    return first(own, "type") if name in (None, _ACTION) and own.get("type") else name, products


def _data(value: Any, schema: str = "") -> list[Said]:
    """What self-describing JSON says, of the entities of this schema."""
    outer = inner(value)
    if not isinstance(outer, dict):
        return []
    found = objects_in(outer.get("data"))
    described = [one for one in found if "schema" in one and "data" in one]
    if not described:
        return found
    return [data for one in described if schema in str(one["schema"]) for data in _data_of(one)]


def _data_of(told: Said) -> list[Said]:
    return objects_in(told["data"])


def _column(told: Said, begins: str) -> Any:
    return next((value for name, value in told.items() if name.startswith(begins)), None)


def _product(told: Said) -> Said:
    return {
        "item": first(told, "id", "sku"),
        "quantity": first(told, "quantity"),
        "title": first(told, "name"),
        "category": first(told, "category"),
        "price": first(told, "price"),
    }


def _bought(told: Said) -> Said:
    return {
        "item": told["ti_sku"],
        "quantity": first(told, "ti_quantity"),
        "title": first(told, "ti_name"),
        "category": first(told, "ti_category"),
        "price": first(told, "ti_price"),
    }
