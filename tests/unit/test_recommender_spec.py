import json

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import NeedsError, NotFoundError, ParameterError
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import FitContext, Need, algorithms, recommender


def data_of(**columns):
    frame = pd.DataFrame({"user": ["a", "a", "b"], "item": ["x", "y", "x"], **columns})
    log = Interactions.from_frame(frame, ColumnMap("user", "item", value="stars" if columns else None))
    return Dataset("tiny", log)


@pytest.mark.parametrize("name", algorithms())
def test_every_algorithm_goes_through_json_unchanged(name):
    spec = recommender({"algorithm": name})
    assert recommender(json.loads(json.dumps(spec.to_dict()))) == spec
    assert json.loads(spec.model_dump_json()) == json.loads(json.dumps(spec.to_dict()))


def test_parts_are_parsed_from_json_and_written_back():
    spec = {"algorithm": "hybrid", "parts": [{"algorithm": "ease", "l2": 9.0}, {"algorithm": "most_popular"}]}
    assert recommender(spec).to_dict() == spec | {"weights": []}


def test_equal_specifications_are_equal_and_hash_alike():
    first, second = (recommender({"algorithm": "ease", "l2": 9.0}) for _ in range(2))
    assert len({first, second}) == 1


def test_an_unknown_algorithm_is_answered_with_the_nearest_one():
    with pytest.raises(NotFoundError, match=r"'eese'.*'ease'"):
        recommender({"algorithm": "eese"})


def test_a_specification_without_an_algorithm_is_told_which_there_are():
    with pytest.raises(ParameterError, match="ease"):
        recommender({"l2": 5.0})


def test_a_parameter_out_of_bounds_names_the_bounds():
    with pytest.raises(ParameterError, match=r"factors = 0 is not allowed; it must be from 1 to 512"):
        recommender({"algorithm": "ials", "factors": 0})


def test_a_wrong_choice_names_the_choices():
    with pytest.raises(ParameterError, match="one of linear, log"):
        recommender({"algorithm": "ials", "scaling": "cubic"})


def test_an_unknown_parameter_names_the_known_ones():
    with pytest.raises(ParameterError, match=r"no parameter 'factor'.*factors"):
        recommender({"algorithm": "ials", "factor": 3})


def test_a_specification_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        recommender({"algorithm": "ease"}).l2 = 3.0


def test_parameters_carry_bounds_and_help():
    known = {parameter.name: parameter for parameter in algorithms()["ials"].parameters()}
    assert (known["factors"].kind, known["factors"].low, known["factors"].high) == ("int", 1, 512)
    assert known["scaling"].choices == ("linear", "log")
    assert all(parameter.help for parameter in known.values())


def test_ratings_are_there_only_where_they_differ():
    assert Need.ratings.met(data_of(stars=[1.0, 5.0, 3.0]))
    assert not Need.ratings.met(data_of(stars=[4.0, 4.0, 4.0]))
    assert not Need.ratings.met(data_of())


def test_what_data_lacks_is_said_before_the_fit():
    spec = recommender({"algorithm": "content"})
    assert spec.missing(data_of()) == (str(Need.item_attributes),)
    with pytest.raises(NeedsError, match="Content needs a table of items"):
        spec.fit(data_of(), FitContext())


def test_no_interactions_are_nothing_to_learn_from():
    data = data_of()
    with pytest.raises(NeedsError, match="no interactions"):
        recommender({"algorithm": "ials"}).fit(data.take(np.zeros(0, np.intp)), FitContext())


@pytest.mark.parametrize("name", sorted(algorithms()))
def test_every_field_reaches_the_json(name):
    kind = algorithms()[name]
    assert set(kind().to_dict()) >= set(kind.model_fields) - {"parts"}
