"""The worked example: the campaigns of The Complete Journey, which held nobody back; and the lift in a simulated shop."""

import importlib.util
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, InputError
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.services.campaign_results import PurchaseColumns, observe, observe_list, purchases
from reco_lab.services.data import save_dataset
from reco_lab.workspace import Workspace

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "campaign_lift.py"


@pytest.fixture(scope="module")
def journey(real_data):
    folder = real_data("complete-journey")
    rows = pd.read_csv(folder / "transactions_sample.csv", dtype={"household_id": "str", "product_id": "str"})
    rows["time"] = pd.to_datetime(rows["transaction_timestamp"])
    rows = rows[rows["sales_value"] > 0].assign(kind="purchase")
    log = Interactions.from_frame(
        rows, ColumnMap("household_id", "product_id", value="sales_value", time="time", kind="kind")
    )
    return Dataset("journey", log), folder / "campaigns.csv"


@pytest.mark.data
def test_real_campaigns_without_a_control_group_are_not_called_a_proof(journey, tmp_path):
    data, path = journey
    workspace = Workspace.open(tmp_path / "home")
    save_dataset(workspace, data)
    start = datetime(2017, 8, 8, tzinfo=UTC)
    found = observe_list(workspace, "journey", path, "household_id", start, 47, ("campaign_id", "13"))
    assert "proves nothing" in found.sentence
    assert not found.credible
    assert found.placebo.low > 0
    assert found.after.treated + found.after.left == 1077
    early = data.interactions.user_ids.isin(
        pd.read_csv(path, dtype="str").query("campaign_id == '26'").household_id
    )
    with pytest.raises(InputError, match="does not reach 53 days back"):
        observe(data, early, np.datetime64("2016-12-28", "us"), 53)


@pytest.mark.slow
def test_a_planted_lift_lies_in_its_interval_and_the_planned_size_is_enough():
    spec = importlib.util.spec_from_file_location("campaign_lift", BENCHMARK)
    bench = importlib.util.module_from_spec(spec)
    sys.modules["campaign_lift"] = bench
    spec.loader.exec_module(bench)
    world, rng = bench.build(500), np.random.default_rng(3)
    for outcome in bench.OUTCOMES:
        for planted in (True, False):
            one = bench.judged(world, outcome, (1600, 400), 600, rng, planted=planted, history=True)
            assert one.absolute == pytest.approx(0.95, abs=0.027)
            assert one.relative == pytest.approx(0.95, abs=0.027)
            assert planted or one.seen == pytest.approx(0.05, abs=0.027)
        assert bench.planned(world, outcome, 600, rng, history=True)[1] == pytest.approx(0.8, abs=0.055)


def test_purchases_are_of_the_customers_that_an_import_would_take_them_for():
    """An import trims ids and composes their accents; a purchase must not be lost for a blank behind its customer."""
    told = pd.DataFrame({"who": ["u01 ", " u01", "Rene\u0301"], "when": "2026-01-05 12:00", "paid": "12.50"})
    columns = PurchaseColumns("who", "when", "paid")
    found = purchases(told, columns, datetime(2026, 2, 1, tzinfo=UTC))
    assert sorted(found.log.user_ids) == ["Ren\u00e9", "u01"]
    nobody = told.assign(who=["u01", " ", "u02"])
    with pytest.raises(DataError, match="'who' does not name a customer in every row"):
        purchases(nobody, columns, datetime(2026, 2, 1, tzinfo=UTC))
