"""What is cached is shared by all visitors, so its key must say whose it is and which version of it."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = [*sorted((ROOT / "reco_lab").rglob("*.py")), *sorted((ROOT / "pages").rglob("*.py")), ROOT / "app.py"]
CACHES = {"cache_data", "cache_resource"}
# what names one thing that never changes: a fingerprint, an experiment's id, a question's key, a staged file of its own
VERSIONS = {"fingerprint", "experiment", "key", "path"}
OPENS_THE_WORKSPACE = {"_workspace"}


def cached(source):
    """Every cached function: its name and the arguments that are part of its key (a leading _ leaves one out)."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            decorators = [one.func if isinstance(one, ast.Call) else one for one in node.decorator_list]
            names = {one.attr if isinstance(one, ast.Attribute) else one.id for one in decorators}
            if names & CACHES:
                arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                yield node.name, {one.arg for one in arguments if not one.arg.startswith("_")}


def leaks(source):
    return [
        name
        for name, key in cached(source)
        if "home" not in key or (name not in OPENS_THE_WORKSPACE and not key & VERSIONS)
    ]


def test_every_cached_thing_is_kept_by_workspace_and_version():
    sources = {path.name: path.read_text("utf-8") for path in FILES}
    named = {name: source for name, source in sources.items() if any(one in source for one in CACHES)}

    assert {name: leaks(source) for name, source in named.items() if leaks(source)} == {}


def test_caches_are_in_one_place_only_and_used_nowhere_else():
    naming = [path for path in FILES if any(f".{name}" in path.read_text("utf-8") for name in CACHES)]
    assert {path.parent for path in naming} == {ROOT / "reco_lab" / "ui" / "cache"}
    assert sum(len(list(cached(path.read_text("utf-8")))) for path in naming) >= 20


def test_what_holds_data_of_people_is_dropped_when_one_of_them_is_erased():
    for path in (ROOT / "reco_lab" / "ui" / "cache").glob("_*.py"):
        source = path.read_text("utf-8")
        named = source.rpartition("OF_PEOPLE = ")[2]
        kept = {name for name, _ in cached(source) if name not in named}
        assert kept <= {"_workspace", "_rehearsal", "_events", "_caller", "_tables"}, path


def test_the_check_finds_a_cache_that_would_leak():
    assert leaks("@st.cache_data\ndef a(fingerprint): ...") == ["a"]
    assert leaks("@st.cache_resource(max_entries=2)\ndef b(_home, home, name): ...") == ["b"]
    assert leaks("@cache_data()\ndef c(home, _opened, *, fingerprint): ...") == []
