"""Whose wishes decide: no list of a customer who objected, none that leaves the house without consent."""

import json

import numpy as np
import pandas as pd
import pytest

from reco_lab.cli import main
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError, NotFoundError
from reco_lab.core.experiment import Experiment
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.services import privacy
from reco_lab.services.customers import microscope
from reco_lab.services.data import save_dataset
from reco_lab.services.experiments import listing, run
from reco_lab.services.recommending import examples, recommend, sheet
from reco_lab.workspace import Workspace

AGREED, OBJECTED, SILENT = "u00", "u01", "u02"


def shop():
    rng = np.random.default_rng(0)
    rows = [(f"u{user:02}", f"i{item}") for user in range(40) for item in rng.choice(20, 6, replace=False)]
    log = Interactions.from_frame(pd.DataFrame(rows, columns=["user", "item"]), ColumnMap("user", "item"))
    consent = ["no" if user == 2 else "yes" for user in range(40)]
    return Dataset.join(
        "shop", log, pd.DataFrame({"consent": consent}, index=[f"u{n:02}" for n in range(40)])
    )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    opened = Workspace.open(tmp_path_factory.mktemp("home"))
    save_dataset(opened, shop())
    asked = {
        "data": {"dataset": "shop"},
        "split": {"kind": "random_rows"},
        "recommenders": [{"algorithm": "item_knn"}],
        "metrics": {"names": ["ndcg"], "k": [5]},
    }
    run(opened, Experiment.model_validate(asked), lambda _fraction, _message: None)
    privacy.suppress(opened, [OBJECTED])
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def lens(workspace):
    return microscope(workspace, listing(workspace)[0].id)


def test_who_agreed_gets_lists_that_may_be_sent(workspace, lens):
    found = recommend(workspace, lens, AGREED, k=4)
    assert found.permitted
    assert [len(panel.cards) for panel in found.to_send] == [4] * len(lens.models)
    assert len(sheet(workspace, lens, found.look)) == 4 * len(lens.models)


def test_for_who_objected_nothing_is_worked_out(workspace, lens):
    found = recommend(workspace, lens, OBJECTED)
    assert (found.look, found.to_send, found.permitted) == (None, (), False)
    assert found.sentence == "Left out: 1 on the suppression list."


def test_without_consent_lists_may_be_studied_but_not_taken_away(workspace, lens):
    found = recommend(workspace, lens, SILENT)
    assert found.look.panels
    assert found.to_send == ()
    with pytest.raises(InputError, match=r"Nothing may be sent to u02\. Left out: 1 without consent"):
        sheet(workspace, lens, found.look)


def test_an_objection_after_the_look_still_stops_the_file(workspace, lens):
    look = recommend(workspace, lens, AGREED).look
    privacy.suppress(workspace, [AGREED])
    try:
        with pytest.raises(InputError, match="Nothing may be sent"):
            sheet(workspace, lens, look)
    finally:
        privacy.unsuppress(workspace, [AGREED])


def test_examples_are_customers_who_may_be_shown(workspace, lens):
    names = [model.name for model in lens.models]
    shown = {look.customer_id for look in examples(workspace, lens, 40, k=2, models=names)}
    assert len(shown) == 38
    assert not shown & {OBJECTED, SILENT}


def test_a_customer_who_is_not_there_is_said(workspace, lens):
    with pytest.raises(NotFoundError, match="no customer 'nobody'"):
        recommend(workspace, lens, "nobody")


@pytest.mark.parametrize(("who", "items"), [(AGREED, 3), (OBJECTED, 0), (SILENT, 0)])
def test_the_command_line_asks_for_wishes_too(workspace, monkeypatch, capsys, who, items):
    monkeypatch.setenv("RECO_LAB_HOME", str(workspace.home))
    assert main(["recommend", "--customer", who, "-k", "3", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (len(said["items"]), said["may_be_sent"]) == (items, bool(items))
