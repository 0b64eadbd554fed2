import sys
from abc import ABC, abstractmethod
from importlib.metadata import EntryPoint

import pytest

from reco_lab.core import discovery
from reco_lab.core.discovery import discover, lookup, public_id
from reco_lab.core.errors import NotFoundError
from reco_lab.core.recommender import ALGORITHMS, Recommender, algorithms

BIRD = "from {base} import Bird\nclass {name}(Bird):\n    def sing(self): return {song!r}\n"


class Bird(ABC):
    @abstractmethod
    def sing(self): ...


class Parrot(Bird):
    def sing(self):
        return "hello"


@pytest.fixture
def aviary(tmp_path, monkeypatch):
    """A function that makes a package of these modules and returns its name."""
    discovery._walk.cache_clear()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "the_birds", sys.modules[__name__])

    def build(name, **modules):
        package = tmp_path / name
        package.mkdir()
        for module, text in {"__init__": "", **modules}.items():
            (package / f"{module}.py").write_text(text)
        return name

    yield build
    discovery._walk.cache_clear()


def bird(name, song="tweet"):
    return BIRD.format(base="the_birds", name=name, song=song)


def test_each_file_is_one_thing_named_like_the_file(aviary):
    birds = aviary("birds_one", wren=bird("Wren"), owl=bird("Owl", "hoo"), _nest="sticks = 3")

    assert list(discover(birds, Bird)) == ["owl", "wren"]
    assert lookup(birds, Bird, "owl")().sing() == "hoo"


def test_a_file_with_two_things_is_a_fault(aviary):
    birds = aviary("birds_two", pair=bird("Cock") + bird("Hen"))

    with pytest.raises(TypeError, match=r"birds_two.pair must define exactly one concrete Bird, not 2"):
        discover(birds, Bird)


def test_looking_one_up_reads_no_other(aviary):
    birds = aviary("birds_five", wren=bird("Wren"), owl="raise ImportError")

    assert lookup(birds, Bird, "wren")().sing() == "tweet"


def test_an_unknown_name_is_answered_with_the_nearest(aviary):
    birds = aviary("birds_three", wren=bird("Wren"))

    with pytest.raises(NotFoundError, match=r"no birds_three called 'wrenn'\. Did you mean 'wren'"):
        lookup(birds, Bird, "wrenn")


def test_an_outsider_joins_by_an_entry_point(aviary, monkeypatch):
    birds = aviary("birds_four", wren=bird("Wren"))
    entry = EntryPoint("parrot", "the_birds:Parrot", birds)
    monkeypatch.setattr(discovery, "entry_points", lambda group: [entry] if group == birds else [])

    assert list(discover(birds, Bird)) == ["parrot", "wren"]
    assert public_id(birds, Bird, Parrot) == "parrot"


def test_an_outsider_takes_nobodys_name(aviary, monkeypatch):
    birds = aviary("birds_six", wren=bird("Wren"))
    entry = EntryPoint("wren", "the_birds:Parrot", birds)
    monkeypatch.setattr(discovery, "entry_points", lambda group: [entry] if group == birds else [])

    assert lookup(birds, Bird, "wren") is discover(birds, Bird)["wren"]
    assert discover(birds, Bird)["wren"]().sing() == "tweet"


def test_every_algorithm_goes_by_the_name_of_its_file():
    assert {name: kind.__module__ for name, kind in algorithms().items()} == {
        name: f"{ALGORITHMS}.{name}" for name in algorithms()
    }
    assert all(issubclass(kind, Recommender) for kind in algorithms().values())
