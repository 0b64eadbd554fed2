"""The command line as a person or a script meets it."""

import json
import subprocess
import sys
from contextlib import suppress

import pytest

from reco_lab.cli import main
from reco_lab.cli.text import progress
from reco_lab.core.errors import InputError
from reco_lab.experiments.file import load
from reco_lab.services.experiments import run
from reco_lab.workspace import Workspace

EXPERIMENT = """name = "lists-example"
[data]
train = "train.txt"
test = "test.txt"
format = "lists"
[[recommenders]]
algorithm = "ease"
l2 = 20.0
[metrics]
names = ["recall", "ndcg"]
k = [5]
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RECO_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RECO_LAB_TEST_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def lists(home):
    users = range(30)
    own = {user: [f"i{n}" for n in range(20) if n % 2 == user % 2] for user in users}
    (home / "train.txt").write_text(
        "\n".join(" ".join([f"u{u}", *own[u][:7]] if u % 3 else [f"u{u}", *own[u][3:]]) for u in users)
    )
    (home / "test.txt").write_text(
        "\n".join(" ".join([f"u{u}", *(own[u][7:] if u % 3 else own[u][:3])]) for u in users)
    )
    (home / "experiment.toml").write_text(EXPERIMENT)
    return home


def say(capsys, *arguments):
    code = main(arguments)
    return code, capsys.readouterr()


def test_run_prints_the_object_of_the_contract(lists, capsys):
    code, said = say(capsys, "run", "experiment.toml", "--json")
    answer = json.loads(said.out)
    ease = next(row for row in answer["leaderboard"] if row["algorithm"] == "ease")
    assert code == 0
    assert set(ease["metrics"]) == {"recall@5", "ndcg@5"}
    assert set(ease["metrics"]["recall@5"]) == {"value", "low", "high", "all_customers"}
    assert set(ease["seconds"]) == {"fit", "recommend", "evaluate"}
    assert ease["error"] is None
    assert {"train", "test", "users_in_test", "users_scored", "cold_users", "cold_items"} <= set(
        answer["split"]
    )
    assert answer["split"]["users_in_test"] == 30
    assert answer["versions"]["numpy"]


def test_run_says_the_verdict_in_words(lists, capsys):
    code, said = say(capsys, "run", "experiment.toml")
    assert code == 0
    assert "EASE" in said.out.splitlines()[0]
    assert "recall@5" in said.out


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"ease"', '"eaze"', "line 7: There is no algorithm called 'eaze'. Did you mean 'ease'?"),
        ("l2 = 20.0", "l2 = -3", "line 8: ease: l2 = -3 is not allowed; it must be from"),
        ("train.txt", "gone.txt", "gone.txt"),
    ],
)
def test_a_mistake_in_the_experiment_exits_with_two_and_a_sentence(lists, capsys, old, new, words):
    (lists / "experiment.toml").write_text(EXPERIMENT.replace(old, new, 1))
    code, said = say(capsys, "run", "experiment.toml", "--json")
    assert (code, said.out) == (2, "")
    assert words in said.err
    assert "Traceback" not in said.err


def test_a_file_is_imported_listed_and_accounted_for(home, capsys):
    (home / "orders.csv").write_text(
        "client,sku,when\n" + "\n".join(f"00{n % 7},s{n % 5},2024-01-{n % 28 + 1:02}" for n in range(60))
    )
    code, said = say(
        capsys,
        "data",
        "import",
        "orders.csv",
        "--name",
        "orders",
        "--columns",
        "user=client,item=sku,time=when",
        "--json",
    )
    report = json.loads(said.out)
    assert code == 0
    assert report["rows_in_file"] == report["loaded"] + sum(report["refused"].values()) == 60
    code, said = say(capsys, "data", "list", "--json")
    assert [one["name"] for one in json.loads(said.out)] == ["orders"]


@pytest.mark.parametrize("content", ["", "client,sku\n", "\x89PNG\r\n\x1a\n"])
def test_a_file_that_cannot_be_used_exits_with_two_and_a_sentence(home, capsys, content):
    (home / "bad.csv").write_bytes(content.encode("latin-1"))
    code, said = say(capsys, "data", "import", "bad.csv", "--name", "bad")
    assert code == 2
    assert said.err.startswith("reco-lab: ")
    assert "Traceback" not in said.err


def test_recommend_without_an_experiment_says_what_to_do(capsys):
    code, said = say(capsys, "recommend", "--customer", "nobody")
    assert code == 2
    assert "No experiment has finished yet" in said.err


def test_calibrate_without_data_checks_nothing_and_does_not_pass(capsys):
    code, said = say(capsys, "calibrate", "--json")
    answer = json.loads(said.out)
    assert code == 1
    assert not answer["passed"]
    assert all(row["ours"] is None and row["reason"] for row in answer["figures"])


def test_algorithms_and_metrics_are_listed_with_their_declarations(capsys):
    _, said = say(capsys, "algorithms", "--json")
    ease = next(one for one in json.loads(said.out) if one["algorithm"] == "ease")
    assert ease["parameters"][0]["name"] == "l2"
    _, said = say(capsys, "metrics", "--json")
    assert {"ndcg", "recall", "map_by_relevant"} <= {one["metric"] for one in json.loads(said.out)}


def test_every_command_has_help_with_an_example(capsys):
    for command in (
        ["app"],
        ["worker"],
        ["data"],
        ["data", "import"],
        ["data", "list"],
        ["data", "make-shop"],
        ["run"],
        ["recommend"],
        ["calibrate"],
        ["algorithms"],
        ["metrics"],
    ):
        with pytest.raises(SystemExit) as left:
            main([*command, "--help"])
        assert left.value.code == 0
        assert "example" in capsys.readouterr().out


def test_an_unknown_command_exits_with_two(capsys):
    with pytest.raises(SystemExit) as left:
        main(["dance"])
    assert left.value.code == 2


def test_nothing_at_all_prints_the_help(capsys):
    code, said = say(capsys)
    assert code == 0
    assert "examples:" in said.out


@pytest.mark.parametrize(
    "words",
    [
        ["data", "import", "x" * 5000],
        ["data", "check", "log.csv", "--save", "nowhere/recipe.toml"],
        ["restore", "."],
        ["suppress", " "],
        ["suppress", "x" * 300],
        ["calibrate", "--data", "nowhere"],
        ["app", "--port", "70000"],
    ],
)
def test_a_wrong_argument_exits_with_two_and_a_sentence(home, capsys, words):
    (home / "log.csv").write_text("user,item\n" + "".join(f"u{n % 7},i{n % 5}\n" for n in range(40)))
    assert main(words) == 2
    assert "something went wrong" not in capsys.readouterr().err


def test_what_must_be_decided_is_said_with_the_lines_that_decide_it(home, capsys):
    rows = [f"c{n % 9},i{n % 7},2025-01-{1 + n % 28:02d}" for n in range(45)]
    (home / "orders.csv").write_text("\n".join(["customer,item,date", *rows, "c1,i1,2099-01-01"]))
    assert main(["data", "check", "orders.csv", "--save", "orders.recipe.toml"]) == 0
    out = capsys.readouterr().out
    assert "[must be decided] Impossible dates: 1 row (2.2%) lies" in out
    assert '        step = "impossible_times"' in out

    again = ["data", "import", "orders.csv", "--name", "orders", "--recipe", "orders.recipe.toml"]
    assert main(again) == 2
    with (home / "orders.recipe.toml").open("a") as recipe:
        recipe.write('\n[[steps]]\nstep = "impossible_times"\n')
    assert main(again) == 0
    assert "1 row left out: has a time before 1990 or in the future" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("a", "'a' is not WORD=MEANING"),
        ("paid=purchase,seen", "'seen' is not WORD=MEANING"),
        ("=view", "'=view' is not WORD=MEANING"),
        ("a=view,a=purchase", "'a' is given two meanings"),
        ("z" * 500, f"'{'z' * 79}…' is not"),
    ],
)
def test_a_word_without_a_meaning_is_not_taken_to_mean_something(home, capsys, typed, told):
    (home / "log.csv").write_text("user,item,event\nu1,a,a\nu2,b,paid\n")
    with pytest.raises(SystemExit) as ended:
        main(["data", "import", "log.csv", "--kinds", typed])

    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_a_huge_value_is_shown_by_its_beginning_in_every_sentence(home, capsys):
    (home / "log.csv").write_text("user,item\nu1,a\n")
    for words in (["--name", "y" * 5000], ["--columns", "y" * 5000], ["--kinds", f"a={'y' * 5000}"]):
        with suppress(SystemExit):
            main(["data", "import", "log.csv", *words])
        assert "yyy…" in (told := capsys.readouterr().err)
        assert len(told) < 2000

    long, short = "x" * 200, "it's the customer's 'shop'"
    assert str(InputError(f"{long!r} is not here", fix=short)) == f"'{'x' * 79}…' is not here {short}"
    assert InputError(f"{long!r}").what == InputError(InputError(f"{long!r}").what).what


@pytest.mark.parametrize("command", ["run", "rerun"])
def test_a_folder_and_a_file_that_is_not_there_are_called_so(home, capsys, command):
    (home / "folder").mkdir()
    for name, said in (("folder", "This is a folder, not a file"), ("nowhere.json", "There is no such file")):
        code, out = say(capsys, command, str(home / name))
        assert (code, out.out) == (2, "")
        assert said in out.err


def test_a_run_names_the_champion_that_would_be_published(lists, capsys):
    champion = json.loads(say(capsys, "run", str(lists / "experiment.toml"), "--json")[1].out)["champion"]
    text = say(capsys, "run", str(lists / "experiment.toml"))[1].out
    assert f"champion: {champion}" in text


def test_a_run_writes_the_card_that_repeats_it(home, capsys):
    rows = [
        f"u{user},i{item},2024-01-{1 + (item + user) % 20:02d}"
        for user in range(30)
        for item in range(user % 2, 20, 2)
    ]
    (home / "log.csv").write_text("\n".join(["user,item,time", *rows]))
    assert say(capsys, "data", "import", "log.csv", "--name", "log")[0] == 0
    asked = '[data]\ndataset = "log"\n[split]\nkind = "last_n"\n[[recommenders]]\nalgorithm = "item_knn"'
    spec = f'name = "mine"\n{asked}'
    (home / "mine.toml").write_text(spec)

    for nowhere in ("nowhere/card.json", "."):
        code, out = say(capsys, "run", "mine.toml", "--card", nowhere)
        assert (code, "It cannot be written" in out.err) == (2, True)
    assert "No experiment has finished" in say(capsys, "recommend", "--customer", "u1")[1].err  # nothing ran
    code, out = say(capsys, "run", "mine.toml", "--card", "card.json")
    assert (code, out.err) == (0, "")
    code, out = say(capsys, "rerun", "card.json", "--json")
    assert code == 0
    assert json.loads(out.out)["same"]


def test_a_card_of_files_that_are_not_in_the_workspace_is_refused_before_anything_is_computed(lists, capsys):
    code, out = say(capsys, "run", str(lists / "experiment.toml"), "--card", str(lists / "card.json"))
    assert (code, out.out) == (2, "")
    assert "Import them first" in out.err
    assert not (lists / "card.json").exists()


def test_long_work_shows_signs_of_life_where_no_terminal_is(capsys):
    report = progress(everywhere=True)
    for step in range(101):
        report(step / 100, f"step {step}")
    lines = capsys.readouterr().err.splitlines()
    assert (len(lines), lines[0]) == (10, " 10% step 10")
    progress()(0.5, "unseen")
    assert capsys.readouterr().err == ""


def test_whoever_reads_only_the_first_lines_is_shown_no_traceback():
    asked = [sys.executable, "-m", "reco_lab.cli", "metrics", "--json"]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as told:
        told.stdout.close()
        assert told.stderr.read() == b""
    assert told.returncode == 0


@pytest.mark.parametrize("work", [["training EASE", "done"], []], ids=["the first start", "a later start"])
def test_the_demo_is_announced_where_something_is_prepared(home, capsys, monkeypatch, work):
    monkeypatch.delenv("RECO_LAB_DEMO", raising=False)
    monkeypatch.setattr("os.execv", lambda _program, _words: sys.exit(0))
    monkeypatch.setattr(
        "reco_lab.services.demo.publish_demo",
        lambda _workspace, report: [report(1.0, message) for message in work],
    )
    with pytest.raises(SystemExit):
        main(["app", "--no-browser"])
    told = capsys.readouterr().err
    assert told.count("Preparing the demo shop") == (1 if work else 0)
    assert "Reco Lab is at" in told


def test_what_was_computed_before_reports_no_work(lists):
    workspace, told = Workspace.open(lists / "home"), []
    for _ in range(2):
        told.append([])
        run(workspace, load(lists / "experiment.toml"), lambda *word: told[-1].append(word), lists)
    workspace.close()
    assert told[0]
    assert not told[1]
