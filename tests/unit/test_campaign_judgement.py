from types import SimpleNamespace

import numpy as np
import pytest

from reco_lab.campaigns.results import Done, by_segment, judge, lines
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
