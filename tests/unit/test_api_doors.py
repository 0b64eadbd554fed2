"""Who may ask the service: keys and their scopes, the demo's own machine, limits, and pages of other websites."""

from threading import Event

import pytest

from reco_lab.api.rates import Buckets
from reco_lab.api.settings import ORIGINS, ApiSettings, origin_of
from reco_lab.core.errors import InputError
from reco_lab.services.keys import keys, make_key, revoke
from reco_lab.store.keyring import Scope
from reco_lab.testing.service import asked, small_shop
from reco_lab.testing.waiting import until


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return small_shop(tmp_path_factory.mktemp("doors"))


@pytest.fixture
def stranger(workspace):
    with asked(workspace, ApiSettings(rate_per_customer=0)) as client:
        yield client


@pytest.fixture(scope="module")
def known(workspace):
    """Every method and path of the OpenAPI document, and what it says a key must be good for."""
    with asked(workspace, ApiSettings(), Scope.admin) as client:
        paths = client.get("/openapi.json").json()["paths"]
    return {
        (method.upper(), path): entry.get("x-scope")
        for path, methods in paths.items()
        for method, entry in methods.items()
    }


def until_it_answers(client, status, headers):
    """The service looks for new keys every half second."""
    until(lambda: client.get("/ads?user_id=u1", headers=headers).status_code == status)


def call(client, method, path, **more):
    body = {} if method == "GET" else {"content": b"{}", "headers": {"content-type": "application/json"}}
    headers = body.pop("headers", {}) | more.pop("headers", {})
    return client.request(method, path.replace("{", "").replace("}", ""), headers=headers, **body, **more)


def test_every_route_but_health_refuses_without_a_key(known, stranger):
    assert len(known) >= 13
    answers = {(method, path): call(stranger, method, path) for method, path in known}
    open_ones = [route for route, answer in answers.items() if answer.status_code != 401]
    assert open_ones == [("GET", "/health")]
    assert {answer.headers.get("www-authenticate") for answer in answers.values()} == {None, "Bearer"}


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/redoc", "/nothing", "/Health", "/health/", "//health", "/health/x"]
)
def test_what_is_no_route_is_closed_too(stranger, path):
    assert stranger.get(path).status_code == 401


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Bearer x", "Basic eA==", "bearer rl_000000000000_" + "a" * 43]
)
def test_a_wrong_key_is_refused(stranger, given):
    answer = stranger.get("/ads?user_id=u1", headers={"Authorization": given})
    assert answer.status_code == 401
    assert given.removeprefix("Bearer").strip() == "" or given not in answer.text


@pytest.mark.parametrize("scope", list(Scope))
def test_a_key_opens_what_it_is_for_and_nothing_else(workspace, known, scope):
    with asked(workspace, ApiSettings(), scope) as client:
        for (method, path), wanted in known.items():
            refused = call(client, method, path).status_code == 403
            assert refused == (wanted not in {None, "any", scope.value} and scope is not Scope.admin)


def test_a_key_comes_in_either_header(workspace, stranger):
    text, _ = make_key(workspace, "either", ["serve"], who="a test")
    for headers in (
        {"Authorization": f"Bearer {text}"},
        {"authorization": f"bearer  {text}"},
        {"X-API-Key": text},
    ):
        until_it_answers(stranger, 200, headers)


def test_a_revoked_key_is_refused_also_while_what_is_old_is_removed(workspace, monkeypatch):
    begun, go_on = Event(), Event()

    def long(*_given):
        begun.set()
        go_on.wait(30)

    monkeypatch.setattr("reco_lab.api.service.expire", long)
    monkeypatch.setattr("reco_lab.api.service.TICK_SECONDS", 0.01)
    with asked(workspace, ApiSettings(), Scope.serve) as client:
        assert begun.wait(10)
        revoke(workspace, keys(workspace)[0].id, who="a test")
        until(lambda: client.get("/ads?user_id=u1").status_code == 401, 10)
        go_on.set()


def test_a_running_service_knows_of_a_revoked_key_within_seconds(workspace):
    with asked(workspace, ApiSettings(), Scope.serve) as client:
        assert client.get("/ads?user_id=u1").status_code == 200
        revoke(workspace, keys(workspace)[0].id, who="a test")
        until_it_answers(client, 401, {})


def test_the_key_of_one_workspace_opens_no_other(workspace, tmp_path):
    text, _ = make_key(workspace, "mine", ["admin"], who="a test")
    with asked(small_shop(tmp_path), ApiSettings()) as client:
        assert client.get("/users/u1", headers={"X-API-Key": text}).status_code == 401


def test_the_demo_answers_this_machine_without_a_key(workspace):
    with asked(workspace, ApiSettings(demo=True)) as client:
        for host in ("localhost", "localhost:8600", "127.0.0.1:1", "[::1]", "[::1]:8600", "LOCALHOST"):
            assert client.get("/ads?user_id=u1", headers={"host": host}).status_code == 200
        for host in (
            "evil.example",
            "evil.example:8600",
            "localhost.evil.example",
            "localhost:1@evil.example",
            "127.0.0.1.evil.example",
            "",
            "::1:2:3",
            "[::2]",
        ):
            assert client.get("/ads?user_id=u1", headers={"host": host}).status_code == 403


def test_the_demo_answers_no_other_machine(workspace):
    with asked(workspace, ApiSettings(demo=True)) as client:
        client._transport.client = ("192.0.2.7", 50_000)
        assert client.get("/ads?user_id=u1").status_code == 403
        assert client.get("/health").status_code == 403


def test_a_page_of_another_website_may_call_only_if_it_is_listed(workspace):
    ask = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-api-key"}
    with asked(workspace, ApiSettings(origins=("https://shop.example",)), Scope.serve) as client:
        mine = client.options("/ads", headers=ask | {"Origin": "https://shop.example"})
        assert mine.status_code == 200
        assert mine.headers["access-control-allow-origin"] == "https://shop.example"
        assert "access-control-allow-credentials" not in mine.headers
        other = client.options("/ads", headers=ask | {"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers
        answer = client.get("/ads?user_id=u1", headers={"Origin": "https://shop.example"})
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        assert answer.headers["access-control-expose-headers"] == "Retry-After"
    with asked(workspace, ApiSettings(), Scope.serve) as client:
        answer = client.get("/ads?user_id=u1", headers={"Origin": "https://shop.example"})
        assert "access-control-allow-origin" not in answer.headers


def test_a_website_is_taken_as_browsers_name_it_or_refused(monkeypatch):
    monkeypatch.setenv(ORIGINS, "https://Shop.example/, http://localhost:3000")
    assert ApiSettings.from_environment().origins == ("https://shop.example", "http://localhost:3000")
    for never in ("shop.example", "https://shop.example/cart", "https://me@shop.example", "https://"):
        with pytest.raises(InputError, match=r"https://shop\.example"):
            origin_of(never, "--origin")
    assert origin_of("*", "--origin") == "*"


def test_who_asks_too_often_is_told_when_to_come_again(workspace):
    with asked(workspace, ApiSettings(rate_per_customer=0.5), Scope.serve) as client:
        answers = [client.get("/ads?user_id=u1") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 429, 429]
        assert int(answers[-1].headers["retry-after"]) in {1, 2}
        assert client.get("/ads?user_id=u2").status_code == 200
    with asked(workspace, ApiSettings(rate_per_key=0.5), Scope.serve) as client:
        assert [client.get(f"/ads?user_id=s{n}").status_code for n in range(2)] == [200, 429]
        assert client.get("/health").status_code == 200


def test_a_bucket_keeps_its_rate_over_time():
    buckets = Buckets(rate=10.0, burst=20.0)
    taken = sum(buckets.take("key", number / 1000) == 0.0 for number in range(60_000))
    assert abs(taken - 620) <= 31


def test_the_wait_that_a_bucket_tells_is_enough_and_not_too_long():
    buckets = Buckets(rate=4.0, burst=1.0)
    assert buckets.take("key", 0.0) == 0.0
    wait = buckets.take("key", 0.1)
    assert buckets.take("key", 0.1 + wait - 0.01) > 0
    assert buckets.take("key", 0.1 + wait + 1e-9) == 0.0


def test_there_are_never_more_buckets_than_allowed():
    buckets = Buckets(rate=1.0, burst=1.0, most=50)
    for number in range(10_000):
        buckets.take(f"customer {number}", 0.0)
    assert len(buckets.kept) == 50


@pytest.mark.parametrize("header", ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"])
def test_the_demo_answers_nobody_behind_a_proxy(workspace, header):
    with asked(workspace, ApiSettings(demo=True)) as client:
        assert client.get("/ads?user_id=u1", headers={header: "shop.example"}).status_code == 403


def test_who_asks_for_the_head_alone_has_nothing_decided(workspace):
    with asked(workspace, ApiSettings(rate_per_customer=0), Scope.admin) as client:
        for path in ("/ads?user_id=u1", "/recommendations?user_id=u1"):
            assert client.head(path).status_code == 405


def test_a_balancer_may_ask_for_the_head_of_health_without_a_key(stranger):
    answer = stranger.head("/health")
    assert (answer.status_code, answer.content) == (200, b"")
