import pytest

from reco_lab.core.errors import DataError, NotFoundError
from reco_lab.core.experiment import DataSpec, Experiment
from reco_lab.experiments.file import parse
from reco_lab.services import experiments, importing, upkeep
from reco_lab.services.data import import_file, load_dataset

DAYS = "customer,item,rating,day\n"
FIRST = DAYS + "u1,a,5,2024-01-01\nu1,b,3,2024-01-02\nu2,a,4,2024-01-03\n"


def test_new_rows_are_put_behind_the_old_and_old_versions_stay(workspace, file):
    import_file(workspace, file(FIRST), "shop", customers=file("id,age\nu1,30\nu2,40\n", "people.csv"))
    more = file(DAYS + "u2,a,4,2024-01-03\nu3,c,2,2024-02-01\n", "more.csv")
    report = import_file(
        workspace, more, "shop", append=True, customers=file("id,age\nu2,41\nu3,50\n", "p2.csv")
    )
    assert (report.version, report.rows_in_file, report.loaded) == (2, 2, 1)
    assert report.reasons == {"is in the earlier version already": 1}
    assert report.refused["line"].tolist() == [2]
    assert len(load_dataset(workspace, "shop").interactions) == 4
    assert load_dataset(workspace, "shop").customers["age"].to_dict() == {"u1": 30.0, "u2": 41.0, "u3": 50.0}
    assert len(load_dataset(workspace, "shop", 1).interactions) == 3


def test_rows_that_two_people_add_at_once_are_not_lost(workspace, file, monkeypatch):
    """Whoever comes second is told so: what she adds was put behind what is not the newest any more."""
    import_file(workspace, file(FIRST), "shop")
    mine, theirs = (file(DAYS + f"{who},c,2,2024-02-01\n", f"{who}.csv") for who in ("u3", "u4"))
    look = importing.item_side

    def meanwhile(*given, **named):
        monkeypatch.setattr(importing, "item_side", look)
        import_file(workspace, theirs, "shop", append=True)
        return look(*given, **named)

    monkeypatch.setattr(importing, "item_side", meanwhile)
    with pytest.raises(DataError, match="Do it again"):
        import_file(workspace, mine, "shop", append=True)
    import_file(workspace, mine, "shop", append=True)
    assert list(load_dataset(workspace, "shop").interactions.user_ids) == ["u1", "u2", "u3", "u4"]


def test_appending_a_file_that_is_in_already_changes_nothing(workspace, file):
    untimed = file("user,item\nu,a\nu,a\n", "untimed.csv")
    for path, name in ((file(FIRST), "timed"), (untimed, "untimed")):
        first = import_file(workspace, path, name)
        again = import_file(workspace, path, name, append=True)
        assert again.dataset == first.dataset
        assert (again.loaded, len(again.refused)) == (0, again.rows_in_file)


def test_appending_to_nothing_is_an_import(workspace, file):
    assert import_file(workspace, file(FIRST), "shop", append=True).version == 1


def test_rows_without_times_are_not_put_behind_rows_with_them(workspace, file):
    import_file(workspace, file(FIRST), "shop")
    with pytest.raises(DataError, match="This file has no times"):
        import_file(workspace, file("customer,item,rating\nu1,a,5\n", "more.csv"), "shop", append=True)
    assert load_dataset(workspace, "shop").fingerprint == workspace.store.dataset("shop").fingerprint


def test_an_import_can_be_undone_and_brought_back(workspace, file):
    first = import_file(workspace, file(FIRST), "shop")
    second = import_file(workspace, file(DAYS + "u3,c,2,2024-02-01\n", "more.csv"), "shop", append=True)
    gone = upkeep.drop(workspace, "shop", second.version)
    assert load_dataset(workspace, "shop").fingerprint == first.fingerprint
    upkeep.bring_back(workspace, "shop", gone.version)
    assert load_dataset(workspace, "shop").fingerprint == second.fingerprint


def test_an_exported_experiment_is_about_the_version_it_was_asked_about(workspace, file):
    rows = "".join(f"u{n % 4},i{n % 5},4,2024-01-{n + 1:02d}\n" for n in range(20))
    import_file(workspace, file(DAYS + rows), "shop")
    question = Experiment(
        data=DataSpec(dataset="shop"), split={"kind": "last_n"}, recommenders=[{"algorithm": "ease"}]
    )
    ready = experiments.prepare(workspace, question)
    id_ = experiments.remember(workspace, ready)
    import_file(workspace, file(DAYS + rows + "u3,z,4,2024-02-01\n", "more.csv"), "shop")
    written = parse(experiments.toml(experiments.as_asked(workspace, id_)))

    assert written.data.version == 1
    assert experiments.prepare(workspace, written).data.fingerprint == ready.data.fingerprint
    assert experiments.prepare(workspace, question).data.fingerprint != ready.data.fingerprint
    alone = written.model_copy(update={"data": DataSpec(dataset="shop", version=1)})
    assert experiments.prepare(workspace, alone).data.fingerprint == ready.data.fingerprint
    assert written.key("cut") == ready.experiment.key("cut")


@pytest.mark.parametrize(
    ("version", "fingerprint", "told"),
    [
        (1, "f" * 64, "version 1 of 'shop' holds something else"),
        (7, "f" * 64, "every version of 'shop' holds something else"),
        (7, None, "has no version 7"),
    ],
)
def test_other_data_under_the_same_name_is_not_taken_for_it(workspace, file, version, fingerprint, told):
    import_file(workspace, file(FIRST), "shop")
    question = Experiment(
        data=DataSpec(dataset="shop", version=version, fingerprint=fingerprint),
        recommenders=[{"algorithm": "ease"}],
    )

    with pytest.raises(NotFoundError, match=told):
        experiments.prepare(workspace, question)
