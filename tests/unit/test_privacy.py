import hashlib
import json

import numpy as np
import pytest

from reco_lab.cli import main
from reco_lab.core.errors import CorruptError
from reco_lab.core.recipe import TableRecipe
from reco_lab.services import privacy, recipes, surveys
from reco_lab.services.data import import_file, load_dataset
from reco_lab.workspace import Workspace

PEOPLE = ["ann@example.com", "bob@example.com", "cyd@example.com"]
LOG = "email,item\n" + "".join(f"{PEOPLE[n % 3]},i{n % 5}\n" for n in range(30))
TABLE = "email,first_name,age,newsletter\nann@example.com,Ann,30,yes\nbob@example.com,Bob,40,no\ncyd@example.com,Cyd,50,\n"


def test_addresses_never_reach_the_workspace_unless_a_person_says_so(workspace, file):
    report = import_file(workspace, file(LOG), "shop", customers=file(TABLE, "people.csv"))
    data = load_dataset(workspace, "shop")
    assert all(one.startswith("p_") for one in data.interactions.user_ids)
    assert data.interactions.n_users == 3
    assert "first_name" not in data.customers
    stored = b"".join(path.read_bytes() for path in workspace.home.rglob("*") if path.is_file())
    assert not [one for one in (*PEOPLE, "Cyd") if one.encode() in stored]
    assert any("personal data: 'first_name'" in note for note in report.warnings)


def test_tables_join_by_the_same_pseudonym(workspace, file):
    import_file(workspace, file(LOG), "shop", customers=file(TABLE, "people.csv"))
    data = load_dataset(workspace, "shop")
    ann = privacy.pseudonym(privacy.pseudonym_key(workspace), " ann@example.com")
    assert data.customers.loc[ann, "age"] == 30
    assert data.customers["consent"].to_dict()[ann] == "yes"


def test_a_person_may_say_otherwise(workspace, file):
    kept = import_file(workspace, file(LOG), "shop").recipe
    assert [one.kind() for one in kept.steps] == ["pseudonyms"]
    table = TableRecipe(id="email", columns={"age": "age"}, keep=("first_name",))
    otherwise = kept.model_copy(update={"steps": (), "declined": kept.steps, "customers": table})
    people = file(TABLE, "people.csv")
    import_file(workspace, file(LOG), "open", recipe=otherwise, customers=people)
    data = load_dataset(workspace, "open")
    assert data.interactions.user_ids.tolist() == PEOPLE
    assert data.customers.loc[PEOPLE[0], "first_name"] == "Ann"
    assert recipes.recipe_of(workspace, workspace.store.dataset("open")).steps == ()


def later_files(file):
    """A first file without anything personal, its customers, and later ones of the same shape with addresses."""
    plain = "email,item\n" + "".join(f"c{n % 3},i{n % 5}\n" for n in range(30))
    return {
        "first": file(plain, "first.csv"),
        "people": file("email,age,note\nc0,30,a\nc1,40,b\nc2,50,\n", "people.csv"),
        "later": file(LOG, "later.csv"),
        "mixed": file(plain + "ann@example.com,i1\n", "mixed.csv"),
        "known": file(
            "email,age,note\nann@example.com,30,cyd@example.com\nbob@example.com,40,bob@example.com\n",
            "known.csv",
        ),
    }


@pytest.mark.parametrize("which", ["later", "mixed"])
def test_a_recipe_that_did_not_need_pseudonyms_lets_no_address_through(workspace, file, which):
    files = later_files(file)
    first = import_file(workspace, files["first"], "shop", customers=files["people"])
    assert first.recipe.steps == ()
    assert set(load_dataset(workspace, "shop").customers) == {"age", "note"}
    tables = {"customers": files["known"]} if which == "later" else {}
    again = import_file(workspace, files[which], "shop", recipe=first.recipe, **tables)

    assert not any("@" in one for one in load_dataset(workspace, "shop").interactions.user_ids)
    stored = b"".join(path.read_bytes() for path in workspace.home.rglob("*") if path.is_file())
    assert b"@example.com" not in stored
    assert any("which the recipe did not foresee" in one for one in again.warnings)
    assert [one.kind() for one in again.recipe.steps] == ["pseudonyms"]
    if tables:
        assert again.recipe.customers.leave_out == ("note",)
    assert list(import_file(workspace, files[which], "shop", recipe=again.recipe, **tables).warnings) == [
        one for one in again.warnings if "foresee" not in one
    ]


def test_the_command_line_pseudonymises_what_a_recipe_did_not_foresee(file, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RECO_LAB_HOME", str(tmp_path / "home"))
    files, recipe = later_files(file), tmp_path / "recipe.toml"
    assert main(["data", "import", str(files["first"]), "--name", "shop", "--json"]) == 0
    recipe.write_text(json.loads(capsys.readouterr().out)["recipe"], encoding="utf-8")
    assert main(["data", "import", str(files["later"]), "--name", "shop", "--recipe", str(recipe)]) == 0

    assert "they became pseudonyms" in capsys.readouterr().out
    opened = Workspace.open()
    assert all(one.startswith("p_") for one in load_dataset(opened, "shop").interactions.user_ids)
    opened.close()


def test_pseudonyms_for_a_few_addresses_become_those_for_all_where_all_are_personal(workspace, file):
    files = later_files(file)
    few = import_file(workspace, files["mixed"], "shop").recipe
    assert [one.which for one in few.steps] == ["addresses"]
    assert [one.which for one in import_file(workspace, files["later"], "shop", recipe=few).recipe.steps] == [
        "all"
    ]


def test_the_pseudonym_is_keyed_and_the_key_is_the_owners_alone(workspace, tmp_path):
    key = privacy.pseudonym_key(workspace)
    path = workspace.home / "keys" / "pseudonyms.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert privacy.pseudonym_key(workspace) == key
    made = privacy.pseudonym(key, "ann@example.com")
    assert made == privacy.pseudonym(key, made)
    assert hashlib.sha256(b"ann@example.com").hexdigest()[:32] not in made
    other = Workspace.open(tmp_path / "other")
    assert privacy.pseudonym(privacy.pseudonym_key(other), "ann@example.com") != made
    other.close()


def test_a_damaged_key_is_said_and_never_replaced(workspace):
    privacy.pseudonym_key(workspace)
    (workspace.home / "keys" / "pseudonyms.key").write_bytes(b"short")
    with pytest.raises(CorruptError, match="damaged"):
        privacy.pseudonym_key(workspace)


def test_who_wants_no_advertising_is_never_allowed_whatever_the_id_looks_like(workspace, file):
    assert privacy.suppress(workspace, ["ann@example.com", "c7"]) == 2
    assert privacy.suppress(workspace, [" ann@example.com"]) == 0
    hidden = privacy.pseudonym(privacy.pseudonym_key(workspace), "ann@example.com")
    found = privacy.allowed(workspace, ["ann@example.com", hidden, "bob@example.com", "c7", "c8"])
    assert found.mask.tolist() == [False, False, True, False, True]
    assert found.sentence == "Left out: 3 on the suppression list."
    assert b"ann@" not in (workspace.home / "privacy" / "suppressed.txt").read_bytes()
    assert privacy.unsuppress(workspace, ["c7"]) == 1
    assert privacy.suppressed_count(workspace) == 1
    assert privacy.allowed(workspace, ["c7"]).mask.all()


def test_the_suppression_list_leaves_no_scratch_behind(workspace):
    before = set(workspace.staging.root.rglob("*"))
    privacy.suppress(workspace, ["u1", "u2"])
    privacy.unsuppress(workspace, ["u1"])
    scratch = {path for path in workspace.staging.root.rglob("*") if path.is_dir()} - before
    assert len(scratch) <= 1  # this process's own folder


def test_a_later_upload_does_not_bring_a_suppressed_customer_back(workspace, file):
    privacy.suppress(workspace, [PEOPLE[1]])
    import_file(workspace, file(LOG), "shop")
    ids = load_dataset(workspace, "shop").interactions.user_ids
    assert len(ids) == 2
    assert privacy.allowed(workspace, ids).mask.all()


def test_only_a_clear_yes_is_consent(workspace, file):
    import_file(workspace, file(LOG), "shop", customers=file(TABLE, "people.csv"))
    data = load_dataset(workspace, "shop")
    found = privacy.allowed(workspace, data.interactions.user_ids, data)
    assert (found.mask.sum(), found.without_consent) == (1, 2)
    assert found.sentence == "Left out: 2 without consent."


def test_an_opt_out_is_turned_round(workspace, file):
    people = file("id,unsubscribed\nu1,yes\nu2,\nu3,no\n", "people.csv")
    import_file(workspace, file("user,item\nu1,a\nu2,a\nu3,b\nu1,b\n"), "shop", customers=people)
    data = load_dataset(workspace, "shop")
    assert data.customers["consent"].tolist() == ["no", "yes", "yes"]
    np.testing.assert_array_equal(
        privacy.allowed(workspace, ["u1", "u2", "u3"], data).mask, [False, True, True]
    )


def test_rows_of_those_on_the_suppression_list_are_refused_and_counted(workspace, file):
    privacy.suppress(workspace, ["ann@example.com"])
    report = import_file(workspace, file(LOG), "shop", customers=file(TABLE, "people.csv"))
    assert (report.rows_in_file, report.loaded) == (30, 20)
    assert report.reasons == {"is of a customer on the suppression list": 10}
    assert report.refused_attributes["reason"].tolist() == ["is of a customer on the suppression list"]
    assert load_dataset(workspace, "shop").interactions.n_users == 2
    assert [one.kind() for one in report.recipe.steps] == ["pseudonyms"]


def test_a_large_file_leaves_them_out_by_the_same_rule(workspace, file, monkeypatch):
    monkeypatch.setattr("reco_lab.sources._bulk.LARGE_BYTES", 0)
    privacy.suppress(workspace, ["u1"])
    report = import_file(workspace, file("user,item\nu1,a\nu2,a\nu3,b\nu1,b\n"), "shop")
    assert (report.rows_in_file, report.loaded, len(report.refused)) == (4, 2, 2)


def test_a_survey_leaves_out_who_is_on_the_suppression_list(workspace, file):
    rows = "".join(f"r{n},{1 + n % 5},{1 + (n + 2) % 5}\n" for n in range(20))
    privacy.suppress(workspace, ["r3"])
    kinds = {"respondent": "respondent", "tea": "rating", "coffee": "rating"}
    report = surveys.import_survey(workspace, file("respondent,tea,coffee\n" + rows), "drinks", kinds=kinds)
    assert report.notes == ("Left out: 1 respondent on the suppression list.",)
    assert (report.cells, report.dataset.summary["customers"]) == (38, 19)
    assert "r3" not in load_dataset(workspace, "drinks").interactions.user_ids
