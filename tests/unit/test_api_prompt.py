"""Questions that are answered as soon as they are read: over a real connection, byte by byte as it goes over the wire."""

import asyncio
import json
import re
from contextlib import asynccontextmanager, closing
from dataclasses import replace

import pytest
import uvicorn
from starlette.middleware.cors import CORSMiddleware
from uvicorn.server import ServerState

from reco_lab.api.building import build
from reco_lab.api.patience import PatientProtocol
from reco_lab.api.prompt import PromptProtocol
from reco_lab.api.running import OPTIONS
from reco_lab.api.service import Service
from reco_lab.api.settings import ApiSettings
from reco_lab.services.keys import known_keys, make_key, revoke
from reco_lab.testing.service import small_shop

HEADERS = ("cache-control", "content-security-policy", "date", "x-content-type-options")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with closing(small_shop(tmp_path_factory.mktemp("prompt"))) as workspace:
        found = Service.open(ApiSettings(rate_per_customer=0), workspace)
        yield found
        found.server.close()


@pytest.fixture(scope="module")
def config(service):
    found = uvicorn.Config(build(service), **OPTIONS)
    found.load()
    return found


@pytest.fixture(scope="module")
def key(service):
    text = make_key(service.workspace, "a test", ["admin"], who="a test")[0]
    service.keys = known_keys(service.workspace)
    return text


@asynccontextmanager
async def connected(config):
    loop, state = asyncio.get_running_loop(), ServerState()
    state.default_headers.append((b"date", b"today"))
    server = await loop.create_server(lambda: PromptProtocol(config, state, {}, loop), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    try:
        yield reader, writer
    finally:
        writer.close()
        server.close()


async def read_one(reader, *, bodiless=False):
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(re.search(r"content-length: (\d+)", head)[1])
    return int(head[9:12]), head, b"" if bodiless else await reader.readexactly(length)


def said(config, sent, answers=1, **how):
    """What comes back when this is sent at once; and whether the connection then ends by itself."""

    async def talk():
        async with connected(config) as (reader, writer), asyncio.timeout(10):
            writer.write(sent)
            found = [await read_one(reader, **how) for _ in range(answers)]
            await asyncio.sleep(0.01)
            return found, reader.at_eof()

    return asyncio.run(talk())


def get(path, key="", *lines, version="1.1"):
    head = [f"GET {path} HTTP/{version}", "Host: localhost", *([f"X-API-Key: {key}"] if key else []), *lines]
    return ("\r\n".join(head) + "\r\n\r\n").encode()


def test_a_question_is_answered_with_the_headers_that_every_answer_has_and_the_connection_stays(config, key):
    [(status, head, body)], ended = said(config, get("/ads?user_id=u1&n=2", key))
    assert (status, ended) == (200, False)
    assert all(f"\r\n{name}: " in head for name in HEADERS)
    assert json.loads(body)["user_id"] == "u1"


def test_many_questions_in_one_piece_are_answered_in_their_order(config, key):
    sent = b"".join(get(f"/ads?user_id=u{number}", key) for number in range(9))
    answers, _ = said(config, sent, 9)
    assert [json.loads(body)["user_id"] for _, _, body in answers] == [f"u{number}" for number in range(9)]
    assert len({json.loads(body)["request_id"] for _, _, body in answers}) == 9


def test_a_question_between_others_waits_for_its_turn(config, key):
    body = b'{"events": []}'
    told = get("/events", key, "Content-Type: application/json", f"Content-Length: {len(body)}")
    sent = (
        get("/ads?user_id=u1", key) + told.replace(b"GET", b"POST") + body + get("/health") + get("/ads", key)
    )
    answers, _ = said(config, sent, 4)
    assert [status for status, _, _ in answers] == [200, 422, 200, 422]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (get("/ads?user_id=u1"), 401),
        (get("/ads?user_id=%ff", "KEY"), 400),
        (get("/ads?user_id=u1&user_id=u1", "KEY"), 400),
        (get("/ads?user_id=%00", "KEY"), 422),
        (get("/ads?user_id=u1&n=0", "KEY"), 422),
        (get("/recommendations?user_id=u1&k=2", "KEY"), 200),
        (get("/ads/?user_id=u1", "KEY"), 405),
    ],
)
def test_what_is_wrong_with_a_question_is_said_and_the_connection_stays(config, key, sent, status):
    [(found, _, body)], ended = said(config, sent.replace(b"KEY", key.encode()))
    assert (found, ended) == (status, False)
    assert status == 200 or set(json.loads(body)["error"]) == {"code", "message", "where"}


@pytest.mark.parametrize(
    ("sent", "ended"),
    [
        (get("/ads?user_id=u1", "KEY", "Connection: close"), True),
        (get("/ads?user_id=u1", "KEY", version="1.0"), True),
        (get("/ads?user_id=u1", "KEY", "Content-Length: 2") + b"{}", False),
        (get("/ads?user_id=u1#part", "KEY"), False),
    ],
)
def test_an_odd_question_takes_the_usual_way_to_the_same_answer(config, key, sent, ended):
    [(status, _, body)], found = said(config, sent.replace(b"KEY", key.encode()))
    assert (status, json.loads(body)["user_id"], found) == (200, "u1", ended)


@pytest.mark.parametrize(
    "origin",
    [[], ["Origin: https://shop.example"], ["Origin: https://evil.example"]],
    ids=("none", "ours", "other"),
)
def test_pages_of_other_sites_are_answered_at_once_by_the_same_rule(service, key, origin, monkeypatch):
    passed, through = [], CORSMiddleware.__call__

    async def counted(layer, scope, *more):
        passed.append(scope["type"])
        await through(layer, scope, *more)

    monkeypatch.setattr(CORSMiddleware, "__call__", counted)
    settings = replace(service.settings, origins=("https://shop.example",))
    config = uvicorn.Config(build(replace(service, settings=settings)), **OPTIONS)
    config.load()
    heads = []
    for more in ([], ["Content-Length: 2"]):  # the second takes the usual way
        [(status, head, _)], _ = said(config, get("/ads?user_id=u1", key, *origin, *more) + b"{}" * len(more))
        assert status == 200
        heads.append({line for line in head.split("\r\n") if line.startswith(("vary", "access-control"))})
    assert heads[0] == heads[1]
    assert passed == ["http"], "only the second passed the layer"
    assert ("access-control-allow-origin: https://shop.example" in heads[0]) == (
        "Origin: https://shop.example" in origin
    )


def test_nobody_is_decided_for_where_only_the_head_is_asked_for(config, key):
    sent = get("/ads?user_id=u1", key).replace(b"GET", b"HEAD")
    [(status, _, _)], _ = said(config, sent, bodiless=True)
    assert status == 405


@pytest.fixture
def parsed(monkeypatch):
    """How many pieces went through the parser."""
    pieces, through = [], PatientProtocol.data_received

    def counted(protocol, data):
        pieces.append(data)
        through(protocol, data)

    monkeypatch.setattr(PatientProtocol, "data_received", counted)
    return pieces


def piece_by_piece(config, *pieces):
    """What comes back for each piece, sent once the answer to the one before is there; None where nothing does."""

    async def talk():
        async with connected(config) as (reader, writer), asyncio.timeout(10):
            answers = []
            for piece in pieces:
                writer.write(piece)
                try:
                    async with asyncio.timeout(1):
                        answers.append(await read_one(reader))
                except (TimeoutError, asyncio.IncompleteReadError):
                    answers.append(None)
            return answers

    return asyncio.run(talk())


def test_headers_that_come_again_are_read_once(config, key, parsed):
    sent = [get(f"/ads?user_id=u{number}&n={1 + number % 2}", key) for number in range(6)]
    items = get("/recommendations?user_id=u%31&k=2", key)
    answers = piece_by_piece(config, *sent, items, sent[0])
    assert [json.loads(body)["user_id"] for _, _, body in answers] == [
        *(f"u{one}" for one in range(6)),
        "u1",
        "u0",
    ]
    assert [len(json.loads(body).get("ads", ())) for _, _, body in answers] == [1, 2, 1, 2, 1, 2, 0, 1]
    assert parsed == [sent[0]]
    others = [{line.partition(":")[0] for line in head.split("\r\n")} for _, head, _ in answers]
    assert all(one == others[0] for one in others)


def test_of_a_large_head_nothing_is_kept(config, key, parsed):
    large = get("/ads?user_id=u1", key, f"X-More: {'x' * (9 << 10)}")

    assert [status for status, _, _ in piece_by_piece(config, large, large)] == [200, 200]
    assert b"".join(parsed) == large + large


def test_what_is_not_the_same_is_parsed(config, key, parsed):
    first, other = get("/ads?user_id=u1", key), get("/ads?user_id=u1", key, "X-More: 1")
    odd = [
        other,
        get("/ads?user_id=u1", "a wrong key"),
        get("/ads?user_id=u1#part", key),
        get('/ads?user_id=u"1', key),
        get("/ads", key),
        get("/health", key),
        get("/ads?user_id=u1", key, version="1.0").replace(b"1.0", b"1.1 "),
        first + first,
        first[:20],
    ]  # fmt: skip
    for piece in odd:
        parsed.clear()
        answers = piece_by_piece(config, first, piece)
        assert answers[0][0] == 200
        assert parsed == [first, piece]


@pytest.mark.parametrize("told", ["with a key", "refused before its body is there"])
def test_a_body_that_looks_like_a_question_is_none(config, key, told):
    question = get("/ads?user_id=u1", key)
    lines = ["Content-Type: application/json", f"Content-Length: {len(question)}"]
    head = get("/events", key if told == "with a key" else "", *lines).replace(b"GET", b"POST")
    first, early, after, last = piece_by_piece(config, question, head, question, get("/ads?user_id=u2", key))
    refused = [one[0] for one in (early, after) if one is not None]
    assert (first[0], refused) == (200, [400 if told == "with a key" else 401])
    assert json.loads(last[2])["user_id"] == "u2"


def test_a_key_that_is_revoked_opens_nothing_though_it_was_right_a_moment_ago(service, config):
    text, record = make_key(service.workspace, "for a while", ["serve"], who="a test")
    service.keys = known_keys(service.workspace)
    question = get("/ads?user_id=u1", text)

    async def talk():
        async with connected(config) as (reader, writer), asyncio.timeout(10):
            found = []
            for _ in range(3):
                writer.write(question)
                found.append((await read_one(reader))[0])
            revoke(service.workspace, record.id, who="a test")
            service.keys = known_keys(service.workspace)
            writer.write(question)
            return [*found, (await read_one(reader))[0]]

    assert asyncio.run(talk()) == [200, 200, 200, 401]


def test_a_connection_is_silent_only_from_its_last_question_on(service, key, parsed):
    config = uvicorn.Config(build(service), **OPTIONS | {"timeout_keep_alive": 2})
    config.load()
    question = get("/ads?user_id=u1", key)

    async def talk():
        async with connected(config) as (reader, writer), asyncio.timeout(30):
            for _ in range(5):
                writer.write(question)
                assert (await read_one(reader))[0] == 200
                await asyncio.sleep(0.5)
            return await reader.read()

    assert asyncio.run(talk()) == b""
    assert parsed == [question]
