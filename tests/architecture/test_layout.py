"""What the tree promises: who may import whom (beyond the import-linter contracts), and how long a file may be."""

import ast
import sys
from pathlib import Path

import pytest

from reco_lab.ui import page

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "reco_lab"
PAGES = sorted((ROOT / "pages").rglob("*.py"))
SOURCES = sorted(path for folder in ("reco_lab", "pages", "tests") for path in (ROOT / folder).rglob("*.py"))
PLUGINS = ("algorithms", "metrics", "splits", "sources")


def _name(path):
    return path.relative_to(ROOT).as_posix()


def _imports(path):
    """The dotted names that a file imports, functions' own imports included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{_name(path)}: a relative import hides the layer it crosses"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _foreign(path):
    names = {name.partition(".")[0] for name in _imports(path)}
    return names - sys.stdlib_module_names


def test_there_are_pages_to_look_at():
    assert PAGES


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_a_page_imports_only_streamlit_services_ui_and_charts(path):
    allowed = ("reco_lab.services", "reco_lab.ui", "reco_lab.charts")

    strangers = [
        name for name in _imports(path) if name.startswith("reco_lab") and not name.startswith(allowed)
    ]

    assert _foreign(path) <= {"streamlit", "reco_lab"}
    assert strangers == []


def test_every_page_is_listed_in_the_table_of_contents():
    contents = ast.walk(ast.parse((PACKAGE / "ui" / "main.py").read_text("utf-8")))
    names = {
        node.attr
        for node in contents
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "page"
    }

    assert {getattr(page, name) for name in names} == set(PAGES)


def test_no_page_lies_where_streamlit_would_run_it_without_the_app():
    assert list((ROOT / "pages").glob("*.py")) == []


def test_the_core_knows_only_numbers_and_types():
    foreign = set().union(*(_foreign(path) for path in (PACKAGE / "core").rglob("*.py")))

    assert foreign <= {"numpy", "numba", "pandas", "scipy", "pydantic", "pydantic_core", "reco_lab"}


@pytest.mark.parametrize("kind", PLUGINS)
def test_a_plug_in_sees_none_of_its_public_siblings(kind):
    package = f"reco_lab.{kind}."
    seen = {
        f"{_name(path)} imports {name}"
        for path in (PACKAGE / kind).rglob("*.py")
        for name in _imports(path)
        if name.startswith(package)
        and not name.removeprefix(package).startswith(("_", f"{path.parent.name}."))
    }

    assert seen == set()


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_a_page_is_at_most_150_lines_long(path):
    assert len(path.read_text("utf-8").splitlines()) <= 150


def test_the_table_of_contents_is_at_most_60_lines_long():
    assert len((PACKAGE / "ui" / "main.py").read_text("utf-8").splitlines()) <= 60


def test_no_file_is_longer_than_400_lines():
    lengths = {_name(path): len(path.read_text("utf-8").splitlines()) for path in SOURCES}

    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_no_function_is_longer_than_50_lines():
    functions = [
        (f"{_name(path)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    assert [(name, length) for name, length in functions if length > 50] == []


def test_nothing_but_the_commands_need_lies_at_the_top():
    allowed = {
        "app.py",
        "pyproject.toml",
        "README.md",
        "datasets",
        "pages",
        "reco_lab",
        "tests",
        "benchmarks",
    }
    ignored = {"reco_lab.egg-info", "build", "dist", "workspace", "__pycache__"}
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}

    assert found - ignored <= allowed
