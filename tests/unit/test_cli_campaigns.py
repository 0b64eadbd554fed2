"""What a campaign without a control group seems to have done, from the command line."""

import json
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from reco_lab.cli import main
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.services.data import save_dataset
from reco_lab.workspace import Workspace

START = pd.Timestamp("2026-03-01")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """200 customers who bought alike for 60 days; the even ones got campaign 7 and then bought more often."""
    home, rng, rows = tmp_path_factory.mktemp("observed"), np.random.default_rng(0), []
    for customer in range(200):
        for day in range(-60, 30):
            often = 0.2 if day < 0 or customer % 2 else 0.35
            if rng.random() < often:
                rows.append((f"c{customer:03}", "thing", START + timedelta(days=day, hours=12), "purchase"))
    frame = pd.DataFrame(rows, columns=["user", "item", "time", "kind"]).astype({"time": "datetime64[us]"})
    workspace = Workspace.open(home)
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time", kind="kind"))
    save_dataset(workspace, Dataset("shop", log))
    workspace.close()
    ids = [f"c{n:03}" for n in range(200)]
    pd.DataFrame({"campaign": [7 - n % 2 for n in range(200)], "who": ids}).to_csv(
        home / "sent.csv", index=False
    )
    return home


def typed(home, *more, start="2026-03-01", customer="who"):
    return [
        "campaign", "observe", str(home / "sent.csv"), "--data", "shop", "--customer", customer,
        "--start", start, "--days", "20", *more,
    ]  # fmt: skip


def test_those_who_got_it_are_compared_with_alike_ones_and_it_is_called_no_proof(home, monkeypatch, capsys):
    monkeypatch.setenv("RECO_LAB_HOME", str(home))
    assert main(typed(home, "--only", "campaign=7", "--json")) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["credible"]
    assert answer["after"]["low"] <= answer["after"]["absolute"] <= answer["after"]["high"]
    assert answer["before"]["low"] < 0 < answer["before"]["high"]
    assert "proves nothing" in answer["sentence"]


def test_a_day_that_is_none_is_said_with_one_that_is(home, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(typed(home, start="2026-13-01"))
    assert stopped.value.code == 2
    assert "'2026-13-01' is no day; write it as 2017-08-08" in capsys.readouterr().err


def test_ids_of_the_list_are_read_by_the_rule_of_the_import(home, monkeypatch, capsys):
    """An import trims them, so a list of the same export must not lose those who got it."""
    monkeypatch.setenv("RECO_LAB_HOME", str(home))
    assert main(typed(home, "--only", "campaign=7", "--json")) == 0
    plain = capsys.readouterr().out
    padded = pd.read_csv(home / "sent.csv").assign(who=lambda sent: " " + sent["who"] + " ")
    padded.to_csv(home / "padded.csv", index=False)
    words = [word.replace("sent.csv", "padded.csv") for word in typed(home, "--only", "campaign=7", "--json")]
    assert main(words) == 0
    assert capsys.readouterr().out == plain


@pytest.mark.parametrize(
    ("more", "other", "said"),
    [
        (["--only", "campaign=9"], {}, "names nobody"),
        (["--only", "colour=red"], {}, "no column 'colour'"),
        ([], {"customer": "household"}, "no column 'household'"),
        ([], {}, "can be compared with somebody alike"),
        (["--only", "campaign=7"], {"start": "2026-01-05"}, "does not reach 20 days back"),
        (["--only", "campaign=7", "--days", "0"], {}, "0 days cannot be counted"),
    ],
)
def test_what_cannot_be_compared_is_said(home, monkeypatch, capsys, more, other, said):
    monkeypatch.setenv("RECO_LAB_HOME", str(home))
    assert main(typed(home, *more, **other)) != 0
    assert said in capsys.readouterr().err
