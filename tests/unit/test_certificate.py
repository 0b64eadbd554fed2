import json
from importlib.metadata import version

import pytest

from reco_lab.core.errors import CancelledError, DataError, InputError
from reco_lab.experiments.calibration import Published, reproduce
from reco_lab.services import certificate
from reco_lab.services.handlers import HANDLERS
from reco_lab.ui.certificate import detail, sentence
from reco_lab.workspace import Workspace

POPULAR = Published("G1", "Most popular", {"algorithm": "most_popular"}, {"P@10": 0.1, "R@10": 1.0}, 1e-4)
WRONG = Published("G1", "Random", {"algorithm": "random"}, {"P@10": 0.9}, 1e-4)
FAILING = Published("G1", "SVD", {"algorithm": "svd"}, {"P@10": 0.5}, 1e-4)
ELSEWHERE = Published("G2", "Baseline", {"algorithm": "baseline_only"}, {"RMSE": 0.9}, 1e-4)


@pytest.fixture
def workspace(tmp_path):
    opened = Workspace.open(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path):
    """Twelve customers who each find the one item that everybody else had."""
    place = tmp_path / "copy" / "golden-ml-100k"
    place.mkdir(parents=True)
    train = [f"{user}\t{item}\t5\n" for user in range(12) for item in range(12) if item != user]
    (place / "ml-100k.train.rating").write_text("".join(train))
    (place / "ml-100k.test.rating").write_text("".join(f"{user} {user}\n" for user in range(12)))
    return place.parent


@pytest.fixture
def rows(monkeypatch):
    """Says which rows the certificate has."""

    def are(*published):
        monkeypatch.setattr(certificate, "certificate", lambda **_: published)

    return are


def silent(_fraction, _message):
    return None


def test_a_figure_within_its_tolerance_is_reproduced_and_any_other_is_not(workspace, folder, rows):
    rows(POPULAR, WRONG)
    popular, wrong = certificate.compute(workspace, folder, silent)

    assert popular.passed is True
    assert wrong.passed is False
    assert "not so with Random" in sentence([popular, wrong])


def test_a_recommender_that_fails_costs_the_others_nothing(workspace, folder, rows):
    rows(FAILING, POPULAR)
    failed, popular = certificate.compute(workspace, folder, silent)

    assert failed.passed is False
    assert "needs" in failed.figures[0].reason
    assert popular.passed is True


def test_a_fault_of_ours_stands_in_the_row_with_its_reference(workspace, folder, rows):
    (folder / "golden-ml-100k" / "ml-100k.train.rating").write_bytes(b"\x00\xff")
    rows(POPULAR)
    (line,) = certificate.compute(workspace, folder, silent)

    assert line.passed is False
    assert "in the log under" in line.figures[0].reason


def test_where_the_data_is_not_there_nothing_is_claimed(workspace, folder, rows):
    rows(POPULAR, ELSEWHERE)
    lines = certificate.compute(workspace, folder, silent)

    assert lines[1].passed is None
    assert lines[1].figures[0].reason == "u.data is not there"
    assert sentence(lines).startswith(
        "All 2 published figures that were checked are reproduced; 1 needs data that is not here."
    )


def test_every_row_is_kept_as_soon_as_it_is_done_and_a_cancelled_certificate_loses_none(
    workspace, folder, rows
):
    def cancel(_fraction, message):
        if "Random" in message:
            raise CancelledError

    rows(POPULAR, WRONG)
    with pytest.raises(CancelledError):
        certificate.compute(workspace, folder, cancel)

    assert [line.passed for line in certificate.look(workspace)] == [True, None]


def test_an_interrupted_certificate_goes_on_after_its_last_row(workspace, folder, rows):
    rows(POPULAR)
    since = workspace.clock.now().isoformat()
    certificate.compute(workspace, folder, silent, since=since)
    rows(POPULAR, WRONG)
    told = []
    certificate.compute(workspace, folder, lambda _fraction, message: told.append(message), since=since)

    assert told[0] == "Random"


def test_figures_of_other_versions_certify_nothing(workspace, folder, rows):
    rows(POPULAR)
    certificate.compute(workspace, folder, silent)
    kept = workspace.store.get_setting("certificate")
    kept["G1: Most popular"]["versions"]["numpy"] = "1.0"
    workspace.store.set_setting("certificate", kept)
    (line,) = certificate.look(workspace)

    assert line.passed is None
    assert "another version of numpy" in line.figures[0].reason


def test_the_answer_says_when_and_with_which_versions(workspace, folder, rows):
    rows(POPULAR)
    lines = certificate.compute(workspace, folder, silent)

    assert sentence(lines) == "All 2 published figures are reproduced on this machine."
    assert f"numpy {version('numpy')}" in detail(lines)


def test_before_anything_is_checked_the_answer_says_so(workspace):
    assert sentence(certificate.look(workspace)).startswith("Not checked yet")


def test_the_job_computes_and_keeps_it(workspace, folder, rows):
    rows(POPULAR)
    payload = {"full": False, "folder": str(folder), "since": ""}
    result = HANDLERS[certificate.JOB](workspace, json.loads(json.dumps(payload)), silent)

    assert result == {"passed": 1, "of": 1}


def test_asking_twice_queues_one_job(workspace):
    assert certificate.submit(workspace) == certificate.submit(workspace)


def test_only_the_published_files_are_taken(workspace, tmp_path, monkeypatch):
    monkeypatch.delenv(certificate.FOLDER_VARIABLE, raising=False)
    stranger = tmp_path / "u.data"
    stranger.write_text("1\t2\t3\t4\n")
    with pytest.raises(DataError, match="not the published file"):
        certificate.accept(workspace, stranger, "u.data")
    with pytest.raises(InputError, match="The files are"):
        certificate.accept(workspace, stranger, "orders.csv")

    assert not any(certificate.found(workspace).values())


def test_a_published_file_that_a_person_brings_is_found(workspace, real_data, monkeypatch):
    files = [real_data(f"golden-ml-100k/ml-100k.{part}.rating") for part in ("train", "test")]
    files.append(real_data("ml-100k/u.data"))
    monkeypatch.delenv(certificate.FOLDER_VARIABLE)
    for file in files:
        certificate.accept(workspace, file, file.name)
    here = certificate.found(workspace)

    assert here["golden-ml-100k"] == workspace.home / "public" / "golden-ml-100k"
    assert here["ml-100k"] == workspace.home / "public" / "movielens-100k"


def test_the_published_figures_of_the_popular_items_are_reproduced(real_data):
    row = next(one for one in certificate.certificate() if one.name == "Most popular")

    assert all(figure.passed for figure in reproduce(row, real_data("golden-ml-100k")))
