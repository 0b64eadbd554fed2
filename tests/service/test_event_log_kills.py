"""Kill -9 under load: what was said to be logged or counted is there, once."""

import sys

import pytest

from reco_lab.store.events.journal import Journal
from reco_lab.testing.event_kills import kill_often

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills as on Unix")


def test_a_few_kills_lose_nothing_and_count_nothing_twice(tmp_path):
    tally = kill_often(tmp_path, 3)
    assert tally.clean, tally.why
    assert tally.decisions > 100
    assert tally.events > 20


@pytest.mark.slow
def test_ten_kills_lose_nothing_and_count_nothing_twice(tmp_path):
    tally = kill_often(tmp_path, 10, seed=1)
    assert tally.clean, tally.why


@pytest.mark.slow
def test_kills_on_postgresql_lose_nothing(tmp_path, postgresql):
    tally = kill_often(tmp_path, 8, seed=2, url=postgresql.schema())
    assert tally.clean, tally.why


@pytest.mark.slow
def test_without_a_journal_decisions_would_be_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(Journal, "adopt", lambda self: None)
    # a single kill may come just after everything was written, so a few are tried until one does not
    assert any(kill_often(tmp_path / str(seed), 1, seed=seed).lost for seed in range(20))
