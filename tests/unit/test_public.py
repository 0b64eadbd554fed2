import io
import zipfile

import pytest

from reco_lab.core.errors import DataError, InputError, NotFoundError
from reco_lab.services import public
from reco_lab.services.public import PublicDataset, fetch, public_datasets
from reco_lab.workspace import Workspace

ENTRY = {
    "name": "tiny", "title": "Tiny", "about": "two rows", "publisher": "nobody", "licence": "CC0",
    "page": "https://example.org/tiny", "address": "https://example.org/tiny.zip", "interactions": "log.csv",
}  # fmt: skip
LOG = b"user,item\nu1,i1\nu2,i2\n"


@pytest.fixture
def workspace(tmp_path):
    opened = Workspace.open(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def listed(monkeypatch):
    def put(**changes):
        entry = PublicDataset(**(ENTRY | changes))
        monkeypatch.setattr(public, "public_datasets", lambda: {entry.name: entry})

    return put


@pytest.fixture
def published(monkeypatch):
    def answer(content):
        monkeypatch.setattr(public.urllib.request, "urlopen", lambda *_, **__: io.BytesIO(content))

    return answer


def archive(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return stream.getvalue()


def test_every_listed_data_set_says_who_publishes_it_and_under_which_licence():
    for name, entry in public_datasets().items():
        assert entry.publisher, name
        assert entry.licence, name
        assert entry.page.startswith("http"), name
        assert all(len(digest) == 64 for digest in entry.sha256.values())


def test_a_folder_that_has_the_files_will_do(workspace, listed, tmp_path):
    listed()
    (tmp_path / "log.csv").write_bytes(LOG)
    found = fetch(workspace, "tiny", from_folder=tmp_path)
    assert found.interactions.read_bytes() == LOG
    assert found.interactions.is_relative_to(workspace.home)
    assert found.unchecked == ("log.csv",)


def test_an_archive_is_downloaded_and_only_what_is_needed_is_unpacked(workspace, listed, published):
    listed()
    published(archive(**{"tiny/log.csv": LOG, "../../evil.csv": b"x", "other.txt": b"y"}))
    found = fetch(workspace, "tiny")
    assert [one.name for one in found.interactions.parent.iterdir()] == ["log.csv"]


def test_a_file_that_was_changed_is_refused(workspace, listed, tmp_path):
    listed(sha256={"log.csv": "0" * 64})
    (tmp_path / "log.csv").write_bytes(LOG)
    with pytest.raises(DataError, match=r"log\.csv is not the file that its publisher gives out"):
        fetch(workspace, "tiny", from_folder=tmp_path)


def test_a_download_that_does_not_end_is_stopped(workspace, listed, published, monkeypatch):
    listed(address="https://example.org/log.csv")
    monkeypatch.setattr(public, "MOST_BYTES", 10)
    published(LOG)
    with pytest.raises(DataError, match="larger than 1 GB"):
        fetch(workspace, "tiny")


def test_without_a_network_the_sentence_names_the_page_and_the_other_way(workspace, listed, monkeypatch):
    def unreachable(*_args, **_options):
        raise OSError("no route")

    listed()
    monkeypatch.setattr(public.urllib.request, "urlopen", unreachable)
    with pytest.raises(InputError, match=r"cannot be reached.*example\.org/tiny.*--from DIR"):
        fetch(workspace, "tiny")


def test_a_lacking_file_and_an_unknown_name_are_answered(workspace, listed, tmp_path):
    listed()
    with pytest.raises(NotFoundError, match=r"no file log\.csv"):
        fetch(workspace, "tiny", from_folder=tmp_path)
    with pytest.raises(NotFoundError, match="There are: tiny"):
        fetch(workspace, "huge")


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "folder", "unchecked"),
    [
        ("movielens-100k", "ml-100k", ()),
        ("movielens-1m", "ml-1m", ("ratings.dat",)),
        ("online-retail", "online-retail", ("OnlineRetail.csv",)),
        (
            "complete-journey",
            "complete-journey",
            ("demographics.csv", "products.csv", "transactions_sample.csv"),
        ),
        ("open-bandit-men", "open-bandit/obd/random/men", ()),
        ("cdnow", "cdnow", ("CDNOW_master.txt",)),
        ("young-people-survey", "young-people-survey", ("responses.csv",)),
    ],
)
def test_every_data_set_at_hand_can_be_fetched(name, folder, unchecked, workspace, real_data):
    found = fetch(workspace, name, from_folder=real_data(folder))
    assert found.interactions.stat().st_size > 0
    assert found.unchecked == unchecked
