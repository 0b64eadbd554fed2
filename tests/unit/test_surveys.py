import csv

import pandas as pd
import pytest

from reco_lab.cleaning.likert import likert_numbers
from reco_lab.core.errors import MappingError
from reco_lab.services.data import encoding_report, load_dataset
from reco_lab.services.surveys import import_survey, look, nps_groups

AGREE = {
    "en": ["Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree"],
    "de": ["Stimme überhaupt nicht zu", "Stimme nicht zu", "Weder noch", "Stimme zu", "Stimme voll und ganz zu"],
    "fr": ["Pas du tout d’accord", "Pas d'accord", "Ni d'accord ni pas d'accord", "D'accord", "Tout à fait d'accord"],
    "es": ["Totalmente en desacuerdo", "En desacuerdo", "Ni de acuerdo ni en desacuerdo", "De acuerdo", "Totalmente de acuerdo"],
}  # fmt: skip
OFTEN = {
    "en": ["never", "rarely", "sometimes", "often", "always"],
    "de": ["nie", "selten", "manchmal", "häufig", "immer"],
    "fr": ["jamais", "rarement", "parfois", "souvent", "toujours"],
    "es": ["nunca", "rara vez", "a veces", "a menudo", "siempre"],
}


@pytest.fixture
def survey(tmp_path):
    def write(columns):
        path = tmp_path / "survey.csv"
        pd.DataFrame(columns, dtype="str").to_csv(path, index=False, quoting=csv.QUOTE_ALL)
        return path

    return write


def ratings(workspace, name):
    frame = load_dataset(workspace, name).interactions.frame()
    return frame.pivot_table(index="user", columns="item", values="value", observed=True)


@pytest.mark.parametrize("words", [*AGREE.values(), *OFTEN.values()], ids=lambda words: words[0])
def test_words_of_a_scale_mean_one_to_five_in_several_languages(words):
    shuffled = pd.Series([words[place] for place in (3, 0, 4, 2, 1)], dtype="str")
    assert likert_numbers(shuffled).tolist() == [4, 1, 5, 3, 2]


def test_numbered_words_keep_their_number():
    assert likert_numbers(pd.Series(["1 - never", "7 (always)", "red"]))[:2].tolist() == [1, 7]
    assert likert_numbers(pd.Series(["red", "don't know"])).isna().all()


def test_worded_answers_become_ratings_and_silence_none(workspace, survey):
    words = AGREE["de"]
    rows = {
        "ID": [f"r{n}" for n in range(20)],
        "Der Kaffee schmeckt": [words[n % 5] for n in range(20)],
        "Der Tee schmeckt": ["weiß nicht" if n == 3 else words[4 - n % 5] for n in range(20)],
    }
    report = import_survey(workspace, survey(rows), "cups")
    table = ratings(workspace, "cups")
    assert table.loc["r1"].to_dict() == {"Der Kaffee schmeckt": 2, "Der Tee schmeckt": 4}
    assert (report.cells, report.ratings, report.empty, len(report.unreadable)) == (40, 39, 1, 0)


def test_a_word_off_the_scale_is_accounted_for(workspace, survey):
    rows = {
        "Tea": ["4", "5", "1", "2"] * 5,
        "Milk": ["1", "5", "3", "2"] * 5,
        "Water": ["5", "1", "2", "x"] * 5,
    }
    kinds = {"Water": "rating"}
    report = import_survey(
        workspace, survey(rows), "cups", kinds={**kinds, "Tea": "rating", "Milk": "rating"}
    )
    assert (report.cells, report.ratings, len(report.unreadable)) == (60, 55, 5)
    assert report.unreadable.iloc[0].to_dict() == {"line": 5, "question": "Water", "text": "x"}
    assert "named by their line" in report.notes[0]


def test_ranks_count_backwards(workspace, survey):
    orders = [("1", "2", "3"), ("3", "1", "2"), ("2", "3", "1")]
    rows = {f"Rank: {name}": [orders[n % 3][place] for n in range(12)] for place, name in enumerate("ABC")}
    path = survey(rows)
    assert {one.kind for one in look(path).questions} == {"rank"}
    import_survey(workspace, path, "ranks")
    assert ratings(workspace, "ranks").loc["respondent 2"].tolist() == [3, 2, 1]


def test_an_order_in_one_cell_is_a_rank(workspace, survey):
    rows = {"Order": ["A;B;C", "C;A;B", "B;A;C"] * 4, "Town": ["Rome", "Oslo", "Rome"] * 4}
    import_survey(workspace, survey(rows), "order", delimiter=",")
    assert ratings(workspace, "order").loc["respondent 3"].to_dict() == {
        "Order: A": 2,
        "Order: B": 1,
        "Order: C": 3,
    }


def test_several_choices_in_a_cell_are_attributes_or_items(workspace, survey):
    rows = {
        "Bought": ["Tea; Milk", "Milk", "Tea; Water; Milk", ""] * 5,
        "Likes tea": ["1", "5", "3", "2"] * 5,
        "Likes milk": ["5", "1", "4", "2"] * 5,
        "Likes water": ["1", "3", "5", "2"] * 5,
    }
    path = survey(rows)
    import_survey(workspace, path, "one")
    data = load_dataset(workspace, "one")
    assert data.customers.loc["respondent 2", "Bought"] == "Tea|Milk"
    levels = {one.column: one.levels for one in encoding_report(data)}
    assert levels["Bought"] == ("Milk", "Tea", "Water")
    import_survey(workspace, path, "two", choices="items")
    log = load_dataset(workspace, "two").interactions.frame()
    assert set(log["item"][log["kind"] == "interaction"]) == {"Bought: Tea", "Bought: Milk", "Bought: Water"}


def test_a_recommendation_score_is_a_number_a_group_and_a_headline(workspace, survey):
    scores = ["10", "9", "8", "7", "6", "0", "10", "9", "3", "8"]
    rows = {
        "How likely are you to recommend us?": scores,
        "Tea": ["1", "5", "3", "2", "4"] * 2,
        "Milk": ["5", "1", "4", "2", "3"] * 2,
        "Water": ["1", "3", "5", "2", "4"] * 2,
    }
    report = import_survey(workspace, survey(rows), "nps")
    assert report.nps == {"How likely are you to recommend us?": pytest.approx(10)}
    people = load_dataset(workspace, "nps").customers
    assert people["How likely are you to recommend us? (group)"].value_counts().to_dict() == {
        "promoter": 4, "passive": 3, "detractor": 3,
    }  # fmt: skip
    assert nps_groups(pd.Series([11.0, float("nan")])).isna().all()


def test_respondents_known_by_their_address_become_pseudonyms(workspace, survey):
    rows = {
        "respondent": [f"p{n}@example.com" for n in range(10)],
        "A": ["1", "5"] * 5,
        "B": ["2", "5"] * 5,
        "C": ["1", "4"] * 5,
    }
    report = import_survey(workspace, survey(rows), "private", kinds=dict.fromkeys("ABC", "rating"))
    assert load_dataset(workspace, "private").interactions.user_ids.str.startswith("p_").all()
    assert "pseudonyms" in report.notes[0]


def test_a_survey_without_items_is_refused(workspace, survey):
    rows = {"Age": ["20", "30", "41"] * 4, "Town": ["Rome", "Oslo", "Rome"] * 4}
    with pytest.raises(MappingError, match="Fewer than two questions"):
        import_survey(workspace, survey(rows), "none")
    with pytest.raises(MappingError, match="no question 'Height'"):
        import_survey(workspace, survey(rows), "none", kinds={"Height": "rating"})


@pytest.mark.data
def test_a_real_survey_becomes_ratings_and_attributes(workspace, real_data):
    path = real_data("young-people-survey/responses.csv")
    seen = look(path)
    assert {one.column for one in seen.of_kind("number")} == {"Age", "Height", "Weight", "Number of siblings"}
    assert {"Gender", "Smoking", "Education"} < {one.column for one in seen.of_kind("category")}
    report = import_survey(workspace, path, "young-people")
    assert report.cells == 1010 * 135 == report.ratings + report.empty + len(report.unreadable)
    assert report.dataset.summary["items"] == 135
    data = load_dataset(workspace, "young-people")
    values = data.interactions.values
    assert (values.min(), values.max()) == (1, 5)
    assert data.customers.loc["respondent 2", ["Age", "Gender"]].tolist() == [20.0, "female"]
