import json

import pytest

from reco_lab.cli import main
from reco_lab.core.errors import InputError, SpecError
from reco_lab.core.experiment import Columns
from reco_lab.core.recipe import Reading, Recipe, TableRecipe
from reco_lab.core.step import step
from reco_lab.services import recipes
from reco_lab.services.data import import_file, preview, quality
from reco_lab.testing.steps import steps_of

ROWS = "".join(f"c{n % 6},s{n % 5},{n % 4},0{1 + n % 9}/02/2024\n" for n in range(40))


def everything():
    from reco_lab.core.step import steps

    return Recipe(
        shape=("a", 'odd "name"', "tab\there"),
        header=True,
        options={"delimiter": ";"},
        columns=Columns(user="a", item=1, value="tab\there"),
        reading=Reading(
            decimal=",", day_first=False, zone="Europe/Berlin", kinds={"zap it": "purchase", "no": ""}
        ),
        steps=tuple(one for kind in steps().values() for one in steps_of(kind)),
        customers=TableRecipe(id="no", columns={"age": "Alter"}, leave_out=("e-mail",), keep=("first_name",)),
        declined=(step({"step": "pseudonyms"}),),
        items=TableRecipe(),
    )


def test_a_recipe_is_toml_that_reads_back_to_itself():
    assert recipes.parse(recipes.dump(everything())) == everything()


def test_a_recipe_reads_like_a_recipe():
    made = Recipe(columns=Columns(user="client", item="sku"), steps=(step({"step": "missing_ids"}),))
    text = recipes.dump(made)
    assert '[columns]\nuser = "client"\nitem = "sku"' in text
    assert '[[steps]]\nstep = "missing_ids"\nrole = "user"' in text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("columns = [", "not valid TOML"),
        (
            '[columns]\nuser = "a"\nitem = "b"\n[[steps]]\nstep = "wash"',
            "recipe.toml, line 4: There is no step",
        ),
        ('[columns]\nuser = "a"\nitem = "b"\n[[steps]]\nstep = "robots"\nan_hour = 1', "from 10 to 100000"),
        ('[columns]\nuser = "a"', "columns.item: Field required"),
        ('format = 2\n[columns]\nuser = "a"\nitem = "b"', "format"),
        ("steps = 3", "steps must be tables"),
    ],
)
def test_a_mistake_in_a_recipe_is_named(text, sentence):
    with pytest.raises(InputError) as caught:
        recipes.parse(text)
    assert sentence in str(caught.value)


def test_a_recipe_replays_to_the_same_fingerprint(workspace, file, tmp_path):
    path = file("client,sku,qty,day\n" + ROWS)
    answer = Reading(day_first=True)
    recipe = quality(workspace, path, reading=answer).recipe(reading=answer)
    first = import_file(workspace, path, "one", recipe=recipe)
    written = tmp_path / "recipe.toml"
    written.write_text(recipes.dump(first.recipe), "utf-8")
    again = import_file(workspace, path, "two", recipe=recipes.load(written))
    assert again.fingerprint == first.fingerprint
    assert first.reasons == {"has a quantity of zero or less": 10}
    assert recipes.recipe_of(workspace, first.dataset) == first.recipe


def test_the_next_file_of_the_same_shape_is_offered_the_recipe(workspace, file):
    path = file("client,sku,qty,day\n" + ROWS)
    assert recipes.suggested(workspace, preview(path).shape) is None
    report = import_file(workspace, path, "shop", reading=Reading(day_first=True))
    later = file("client,sku,qty,day\nc9,s9,1,05/02/2024\n", "later.csv")
    assert recipes.suggested(workspace, preview(later).shape) == report.recipe
    assert recipes.suggested(workspace, ("client", "sku")) is None
    assert (
        import_file(workspace, later, "later", recipe=report.recipe).summary["first"].startswith("2024-02-05")
    )


def test_a_recipe_for_another_shape_is_refused_with_what_is_missing(workspace, file):
    recipe = Recipe(columns=Columns(user="client", item="sku"))
    with pytest.raises(SpecError, match=r"there is no column 'client', 'sku'\. There are: user, item"):
        import_file(workspace, file("user,item\na,b\n"), "shop", recipe=recipe)


def test_a_step_whose_column_is_gone_is_refused_with_a_sentence(workspace, file):
    gone = step({"step": "cancelled_orders", "column": "InvoiceNo", "mark": "C"})
    recipe = Recipe(columns=Columns(user="user", item="item"), steps=(gone,))
    with pytest.raises(SpecError, match="'cancelled_orders' needs a column 'InvoiceNo'"):
        import_file(workspace, file("user,item\na,b\n"), "shop", recipe=recipe)


def test_a_missing_recipe_is_said(tmp_path):
    with pytest.raises(SpecError, match="no such file"):
        recipes.load(tmp_path / "none.toml")


def test_the_command_line_replays_a_recipe_to_the_same_fingerprint(
    workspace, file, tmp_path, monkeypatch, capsys
):
    path = file("client,sku,qty,day\n" + ROWS)
    answer = Reading(day_first=True)
    first = import_file(
        workspace, path, "one", recipe=quality(workspace, path, reading=answer).recipe(reading=answer)
    )
    written = tmp_path / "recipe.toml"
    written.write_text(recipes.dump(first.recipe), "utf-8")
    monkeypatch.setenv("RECO_LAB_HOME", str(workspace.home))
    assert main(["data", "import", str(path), "--name", "two", "--recipe", str(written), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["fingerprint"] == first.fingerprint
    assert said["refused"] == {"has a quantity of zero or less": 10}
    assert recipes.parse(said["recipe"]) == first.recipe


@pytest.mark.parametrize(
    ("table", "wrong", "words"),
    [
        ("reading", 'zone = "Mars/Base"', "no time zone"),
        ("reading", 'zone = "../../etc/passwd"', "no time zone"),
        ("options", 'path = "/etc/passwd"', "no option"),
        ("options", "encoding = 5", "not allowed"),
        ("options", 'encoding = "nosuch"', "no encoding"),
        ("options", 'delimiter = "\\u0000"', "NUL"),
        ("options", "x = " + 5000 * "[", "nested too deeply"),
    ],
)
def test_a_recipe_that_no_import_could_follow_is_refused_with_a_sentence(table, wrong, words):
    text = f'[columns]\nuser = "a"\nitem = "b"\n[{table}]\n{wrong}\n'
    with pytest.raises(SpecError, match=words):
        recipes.parse(text)
