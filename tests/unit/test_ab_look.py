"""What a look at an A/B test finds, and the sentence it is told in."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.ab_test import AbTest, Arm
from reco_lab.experiments.ab_course import OUTCOMES, Course, earlier
from reco_lab.experiments.ab_look import Look, by_segment, look
from reco_lab.experiments.ab_verdict import days_left, distrust, effect, harmed, verdict
from reco_lab.store.events.by_customer import COUNTED

STEPS = 10
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOTHING = pd.DataFrame(columns=["customer", "arm", "step", *COUNTED])


def asked(names="AB", **more):
    arms = [Arm(name=name, share=1 / len(names)) for name in names]
    return AbTest(id="t", arms=arms, **({"minimum_lift": 0.2} | more))


def did(test, rates, size=2000, seed=0, **columns):
    """Rows of the log: customers of each group in turn, on two steps each, with these click rates."""
    rng = np.random.default_rng(seed)
    frames = []
    for place, (group, rate) in enumerate(zip(test.groups, rates, strict=True)):
        who = np.tile(np.arange(size), 2)
        shown = 1.0 + rng.poisson(4, 2 * size)
        frame = pd.DataFrame({"customer": [f"{place}-{n}" for n in who], "arm": test.label(group)})
        frame["step"] = rng.integers(0, STEPS, 2 * size)
        frame = frame.assign(
            **dict.fromkeys(COUNTED, 0.0) | {"shown": shown, "decisions": 1.0, "latency": 200.0}
        )
        frame["clicks"] = rng.binomial(shown.astype(int), rate)
        frames.append(frame.assign(**{name: values[place] for name, values in columns.items()}))
    whole = pd.concat(frames)
    return whole.groupby(["customer", "arm", "step"], as_index=False)[list(COUNTED)].sum()


def looked(test, frame, before=NOTHING):
    course = Course.of(frame, [test.label(group) for group in test.groups])
    return look(test, course, before, (NOON, NOON + timedelta(days=5), timedelta(hours=12)))


def said(test, *args, **more):
    return verdict(test, looked(test, did(test, *args, **more)))


def test_the_course_is_that_of_the_sums_up_to_each_step():
    test = asked()
    frame = did(test, (0.1, 0.2), size=300)
    found = looked(test, frame)
    for point in found.course:
        rows = frame[frame["step"] <= point.step].groupby("arm")[["clicks", "shown"]].sum()
        rates = rows["clicks"] / rows["shown"]
        assert point.relative == pytest.approx(rates["t/B"] / rates["t/A"] - 1)
        assert point.low < point.relative < point.high
    assert [one.customers for one in found.standings] == [300, 300]


def test_an_arm_that_earns_more_is_to_be_shipped():
    found = said(asked(), (0.1, 0.14))
    assert (found.kind, found.winner) == ("better", "B")
    assert "more clicks than A: ship B." in found.sentence


def test_an_arm_that_earns_less_is_not():
    found = said(asked(), (0.14, 0.1))
    assert (found.kind, found.winner) == ("worse", "")
    assert "fewer clicks than A: keep A." in found.sentence


def test_no_lift_worth_having_is_an_answer():
    assert said(asked(), (0.1, 0.1)).sentence == "B is not 20% better than A: keep A."


def test_what_cannot_be_known_yet_says_how_many_more_days():
    test = asked(minimum_lift=0.05)
    found = looked(test, did(test, (0.1, 0.1)))
    told = verdict(test, found)
    assert told.kind == "unknown"
    assert told.days == days_left(found) == int(np.ceil(5.0 * (found.needed / 4000 - 1)))
    assert f"about {told.days} more days" in told.sentence
    assert told.detail.startswith("B earns")


def test_where_nobody_came_nothing_is_said():
    assert verdict(asked(), looked(asked(), NOTHING)).sentence == "Nobody was in this test yet."


def test_the_best_of_several_arms_is_named_and_the_control_held_back_tells_what_personal_ads_bring():
    test = asked("ABC", holdout=0.25)
    found = looked(test, did(test, (0.1, 0.11, 0.16, 0.05)))
    assert verdict(test, found).winner == "C"
    assert (found.personal.arm, found.personal.over, found.personal.good) == ("A", "holdout", 1)


def test_one_arm_against_those_held_out_is_a_test():
    test = AbTest(id="t", arms=[Arm(name="A", share=1.0)], holdout=0.5)
    found = looked(test, did(test, (0.1, 0.05)))
    assert (found.ahead[0].arm, found.ahead[0].over, found.personal) == ("A", "holdout", None)


def test_arms_without_their_shares_are_not_trusted():
    test = asked()
    frame = did(test, (0.1, 0.2))
    fewer = frame[(frame["arm"] == "t/A") | (frame["customer"] < "1-15")]
    found = verdict(test, looked(test, fewer))
    assert found.kind == "untrusted"
    assert "instead of 50.0%" in found.sentence


def test_customers_in_two_arms_are_found_out():
    test = asked()
    frame = did(test, (0.1, 0.2), size=100)
    frame.loc[frame["customer"] == "1-7", "customer"] = "0-7"
    assert distrust(looked(test, frame)) == "1 customer was in two arms: do not trust this test."


def test_a_winner_that_harms_is_said_to():
    test = asked()
    found = looked(test, did(test, (0.1, 0.14), latency=(200.0, 300.0)))
    assert [(one.arm, one.outcome) for one in harmed(found)] == [("B", "latency")]
    told = verdict(test, found)
    assert told.sentence.endswith("more clicks than A, but it harms.")
    assert "B takes about 50% more time to decide than A" in told.detail
    assert not harmed(looked(test, did(test, (0.1, 0.14), latency=(200.0, 230.0))))


def test_nobody_loses_more_than_all():
    test, rng = asked(metric="revenue"), np.random.default_rng(4)
    frame = did(test, (0.1, 0.1), size=400)
    buys = rng.random(len(frame)) < np.where(frame["arm"] == "t/A", 0.6, 0.06)
    frame["revenue"] = np.where(buys, rng.gamma(0.3, 100.0, len(frame)), 0.0)
    found = looked(test, frame).ahead[0]
    assert (found.low, found.sign) == (-1.0, -1)
    assert effect(found) == f"B earns at least {-found.high:.0%} less revenue than A"
    unsure = found.model_copy(update={"sign": 0, "high": 0.4})
    assert effect(unsure) == "B earns anything from no revenue to 40% more than A"
    frame.loc[0, "revenue"] = -1.0
    assert looked(test, frame).ahead[0].low < -1, "money that is given back can be more than all"


def test_history_narrows_the_interval_and_moves_nothing_by_itself():
    test, rng = asked(metric="revenue"), np.random.default_rng(1)
    frame = did(test, (0.1, 0.1))
    names = pd.Series(sorted(set(frame["customer"])))
    spends = pd.Series(rng.gamma(2.0, 5.0, len(names)), index=names)
    frame["revenue"] = frame["customer"].map(spends) + rng.normal(size=len(frame))
    before = NOTHING.reindex(range(len(names))).assign(customer=names, revenue=spends.to_numpy())
    plain, helped = looked(test, frame).ahead[0], looked(test, frame, before).ahead[0]
    assert helped.high - helped.low < 0.4 * (plain.high - plain.low)
    assert earlier(NOTHING, OUTCOMES["revenue"], pd.Index(names)) is None


def test_each_segment_is_looked_at_with_correction():
    test = asked()
    frame = did(test, (0.1, 0.14))
    course = Course.of(frame, ["t/A", "t/B"])
    odd = np.array([int(name.split("-")[1]) % 2 == 1 for name in course.names])
    found = by_segment(test, course, NOTHING, {"odd": odd, "even": ~odd})
    assert [(one.title, one.customers) for one in found] == [("odd", 1000), ("even", 1000)]
    assert all(one.holm >= one.p for one in found)
    whole = looked(test, frame).ahead[0]
    assert all(one.high - one.low > whole.high - whole.low for one in found)


def test_a_look_survives_json():
    test = asked()
    found = looked(test, did(test, (0.1, 0.12), size=100))
    assert Look.model_validate_json(found.model_dump_json()) == found


def test_what_is_said_of_too_few_customers_begins_like_a_sentence():
    test = asked()
    few = did(test, (0.1, 0.1), size=2).assign(clicks=0.0)

    told = verdict(test, looked(test, few))

    assert told.kind == "unknown"
    assert told.detail.startswith("Too little is known of clicks")
