import pytest

from reco_lab.core.errors import InputError, SpecError
from reco_lab.core.experiment import Experiment
from reco_lab.core.recommender import recommender
from reco_lab.experiments.file import dump, load, parse

GOOD = """name = "example"
seed = 3

[data]
train = "train.txt"
test = "test.txt"
columns = { user = 0, item = 1, value = 2, time = 3 }
header = false

[split]
kind = "global_time"

[[recommenders]]
algorithm = "ease"
l2 = 500.0

[[recommenders]]
algorithm = "most_popular"

[metrics]
names = ["recall", "ndcg"]
k = [20]
"""


def refusal(text):
    with pytest.raises(SpecError) as caught:
        parse(text, "file.toml")
    return str(caught.value)


def test_the_file_of_the_contract_is_read():
    experiment = parse(GOOD)
    assert experiment.data.columns.time == 3
    assert experiment.recommenders[0].l2 == 500.0
    assert experiment.headline == "recall@20"
    assert experiment.split.kind() == "global_time"


def test_what_is_written_reads_back_to_the_same_experiment():
    experiment = parse(GOOD)
    assert parse(dump(experiment)) == experiment


def test_a_name_may_hold_any_sign():
    experiment = parse(GOOD.replace('"example"', '"a\\u007f\\"b"'))

    assert experiment.name == 'a\x7f"b'
    assert parse(dump(experiment)) == experiment


def test_a_hybrid_with_parts_reads_back():
    text = (
        GOOD
        + '[[recommenders]]\nalgorithm = "hybrid"\nparts = [{ algorithm = "ease" }, { algorithm = "most_popular" }]\n'
    )
    experiment = parse(text)
    assert len(experiment.recommenders[2].parts) == 2
    assert parse(dump(experiment)) == experiment


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('algorithm = "ease"', 'algorithm = "eaze"', 14, "Did you mean 'ease'"),
        ("l2 = 500.0", "l2 = -1.0", 15, "it must be from"),
        ("l2 = 500.0", "lambda = 1.0", 15, "has no parameter 'lambda'"),
        ('kind = "global_time"', 'kind = "global_tim"', 11, "global_time"),
        ('"recall"', '"recal"', 21, "no metric called 'recal'"),
        ("k = [20]", "k = [0]", 22, "from 1 to 1000"),
        ("seed = 3", "sead = 3", 2, "not a setting"),
        ("header = false", "heeder = false", 8, "not a setting"),
    ],
)
def test_a_mistake_names_its_line_and_what_is_allowed(old, new, line, words):
    sentence = refusal(GOOD.replace(old, new, 1))
    assert sentence.startswith(f"file.toml, line {line}:")
    assert words in sentence


def test_no_recommenders_is_refused():
    assert "recommenders is missing" in refusal("[data]\ndataset = 'x'\n")


def test_broken_toml_is_refused_with_its_place():
    assert "line 1" in refusal("name = \n")


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path):
    with pytest.raises(SpecError, match="no such file"):
        load(tmp_path / "none.toml")
    (tmp_path / "picture.toml").write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    with pytest.raises(SpecError, match="cannot be read as text"):
        load(tmp_path / "picture.toml")


def test_the_key_does_not_depend_on_the_name_but_on_everything_else():
    first = parse(GOOD)
    renamed = first.model_copy(update={"name": "other"})
    reseeded = first.model_copy(update={"seed": 4})
    assert first.key("data") == renamed.key("data")
    assert len({first.key("data"), reseeded.key("data"), first.key("other data")}) == 3


def test_an_experiment_survives_json():
    experiment = parse(GOOD)
    assert Experiment.model_validate(experiment.model_dump(mode="json")) == experiment


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('[split]\nkind = "global_time"', "", "A split needs a kind"),
        ('algorithm = "ease"\nl2 = 500.0', 'algorithm = "hybrid"\nparts = 3', "line 15: hybrid: parts"),
        ('names = ["recall", "ndcg"]', "names = []", "metrics.names"),
        ('train = "train.txt"', 'version = 2\ntrain = "train.txt"', "of a data set; name it"),
        ('train = "train.txt"', 'dataset = "shop"\ntrain = "train.txt"', "either a data set or files"),
    ],
    ids=["a split", "parts", "no metrics", "version of no data set", "two sources"],
)
def test_a_value_of_another_shape_is_refused_with_a_sentence(old, new, words):
    start = "split = 3\n" if not new else ""
    with pytest.raises(SpecError, match=words):
        parse(start + GOOD.replace(old, new))


def test_parts_nested_without_end_are_refused():
    depth = 5000
    spec = {"algorithm": "ease"}
    for _ in range(depth):
        spec = {"algorithm": "hybrid", "parts": [spec]}
    with pytest.raises(InputError):
        recommender(spec)
    with pytest.raises(SpecError):
        parse(GOOD.replace("l2 = 500.0", "l2 = " + depth * "["))
