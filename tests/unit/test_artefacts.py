"""Artefacts: the same content is the same folder, whole or not there, and no flipped bit gets by."""

import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.errors import CorruptError, NotFoundError
from reco_lab.core.recommender import State
from reco_lab.store.artefacts import Artefacts
from reco_lab.store.staging import Staging

ARRAYS = {
    "codes": np.arange(12, dtype=np.int32).reshape(3, 4),
    "by column": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    "times": np.array(["2026-05-01", "NaT"], dtype="datetime64[us]"),
    "names": np.array(["00123", "1e5", "NA", "é"]),
    "nothing": np.empty((0, 3), np.float32),
    "one": np.array(3.5),
}
TABLE = pd.DataFrame(
    {"title": ["=1+1", None], "price": [1.5, np.nan]}, index=pd.Index(["001", "NA"], name="id")
)


@pytest.fixture
def artefacts(tmp_path):
    return Artefacts(tmp_path / "artefacts", Staging(tmp_path / "staging"))


def saved(artefacts, arrays=ARRAYS, **more):
    return artefacts.save("dataset", arrays=arrays, meta={"rows": 12}, tables={"items": TABLE}, **more)


def all_files(artefacts, id_):
    return sorted(path for path in artefacts.load(id_).path.rglob("*") if path.is_file())


def test_what_is_saved_is_loaded(artefacts, tmp_path):
    (tmp_path / "report.html").write_text("<p>")
    artefact = artefacts.load(saved(artefacts, files={"report.html": tmp_path / "report.html"}))
    assert (artefact.kind, artefact.meta) == ("dataset", {"rows": 12})
    assert set(artefact.arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert artefact.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(artefact.arrays[name], array)
    pd.testing.assert_frame_equal(artefact.tables["items"], TABLE)
    assert (artefact.path / "files" / "report.html").read_text() == "<p>"


def test_the_same_content_has_the_same_id_in_any_order_and_is_kept_once(artefacts):
    backwards = dict(reversed(ARRAYS.items()))
    id_ = saved(artefacts)
    begun = [path.stat().st_mtime_ns for path in all_files(artefacts, id_)]
    assert saved(artefacts, backwards) == id_
    assert [path.stat().st_mtime_ns for path in all_files(artefacts, id_)] == begun
    assert saved(artefacts, ARRAYS | {"one": np.array(3.6)}) != id_


def test_an_empty_artefact_is_an_artefact(artefacts):
    empty = artefacts.load(artefacts.save("note"))
    assert (empty.kind, empty.arrays, empty.tables, empty.meta) == ("note", {}, {}, {})


def test_objects_are_never_pickled(artefacts):
    with pytest.raises(ValueError, match=r"Object arrays"):
        artefacts.save("dataset", arrays={"objects": np.array([{}, None], dtype=object)})
    assert not any(artefacts.staging.folder().parent.glob("*/*"))


def test_a_model_comes_back_with_its_parts(artefacts):
    leaf = State({"factors": ARRAYS["codes"]}, {"bias": 0.1}, {"trees": "tree\n" * 3})
    whole = State(
        {"factors": ARRAYS["by column"], "a/b": ARRAYS["one"]}, {}, {}, (leaf, State({}, {}, {}, (leaf,)))
    )
    spec = {"algorithm": "hybrid", "parts": [{"algorithm": "ease", "l2": 500.0}]}
    id_ = artefacts.save_state(spec, whole)
    loaded_spec, loaded = artefacts.load_state(id_)
    assert loaded_spec == spec
    assert artefacts.save_state(loaded_spec, loaded) == id_
    np.testing.assert_array_equal(loaded.children[1].children[0].arrays["factors"], ARRAYS["codes"])
    assert loaded.children[0].texts == leaf.texts
    assert (loaded.children[0].meta, set(loaded.arrays)) == ({"bias": 0.1}, {"factors", "a/b"})


@pytest.mark.parametrize("name", ["../out", "/etc/passwd", "", "a/b", "..", "x\0", "n" * 200])
def test_no_name_leads_out_of_the_folder(artefacts, tmp_path, name):
    with pytest.raises(ValueError, match="cannot name a part"):
        artefacts.save("dataset", tables={name: TABLE})
    with pytest.raises(NotFoundError):
        artefacts.load(name)
    assert {path.name for path in tmp_path.iterdir()} <= {"artefacts", "staging"}


def test_an_unknown_id_is_not_found(artefacts):
    with pytest.raises(NotFoundError):
        artefacts.load("0" * 64)


def flip_bits(artefacts, id_, flips, rng):
    files = all_files(artefacts, id_)
    caught = 0
    for flip in range(flips):
        path = files[flip % len(files)]
        good = path.read_bytes()
        at, bit = int(rng.integers(len(good))), int(rng.integers(8))
        path.write_bytes(good[:at] + bytes([good[at] ^ (1 << bit)]) + good[at + 1 :])
        try:
            artefacts.load(id_)
        except CorruptError:
            caught += 1
        path.write_bytes(good)
    return caught


def test_a_flipped_bit_is_always_noticed(artefacts):
    assert flip_bits(artefacts, saved(artefacts), 90, np.random.default_rng(0)) == 90


@pytest.mark.slow
def test_a_thousand_flipped_bits_are_all_noticed(artefacts):
    assert flip_bits(artefacts, saved(artefacts), 1000, np.random.default_rng(1)) == 1000


def test_a_shortened_or_missing_file_is_noticed_and_saving_again_puts_it_right(artefacts):
    id_ = saved(artefacts)
    for path in all_files(artefacts, id_):
        for damage in (lambda path: path.write_bytes(path.read_bytes()[:-1]), Path.unlink):
            damage(path)
            with pytest.raises(CorruptError, match=r"damaged|read"):
                artefacts.load(id_)
            assert saved(artefacts) == id_
            assert artefacts.load(id_).meta == {"rows": 12}


def test_a_pickle_in_the_place_of_an_array_is_not_opened(artefacts):
    id_ = saved(artefacts)
    (artefacts.load(id_).path / "arrays.npz").write_bytes(pickle.dumps(print))
    with pytest.raises(CorruptError):
        artefacts.load(id_)


WRITER = """
import sys, numpy as np
from pathlib import Path
from reco_lab.store.artefacts import Artefacts
from reco_lab.store.staging import Staging
root = Path(sys.argv[1])
artefacts = Artefacts(root / "artefacts", Staging(root / "staging"))
for number in range(10**9):
    print(artefacts.save("dataset", arrays={"a": np.full(20_000, number)}), flush=True)
"""


def kill_while_saving(artefacts, kills, rng):
    root, acknowledged = artefacts.root.parent, []
    for _ in range(kills):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root)], stdout=subprocess.PIPE, text=True
        )
        acknowledged.append(writer.stdout.readline().strip())
        time.sleep(float(rng.uniform(0, 0.05)))
        writer.send_signal(signal.SIGKILL)
        acknowledged += [line for line in writer.communicate()[0].split("\n") if len(line) == 64]
    return acknowledged


def assert_whole(artefacts, acknowledged):
    there = [path.name for path in artefacts.root.glob("*/*")]
    assert set(acknowledged) <= set(there)
    for id_ in there:
        assert artefacts.load(id_).arrays["a"].shape == (20_000,)
    artefacts.staging.sweep()
    assert [path.name for path in artefacts.staging.root.iterdir()] == [".lock"]


@pytest.mark.slow
def test_a_dozen_kills_while_saving_leave_whole_artefacts_and_nothing_else(artefacts):
    assert_whole(artefacts, kill_while_saving(artefacts, 12, np.random.default_rng(1)))


def test_a_sweep_spares_the_folders_of_the_living(artefacts):
    mine = artefacts.staging.folder()
    (mine / "half").write_text("made")
    assert Staging(artefacts.staging.root).sweep() == 0
    assert (mine / "half").read_text() == "made"
