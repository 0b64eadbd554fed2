"""What bodies may be: strict JSON of a bounded size, and 4xx with a sentence for all else."""

import os
import tracemalloc

import numpy as np
import orjson
import pytest

from reco_lab.api.bodies import parse
from reco_lab.api.refusals import Refusal
from reco_lab.api.settings import ApiSettings
from reco_lab.store.keyring import Scope
from reco_lab.testing.bodies import GOOD, hostile_bodies
from reco_lab.testing.service import asked, small_shop

COUNT = int(os.environ.get("RECO_LAB_RAW_BODIES", "600")) // 4
ROUTES = {
    "events": ("POST", "/events"),
    "interactions": ("POST", "/interactions"),
    "attributes": ("PUT", "/users/u1"),
    "ad": ("PUT", "/ads/fuzzed"),
}


@pytest.fixture(scope="module")
def website(tmp_path_factory):
    workspace = small_shop(tmp_path_factory.mktemp("bodies"))
    with asked(workspace, ApiSettings(rate_per_key=0), Scope.admin) as client:
        yield client


@pytest.mark.parametrize("kind", list(GOOD))
def test_a_good_body_is_taken(website, kind):
    method, path = ROUTES[kind]
    answer = website.request(method, path, content=GOOD[kind], headers={"content-type": "application/json"})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("kind", list(GOOD))
def test_no_body_whatever_breaks_the_service_or_is_echoed(website, kind):
    method, path = ROUTES[kind]
    for number, body in enumerate(hostile_bodies(kind, COUNT, np.random.default_rng(7))):
        answer = website.request(
            method, path, content=body.content, headers={"content-type": "application/json"}
        )
        said = (kind, number, body.content[:200], answer.text[:300])
        assert answer.status_code < 500, said
        assert answer.status_code >= 400 or not body.hopeless, said
        if answer.status_code >= 400:
            error = answer.json()["error"]
            assert set(error) == {"code", "message", "where"}, said
            assert (error["message"] + error["where"]).isprintable(), said
            assert len(answer.content) < 1000, said


@pytest.mark.parametrize(
    "text",
    [b'{"a":NaN}', b"1e16", b"1e999", b"9" * 400, b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b'"\\ud800"', b'"\xff"',
     b"[" * 21 + b"]" * 21, b"", b"\xef\xbb\xbf1"],
)  # fmt: skip
def test_what_two_readers_would_understand_differently_is_refused(text):
    with pytest.raises(Refusal):
        parse(text)


@pytest.mark.parametrize(
    "text", [b"[" * 20 + b"]" * 20, b"-1e15", b"0.1", b'"\\ud83d\\ude00"', b'{"a":{"a":1}}', b"[1,[2]]"]
)
def test_plain_json_is_read_as_it_stands(text):
    assert parse(text) == orjson.loads(text)


def test_a_flood_of_bad_bodies_leaves_no_memory_behind(website):
    body = b'{"events":[' + b"1," * 100_000 + b"1]}"

    def send():
        for _ in range(5):
            assert (
                website.post(
                    "/events", content=body, headers={"content-type": "application/json"}
                ).status_code
                == 422
            )

    send()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        send()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 1 << 20
