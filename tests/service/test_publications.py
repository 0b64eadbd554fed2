"""Publish and go back under load: every request is answered, and every answer is that of the version it names."""

import sys

import pytest

from reco_lab.testing.publications import publish_often, told

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at the process as on Linux")


@pytest.mark.slow
def test_twenty_versions_and_five_rollbacks_under_load_fail_nobody_and_mix_nothing(tmp_path):
    seen = publish_often(tmp_path / "home", 20)
    assert seen.clean, (told(seen), seen.wrong[:5])
    assert seen.rollbacks == 5
    assert seen.served > 10
    assert seen.greedy > 50
