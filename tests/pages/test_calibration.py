import pytest

from reco_lab.services import certificate

PAGE = "pages/lab/calibration.py"


@pytest.fixture(autouse=True)
def _no_local_copy(monkeypatch):
    monkeypatch.delenv(certificate.FOLDER_VARIABLE, raising=False)


def press(browser, label):
    next(one for one in browser.button if one.label == label).click().run()
    assert not browser.exception
    return browser


def test_before_the_first_check_the_page_says_what_it_does_and_what_it_needs(empty, visit, says):
    browser = visit(PAGE)

    assert "Not checked yet" in says(browser)
    assert "ml-100k.train.rating" in says(browser)
    assert next(one for one in browser.button if one.label == "Check now").disabled


def test_with_data_one_button_queues_the_certificate(shop, visit, tmp_path, monkeypatch):
    for name in ("ml-100k.train.rating", "ml-100k.test.rating"):
        (tmp_path / "golden-ml-100k").mkdir(exist_ok=True)
        (tmp_path / "golden-ml-100k" / name).touch()
    monkeypatch.setenv(certificate.FOLDER_VARIABLE, str(tmp_path))
    press(visit(PAGE), "Check now")

    (job,) = [one for one in shop.queue.recent() if one.kind == certificate.JOB]
    assert job.payload["folder"] == str(tmp_path)
    assert not job.payload["full"]


def test_every_recommender_has_a_row_with_its_reason(shop, visit):
    browser = visit(PAGE)

    (folded,) = [one for one in browser.expander if one.label.startswith("Not checked: 22")]
    table = folded.dataframe[0].value
    assert len(table) == 22
    assert set(table["Result"]) == {"not checked"}
    assert set(table["Why"]) == {"not checked yet"}


def test_an_expert_sees_every_figure_with_its_tolerance(shop, visit):
    table = visit(PAGE).toggle(key="expert").set_value(True).run().dataframe[0].value

    assert {"Published", "Allowed", "Why"} <= set(table.columns)
    assert (table["Recommender"] == "EASE").sum() == 3
