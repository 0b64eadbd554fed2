"""The OpenAPI document: what the hot routes take and answer, and what every route may say instead."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import Route

from reco_lab.api import shapes
from reco_lab.api.doors import OPEN, scope_of
from reco_lab.api.hot import MOST_ADS, MOST_ITEMS
from reco_lab.api.queries import LONGEST_SLOT

ABOUT = """Ads and recommendations in real time, and what became of them.

Send a key as `Authorization: Bearer KEY` or `X-API-Key: KEY` (the demo, which answers its own machine only, needs
none). Ids are text: trimmed, composed (NFC), 1 to 256 characters without control characters; 1, 01 and 1.0 are
three ids. Bodies are JSON in UTF-8 of at most 1 MB; a name that stands twice in an object, NaN, and numbers beyond
1e15 are refused, and so are compressed ones. Every answer that is no success has one shape:
`{"error": {"code", "message", "where"}}`, except that of `/ready`.

After 429 and 503 send the same again, not before the seconds that `Retry-After` names; after no answer, or 502 or 504
of a proxy, too: whatever can be sent here may be sent twice, and an event counts once. Of a batch, 200 says that it
was read: look at `refused`, where what was not taken stands with its reason. Moments are written with a time zone
(2026-05-01T12:00:00Z or 2026-05-01T14:00:00+02:00); without `at` an event happened when it came. One from more than 5
minutes ahead of the clock here, or more than 90 days back, is refused.

The service knows no prefix and reads no X-Forwarded-* headers: a proxy that serves it below a path takes that off.
Idle connections are closed after 30 seconds.
"""
_REFUSALS = {
    400: "The request cannot be read",
    401: "No key, or one that does not hold",
    403: "The key is for other things",
    404: "It is not there",
    422: "A value is not allowed",
    429: "Too often; Retry-After says when again",
    500: "Something went wrong here",
    503: "Busy, or the events cannot be kept now; Retry-After says when again",
}
_WITH_BODY = {408: "The body did not come in time", 413: "The body is too long", 415: "Not application/json"}
PLAIN = r"^[^\x00-\x1f\x7f-\x9f]*$"
_EVENT = {"event_id": "e-1", "decision_id": "1983adc8cde4a58870fa557e-0", "kind": "click"}
_INTERACTION = {"event_id": "i-1", "user_id": "C00042", "item_id": "I00007", "kind": "purchase", "value": 1}


def refusals(*, body: bool = False) -> dict[int | str, dict[str, Any]]:
    """What a route may answer besides success."""
    all_of_them = _REFUSALS | (_WITH_BODY if body else {})
    return {status: {"model": shapes.Error, "description": text} for status, text in all_of_them.items()}


def taking(
    model: type[BaseModel], example: Mapping[str, Any] | None = None, *, but: str = ""
) -> dict[str, Any]:
    """The entry of a body, by its model, less one field that the address holds."""
    schema = model.model_json_schema(mode="validation")
    if but:
        schema["properties"].pop(but)
        schema["required"].remove(but)
    content = {"schema": _inlined(schema, schema.pop("$defs", {}))} | (
        {"example": example} if example else {}
    )
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def document(app: FastAPI) -> dict[str, Any]:
    """The document of an application whose hot routes are Starlette's."""
    hot = {route.path: route for route in app.routes if type(route) is Route}
    routes = [*(_described(route) for route in hot.values()), *app.routes]
    found = get_openapi(title=app.title, version="1", description=ABOUT, routes=routes)
    found["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    for path, methods in found["paths"].items():
        for method, entry in methods.items():
            if path not in OPEN:
                wanted = scope_of(method.upper(), path)
                entry["security"] = [{"bearer": []}, {"header": []}]
                entry["x-scope"] = wanted.value if wanted else "any"
    return found


def _described(route: Route) -> APIRoute:
    answer, extra, summary, about = _HOT[route.path]
    return APIRoute(
        route.path,
        route.endpoint,
        methods=[method for method in route.methods or () if method != "HEAD"],
        name=route.name,
        response_model=answer,
        openapi_extra=extra,
        summary=summary,
        description=about,
        responses=refusals(body="requestBody" in extra),
    )


def _query(name: str, schema: Mapping[str, Any], about: str, *, example: Any = None) -> dict[str, Any]:
    found = {"name": name, "in": "query", "schema": dict(schema), "description": about}
    return (
        found | ({"required": True} if name == "user_id" else {}) | ({"example": example} if example else {})
    )


def _number(default: int, most: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": most, "default": default}


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    found = {name: _inlined(value, definitions) for name, value in schema.items()}
    if found.get("type") == "string" and not found.keys() & {"pattern", "format", "enum"}:
        found["pattern"] = PLAIN
    if isinstance(found.get("additionalProperties"), dict):
        found["propertyNames"] = {"pattern": PLAIN} | found.get("propertyNames", {})
    return found


_CUSTOMER = _query(
    "user_id", shapes.ID_SCHEMA, "The customer's id; one nobody knows is welcome.", example="C00042"
)
_SLOT_SCHEMA = {"type": "string", "maxLength": LONGEST_SLOT, "pattern": PLAIN}
_SLOT = _query("slot", _SLOT_SCHEMA, "Where on the page; ads may be booked for slots.")
_HOT: dict[str, tuple[type[BaseModel], dict[str, Any], str, str]] = {
    "/ads": (
        shapes.AdsAnswer,
        {"parameters": [_CUSTOMER, _SLOT, _query("n", _number(1, MOST_ADS), "How many ads.")]},
        "Choose ads for a customer",
        "The decision is logged; whether she saw and clicked it is told to `/events`, by `decision_id`.",
    ),
    "/recommendations": (
        shapes.ItemsAnswer,
        {"parameters": [_CUSTOMER, _query("k", _number(10, MOST_ITEMS), "How many items.")]},
        "Choose items for a customer",
        "Nothing is logged; what she does with them is told to `/interactions`.",
    ),
    "/events": (
        shapes.TrackedAnswer,
        taking(shapes.Events, {"events": [_EVENT]}),
        "Tell what became of decisions",
        "Answered once the events would survive a power cut. `value` is what a conversion was worth.",
    ),
    "/interactions": (
        shapes.TrackedAnswer,
        taking(shapes.Interactions, {"interactions": [_INTERACTION]}),
        "Tell what customers did to items",
        "Answered once they would survive a power cut; the customer's next answer knows them.",
    ),
}
