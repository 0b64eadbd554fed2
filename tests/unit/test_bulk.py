import gzip
import io

import numpy as np
import pandas as pd
import pytest

from reco_lab.cleaning.steps.exact_copies import ExactCopies
from reco_lab.cleaning.steps.impossible_times import ImpossibleTimes
from reco_lab.cleaning.steps.missing_ids import MissingIds
from reco_lab.cleaning.steps.not_positive import NotPositive
from reco_lab.cleaning.steps.pseudonyms import Pseudonyms
from reco_lab.cleaning.steps.unreadable import Unreadable
from reco_lab.core.errors import DataError, InputError
from reco_lab.core.experiment import Columns
from reco_lab.core.ordering import arranged
from reco_lab.core.recipe import Reading, Recipe
from reco_lab.services import importing
from reco_lab.services.data import import_file, load_dataset
from reco_lab.sources import _bulk, _bulk_child, _coding, _files

COLUMNS = Columns(user="user_id", item="item_id", value="rating", time="timestamp")
HEADER = "user_id,item_id,rating,timestamp,note\n"


@pytest.fixture
def stream(monkeypatch):
    """Take every file for a large one and read it in small blocks, never at once."""
    monkeypatch.setattr(_bulk, "LARGE_BYTES", 0)
    monkeypatch.setattr(_bulk, "BLOCK_BYTES", 1 << 17)
    monkeypatch.setattr(importing, "_at_once", None)


@pytest.fixture
def both(workspace, monkeypatch, request):
    """Import a file at once and as a stream, here and not in a process of its own; both reports, or both errors."""

    def bring(path, **settings):
        at_once = _outcome(workspace, path, "at-once", settings)
        request.getfixturevalue("stream")
        monkeypatch.setattr(_bulk, "run_confined", _read_here)
        return at_once, _outcome(workspace, path, "streamed", settings)

    return bring


def _read_here(_module, request, _limits):
    answer = io.BytesIO()
    _bulk_child.parse(request, answer)
    return answer.getvalue()


def _outcome(workspace, path, name, settings):
    try:
        return import_file(workspace, path, name, **settings)
    except InputError as error:
        return error


def _assert_same(at_once, streamed):
    assert streamed.fingerprint == at_once.fingerprint
    assert (streamed.rows_in_file, streamed.loaded) == (at_once.rows_in_file, at_once.loaded)
    assert streamed.rows_in_file == streamed.loaded + len(streamed.refused)
    pd.testing.assert_frame_equal(
        streamed.refused.reset_index(drop=True), at_once.refused.reset_index(drop=True), check_dtype=False
    )
    for name in ("mended", "notes", "warnings", "recipe", "summary"):
        assert getattr(streamed, name) == getattr(at_once, name), name
    shown = {"encoding_sample", "encoding_alternatives"}  # a stream shows the odd letters of its beginning
    words = [
        {key: word for key, word in one.dialect.items() if key not in shown} for one in (streamed, at_once)
    ]
    assert words[0] == words[1]


def _rows(count, seed=0, time=str):
    random = np.random.default_rng(seed)
    users, items = random.integers(0, 300, count), random.integers(0, 90, count)
    moments = random.integers(1_500_000_000, 1_500_050_000, count)
    return [
        f"u{user:04d},i{item},{rating},{time(moment)},x{user}\n"
        for user, item, rating, moment in zip(
            users, items, random.integers(1, 6, count), moments, strict=True
        )
    ]


PLAIN = "".join(_rows(6000))
QUOTED = "".join(
    f'"{user}","{item}","{rating}","{time}","said ""{note.strip()}"", then\n left"\n'
    for user, item, rating, time, note in (line.split(",") for line in _rows(3000))
)
BROKEN = {
    "short rows": lambda lines: [line if n % 400 else "u1,i1\n" for n, line in enumerate(lines, 1)],
    "an open quote": lambda lines: [line if n % 900 else '"u1,i1,2,1500000000,y\n' for n, line in enumerate(lines, 1)],
    "blank lines": lambda lines: [line if n % 50 else "\n" + line + "   \n" for n, line in enumerate(lines, 1)],
    "NULs": lambda lines: [line if n % 700 else line.replace("i", "\0", 1) for n, line in enumerate(lines, 1)],
    "headers again": lambda lines: [line if n % 600 else HEADER for n, line in enumerate(lines, 1)],
    "comments": lambda lines: [line if n % 600 else "# a,b\n" for n, line in enumerate(lines, 1)],
    "single returns": lambda lines: [line if n % 800 else line.replace("\n", "\r") for n, line in enumerate(lines, 1)],
    "late quotes": lambda lines: [line if n < 5900 else line.replace("x", '"x,', 1).replace("\n", '"\n') for n, line in enumerate(lines * 3, 1)],
    "empty and odd ids": lambda lines: [
        line if n % 11 else [",i1,1,1500000001,\n", " u0001 ,i1,2,1500000001,\n", "u\x01,i1,2,1500000001,\n",
        "e\u0301,i\u00e9,2,1500000001,\n", "\u00e9,i1,2,1500000001,\n", "u1," + "i" * 300 + ",2,1500000001,\n"][n // 11 % 6]
        for n, line in enumerate(lines, 1)
    ],
    "odd values": lambda lines: [
        line if n % 11 else f"u1,i1,{('', 'x', 'nan', '1e13', '1,5', '4.50')[n // 11 % 6].replace(',', '.')},1500000001,\n"
        for n, line in enumerate(lines, 1)
    ],
    "odd times": lambda lines: [
        line if n % 11 else f"u1,i1,2,{('', 'x', '1500000001.5', '01500000002', '1.5e9')[n // 11 % 5]},\n"
        for n, line in enumerate(lines, 1)
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        HEADER + PLAIN,
        PLAIN,
        HEADER + PLAIN[:-1],
        (HEADER + PLAIN).replace(",", ";"),
        (HEADER + PLAIN).replace(",", "::"),
        (HEADER + PLAIN).replace("\n", "\r\n"),
        HEADER + QUOTED,
        HEADER + QUOTED[:-1],
        "# made by hand\nabout this\n" + HEADER + PLAIN,
        (HEADER + PLAIN).replace(",", ", "),
    ],
    ids=["plain", "no header", "no last end", "semicolons", "colons", "CR LF", "quoted", "quoted to the end", "preamble", "blanks"],
)  # fmt: skip
def test_a_regular_file_becomes_the_same_log_as_at_once(both, file, text):
    columns = None if text.startswith("u") and not text.startswith("user") else COLUMNS
    _assert_same(*both(file(text), columns=columns))


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_refused_is_refused_with_the_same_line_and_reason(both, file, how):
    text = HEADER + "".join(BROKEN[how](_rows(6000)))
    _assert_same(*both(file(text), columns=COLUMNS))


@pytest.mark.parametrize("end", ["\x1a", '"u1,i1,2,1500000000,y', "u1,i1", "u\0,i1,2,1500000000,y"])
def test_an_odd_last_line_without_an_end_is_told_as_at_once(both, file, end):
    _assert_same(*both(file(HEADER + 2 * PLAIN + end), columns=COLUMNS))


def test_damage_that_is_little_of_the_file_but_much_of_its_beginning_is_allowed(both, file):
    rows = [line if n % 60 or n > 18_000 else "u1\n" for n, line in enumerate(_rows(40_000), 1)]
    at_once, streamed = both(file(HEADER + "".join(rows)), columns=COLUMNS)
    _assert_same(at_once, streamed)
    assert len(streamed.refused) == 300


def test_a_stretch_without_times_does_not_make_them_another_kind(both, file):
    _assert_same(*both(file(HEADER + PLAIN + "u1,i1,2,,y\n" * 30_000), columns=COLUMNS))


def test_blanks_behind_delimiters_need_no_last_line_end(both, file):
    _assert_same(*both(file((HEADER + PLAIN[:-1]).replace(",", ", ")), columns=COLUMNS))


def test_a_large_file_is_read_in_a_process_of_its_own(workspace, file, stream):
    text = HEADER + "".join(BROKEN["short rows"](_rows(6000)))
    report = import_file(
        workspace, file(gzip.compress(text.encode()), "log.csv.gz"), "streamed", columns=COLUMNS
    )
    assert (report.rows_in_file, report.loaded, len(report.refused)) == (6000, 5985, 15)
    assert report.refused["line"].tolist() == [400 * n + 1 for n in range(1, 16)]
    assert load_dataset(workspace, "streamed").fingerprint == report.fingerprint


def test_a_bomb_is_refused_while_it_is_unpacked(workspace, file, stream, monkeypatch):
    monkeypatch.setattr(_bulk, "run_confined", _read_here)
    monkeypatch.setattr(_files, "FREE_BYTES", 5 << 20)
    bomb = gzip.compress((HEADER + "u1,i1,1,1500000000,\n" * 400_000).encode())
    with pytest.raises(DataError, match="It unpacks to more than 5 MB, which is too much"):
        import_file(workspace, file(bomb, "log.csv.gz"), "streamed", columns=COLUMNS)


def test_ids_of_every_alphabet_and_length_stay_as_they_are(both, file):
    ids = [word * length for word in ("k", "7", "é", "東", "🙂") for length in (1, 3, 8, 9, 60)]
    rows = [f"{ids[n % 25]},{ids[n * 7 % 25]},1,{1_500_000_000 + n},\n" for n in range(9000)]
    at_once, streamed = both(file(HEADER + "".join(rows)), columns=COLUMNS)
    _assert_same(at_once, streamed)
    assert (streamed.loaded, streamed.summary["customers"]) == (9000, 25)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_other_encodings_are_read_as_at_once(both, file, encoding):
    text = (HEADER + PLAIN).replace(",x1", ",Zoë").replace(",x2", ",Müller")
    _assert_same(*both(file(text.encode(encoding)), columns=COLUMNS))


def test_a_parquet_file_becomes_the_same_log_as_at_once(both, tmp_path):
    frame = pd.read_csv(io.StringIO(HEADER + PLAIN)).convert_dtypes()
    frame.loc[::50, "user_id"] = None
    frame["timestamp"] = pd.to_datetime(frame["timestamp"], unit="s")
    frame.to_parquet(tmp_path / "log.parquet")
    _assert_same(*both(tmp_path / "log.parquet", columns=COLUMNS))


@pytest.mark.parametrize(
    "write",
    [
        lambda moment: str(moment * 1000 + 7),
        lambda moment: str(moment * 1_000_000_000 + 123_456_789),
        lambda moment: str(np.datetime64(moment, "s")).replace("T", " "),
        lambda moment: str(np.datetime64(moment, "s")) + "Z",
        lambda moment: str(np.datetime64(moment, "s"))[:10].replace("-", ""),
        lambda moment: "/".join(reversed(str(np.datetime64(moment, "s"))[:10].split("-"))) + " 10:00",
        lambda moment: f"{moment}.5" if moment > 1_500_025_000 else str(moment),
        lambda moment: f"{np.datetime64(moment, 's')}" if moment % 10 < 7 else f"{14 + moment % 10}.07.2017 10:00",
    ],
    ids=["milliseconds", "nanoseconds", "ISO", "ISO with a zone", "YYYYMMDD", "day first", "some with fractions", "in two ways"],
)  # fmt: skip
def test_times_are_read_as_at_once(both, file, write):
    rows = _rows(4000, time=lambda moment: write(int(moment)))
    _assert_same(*both(file(HEADER + "".join(rows)), columns=COLUMNS))


def test_times_of_many_texts_are_read_block_by_block(both, file, monkeypatch):
    monkeypatch.setattr(_coding, "MOST_SHARED", 100)
    months = [f"{2020}/{1 + n // 400 % 12:02d}/{1 + n % 28:02d}" for n in range(12_000)]
    rows = [
        f"u{n % 70},i{n % 31},{1 + n % 5},{day[5:]}/{day[:4]} 1{n % 10}:00,\n" for n, day in enumerate(months)
    ]
    _assert_same(*both(file(HEADER + "".join(rows)), columns=COLUMNS))


def test_times_of_one_export_behind_those_of_another_are_read_block_by_block(both, file, monkeypatch):
    monkeypatch.setattr(_coding, "MOST_SHARED", 100)
    days = [(1 + n // 400 % 12, 1 + n % 28, n % 24) for n in range(12_000)]
    texts = [f"2020-{month:02d}-{day:02d} {hour:02d}:15:00" for month, day, hour in days[:8000]]
    texts += [f"{day:02d}.{month:02d}.2021 {hour:02d}:15" for month, day, hour in days[8000:]]
    rows = [f"u{n % 70},i{n % 31},{1 + n % 5},{text},\n" for n, text in enumerate(texts)]
    at_once, streamed = both(file(HEADER + "".join(rows)), columns=COLUMNS)
    _assert_same(at_once, streamed)
    assert streamed.loaded == 12_000


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace(",15000", ",15"),
        PLAIN + "u1,i1,5,99999999999,\n",
        PLAIN + "u1,i1,5,5,\n",
        "".join(_rows(3000, time=lambda _: "01/02/2023")),
        PLAIN.replace("u0", ",u0"),
        "".join("x\n" if n % 40 == 0 else row for n, row in enumerate(_rows(3000))),
        "".join(f",i1,5,150000000{n % 10},\n" for n in range(900)),
    ],
    ids=["numbers that are no times", "the future", "the past", "day or month", "width", "too many refused", "no ids"],
)  # fmt: skip
def test_a_mistake_is_told_in_the_same_words(both, file, text):
    at_once, streamed = both(file(HEADER + text), columns=COLUMNS)
    assert isinstance(at_once, InputError)
    assert str(streamed) == str(at_once)


def test_steps_that_see_one_row_at_a_time_do_the_same(both, file):
    rows = _rows(4000)
    rows[100:200] = [
        ",i1,0,1500000000,\n",
        "u1,,-1,1500000000,\n",
        "u1,i1,x,400,\n",
        "u2,i1,0,9999999999,\n",
    ] * 25
    recipe = Recipe(
        columns=COLUMNS,
        steps=(
            MissingIds(), MissingIds(role="item"), Unreadable(), ImpossibleTimes(), NotPositive(), Pseudonyms(),
        ),
    )  # fmt: skip
    at_once, streamed = both(file(HEADER + "".join(rows)), recipe=recipe)
    _assert_same(at_once, streamed)
    assert streamed.mended["personal data in ids"] > 0


def test_personal_data_becomes_pseudonyms_unasked(both, file):
    at_once, streamed = both(file(HEADER + PLAIN.replace(",i", "@shop.example,i")), columns=COLUMNS)
    _assert_same(at_once, streamed)
    assert [one.kind() for one in streamed.recipe.steps] == ["pseudonyms"]


def test_a_large_file_with_a_step_that_compares_rows_is_read_at_once(workspace, file, monkeypatch):
    monkeypatch.setattr(_bulk, "LARGE_BYTES", 0)
    recipe = Recipe(columns=COLUMNS, steps=(ExactCopies(),))
    report = import_file(workspace, file(HEADER + PLAIN + "".join(_rows(6000)[:2])), "at-once", recipe=recipe)
    assert (report.rows_in_file, report.loaded) == (6002, 6000)


def test_what_must_be_read_at_once_and_takes_too_much_memory_is_refused(workspace, file, stream, monkeypatch):
    monkeypatch.setattr(_bulk, "share_of_memory", lambda: 1 << 20)
    recipe = Recipe(columns=COLUMNS, steps=(ExactCopies(),))
    with pytest.raises(DataError, match="It has to be read at once, and that takes about 0 GB of memory"):
        import_file(workspace, file(HEADER + PLAIN), "streamed", recipe=recipe)


def test_what_rows_say_of_their_items_is_kept_as_at_once(both, workspace, file):
    def row(n, item):
        title = "" if n % 5 == 0 else f"Thing {item % 40}" if n % 97 else "Another"
        return f"u{n % 70},i{item:03d},{title},{'abc'[item % 3]},{item % 9}.5{n % 2},{1_500_000_000 + n}\n"

    rows = [row(n, n * 7 % 120) if n % 300 else "u1,,x,,,1500000000\n" for n in range(1, 9000)]
    text = "customer_id,product_id,title,category,price,time\n" + "".join(rows)
    columns = Columns(
        user=0,
        item="product_id",
        time="time",
        title="title",
        category="category",
        price="price",
        value="price",
    )
    _assert_same(*both(file(text), columns=columns))
    tables = [load_dataset(workspace, name).items for name in ("at-once", "streamed")]
    assert len(tables[0]) == 120
    pd.testing.assert_frame_equal(*tables)


def test_a_decimal_comma_is_read_as_at_once(both, file):
    rows = [row.replace(",", ";").replace(";3;", ";3,5;") for row in _rows(3000)]
    _assert_same(*both(file(HEADER.replace(",", ";") + "".join(rows)), columns=COLUMNS))


def test_kinds_are_read_as_at_once(both, file):
    rows = [
        f"u{n % 50},i{n % 17},{['view', 'cart', 'buy', ''][n % 4]},{1_500_000_000 + n}\n" for n in range(4000)
    ]
    text = "user,item,event,time\n" + "".join(rows)
    _assert_same(*both(file(text), columns=Columns(user="user", item="item", kind="event", time="time")))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ml-1m/ratings.dat", "ml-100k/u.data", "online-retail/OnlineRetail.csv"])
def test_real_files_become_the_same_log_as_at_once(both, real_data, name):
    columns = Columns(user="CustomerID", item="StockCode", value="Quantity", time="InvoiceDate")
    settings = {"columns": columns, "reading": Reading(day_first=False)} if "Retail" in name else {}
    _assert_same(*both(real_data(name), **settings))


@pytest.mark.parametrize(
    ("users", "span", "step"), [(1000, 100, 10**6), (200_000, 10**15, 1), (3, 1000, 1000), (2**31 - 1, 5, 1)]
)
def test_the_canonical_order_is_that_of_all_columns_in_turn(users, span, step):
    random = np.random.default_rng(1)
    rows = 100_000
    columns = (
        random.integers(0, users, rows).astype(np.int32),
        random.integers(-span // 3, span, rows) * step,
        random.integers(0, 50, rows).astype(np.int32),
        random.integers(0, 2, rows).astype(np.uint8),
        random.choice(np.array([0.0, -0.0, 1, 3.5], np.float32), rows),
    )
    for keys in (columns, columns[:1] + columns[2:]):
        order = np.lexsort(keys[::-1])
        *ordered, places = arranged(keys, [np.arange(rows)])
        assert (places == order).all()
        assert all((one == key[order]).all() for one, key in zip(ordered, keys, strict=True))
