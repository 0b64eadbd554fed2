"""README says what is true: its commands can be typed, its tables are what discovery finds, its examples run."""

import argparse
import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from reco_lab.cli.parser import build
from reco_lab.experiments.file import parse
from reco_lab.services import databases
from reco_lab.sources.sql.sink import Most

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CHANGELOG = (ROOT / ".github" / "CHANGELOG.md").read_text("utf-8")
TITLES = re.findall(
    r'_page\(\s*page\.\w+,\s*"(\w+)"', (ROOT / "reco_lab" / "ui" / "main.py").read_text("utf-8")
)
LINKED = sorted({*re.findall(r"\]\(([^)#:]+)\)", README), *re.findall(r'src="([^":]+)"', README)})
TYPED = sorted(set(re.findall(r"^reco-lab [^#\n]*[^#\s]", README, re.MULTILINE)))


def _block(language):
    found = re.search(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert found, f"README has no {language} block"
    return found[1]


def _commands(parser, name="reco-lab"):
    """Every command of the command line in full."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, inner in action.choices.items():
                yield from _commands(inner, f"{name} {word}")
            return
    yield name


def test_the_two_commands_are_spelled_out():
    start = "python3 -m venv .venv && .venv/bin/pip install -U pip -e "

    assert f'\n{start}".[locked]" && .venv/bin/reco-lab app\n' in README
    assert f'\n{start}".[locked,dev]" && .venv/bin/pytest\n' in README


def test_the_tables_are_what_discovery_finds():
    written = runpy.run_path(str(ROOT / ".ci" / "tables.py"))["written"]

    assert written(README) == README, "run: python .ci/tables.py"


def test_the_catalogue_of_recommenders_is_what_they_say_of_themselves():
    catalogue = runpy.run_path(str(ROOT / ".ci" / "tables.py"))["catalogue"]

    assert catalogue() == (ROOT / ".github" / "ALGORITHMS.md").read_text("utf-8"), "run: python .ci/tables.py"


@pytest.mark.parametrize("line", TYPED)
def test_a_command_of_the_readme_can_be_typed(line):
    assert build().parse_args(shlex.split(line)[1:]).command


@pytest.mark.parametrize("command", list(_commands(build())))
def test_a_command_is_in_the_readme_and_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as left:
        build().parse_args([*command.split()[1:], "--help"])

    assert left.value.code == 0
    assert "example" in capsys.readouterr().out
    assert any(line.startswith(command) for line in TYPED), f"README never types {command}"


def test_what_an_administrator_sets_for_databases_is_told_by_its_name():
    part = README.partition("### From a database")[2].partition("\n## ")[0]

    for variable in (databases.HOSTS, databases.FOLDERS, databases.password_variable("shop")):
        assert f"| `{variable}` |" in part
    assert all(label.removesuffix(" file") in part for label in databases.LABELS.values())
    assert databases.WHOLE_SECONDS == 1800
    assert "half an hour" in part
    assert f"{Most().rows // 1_000_000} million rows or {Most().bytes >> 30} GB" in part


@pytest.mark.parametrize("title", TITLES)
def test_every_page_is_told_of(title):
    assert f"- **{title}** " in README
    assert f" {title}," in CHANGELOG or f" {title};" in CHANGELOG


def test_the_map_of_the_code_names_every_package():
    inside = README.partition("## Map of the code")[2].partition("reco_lab/\n")[2].partition("```")[0]
    told = set(re.findall(r"(\w+)/  ", inside))
    assert told - {"tests"} == {path.parent.name for path in (ROOT / "reco_lab").glob("*/__init__.py")}


def test_the_experiment_file_of_the_readme_is_one():
    assert parse(_block("toml"), "README.md").recommenders


@pytest.mark.slow
def test_the_script_of_the_readme_runs(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", _block("python")],
        cwd=ROOT,
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in ("EASE", "Item k-NN", "iALS"))


def test_the_script_of_the_readme_is_short():
    assert len(_block("python").splitlines()) <= 20


def _environment(home):
    return os.environ | {"RECO_LAB_HOME": str(home)}


@pytest.mark.parametrize("path", LINKED)
def test_what_the_readme_points_to_is_there(path):
    assert (ROOT / path).exists()
