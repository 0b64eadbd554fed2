"""The names of customers who asked lately."""

from reco_lab.cleaning.personal import pseudonym
from reco_lab.services import ad_names
from reco_lab.services.ad_names import Names

KEY = b"a key of a workspace"


def test_a_name_is_the_pseudonym_asked_once_or_twice():
    names = Names(KEY)
    assert [names.of("anna", ()) for _ in range(2)] == [pseudonym(KEY, "anna")] * 2


def test_who_objects_is_not_remembered_and_an_erasure_drops_everybody():
    names = Names(KEY)
    hers = names.of("anna", {pseudonym(KEY, "anna")})
    assert hers == pseudonym(KEY, "anna")
    assert not names.known
    names.of("bert", {hers})
    assert set(names.known) == {"bert"}
    names.forget()
    assert not names.known


def test_no_more_than_so_many_are_remembered(monkeypatch):
    monkeypatch.setattr(ad_names, "MOST", 3)
    names = Names(KEY)
    for number in range(10):
        names.of(f"c{number}", ())
        assert len(names.known) <= 3
