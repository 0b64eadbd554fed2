"""The four routes that a shop's every page calls: plain Starlette, as each microsecond is paid on every page."""

from collections.abc import Sequence
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reco_lab.api.bodies import parse, read_body
from reco_lab.api.queries import id_of, number_of, parameters, slot_of
from reco_lab.api.refusals import JSON, invalid
from reco_lab.api.service import Service
from reco_lab.api.shapes import MOST_EVENTS, Event, Events, Interaction, Interactions
from reco_lab.core.events import Stage
from reco_lab.services.ad_messages import EventIn, VisitIn
from reco_lab.store.events.records import Tracked

MOST_ADS = 20
MOST_ITEMS = 100
_ADS = ("user_id", "slot", "n")
_ITEMS = ("user_id", "k")


def hot_routes(service: Service) -> list[Route]:
    """The routes; what they take and answer is written in `documents.py`."""

    async def ads(request: Request) -> Response:
        asked = parameters(request.scope["query_string"], _ADS)
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

    async def recommendations(request: Request) -> Response:
        asked = parameters(request.scope["query_string"], _ITEMS)
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

    async def events(request: Request) -> Response:
        body = await read_body(request)
        found, places, broken = _rows(body, "events", _EVENTS, _EVENT)
        told = [EventIn(one.event_id, one.decision_id, one.kind.value, one.value, one.at) for one in found]
        return _tracked(service, "/events", await service.server.track(told), places, broken)

    async def interactions(request: Request) -> Response:
        body = await read_body(request)
        found, places, broken = _rows(body, "interactions", _INTERACTIONS, _INTERACTION)
        told = [VisitIn(one.event_id, one.user_id, one.item_id, one.kind, one.value, one.at) for one in found]
        return _tracked(service, "/interactions", await service.server.visit(told), places, broken)

    return [
        Route("/ads", ads, methods=["GET"]),
        Route("/recommendations", recommendations, methods=["GET"]),
        Route("/events", events, methods=["POST"]),
        Route("/interactions", interactions, methods=["POST"]),
    ]


_EVENTS, _EVENT = TypeAdapter(Events), TypeAdapter(Event)
_INTERACTIONS, _INTERACTION = TypeAdapter(Interactions), TypeAdapter(Interaction)
_Broken = list[tuple[int, str]]


def _rows(
    body: bytes, name: str, all_of_them: TypeAdapter[Any], one: TypeAdapter[Any]
) -> tuple[Sequence[Any], Sequence[int], _Broken]:
    """The rows of a batch that can be read, their places in it, and the places of the others with the reason.

    A Refusal (422) if the batch is none, or no row of it can be read.
    """
    values = parse(body)
    try:
        found = getattr(all_of_them.validate_json(body), name)
    except ValidationError as error:
        rows = values.get(name) if isinstance(values, dict) and len(values) == 1 else None
        if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_EVENTS:
            raise invalid(error.errors(include_input=False, include_url=False)) from None
        return _sorted_out(rows, name, one)
    return found, range(len(found)), []


def _sorted_out(
    rows: list[Any], name: str, one: TypeAdapter[Any]
) -> tuple[Sequence[Any], Sequence[int], _Broken]:
    found, places, broken, first = [], [], [], None
    for place, row in enumerate(rows):
        try:
            found.append(one.validate_json(orjson.dumps(row)))
        except ValidationError as error:
            refusal = invalid(error.errors(include_input=False, include_url=False), f"{name}[{place}]")
            first = first or refusal
            broken.append((place, f"{refusal.where}: {refusal.message}"))
        else:
            places.append(place)
    if first is not None and not found:
        raise first
    return found, places, broken


def _tracked(service: Service, route: str, done: Tracked, places: Sequence[int], broken: _Broken) -> Response:
    refused = sorted([*broken, *((places[index], reason) for index, reason in done.refused)])
    service.counters.told(route, done.accepted, done.duplicates, len(refused))
    return _json(
        {"accepted": done.accepted, "duplicates": done.duplicates,
         "refused": [{"index": index, "reason": reason} for index, reason in refused]}
    )  # fmt: skip


def _fallback(stage: Stage) -> str | None:
    return None if stage is Stage.model else stage.value


def _json(values: Any) -> Response:
    return Response(orjson.dumps(values), media_type=JSON)
