from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from reco_lab.campaigns.results import Done, by_segment, judge, lines
from reco_lab.core.errors import DataError
from reco_lab.services import campaign_files, campaign_results
from reco_lab.services.campaign_story import CampaignStory
from reco_lab.ui import campaign_results as shown
from reco_lab.ui import report_campaign

N = 4000


def bought(rng, *, more):
    """Everybody buys as often; who is treated spends more where `more`."""
    treated = np.arange(N) % 2 == 0
    did = (rng.random(N) < 0.5).astype(float)
    return Done(did, did * rng.gamma(4.0, size=N) * np.where(treated, 1 + more, 1), did), treated


def judged(done, treated, outcome, segments=()):
    return judge(
        lines(done, treated, ~treated),
        outcome,
        smallest=0.05,
        power=0.8,
        done=done,
        treated=treated,
        control=~treated,
        cost_each=0.1,
        days=14,
        sent="2026-01-01",
        segments=segments,
    )


def test_what_is_said_is_about_the_outcome_that_the_campaign_was_for():
    done, treated = bought(np.random.default_rng(0), more=0.5)
    found = judged(done, treated, "revenue")
    assert found.verdict == "worked"
    assert found.main.outcome == "revenue"
    assert f"{100 * found.main.relative:.0f}% more was spent" in found.sentence
    assert shown.caption(found) == f"+{100 * found.main.relative:.1f}%, sure"
    other = judged(done, treated, "conversion")
    assert other.main.outcome == "conversion"
    assert shown.caption(other) != shown.caption(found)


def test_ranges_of_many_segments_hold_together():
    missed = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        done, treated = bought(rng, more=0.0)
        parts = rng.integers(0, 10, N)
        segments = {str(one): parts == one for one in range(10)}
        found = by_segment("conversion", done, treated, ~treated, segments)
        missed.append(any(one.low > 0 or one.high < 0 for one in found))
        assert all(one.holm < 0.05 for one in found if one.low > 0 or one.high < 0)
    assert np.mean(missed) < 0.1


@pytest.mark.parametrize(
    ("buyers", "paid", "said"),
    [
        (3, True, "too few bought anything"),
        (3, False, "nobody knows what was spent"),
        (400, True, "cannot be told from luck"),
    ],
)
def test_the_report_expects_no_money_where_none_can_be_told(buyers, paid, said):
    treated = np.arange(N) % 2 == 0
    did = np.zeros(N)
    did[:buyers] = 1
    found = judged(Done(did, did * 10 if paid else None, did), treated, "conversion")
    made = SimpleNamespace(
        campaign=SimpleNamespace(costs=SimpleNamespace(per_message=0.1)), facts={"sent": N // 2}
    )
    section = report_campaign.money(CampaignStory(made, found, ()))
    assert said in section.finding
    assert section.table is None or section.table["Expected"].isna().iloc[0]


@pytest.mark.parametrize(
    ("days", "paid", "expected"),
    [
        (["05/01/2026", "13/01/2026"], ["1.234,50", "2,00"], 1236.5),
        (["2026-01-05 12:00", "2026-01-13"], ["12.5", "1"], 13.5),
        (["05.01.2026", "06.01.2026"], ["1", "2"], 3),
    ],
)
def test_purchases_are_read_as_they_are_written_elsewhere(days, paid, expected):
    frame = pd.DataFrame({"who": ["c1", "c2"], "when": days, "paid": paid})
    columns = campaign_results.PurchaseColumns("who", "when", "paid")
    found = campaign_results.purchases(frame, columns, datetime(2026, 3, 1, tzinfo=UTC))
    assert found.money.sum() == expected
    assert set(found.log.times.astype("datetime64[M]")) == {np.datetime64("2026-01")}


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (("05/01/2026", "1"), "day or month first.* Write times as 2026-01-31"),
        (("soon", "1"), "does not hold times.* Write times as"),
        (("2026-01-05", "much"), "does not hold an amount in every row"),
        (("2026-01-05", "1,234"), "decimal comma, or thousands.* Write 12.50"),
    ],
)
def test_purchases_that_can_be_read_in_two_ways_or_none_are_refused(row, sentence):
    frame = pd.DataFrame([("c1", *row)], columns=["who", "when", "paid"])
    columns = campaign_results.PurchaseColumns("who", "when", "paid")
    with pytest.raises(DataError, match=sentence):
        campaign_results.purchases(frame, columns, datetime(2026, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize("outcome", ["conversion", "revenue"])
def test_a_loss_is_written_with_a_minus_sign(outcome):
    done, treated = bought(np.random.default_rng(0), more=-0.5)
    line = next(one for one in lines(done, treated, ~treated) if one.outcome == outcome)
    assert (line.low or 0) < 0
    assert "-" not in line.sentence
    assert "\N{MINUS SIGN}" in line.sentence


def test_a_segment_is_only_called_certain_where_its_range_leaves_out_nothing():
    """Of two segments the second may pass Holm's test while the range beside it does not: the range is what is seen."""

    def segment(title, low, high):
        return SimpleNamespace(title=title, low=low, high=high, holm=0.03)

    unsure, up, down = segment("A", -0.01, 0.2), segment("B", 0.01, 0.3), segment("C", -0.3, -0.1)

    assert shown.finding([unsure]) == "No segment's lift can be told from chance"
    assert shown.finding([unsure, up]) == "More than those held back, beyond chance: B"
    assert shown.finding([down, up]).endswith("B; less than those held back, beyond chance: C")
    assert shown.finding([down]) == "Less than those held back, beyond chance: C"


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.1, 0.2, "A lift cannot be told from chance yet"),
        (0.01, 0.2, "More than those held back, beyond chance"),
        (-0.2, -0.01, "Less than those held back, beyond chance"),
    ],
)
def test_where_no_segment_is_drawn_the_chart_says_what_it_shows(low, high, said):
    assert shown.finding([], SimpleNamespace(low=low, high=high)) == said


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Campaign for Champions", "campaign-for-champions"),
        ("Spring", "campaign-spring"),
        ("…", "campaign-id"),
    ],
)
def test_a_file_is_called_a_campaign_once(title, name):
    made = SimpleNamespace(campaign=SimpleNamespace(title=title), synthetic=False, id="id")
    assert campaign_files.stem(made) == name
