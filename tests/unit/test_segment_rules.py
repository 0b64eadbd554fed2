from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from reco_lab.core.clock import ManualClock
from reco_lab.core.conditions import Listed
from reco_lab.core.errors import InputError
from reco_lab.core.segment import parse
from reco_lab.services import segment_looks
from reco_lab.services.upkeep import tidy
from reco_lab.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    opened = Workspace.open(tmp_path / "home", clock=ManualClock(datetime(2026, 3, 2, 12, tzinfo=UTC)))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kind": "magic"}, "magic"),
        ({"kind": "behaviour"}, "at least or at most"),
        ({"kind": "behaviour", "low": 3, "high": 1}, "more than"),
        ({"kind": "attribute", "column": "age"}, "which values"),
        ({"kind": "behaviour", "low": 1, "interaction": "sneeze"}, "no kind"),
        ({"kind": "rfm", "classes": ["heroes"]}, "champions"),
    ],
)
def test_a_rule_that_says_nothing_is_refused_with_a_sentence(values, said):
    with pytest.raises(InputError, match=said):
        parse(values)


def test_a_rule_nested_deeper_than_anybody_means_is_refused():
    deep = {"kind": "all"}
    for _ in range(5000):
        deep = {"kind": "not", "of": deep}

    with pytest.raises(InputError, match=r"deep|within each other"):
        parse(deep)


def test_a_data_set_that_is_gone_for_good_takes_its_segments_and_campaigns_along(workspace):
    for name, ids in (("shop", ("a",)), ("other", ("b",))):
        workspace.store.add_dataset(name, name * 9, name * 9, {}, False)
        workspace.segments.add(name, name, "Some", Listed(ids=ids), None)
        workspace.campaigns.add(name, name, {})
    workspace.store.drop_dataset("shop", 1)
    tidy(workspace, dry_run=False)
    assert len(workspace.segments.listing()) == len(workspace.campaigns.listing()) == 2
    workspace.clock.at += timedelta(days=8)
    tidy(workspace, dry_run=False)
    assert [one.id for one in workspace.segments.listing()] == ["other"]
    assert [one.title for one in workspace.campaigns.listing()] == ["other"]


def test_overlaps_are_customers_in_both_over_those_in_either():
    masks = {"a": np.array([1, 1, 0, 0], bool), "b": np.array([0, 1, 1, 0], bool), "none": np.zeros(4, bool)}

    assert segment_looks.overlaps(masks) == pytest.approx(np.array([[1, 1 / 3, 0], [1 / 3, 1, 0], [0, 0, 0]]))
