"""Bytes to JSON, strictly: what two readers could understand differently is refused with a sentence."""

import asyncio
import json
import re
from typing import Any, NoReturn

import orjson
from starlette.requests import ClientDisconnect, Request

from reco_lab.api.refusals import JSON, Refusal

MOST_BYTES = 1 << 20
DEEPEST = 20
LARGEST_NUMBER = 1e15
BODY_SECONDS = 15.0
_DIGITS = len(str(int(LARGEST_NUMBER))) + 1
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


async def read_body(request: Request) -> bytes:
    """The body, counted while it comes: 413 once it is too long, 408 if not in time, 415 if no JSON, or compressed."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != JSON:
        # a page from elsewhere cannot send this type without asking the browser, which asks us
        raise Refusal(415, "not_json", "Send the body as application/json.", "Content-Type")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refusal(415, "compressed", "Send the body as it is, not compressed.", "Content-Encoding")
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > MOST_BYTES:
        raise _too_long()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > MOST_BYTES:
                    raise _too_long()
    except TimeoutError:
        raise Refusal(
            408, "slow", "The body did not come in time.", headers={"Connection": "close"}
        ) from None
    except ClientDisconnect:
        raise Refusal(400, "cut", "The connection ended before the body did.") from None
    return bytes(body)


def parse(body: bytes) -> Any:
    """JSON values of UTF-8 bytes.

    A Refusal (400) for bytes that are no JSON by the letter of RFC 8259 (so NaN, Infinity, a lone surrogate, a
    byte order mark), a name that stands twice in one object, a number beyond 1e15, or more than 20 levels.
    """
    try:
        _shallow(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise _bad(f"The body is no JSON: {error.msg}, at byte {error.pos}.") from None
    return _READER.decode(body.decode("utf-8"))


def plain(value: Any) -> Any:
    """The same values, if no text in them, name or value, has control characters; else a Refusal (422)."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) and CONTROL.search(one):
            raise Refusal(422, "control_characters", "A text in the body has control characters.")
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one
    return value


def _shallow(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise _bad(f"The body is nested deeper than {DEEPEST} levels.")


def _whole(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _bad("A name stands twice in one object of the body.")
    return found


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS or abs(number := int(digits)) > LARGEST_NUMBER:
        raise _out_of_bounds()
    return number


def _fraction(digits: str) -> float:
    if not abs(number := float(digits)) <= LARGEST_NUMBER:
        raise _out_of_bounds()
    return number


def _nothing(_name: str) -> NoReturn:
    raise _bad("The body has a number that is none.")


def _bad(message: str) -> Refusal:
    return Refusal(400, "bad_json", message)


def _out_of_bounds() -> Refusal:
    return _bad("The body has a number beyond 1e15.")


def _too_long() -> Refusal:
    return Refusal(
        413,
        "too_long",
        f"A body may have at most {MOST_BYTES:,} bytes.",
        headers={"Connection": "close"},
    )


_READER = json.JSONDecoder(
    object_pairs_hook=_whole, parse_int=_integer, parse_float=_fraction, parse_constant=_nothing
)
