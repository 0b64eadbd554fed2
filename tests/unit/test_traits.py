"""What sets customers apart is not how much is known of them."""

import numpy as np
import pandas as pd
import pytest

from reco_lab.analysis.traits import traits
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions


def test_nobody_is_set_apart_by_being_better_known():
    """The region is known of all members and of every second other: it is the same for both."""
    rng, size = np.random.default_rng(5), 600
    ids = [f"u{n:03}" for n in range(size)]
    log = Interactions.from_frame(pd.DataFrame({"user": ids, "item": "a"}), ColumnMap("user", "item"))
    region = np.array(["north", "south", "east", "west"], object)[np.arange(size) % 4]
    members = rng.random(size) < 0.3
    region[~members & (rng.random(size) < 0.5)] = None
    known = traits(Dataset.join("shop", log, pd.DataFrame({"region": region}, index=ids)))

    assert known.apart(members) == ()
    northern = members & (region == "north")
    first = known.apart(northern | pd.isna(region) & ~members)[0]
    assert (first.value, first.inside, first.members) == ("north", 1.0, northern.sum())
    assert first.everyone == pytest.approx((region == "north").sum() / np.sum(~pd.isna(region)))
    assert first.known < 0.5


def test_the_ends_of_a_span_of_days_are_written_as_everywhere():
    size = 200
    ids = [f"u{n:03}" for n in range(size)]
    log = Interactions.from_frame(pd.DataFrame({"user": ids, "item": "a"}), ColumnMap("user", "item"))
    since = pd.Series(pd.date_range("2025-12-08", periods=size), index=ids)
    known = traits(Dataset.join("shop", log, pd.DataFrame({"since": since})))

    assert ("since", "8 Dec 2025 to 26 Jan 2026") in known.names
