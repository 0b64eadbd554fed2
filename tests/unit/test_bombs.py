"""Files made to fill the memory, to hang or to break a reader: refused in time, while the asker stays small."""

import gzip
import io
import os
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
import xlsxwriter
import zstandard
from pyarrow import parquet

from reco_lab.core.errors import DataError
from reco_lab.jobs.confined import LimitError, Limits, run_confined
from reco_lab.sources import _guard, sniff
from reco_lab.testing.waiting import until

MB = 1 << 20
SECONDS = 6.0  # of processor time, as other tests run beside this one; the promise is 2
ROOM = Limits(memory=2 << 30, cpu_seconds=20, wall_seconds=20.0)


def grown():
    """The most memory that this process ever used, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def worked():
    """The seconds of processor that this process and those it waited for used."""
    return sum(os.times()[:4])


def packed_csv(path):
    path.write_bytes(gzip.compress(b"user,item\n" * (16 * MB // 10), 9) * 64)


def packed_zstd(path):
    path.write_bytes(zstandard.compress(b"user,item\n" * (16 * MB // 10)) * 64)


def packed_zip(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.csv", "w") as stream:
        for _ in range(8):
            stream.write(b"user,item\n" * (16 * MB // 10))


def sheet_of(xml):
    def write(path):
        with xlsxwriter.Workbook(str(path)) as book:
            book.add_worksheet().write_row(0, 0, ["user", "item"])
        stream = io.BytesIO()
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                sheet = name == "xl/worksheets/sheet1.xml"
                new.writestr(name, xml(old.read(name)) if sheet else old.read(name))
        path.write_bytes(stream.getvalue())

    return write


def huge_sheet(part):
    row = b"<row><c><v>1</v></c></row>"
    return part.replace(b"</sheetData>", row * (128 * MB // len(row)) + b"</sheetData>")


def far_corner(part):
    return part.replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')


def wide_parquet(path):
    """5 MB that say 50 GB: one long text, repeated."""
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), pa.array(["x" * 500_000]))
    parquet.write_table(pa.table({"user": text, "item": text}), path)


def long_line(path):
    with path.open("wb") as file:
        file.write(b"user,item\nu1,i1\n")
        for _ in range(64):
            file.write(b"1," * (8 * MB))


def many_columns(path):
    path.write_bytes(b",".join(b"c%d" % n for n in range(100_000)) + b"\n" + b"1," * 99_999 + b"1\n")


BOMBS = {
    "1 GB of csv in 1 MB of gzip": (packed_csv, "unpacks to more than"),
    "1 GB of csv in zstandard": (packed_zstd, "unpacks to more than"),
    "128 MB of csv in a zip": (packed_zip, "unpacks to more than"),
    "128 MB of cells in a workbook": (sheet_of(huge_sheet), "unpacks to more than"),
    "a workbook with one cell in the far corner": (sheet_of(far_corner), "memory"),
    "100 GB of text in a Parquet file": (wide_parquet, "memory"),
    "a line of 1 GB": (long_line, "longer than 1 MB"),
    "100,000 columns": (many_columns, "columns; at most 1000"),
}


LOOKED_AT = {packed_csv, packed_zstd, wide_parquet}  # their first rows can be shown for little


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The bombs, each made once."""
    paths = {}

    def path(make):
        if make not in paths:
            paths[make] = tmp_path_factory.mktemp("bomb") / "file.csv"
            make(paths[make])
        return paths[make]

    return path


@pytest.fixture
def tight(monkeypatch):
    """As little memory as a small machine has, so that the test is quick."""
    monkeypatch.setattr(_guard, "WHOLE", ROOM)


@pytest.mark.parametrize(("make", "sentence"), BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("rows", [None, 20], ids=["whole", "preview"])
def test_a_bomb_is_refused_in_time_and_the_asker_stays_small(make, sentence, rows, made, tight):
    path = made(make)
    before, started = grown(), worked()
    if rows and make in LOOKED_AT:
        assert len(sniff(path).read(path, rows=rows).frame) <= rows
    else:
        with pytest.raises(DataError, match=sentence):
            sniff(path).read(path, rows=rows)
    assert worked() - started < SECONDS
    assert grown() - before < 50


def limited(code, tmp_path, **limits):
    """What becomes of confined work that does `code`."""
    (tmp_path / "work.py").write_text(
        "from reco_lab.jobs.confined import serve\n"
        "def work(request, stream):\n"
        f"    {code}\n"
        "    stream.write(request['word'].encode())\n"
        "serve(work)\n"
    )
    known = {"memory": 2 << 30, "cpu_seconds": 20, "wall_seconds": 20.0}
    return bytes(run_confined("work", {"word": "done"}, Limits(**(known | limits))))


@pytest.fixture
def beside(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    return tmp_path


def test_confined_work_answers(beside):
    assert limited("print('noise on the way')", beside) == b"done"


@pytest.mark.parametrize(
    ("code", "limits", "what"),
    [
        ("bytearray(4 << 30)", {}, "memory"),
        ("import os; os.abort()", {}, "memory"),
        ("import time; time.sleep(60)", {"wall_seconds": 2.0}, "time"),
        ("any(False for _ in iter(int, 1))", {"cpu_seconds": 1}, "time"),
    ],
)
def test_confined_work_that_takes_too_much_is_ended(code, limits, what, beside):
    with pytest.raises(LimitError) as caught:
        limited(code, beside, **limits)
    assert caught.value.what == what


def test_a_fault_of_our_own_is_not_taken_for_a_bad_file(beside):
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        limited("1 / 0", beside)


def test_confined_work_ends_with_the_one_who_asked(beside):
    code = (
        "import time, pathlib; pathlib.Path('pid').write_text(str(__import__('os').getpid())); time.sleep(60)"
    )
    asking = (
        "from reco_lab.jobs.confined import Limits, run_confined\n"
        "run_confined('work', {'word': ''}, Limits(2 << 30, 20, 60.0))\n"
    )
    with pytest.raises(LimitError):
        limited("import time; time.sleep(60)", beside, wall_seconds=0.1)
    (beside / "work.py").write_text(
        (beside / "work.py").read_text().replace("import time; time.sleep(60)", code)
    )
    asker = subprocess.Popen([sys.executable, "-c", asking], cwd=beside)
    pid = beside / "pid"
    until(lambda: pid.exists() and pid.read_text())
    asker.kill()
    asker.wait()
    until(lambda: not Path("/proc", pid.read_text()).exists())
