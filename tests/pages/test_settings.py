import json

import pytest

from reco_lab.core.errors import NotFoundError
from reco_lab.services import data, erasure, privacy, upkeep
from reco_lab.ui import cache
from reco_lab.ui.settings import SECTIONS
from reco_lab.workspace import Workspace

SETTINGS = "pages/market/settings.py"


def press(browser, label):
    next(one for one in browser.button if one.label == label).click().run()
    assert not browser.exception
    return browser


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_opens_by_its_link_also_in_an_empty_workspace(empty, visit, section):
    browser = visit(SETTINGS, section=section)

    assert not browser.error
    assert browser.header[0].value.startswith("All is well")


def test_it_says_where_everything_is(shop, visit, says):
    said = says(visit(SETTINGS))

    assert str(shop.home) in said
    assert "SQLite" in said
    assert "1 data set, 1 version, 1 experiment" in said


def test_every_stored_file_is_checked_and_a_damaged_one_named(shop, visit, says):
    assert "Every stored file is whole" in says(press(visit(SETTINGS), "Check every stored file"))

    artefact = shop.artefacts.path(data.list_datasets(shop)[0].artefact)
    victim = max((one for one in artefact.rglob("*") if one.is_file()), key=lambda one: one.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.chmod(0o600)
    victim.write_bytes(content)

    assert "is damaged; restore a backup" in says(press(visit(SETTINGS), "Check every stored file"))


def test_a_backup_is_made_and_brought_back(shop, visit, says):
    made = press(visit(SETTINGS, section="Backups"), "Back up now")
    assert "is made and checked" in says(made)
    assert len(upkeep.backups(shop)) == 1
    upkeep.drop(shop, "small-shop", 1)

    browser = visit(SETTINGS, section="Backups")
    browser.radio[0].set_value("One of the list").run()
    assert next(one for one in browser.button if one.label == "Bring it back").disabled
    browser.checkbox(key="restore-sure").check().run()
    press(browser, "Bring it back")

    assert "is back. What was here before lies in" in says(browser)
    assert [one.name for one in data.list_datasets(Workspace.open(shop.home))] == ["small-shop"]


def test_a_backup_comes_back_from_an_upload(shop, visit, says, tmp_path):
    made = upkeep.backup(shop, tmp_path / "mine.zip")
    upkeep.drop(shop, "small-shop", 1)

    browser = visit(SETTINGS, section="Backups")
    browser.file_uploader(key="backup-file").upload("mine.zip", made.path.read_bytes()).run()
    browser.checkbox(key="restore-sure").check().run()
    press(browser, "Bring it back")

    assert [one.name for one in data.list_datasets(Workspace.open(shop.home))] == ["small-shop"]


def test_a_file_that_is_no_backup_changes_nothing(shop, visit, says):
    browser = visit(SETTINGS, section="Backups")
    browser.file_uploader(key="backup-file").upload("photo.zip", b"PK\x03\x04nonsense").run()
    browser.checkbox(key="restore-sure").check().run()
    press(browser, "Bring it back")

    assert "The backup is damaged" in says(browser)
    assert [one.name for one in data.list_datasets(shop)] == ["small-shop"]


def test_what_would_be_removed_is_said_before_it_is(shop, visit, says):
    browser = visit(SETTINGS, section="Retention")
    browser.toggle(key="always-runs").set_value(False).run()
    browser.number_input(key="keep-runs").set_value(0).run()
    assert "trained model" in " ".join(f"{one.value}" for one in browser.info)
    before = upkeep.retention(shop)
    assert before.runs is None

    press(browser, "Save")

    assert upkeep.retention(shop).runs == 0
    press(browser, "Remove now")
    assert "Removed:" in says(browser)
    assert not upkeep.tidy(shop).runs


def test_what_had_a_limit_may_be_kept_for_ever(shop, visit):
    browser = visit(SETTINGS, section="Retention")
    assert not browser.toggle(key="always-log").value
    browser.toggle(key="always-log").set_value(True).run()
    press(browser, "Save")

    assert upkeep.retention(shop).log is None
    assert browser.number_input(key="keep-log").disabled


def test_customers_are_put_on_the_suppression_list_and_taken_off(shop, visit, says):
    browser = visit(SETTINGS, section="Privacy")
    browser.text_area[0].set_value("c01, c02\nc03").run()
    press(browser, "Put on the list")

    assert "3 customers newly on the list" in says(browser)
    assert privacy.suppressed_count(shop) == 3
    assert list(privacy.allowed(shop, ["c01", "c09"]).mask) == [False, True]

    browser.text_area[0].set_value("c02").run()
    press(browser, "Take off the list")
    assert privacy.suppressed_count(shop) == 2


def test_the_diagnostics_hold_no_data(shop, visit):
    text = visit(SETTINGS, section="Diagnostics").code[0].value

    assert json.loads(text)["counts"]["data sets"] == 1
    assert "small-shop" not in text
    assert "c01" not in text


def test_a_customer_gets_her_copy_and_is_erased(shop, visit, says):
    rows = len(data.load_dataset(shop, data.list_datasets(shop)[0].name).interactions)
    browser = visit(SETTINGS, section="Privacy")
    who = next(one for one in browser.text_input if one.label == "Her id")
    who.set_value("c01").run()
    press(browser, "Make her copy")
    assert "Known of c01: " in says(browser)

    assert next(one for one in browser.button if one.label == "Erase her").disabled
    next(one for one in browser.checkbox if one.label.startswith("Yes, erase her")).check().run()
    press(browser, "Erase her")

    assert "is erased" in says(browser)
    left = data.load_dataset(shop, data.list_datasets(shop)[0].name).interactions
    assert len(left) < rows
    assert "c01" not in left.user_ids
    assert browser.dataframe[-1].value["What"].str.startswith("erased").any()


def test_what_another_process_erased_is_not_kept_by_the_app(shop, visit):
    version = data.list_datasets(shop)[0]
    visit(SETTINGS)
    assert "c00" in cache.dataset(shop, version.name, version.fingerprint).interactions.user_ids
    erasure.erase(shop, "c00", who="another process")
    visit(SETTINGS)
    with pytest.raises(NotFoundError):
        cache.dataset(shop, version.name, version.fingerprint)
