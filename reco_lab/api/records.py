"""What is told of customers, items and ads; a customer's copy of everything; her erasure."""

from dataclasses import asdict, is_dataclass
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import APIRouter, Path
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from reco_lab.api.bodies import parse, plain, read_body
from reco_lab.api.documents import refusals, taking
from reco_lab.api.queries import id_of
from reco_lab.api.refusals import JSON, Refusal, invalid
from reco_lab.api.service import Service
from reco_lab.api.shapes import ID_SCHEMA, Attributes, Done, DoneAd, RefusedEvent, TrackedAnswer
from reco_lab.core.ads import Ad

Shape = TypeVar("Shape", bound=BaseModel)
_Told = Annotated[str, Path(json_schema_extra=ID_SCHEMA)]
_SPORTY = {"attributes": {"segment": "sporty", "country": "NL"}}
_AD = {"title": "Boots for the rain", "link": "https://shop.example/boots", "item": "I00007", "bid": 0.2}


def records(service: Service) -> APIRouter:
    """The routes by which a shop's own systems write and erase."""
    router = APIRouter()

    @router.put(
        "/users/{user_id:path}", responses=refusals(body=True), openapi_extra=taking(Attributes, _SPORTY)
    )
    async def put_user(user_id: _Told, request: Request) -> Done:
        """Tell what is known of a customer; it replaces what was told before."""
        told = shaped(Attributes, await read_body(request))
        await service.server.put_user(id_of(user_id, "customer", "user_id"), told.attributes)
        return Done()

    @router.put("/items/{item_id:path}", responses=refusals(body=True), openapi_extra=taking(Attributes))
    async def put_item(item_id: _Told, request: Request) -> Done:
        """Tell what is known of an item; it replaces what was told before."""
        told = shaped(Attributes, await read_body(request))
        await service.server.put_item(id_of(item_id, "item", "item_id"), told.attributes)
        return Done()

    @router.put(
        "/ads/{ad_id:path}",
        responses=refusals(body=True),
        openapi_extra=taking(Ad, _AD, but="id"),
        response_model_exclude_none=True,
    )
    async def put_ad(ad_id: _Told, request: Request) -> DoneAd:
        """Book an ad, or change it; it serves within a second, `note` says if no model can rank it yet."""
        body = await read_body(request)
        return DoneAd(note=await service.server.put_ad(shaped(Ad, body, id=id_of(ad_id, "ad", "ad_id"))))

    @router.post("/events/replay", responses=refusals())
    async def replay() -> TrackedAnswer:
        """Try the events that were kept apart once more: a click that came before its decision counts now."""
        done = await service.server.replay()
        refused = [RefusedEvent(index=index, reason=reason) for index, reason in done.refused]
        return TrackedAnswer(accepted=done.accepted, duplicates=done.duplicates, refused=refused)

    @router.get("/users/{user_id:path}", responses=refusals(), response_model=dict[str, Any])
    async def get_user(user_id: _Told) -> Response:
        """Everything that is known of a customer, as she may ask for it."""
        return _json(await service.server.user(id_of(user_id, "customer", "user_id")))

    @router.delete("/users/{user_id:path}", responses=refusals(), response_model=dict[str, Any])
    async def delete_user(user_id: _Told) -> Response:
        """Erase a customer everywhere; the answer is the receipt."""
        return _json(await service.server.erase(id_of(user_id, "customer", "user_id")))

    return router


def shaped(model: type[Shape], body: bytes, **added: str) -> Shape:
    """A body as its model, with the fields that the address holds; a Refusal if it is not of that shape."""
    values = plain(parse(body))
    if not isinstance(values, dict):
        raise Refusal(422, "invalid", "The body must be an object.")
    if twice := values.keys() & added.keys():
        raise Refusal(422, "invalid", "The address says this already.", next(iter(twice)))
    try:
        return model.model_validate_json(orjson.dumps(values | added), strict=True)
    except ValidationError as error:
        raise invalid(error.errors(include_input=False, include_url=False)) from None


def _json(value: Any) -> Response:
    return Response(
        orjson.dumps(asdict(value) if is_dataclass(value) and not isinstance(value, type) else value),
        media_type=JSON,
    )
