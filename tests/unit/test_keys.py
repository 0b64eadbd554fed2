"""Keys: shown once, kept as hashes, rotated with an overlap, ended at once."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from reco_lab.cli import main
from reco_lab.core.clock import ManualClock
from reco_lab.core.errors import InputError, NotFoundError
from reco_lab.services.auditing import audit
from reco_lab.services.keys import check, keys, known_keys, make_key, revoke, rotate
from reco_lab.store.keyring import Scope
from reco_lab.workspace import Workspace

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def workspace(tmp_path, clock):
    return Workspace.open(tmp_path, clock=clock)


def test_a_key_is_known_by_its_text_and_kept_nowhere(workspace, tmp_path):
    text, made = make_key(workspace, "website", ["track", "serve"], who="a test")
    assert check(workspace, text) == made
    assert made.scopes == (Scope.serve, Scope.track)
    assert text.startswith(f"rl_{made.id}_")
    secret = text.removeprefix(f"rl_{made.id}_").encode()
    assert len(secret) == 43  # 256 bits
    assert [path for path in tmp_path.rglob("*") if path.is_file() and secret in path.read_bytes()] == []


@pytest.mark.parametrize("wrong", ["", "x", "rl_", "rl_000000000000_" + "a" * 43, "\ud800", "é" * 50])
def test_another_text_is_no_key(workspace, wrong):
    make_key(workspace, "website", ["serve"], who="a test")
    assert check(workspace, wrong) is None


def test_no_letter_of_a_key_may_differ(workspace):
    text, _ = make_key(workspace, "website", ["serve"], who="a test")
    known = known_keys(workspace)
    for place in range(len(text)):
        other = "b" if text[place] == "a" else "a"
        assert known.find(text[:place] + other + text[place + 1 :], NOON) is None
    assert known.find(text + "=", NOON) is None


def test_the_old_key_holds_for_the_overlap_and_no_longer(workspace, clock):
    old, made = make_key(workspace, "website", ["serve"], days=30, who="a test")
    new, made_anew = rotate(workspace, made.id, overlap_days=2, who="a test")
    assert (made_anew.name, made_anew.scopes) == (made.name, made.scopes)
    assert made_anew.expires == NOON + timedelta(days=30)
    clock.at += timedelta(days=2, seconds=-1)
    assert check(workspace, old)
    assert check(workspace, new)
    clock.at += timedelta(seconds=1)
    assert check(workspace, old) is None
    assert check(workspace, new) == made_anew


def test_a_rotation_never_lengthens_the_life_of_the_old_key(workspace):
    _, made = make_key(workspace, "website", ["serve"], days=1, who="a test")
    rotate(workspace, made.id, overlap_days=7, who="a test")
    assert next(key for key in keys(workspace) if key.id == made.id).expires == made.expires


def test_a_revoked_key_opens_nothing_and_cannot_be_rotated(workspace):
    text, made = make_key(workspace, "website", ["serve"], who="a test")
    ended = revoke(workspace, made.id, who="a test")
    assert ended.revoked == NOON
    assert check(workspace, text) is None
    with pytest.raises(InputError, match="holds no longer"):
        rotate(workspace, made.id, who="a test")


def test_an_administrator_may_do_everything_and_others_only_what_is_named(workspace):
    _, boss = make_key(workspace, "boss", ["admin"], who="a test")
    _, site = make_key(workspace, "site", ["track"], who="a test")
    assert [boss.allows(scope) for scope in Scope] == [True, True, True]
    assert [site.allows(scope) for scope in Scope] == [False, True, False]


@pytest.mark.parametrize(
    ("name", "scopes", "days"),
    [("", ["serve"], None), ("x" * 101, ["serve"], None), ("a\nb", ["serve"], None), ("x", [], None),
     ("x", ["root"], None), ("x", ["serve"], 0), ("x", ["serve"], 4000)],
)  # fmt: skip
def test_a_key_that_cannot_be_is_refused_with_a_sentence(workspace, name, scopes, days):
    with pytest.raises(InputError):
        make_key(workspace, name, scopes, days, who="a test")
    assert keys(workspace) == []


def test_there_is_no_key_of_an_unknown_id(workspace):
    with pytest.raises(NotFoundError):
        revoke(workspace, "0123456789ab", who="a test")


def test_keys_are_made_listed_rotated_and_ended_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RECO_LAB_HOME", str(tmp_path))

    def said(*words):
        code = main(["keys", *words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    code, made = said("make", "website", "--scope", "serve", "--days", "10")
    assert code == 0
    assert made["key"].startswith(f"rl_{made['id']}_")
    _, anew = said("rotate", made["id"])
    said("revoke", made["id"])
    _, listed = said("list")
    assert {one["id"] for one in listed} == {made["id"], anew["id"]}
    assert "key" not in listed[0]
    assert anew["key"] not in json.dumps(listed)
    assert main(["keys", "make", "website", "--scope", "root"]) == 2
    assert main(["keys"]) == 0
    assert "no longer holds" in capsys.readouterr().out


def test_what_is_done_to_keys_stands_in_the_audit_trail_without_the_key(workspace):
    text, made = make_key(workspace, "website", ["serve"], who="Ann")
    _, anew = rotate(workspace, made.id, who="Bob")
    revoke(workspace, anew.id, who="Cho")
    book = audit(workspace)
    told = [(one.who, one.what) for one in reversed(book.entries())][-4:]
    assert [who for who, _ in told] == ["Ann", "Bob", "Bob", "Cho"]
    assert all(made.id in what or anew.id in what for _, what in told)
    assert not any(text in what for _, what in told)
    assert book.problems() == []
