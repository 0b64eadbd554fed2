"""Ways of working that the linter cannot see: nothing pickled, seeded globally, timed past the clock or unescaped."""

import ast
import io
import re
import tokenize
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = [ROOT / "app.py", *sorted((ROOT / "reco_lab").rglob("*.py")), *sorted((ROOT / "pages").rglob("*.py"))]
GENERATORS = {
    "BitGenerator", "Generator", "MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64", "SeedSequence", "default_rng",
}  # fmt: skip
# where the global state of numpy may be named at all, and why
GLOBAL_STATE = {
    "reco_lab/testing/randomness.py": "looks whether the global state was left alone",
    "reco_lab/algorithms/_surprise.py": "Surprise asks for a legacy RandomState of its own",
}


@cache
def _tree(path):
    return ast.parse(path.read_text("utf-8"))


def _dotted(node):
    """`a.b.c` of an attribute or a name; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def _uses():
    """Every (file, line, dotted name) that is used or imported."""
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Import):
                yield from ((name, node.lineno, one.name) for one in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((name, node.lineno, f"{node.module}.{one.name}") for one in node.names)
            elif isinstance(node, ast.Attribute | ast.Name):
                yield name, node.lineno, _dotted(node)


@cache
def _used():
    return sorted(set(_uses()))


@cache
def _comments():
    """Every comment, after the file and the line where it stands."""
    return [
        (f"{path.name}:{token.start[0]}", token.string)
        for path in FILES
        for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline)
        if token.type == tokenize.COMMENT
    ]


def _found(wanted, *, but=()):
    return [f"{name}:{line} {used}" for name, line, used in _used() if wanted(used) and name not in but]


def test_the_search_sees_what_it_looks_for():
    assert _found(lambda used: used.startswith("numpy"))


def test_nothing_is_pickled():
    modules = {"pickle", "cloudpickle", "dill", "shelve", "marshal", "joblib"}

    handed_over = {"reco_lab/experiments/engines.py"}  # between two processes, and nothing of it is kept
    assert _found(lambda used: used.partition(".")[0] in modules, but=handed_over) == []


def test_numpy_never_reads_objects():
    calls = [
        f"{path.name}:{node.lineno}"
        for path in FILES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle" and getattr(node.value, "value", True)
    ]

    assert calls == []


def test_randomness_comes_only_from_a_passed_generator():
    def is_global(used):
        parts = used.split(".")
        named = parts[:2] in (["np", "random"], ["numpy", "random"]) and len(parts) > 2
        return (named and parts[2] not in GENERATORS) or parts[0] == "random"

    assert _found(is_global, but=GLOBAL_STATE) == []


def test_the_time_of_day_comes_only_from_the_clock():
    ways = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns",
            "Timestamp.now", "Timestamp.today", "Timestamp.utcnow"}  # fmt: skip

    def asks_the_machine(used):
        return used in ways or used.partition(".")[2] in ways - {"time.time"}

    assert _found(asks_the_machine, but={"reco_lab/core/clock.py"}) == []


def test_nothing_is_evaluated_and_nothing_is_printed():
    assert _found(lambda used: used in {"eval", "exec", "print", "breakpoint"}) == []


@pytest.mark.parametrize("word", ["unsafe_allow_html", "cache_data.clear", "cache_resource.clear"])
def test_a_page_never_takes_the_unsafe_way(word):
    assert [path.name for path in FILES if word in path.read_text("utf-8")] == []


def test_no_work_is_left_as_a_note():
    notes = {"TODO", "FIXME", "XXX", "HACK"}
    found = [place for place, said in _comments() if notes & set(said.replace(":", " ").split())]

    assert found == []


def test_every_exception_to_a_check_gives_its_reason():
    bare = [
        f"{place} {said}"
        for place, said in _comments()
        if "noqa:" in said and " - " not in said.partition("noqa:")[2]
    ]

    assert bare == []


def test_lists_for_customers_come_from_the_services_that_ask_for_their_wishes():
    wanted = {"reco_lab.services.privacy.allowed", "privacy.allowed", "microscope.look", "lens.look"}
    campaigns = {"reco_lab/services/campaigns.py", "reco_lab/services/campaign_files.py"}

    assert _found(wanted.__contains__, but={"reco_lab/services/recommending.py", *campaigns}) == []
    assert _found(wanted.__contains__)


def test_only_one_place_leads_to_another_page():
    assert _found(lambda used: used == "st.switch_page", but={"reco_lab/ui/show.py"}) == []


def test_no_date_is_written_in_a_way_that_windows_does_not_know():
    assert [path.name for path in FILES if re.search(r"%-[dmHIMSj]", path.read_text("utf-8"))] == []
