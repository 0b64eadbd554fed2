"""Kill -9 of the whole service under load: what it acknowledged is there, once, and budgets and caps hold."""

import sys

import pytest

from reco_lab.testing.service_kills import kill_often

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kills as on Unix")


@pytest.mark.slow
def test_ten_kills_of_the_service_lose_nothing_and_count_nothing_twice(tmp_path):
    seen = kill_often(tmp_path, 10)
    assert seen.clean, seen.why[:5]
    assert seen.decisions > 100
    assert seen.events > 10
    assert seen.again > 5
    assert seen.capped > 0
