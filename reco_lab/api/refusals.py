"""What the service says when it does not do what it was asked: one shape, one sentence, nothing echoed."""

from collections.abc import Iterable, Mapping

import orjson
from pydantic_core import ErrorDetails
from starlette.responses import Response

JSON = "application/json"
_INSIDE = ("body", "query", "path")
_LONGEST_PLACE = 100
_TYPE = JSON.encode()


class Plain(Response):
    """A right answer of JSON as it goes over the wire, without what other answers might need."""

    def __init__(self, body: bytes) -> None:
        self.status_code, self.body, self.background = 200, body, None
        self.raw_headers = [(b"content-length", b"%d" % len(body)), (b"content-type", _TYPE)]


class Refusal(Exception):  # noqa: N818 - what a caller did wrong, said to him, is no error of ours
    """A request that is not served: the status, a code for programs, a sentence for people, and which part is meant."""

    def __init__(
        self, status: int, code: str, message: str, where: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        self.status, self.code, self.message, self.where, self.headers = status, code, message, where, headers
        super().__init__(message)

    @property
    def response(self) -> Response:
        """The answer: `{"error": {"code", "message", "where"}}`."""
        said = {"error": {"code": self.code, "message": self.message, "where": self.where}}
        return Response(orjson.dumps(said), self.status, self.headers, JSON)


def busy(message: str, seconds: float, *, status: int = 429, code: str = "too_many") -> Refusal:
    """A request that may be sent again after some seconds (rounded up)."""
    return Refusal(status, code, message, headers={"Retry-After": str(max(1, int(-(-seconds // 1))))})


def invalid(problems: Iterable[ErrorDetails], within: str = "") -> Refusal:
    """The first thing that is wrong with a value, without the value."""
    first = next(iter(problems))
    place = [part for part in first["loc"] if part not in _INSIDE]
    inner = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    where = f"{within}.{inner}" if within and inner else within or inner
    sentence = first["msg"].removeprefix("Value error, ").rstrip(".")
    return Refusal(422, "invalid", f"{sentence[:1].upper()}{sentence[1:]}.", printable(where))


def printable(text: str) -> str:
    """A place in what was sent, short and without anything that a terminal or a log would obey."""
    cut = text if len(text) <= _LONGEST_PLACE else text[:_LONGEST_PLACE] + "…"
    return "".join(sign if sign.isprintable() else "?" for sign in cut)
