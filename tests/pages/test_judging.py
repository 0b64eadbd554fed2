import numpy as np
import pandas as pd
import pytest

from reco_lab.policies.uniform_random import UniformRandom
from reco_lab.testing.answered import log_answers
from reco_lab.testing.serving import open_shop
from reco_lab.workspace import Workspace

MONITOR = "pages/market/monitor.py"
TAB = "What would have happened"


@pytest.fixture(scope="module")
def served_home(tmp_path_factory):
    """A home that served ads evenly by chance."""
    home = tmp_path_factory.mktemp("served")
    workspace = Workspace.open(home)
    open_shop(workspace)
    rng = np.random.default_rng(0)
    scores = rng.random((900, 4)).astype(np.float32)
    log_answers(workspace, UniformRandom(), scores, 0.05 + 0.5 * scores.astype(float) ** 2, rng)
    workspace.close()
    return home


@pytest.fixture
def served(served_home, monkeypatch):
    monkeypatch.setenv("RECO_LAB_HOME", str(served_home))


def test_without_a_log_the_tab_says_what_will_be_here(empty, visit, says):
    said = says(visit(MONITOR, section=TAB))
    assert "No answers are logged yet" in said


def test_the_answer_comes_first_and_says_how_much_more(served, visit, says):
    browser = visit(MONITOR, section=TAB, judge="greedy")
    assert "“Best first” would have earned" in browser.header[0].value.replace("\\", "")
    assert "more clicks per 100 answers" in says(browser)
    assert "Only the first place of each answer is judged" in says(browser)
    rests = browser.dataframe[-1].value.set_index("What")
    assert rests.loc["Customers", "Is"] == "300 customers"


def test_what_is_judged_stands_in_the_address(served, visit, says):
    browser = visit(
        MONITOR, section=TAB, judge="epsilon_greedy", days="1", reward="income", **{"judge-epsilon": "0.5"}
    )
    assert browser.selectbox(key="judge").value == "epsilon_greedy"
    assert "“Best first, with some chance” would have earned" in says(browser).replace("\\", "")
    assert "more income per" in says(browser)
    assert browser.query_params["judge-epsilon"] == "0.500"


def test_what_cannot_be_judged_says_why(empty, visit, says):
    workspace = Workspace.open(empty)
    rng = np.random.default_rng(1)
    scores = rng.random((60, 4)).astype(np.float32)
    log_answers(workspace, UniformRandom(), scores, np.full((60, 4), 0.5), rng)
    workspace.close()
    said = says(visit(MONITOR, section=TAB, judge="greedy"))
    assert "cannot be judged from these logs: 20 customers tell as little of this policy as" in said


def test_a_table_from_elsewhere_is_judged(empty, visit, says):
    rng = np.random.default_rng(2)
    table = pd.DataFrame(
        {"item_id": rng.integers(0, 3, 900), "click": rng.integers(0, 2, 900), "propensity_score": 1 / 3}
    )
    table.loc[:9, "propensity_score"] = 0
    browser = visit(MONITOR, section=TAB)
    browser.file_uploader[0].upload("log.csv", table.to_csv(index=False).encode(), "text/csv").run()
    browser.run()
    assert not browser.exception
    assert "890 rows of 900 are used, 10 are not." in says(browser)
    assert "The even policy would have earned" in says(browser)


def test_a_policy_that_may_be_better_is_put_to_an_a_b_test(served, visit):
    browser = visit(MONITOR, section=TAB, judge="softmax")
    browser.button(key="judged-test").click().run()
    assert not browser.exception
    assert not browser.warning
    assert browser.query_params["section"] == "A/B tests"
    assert browser.selectbox(key="ab-policy").value == "softmax"
