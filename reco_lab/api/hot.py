"""The four routes that a shop's every page calls: plain Starlette, as each microsecond is paid on every page."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from reco_lab.api.bodies import parse, read_body
from reco_lab.api.queries import id_of, number_of, parameters, slot_of
from reco_lab.api.refusals import Plain, Refusal, invalid
from reco_lab.api.service import Service
from reco_lab.api.shapes import MOST_EVENTS, Event, Events, Interaction, Interactions
from reco_lab.core.errors import FullError
from reco_lab.core.events import Stage
from reco_lab.services.ad_messages import EventIn, VisitIn
from reco_lab.store.events.records import Tracked

Question = Callable[[Scope], Response]
MOST_ADS = 20
MOST_ITEMS = 100
_ADS = ("user_id", "slot", "n")
_ITEMS = ("user_id", "k")


def questions(service: Service) -> dict[str, Question]:
    """What is answered from memory, without waiting for anything, by path."""
    return {"/ads": partial(_ads, service), "/recommendations": partial(_recommendations, service)}


def hot_routes(service: Service) -> list[Route]:
    """The routes; what they take and answer is written in `documents.py`."""
    told = {"/events": partial(_events, service), "/interactions": partial(_interactions, service)}
    routes = [
        *(
            Route(path, _awaited(one), methods=["GET"], name=path[1:])
            for path, one in questions(service).items()
        ),
        *(Route(path, one, methods=["POST"], name=path[1:]) for path, one in told.items()),
    ]
    for route in routes:
        # nobody would see the ad that is decided on and billed
        route.methods = (route.methods or set()) - {"HEAD"}
    return routes


def _awaited(question: Question) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return question(request.scope)

    return endpoint


def _ads(service: Service, scope: Scope) -> Response:
    asked = parameters(scope["query_string"], _ADS)
    user_id = id_of(asked.get("user_id"), "customer", "user_id")
    slot, n = slot_of(asked.get("slot")), number_of(asked.get("n"), 1, MOST_ADS, "n")
    service.spend_customer(user_id)
    answer = service.server.ads(user_id, slot, n)
    decision = answer.decision
    service.counters.answer(decision.stage.value)
    return _json(
        {
            "request_id": decision.request_id,
            "user_id": answer.user_id,
            "slot": decision.slot,
            "ads": [
                {"decision_id": placed.decision_id, "ad_id": ad.id, "title": ad.title, "link": ad.link,
                 "position": placed.position, "reason": reason}
                for placed, ad, reason in zip(decision.placed, answer.ads, answer.reasons, strict=True)
            ],
            "model_version": decision.model_version,
            "policy": decision.policy,
            "arm": decision.arm,
            "fallback": _fallback(decision.stage),
        }
    )  # fmt: skip


def _recommendations(service: Service, scope: Scope) -> Response:
    asked = parameters(scope["query_string"], _ITEMS)
    user_id = id_of(asked.get("user_id"), "customer", "user_id")
    k = number_of(asked.get("k"), 10, MOST_ITEMS, "k")
    service.spend_customer(user_id)
    answer = service.server.recommendations(user_id, k)
    service.counters.answer(answer.stage.value)
    items = [{"item_id": id_, "title": title, "score": score} for id_, title, score in answer.items]
    return _json(
        {"user_id": answer.user_id, "items": items, "model_version": answer.model_version,
         "fallback": _fallback(answer.stage)}
    )  # fmt: skip


async def _events(service: Service, request: Request) -> Response:
    read = _read(await read_body(request), "events", _EVENTS, _EVENT)
    told = [EventIn(one.event_id, one.decision_id, one.kind.value, one.value, one.at) for one in read.rows]
    if read.broken:
        with suppress(FullError):
            service.server.log.refuse([(_known(row), reason) for _, row, reason in read.broken])
    return _tracked(service, "/events", await service.server.track(told), read)


async def _interactions(service: Service, request: Request) -> Response:
    # what cannot be read here is not kept apart: it names customers, and whoever sent it is told which it was
    read = _read(await read_body(request), "interactions", _INTERACTIONS, _INTERACTION)
    told = [VisitIn(one.event_id, one.user_id, one.item_id, one.kind, one.value, one.at) for one in read.rows]
    return _tracked(service, "/interactions", await service.server.visit(told), read)


_EVENTS, _EVENT = TypeAdapter(Events), TypeAdapter(Event)
_INTERACTIONS, _INTERACTION = TypeAdapter(Interactions), TypeAdapter(Interaction)


@dataclass(frozen=True)
class _Batch:
    """The rows that can be read with their places, and the others: place, as it came, why not."""

    rows: Sequence[Any]
    places: Sequence[int]
    broken: Sequence[tuple[int, Any, str]] = ()


def _read(body: bytes, name: str, all_of_them: TypeAdapter[Any], one: TypeAdapter[Any]) -> _Batch:
    """The rows of a body; a Refusal (422) if it is no batch, or no row of it can be read."""
    values = parse(body)
    try:
        rows = getattr(all_of_them.validate_json(body), name)
    except ValidationError as error:
        raw = values.get(name) if isinstance(values, dict) and len(values) == 1 else None
        if not isinstance(raw, list) or not 1 <= len(raw) <= MOST_EVENTS:
            raise invalid(error.errors(include_input=False, include_url=False)) from None
        return _sorted_out(raw, name, one)
    return _Batch(rows, range(len(rows)))


def _sorted_out(raw: list[Any], name: str, one: TypeAdapter[Any]) -> _Batch:
    rows: list[Any] = []
    places: list[int] = []
    broken: list[tuple[int, Any, str]] = []
    refusals: list[Refusal] = []
    for place, row in enumerate(raw):
        try:
            rows.append(one.validate_json(orjson.dumps(row)))
        except ValidationError as error:
            refusals.append(invalid(error.errors(include_input=False, include_url=False), f"{name}[{place}]"))
            broken.append((place, row, f"{refusals[-1].where}: {refusals[-1].message}"))
        else:
            places.append(place)
    if not rows:
        raise refusals[0]
    return _Batch(rows, places, broken)


def _tracked(service: Service, route: str, done: Tracked, read: _Batch) -> Response:
    broken = [(place, reason) for place, _, reason in read.broken]
    refused = sorted([*broken, *((read.places[index], reason) for index, reason in done.refused)])
    service.counters.told(route, done.accepted, done.duplicates, len(refused))
    return _json(
        {"accepted": done.accepted, "duplicates": done.duplicates,
         "refused": [{"index": index, "reason": reason} for index, reason in refused]}
    )  # fmt: skip


def _known(row: Any) -> str:
    """What is kept of an event that cannot be read: the fields that an event has, and nothing else."""
    kept = {name: row[name] for name in Event.model_fields if name in row} if isinstance(row, dict) else {}
    return orjson.dumps(kept).decode()


def _fallback(stage: Stage) -> str | None:
    return None if stage is Stage.model else stage.value


def _json(values: Any) -> Response:
    return Plain(orjson.dumps(values))
