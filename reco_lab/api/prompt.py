"""Questions that are answered from memory, answered as soon as they are read: no task is made, no message passed."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from starlette.middleware.cors import CORSMiddleware
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from reco_lab.api.patience import PatientProtocol
from reco_lab.api.shell import HEADERS, Shell

_NOT_PLAIN = frozenset({b"content-length", b"transfer-encoding", b"expect"})
_DONE: Any = SimpleNamespace(response_complete=True, message_event=SimpleNamespace(set=lambda: None))


def _lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join([b"%b: %b\r\n" % header for header in headers])


_HEADERS = _lines(HEADERS)


class PromptProtocol(PatientProtocol):
    """HTTP as uvicorn speaks it, past whose machinery the questions of the service go that nothing is odd about.

    One of those that come in one piece is answered at once; the others wait in the usual line, so that nobody who
    sends many keeps everybody else waiting.
    """

    _answered = False

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._others = self.app if isinstance(self.app, CORSMiddleware) else None
        self._shell: Any = self.app if self._others is None else self._others.app

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._answered = False
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """Answer at once what can be, and hand on the rest."""
        if not self._plain() or not self._prompt():
            super().on_headers_complete()

    def _plain(self) -> bool:
        """Whether nothing stands in the way of an answer at once."""
        parser = self.parser
        return (
            not self._answered
            and isinstance(self._shell, Shell)
            and parser.get_method() == b"GET"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
            and b"#" not in self.url
            and _NOT_PLAIN.isdisjoint(name for name, _ in self.headers)
        )

    def _prompt(self) -> bool:
        """Answer one of the questions of the service; False for anything else."""
        path, _, query = self.url.partition(b"?")
        asked = path.decode("latin-1")
        if asked not in self._shell.questions:
            return False
        self._arrived()
        self._answered, self.cycle = True, _DONE
        self.scope |= {"method": "GET", "path": asked, "raw_path": path, "query_string": query}
        response = self._shell.answer(self.scope, asked)
        head = _lines(self.server_state.default_headers) + _lines(response.raw_headers)
        status = STATUS_LINE[response.status_code]
        self.transport.write(b"".join((status, head, _HEADERS, self._readers(), b"\r\n", response.body)))
        self.on_response_complete()
        return True

    def _readers(self) -> bytes:
        """The pages of which other site may read the answer, as the layer says that other answers pass."""
        if self._others is None:
            return b""
        origin = next((value for name, value in self.headers if name == b"origin"), b"")
        if origin and self._others.is_allowed_origin(origin.decode("latin-1")):
            return b"access-control-allow-origin: %b\r\nvary: Origin\r\n" % origin
        return b"vary: Origin\r\n"
