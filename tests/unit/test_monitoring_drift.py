"""Drift: the index by its formula, columns in other units, and quiet data."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.interactions import Kind
from reco_lab.monitoring.drift import between, categories, numbers
from reco_lab.monitoring.sentences import data_alarm
from reco_lab.testing.serving import small_shop


def prices(size, seed=0, times=1.0):
    return times * np.round(np.random.default_rng(seed).lognormal(3, 0.6, size), 2)


def test_a_column_in_cents_is_said_to_be_so():
    found = numbers("items", "price", prices(300), prices(200, 1, 100.0))

    assert found.factor == 100.0
    assert found.much


@pytest.mark.parametrize("times", [0.9, 1.0, 1.2])
def test_prices_that_only_rise_a_little_are_in_the_same_unit(times):
    assert numbers("items", "price", prices(3000), prices(2000, 1, times)).factor == 1.0


def test_the_stability_index_and_the_largest_distance_are_what_their_formulas_say():
    before, now = prices(500), prices(400, 1, 1.5)
    edges = np.quantile(before, np.linspace(0, 1, 11)[1:-1])
    shares = []
    for part in (before, now):
        counts = np.array([(np.searchsorted(edges, part) == one).sum() for one in range(10)]) + 0.5
        shares.append(counts / counts.sum())
    grid = np.sort(np.concatenate([before, now]))
    gap = np.abs([(before <= one).mean() - (now <= one).mean() for one in grid]).max()

    found = numbers("items", "price", before, now)

    assert found.psi == pytest.approx(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
    assert found.ks == pytest.approx(gap)


def test_data_of_the_same_kind_never_look_like_drift():
    rng = np.random.default_rng(7)
    found = []
    for seed in range(60):
        kinds = pd.Series(rng.choice(["a", "b", "c"], 60)), pd.Series(rng.choice(["a", "b", "c"], 40))
        found += [
            numbers("items", "price", prices(60, seed), prices(40, 1000 + seed)),
            categories("items", "kind", *kinds),
        ]

    assert not any(one.much for one in found)


def test_values_that_were_rare_before_and_are_not_now_are_no_drift():
    rng = np.random.default_rng(3)

    def towns(n):
        return pd.Series(rng.zipf(1.5, n).clip(max=60))

    found = [categories("customers", "town", towns(200), towns(2000)) for _ in range(60)]
    assert not any(one.much for one in found)


def test_values_that_were_never_there_are_seen():
    found = categories("items", "kind", pd.Series(["a", "b"] * 50), pd.Series(["a", "c"] * 50))

    assert found.much
    assert found.now in {"b: 0%", "rare or new values: 50%"}


def test_a_few_values_say_nothing():
    assert numbers("items", "price", prices(300), prices(5)) is None


def test_only_what_is_new_in_a_newer_version_is_looked_at():
    before = small_shop()
    priced = before.items.assign(price=np.linspace(5, 50, len(before.items)))
    before = replace(before, items=priced)
    assert not any(one.much for one in between(before, before))

    found = between(before, replace(before, items=priced.assign(price=priced["price"] * 100)))

    assert [(one.table, one.column, one.factor) for one in found if one.much] == [("items", "price", 100.0)]


def test_what_the_service_logged_is_of_other_kinds_and_no_drift():
    before = small_shop()
    log = before.interactions
    later = log.times + (log.times.max() - log.times.min()) + np.timedelta64(1, "s")
    kinds = np.full(len(log), Kind.click, np.uint8)
    clicked = replace(before, interactions=replace(log, times=later, kinds=kinds))

    assert [one.now for one in between(before, clicked) if one.column == "kind" and one.much] != []
    assert not any(one.table == "interactions" for one in between(before, clicked, logged=True))


def test_a_column_that_changed_is_told_with_its_value_once():
    found = categories("items", "brand", pd.Series(["a", "b"] * 50), pd.Series(["a", "a", "a", "b"] * 25))

    said = data_alarm(found, "shop", 2, 1).sentence

    assert "a: 75% against 50% in version 1" in said
