"""The service over HTTP, asked as a website asks it."""

import errno
import gzip
import re
from contextlib import closing
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from reco_lab.api.settings import ApiSettings
from reco_lab.api.shapes import InteractionKind
from reco_lab.core.clock import ManualClock
from reco_lab.core.interactions import Kind
from reco_lab.services.decisions import open_log
from reco_lab.services.retention import Retention, set_retention
from reco_lab.store.events.log import EventLog
from reco_lab.store.keyring import Scope
from reco_lab.testing.service import asked, small_shop
from reco_lab.testing.waiting import until

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return small_shop(tmp_path_factory.mktemp("api"))


@pytest.fixture(scope="module")
def website(workspace):
    with asked(workspace, ApiSettings(rate_per_customer=0), Scope.admin) as client:
        yield client


def error_of(answer):
    said = answer.json()["error"]
    assert set(said) == {"code", "message", "where"}
    assert said["message"].endswith(".")
    return said


def decided(website, user="u1", **more):
    answer = website.get("/ads", params={"user_id": user, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_answer_has_the_fields_of_the_contract(website):
    answer = decided(website, slot="top", n=2)
    assert set(answer) == {
        "request_id",
        "user_id",
        "slot",
        "ads",
        "model_version",
        "policy",
        "arm",
        "fallback",
    }
    assert (answer["user_id"], answer["slot"], len(answer["ads"])) == ("u1", "top", 2)
    for position, ad in enumerate(answer["ads"]):
        assert set(ad) == {"decision_id", "ad_id", "title", "link", "position", "reason"}
        assert ad["position"] == position


def test_a_customer_nobody_knows_gets_an_ad_and_the_answer_says_what_stood_in(website):
    answer = decided(website, user="nobody has seen her")
    assert answer["ads"]
    assert answer["fallback"]


def test_items_are_recommended(website):
    answer = website.get("/recommendations", params={"user_id": "u1", "k": 3}).json()
    assert set(answer) == {"user_id", "items", "model_version", "fallback"}
    assert len(answer["items"]) <= 3


def test_an_id_has_one_spelling(website):
    assert decided(website, user="  Cafe\u0301 ")["user_id"] == "Café"
    assert decided(website, user="01")["user_id"] == "01"


def test_an_event_counts_once_and_its_repetition_is_told(website):
    decision = decided(website)["ads"][0]["decision_id"]
    body = {"events": [{"event_id": "e-once", "decision_id": decision, "kind": "click"}]}
    assert website.post("/events", json=body).json() == {"accepted": 1, "duplicates": 0, "refused": []}
    assert website.post("/events", json=body).json() == {"accepted": 0, "duplicates": 1, "refused": []}
    body["events"][0]["kind"] = "dismiss"
    told = website.post("/events", json=body).json()
    assert (told["accepted"], told["duplicates"], [one["index"] for one in told["refused"]]) == (0, 0, [0])


def test_what_can_be_read_of_a_batch_is_taken_and_the_rest_is_named_by_its_place(website):
    decision = decided(website)["ads"][0]["decision_id"]
    good = [{"event_id": f"e-mixed-{n}", "decision_id": decision, "kind": "impression"} for n in range(3)]
    batch = [{"event_id": "\x00"}, good[0], {**good[1], "kind": "explode"}, {**good[1], "value": "1"}, good[1],
             {**good[2], "decision_id": "nobody decided this"}, good[2]]  # fmt: skip
    told = website.post("/events", json={"events": batch}).json()
    assert told["accepted"] == 3
    assert [one["index"] for one in told["refused"]] == [0, 2, 3, 5]
    assert "kind" in told["refused"][1]["reason"]


def test_an_event_that_cannot_be_read_is_kept_apart_without_what_it_should_not_hold(website, workspace):
    decision = decided(website)["ads"][0]["decision_id"]
    good = {"event_id": "e-apart-good", "decision_id": decision, "kind": "impression"}
    bad = good | {"event_id": "e-apart-bad", "kind": "explode", "email": "ada@shop.example"}
    assert website.post("/events", json={"events": [bad, good]}).json()["accepted"] == 1
    log = EventLog.open(workspace.home, workspace.clock, writer=False)
    kept = [one for one in log.refused(1000) if "e-apart-bad" in one.payload]
    log.close()
    assert len(kept) == 1
    assert "ada@" not in kept[0].payload


def test_a_batch_of_which_nothing_can_be_read_is_refused_as_a_whole(website):
    answer = website.post("/events", json={"events": [{"event_id": "e"}]})
    assert answer.status_code == 422
    assert error_of(answer)["where"] == "events[0].decision_id"


def test_a_purchase_is_acknowledged_and_known_to_the_next_answer(website):
    body = {"interactions": [{"event_id": "i-1", "user_id": "u1", "item_id": "i1", "kind": "purchase"}]}
    assert website.post("/interactions", json=body).json()["accepted"] == 1
    assert website.post("/interactions", json=body).json()["duplicates"] == 1


def test_every_kind_of_interaction_that_the_core_knows_can_be_told():
    assert set(InteractionKind.__args__) == set(Kind.__members__)


def test_customers_items_and_ads_are_told(website):
    assert website.put("/users/u1", json={"attributes": {"country": "NL"}}).json() == {"done": True}
    assert website.put("/items/i1", json={"attributes": {"colour": "red"}}).json() == {"done": True}
    ad = {"title": "Socks", "link": "/socks", "bid": 0.3, "slots": ["sock drawer"]}
    assert website.put("/ads/new%2Fad", json=ad).json() == {"done": True}
    assert "new/ad" in {one["ad_id"] for one in decided(website, slot="sock drawer", n=5)["ads"]}


def test_an_ad_that_cannot_be_is_refused_with_its_field(website):
    ad = {"title": "Socks", "link": "javascript:alert(1)"}
    answer = website.put("/ads/socks", json=ad)
    assert answer.status_code == 422
    assert error_of(answer)["where"] == "link"
    assert "javascript" not in answer.text
    answer = website.put("/ads/socks", json={"title": "Socks", "id": "other"})
    assert (answer.status_code, error_of(answer)["where"]) == (422, "id")


def test_an_ad_is_booked_for_a_flight_of_moments_with_a_time_zone(website):
    ad = {"title": "Snow", "link": "/snow", "slots": ["slope"]}
    for starts, ends, flies in (
        ("2026-01-01T00:00:00Z", "2099-01-01T02:00:00+02:00", True),
        ("2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z", False),
    ):
        assert website.put("/ads/snow", json=ad | {"starts": starts, "ends": ends}).json() == {"done": True}
        assert ("snow" in {one["ad_id"] for one in decided(website, slot="slope", n=5)["ads"]}) is flies
    for starts, said in (
        ("2026-01-01T00:00:00", "time zone"),
        ("tomorrow", "2026-05-01T"),
        (5, "2026-05-01T"),
    ):
        answer = website.put("/ads/snow", json=ad | {"starts": starts})
        assert (answer.status_code, error_of(answer)["where"]) == (422, "starts")
        assert said in error_of(answer)["message"]
    row = {"event_id": "no-zone", "user_id": "a", "item_id": "i1", "at": "2026-01-01T00:00:00"}
    assert "time zone" in error_of(website.post("/interactions", json={"interactions": [row]}))["message"]


def test_a_customer_gets_a_copy_of_everything_and_is_erased(website):
    website.put("/users/leaver", json={"attributes": {"country": "NL"}})
    assert "NL" in website.get("/users/leaver").text
    receipt = website.delete("/users/leaver")
    assert receipt.status_code == 200
    assert receipt.json()
    assert "NL" not in website.get("/users/leaver").text


@pytest.mark.parametrize(
    ("query", "status", "where"),
    [
        ("", 422, "user_id"), ("user_id=", 422, "user_id"), ("user_id=%20", 422, "user_id"), ("user_id=%00", 422, "user_id"),
        ("user_id=a%0Ab", 422, "user_id"), ("user_id=" + "x" * 257, 422, "user_id"), ("user_id=%ff", 400, "user_id"),
        ("user_id=%ed%a0%80", 400, "user_id"), ("user_id=a&user_id=b", 400, "user_id"), ("user_id=a&n=1&n=2", 400, "n"),
        ("user_id=a&x=1", 400, "query"), ("user_id=a&%ff=1", 400, "query"), ("user_id=a&n=0", 422, "n"), ("user_id=a&n=21", 422, "n"),
        ("user_id=a&n=-1", 422, "n"), ("user_id=a&n=1.0", 422, "n"), ("user_id=a&n=%D9%A1", 422, "n"), ("user_id=a&n=", 422, "n"),
        ("user_id=a&n=" + "9" * 5000, 422, "n"), ("user_id=a&slot=%00", 422, "slot"), ("user_id=a&slot=" + "s" * 101, 422, "slot"),
        ("user_id=" + "x" * 9000, 414, ""), ("user_id=a&", 400, "query"), ("&user_id=a", 400, "query"),
    ],
)  # fmt: skip
def test_a_query_that_could_mean_two_things_is_refused(website, query, status, where):
    answer = website.get(f"/ads?{query}")
    assert answer.status_code == status
    assert error_of(answer)["where"] == where


@pytest.mark.parametrize(("k", "status"), [("1", 200), ("100", 200), ("0", 422), ("101", 422)])
def test_the_number_of_items_is_bounded(website, k, status):
    assert website.get(f"/recommendations?user_id=a&k={k}").status_code == status


@pytest.mark.parametrize("path", ["/users/%ff", "/users/%c3", "/items/a%fe"])
def test_a_path_that_is_no_utf8_is_refused(website, path):
    answer = website.put(path, json={"attributes": {}})
    assert (answer.status_code, error_of(answer)["code"]) == (400, "not_utf8")


def test_only_json_is_taken_for_a_body(website):
    for declared in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        answer = website.post("/events", content=b'{"events":[]}', headers={"content-type": declared})
        assert (answer.status_code, error_of(answer)["code"]) == (415, "not_json")


def test_a_compressed_body_is_refused_with_why(website):
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    answer = website.post("/events", content=gzip.compress(b'{"events":[]}'), headers=headers)
    assert (answer.status_code, error_of(answer)["code"]) == (415, "compressed")
    assert error_of(answer)["where"] == "Content-Encoding"


def test_a_body_is_counted_while_it_comes(website):
    taken = []

    def endless():
        for number in range(10_000):
            taken.append(number)
            yield b" " * 10_000

    answer = website.post("/events", content=endless(), headers=JSON)
    assert (answer.status_code, error_of(answer)["code"]) == (413, "too_long")
    for length in ("1048577", "9" * 400, "-1", "x"):
        answer = website.post("/events", content=b"{}", headers=JSON | {"content-length": length})
        assert answer.status_code in {400, 413}


def test_what_is_not_there_is_said_in_the_same_shape(website):
    assert error_of(website.get("/nothing"))["code"] == "not_found"
    answer = website.delete("/ads/x")
    assert (answer.status_code, error_of(answer)["code"]) == (405, "method")


def test_every_answer_carries_the_headers_that_keep_browsers_safe(website):
    for path in ("/ads?user_id=a", "/nothing", "/health", "/ads"):
        headers = website.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "server" not in headers


def test_it_says_that_it_is_alive_and_ready(website):
    assert website.get("/health").json() == {"alive": True}
    answer = website.get("/ready")
    assert answer.status_code == 200
    assert answer.json()["problems"] == []


def test_it_counts_without_naming_anybody(website):
    decided(website, user="a very secret customer")
    website.get("/users/another-secret-customer")
    text = website.get("/metrics").text
    assert re.search(r'reco_lab_requests_total\{route="/ads",status="200"\} [1-9]', text)
    assert 'reco_lab_told_total{outcome="accepted",route="/events"}' in text
    assert "secret" not in text


def test_a_full_disk_is_said_with_when_to_try_again(monkeypatch, website):
    def full(*_given):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("reco_lab.services.ad_erasing.suppress", full)
    answer = website.delete("/users/u9")
    assert (answer.status_code, error_of(answer)["code"]) == (503, "not_now")
    assert int(answer.headers["Retry-After"]) > 0


def test_an_error_of_ours_is_a_reference_and_never_a_traceback(workspace, monkeypatch, website):
    from reco_lab.services.ad_server import AdServer

    def breaks(*_arguments):
        raise RuntimeError("the secret cause")

    monkeypatch.setattr(AdServer, "ads", breaks)
    answer = website.get("/ads?user_id=u1")
    assert (answer.status_code, error_of(answer)["code"]) == (500, "our_fault")
    reference = re.search(r"as ([0-9A-F]{6})\.", error_of(answer)["message"])[1]
    assert "secret" not in answer.text
    logged = "".join(path.read_text("utf-8") for path in (workspace.home / "log").glob("*.jsonl"))
    lines = [orjson.loads(line) for line in logged.splitlines()]
    found = [line for line in lines if line.get("reference") == reference]
    assert [("the secret cause" in line["traceback"]) for line in found] == [True]


def test_a_running_service_removes_what_is_older_than_the_retention(tmp_path):
    clock = ManualClock(datetime(2026, 5, 1, 12, tzinfo=UTC))
    workspace = small_shop(tmp_path / "home", clock=clock)
    set_retention(workspace, Retention(decisions=100))
    workspace.log.info("long ago")
    logged = workspace.home / "log" / "2026-05-01.jsonl"
    assert logged.exists()
    with asked(workspace, ApiSettings(), Scope.admin) as client:
        old = decided(client)["request_id"]
    clock.at += timedelta(days=101)
    with asked(workspace, ApiSettings(), Scope.admin) as client, closing(open_log(workspace)) as log:
        young = decided(client)["request_id"]
        until(lambda: log.decision(young) and not log.decision(old) and not logged.exists())
    workspace.close()
