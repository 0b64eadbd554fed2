"""What a newer version wrote is read by an older one as far as it knows it."""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from reco_lab.client import Client, ShownAd
from reco_lab.core.events import FeedbackKind
from reco_lab.core.stored import known
from reco_lab.store.events.journal import read_entry

AD = {"decision_id": "d", "ad_id": "a", "title": "A", "link": "/", "position": 1, "reason": "Popular."}


@dataclass(frozen=True)
class Kept:
    name: str
    size: int = 0


def test_what_is_not_known_is_passed_over_and_what_is_missing_has_its_default():
    assert known(Kept, {"name": "a", "later": 1}) == Kept("a")
    with pytest.raises(TypeError, match="name"):
        known(Kept, {"size": 1})


def test_a_line_of_the_journal_may_say_more():
    told = {"event_id": "e", "decision_id": "d", "kind": "click", "value": None, "later": [1]}
    moments = dict.fromkeys(("at", "received"), "2026-03-02T12:00:00+00:00")
    assert read_entry("Feedback", told | moments).kind is FeedbackKind.click


class Newer(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"ads": [AD | {"later": 1}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_said):
        """Say nothing."""


def test_the_client_reads_the_answers_of_a_newer_service():
    server = HTTPServer(("127.0.0.1", 0), Newer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Client(f"http://127.0.0.1:{server.server_port}") as client:
        assert client.ads("u") == [ShownAd(**AD)]
    server.shutdown()
    server.server_close()
