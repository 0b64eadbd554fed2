import pytest

from reco_lab.cleaning.steps.robots import Robots
from reco_lab.core.errors import DataError
from reco_lab.core.experiment import Columns
from reco_lab.core.recipe import Reading
from reco_lab.core.step import steps
from reco_lab.services.data import import_file, load_dataset, preview, quality
from reco_lab.services.quality import _ORDER
from reco_lab.workspace import Workspace

HEADER = "order,client,sku,qty,when,unit_price,status\n"


@pytest.fixture
def file(tmp_path):
    def write(*rows, header=HEADER, name="shop.csv"):
        path = tmp_path / name
        path.write_text(header + "\n".join(rows) + "\n", encoding="utf-8")
        return path

    return write


def usual(count=60):
    return [
        f"{1000 + n},c{n % 30},s{n % 17},{1 + n % 3},2024-03-{1 + n % 28:02d} 1{n % 10}:00:{n:02d},{2 + n % 5}.50,sent"
        for n in range(count)
    ]


def found(report):
    return {one.step.kind(): one for one in report.findings}


def test_a_clean_file_has_no_findings(workspace, file):
    report = quality(workspace, file(*usual()))
    assert report.findings == ()
    assert report.default_steps == ()
    assert (report.rows, report.columns.user, report.questions) == (60, "client", {})


def test_where_one_row_has_several_faults_it_is_said_why_an_import_counts_it_once(workspace, file):
    nobody = "2001,,s1,1,2024-03-01 10:00,2.50,sent"
    path = file(*usual(), usual()[0], nobody, nobody)
    report = quality(workspace, path)
    brought = import_file(workspace, path, "shop", recipe=report.recipe())

    assert found(report)["exact_copies"].rows == 2
    assert brought.reasons["is a copy of an earlier row"] == 1
    assert "leaves a row with several faults out once" in report.overlap
    assert quality(workspace, file(*usual(), usual()[0])).overlap == ""


def test_the_report_says_how_many_rows_the_mends_leave(workspace, file):
    nobody = "2001,,s1,1,2024-03-01 10:00,2.50,sent"
    path = file(*usual(), usual()[0], nobody, nobody, "2002,c1,s1,-2,2024-03-01 10:00,2.50,sent")
    report = quality(workspace, path)
    without_copies = [one for one in report.findings if one.step.kind() != "exact_copies"]
    for chosen, words in ((None, "60"), (without_copies, "about 61")):
        brought = import_file(workspace, path, f"shop-{words[-2:]}", recipe=report.recipe(chosen))
        findings = [one for one in report.findings if one.on_by_default] if chosen is None else chosen
        assert report.come_in(findings) == words
        assert brought.loaded == int(words[-2:])


def test_an_import_without_a_recipe_warns_of_goods_sent_back_and_with_one_does_not(workspace, file):
    path = file(*usual(), "2001,c1,s1,-2,2024-03-01 10:00,2.50,sent")
    warned = [one for one in import_file(workspace, path, "shop").warnings if "negative" in one]
    mended = import_file(workspace, path, "mended", recipe=quality(workspace, path).recipe())

    assert [one.partition(":")[0] for one in warned] == ["1 row with a negative value counts as a purchase"]
    assert mended.reasons == {"has a quantity of zero or less": 1}
    assert mended.warnings == ()


def test_the_rows_of_the_report_are_those_of_the_import_also_where_some_cannot_be_read(workspace, file):
    others = [row.replace(",c", ",d") for row in usual()]
    path = file(*usual(), *others, "2001,c1,s1", "2002,c1,s1,k.A.,2024-03-01 10:00,2.50,sent")
    report = quality(workspace, path)
    brought = import_file(workspace, path, "shop", recipe=report.recipe())

    assert (report.rows, report.unread) == (122, 1)
    assert report.counted == "122 rows, of which 1 cannot be read"
    assert (brought.rows_in_file, len(brought.refused)) == (
        122,
        report.unread + found(report)["unreadable"].rows,
    )


def test_a_look_at_the_first_rows_says_that_it_counts_no_more_than_these(file, monkeypatch):
    path = file(*usual(110), "2001,c1,s1", *usual(110), "2002,c1,s1")
    (short,) = preview(path).warnings
    monkeypatch.setattr("reco_lab.services.data.PREVIEW_ROWS", 120)
    (first,) = preview(path).warnings

    assert short.startswith("2 rows cannot be read")
    assert first.startswith("1 of the first 121 rows cannot be read; line 112 ")


def test_faults_are_grouped_by_their_mend_with_counts_and_examples(workspace, file):
    path = file(
        *usual(),
        "2001,,s1,1,2024-03-01 10:00,2.50,sent",
        "C1002,c2,s2,-1,2024-03-02 10:00,2.50,sent",
        "2003,c3,s3,1,2024-03-03 10:00,0,sent",
        "2004,c4,s4,1,2024-03-04 10:00,2.50,refunded",
        "2005,c5,s5,many,2024-03-04 10:00,2.50,sent",
        usual()[0],
    )
    report = quality(workspace, path)
    kinds = found(report)
    assert set(kinds) == {"missing_ids", "cancelled_orders", "not_positive", "unreadable", "exact_copies"}
    assert kinds["missing_ids"].sentence.startswith("1 row (1.5%) has no usable customer id")
    assert kinds["missing_ids"].examples.index.tolist() == [62]
    assert kinds["missing_ids"].before["rows"] - kinds["missing_ids"].after["rows"] == 1
    assert [one.title for one in report.findings if one.step.kind() == "cancelled_orders"] == [
        "Cancelled orders"
    ] * 2
    assert all(one.on_by_default for one in report.findings)
    loaded = import_file(workspace, path, "shop", recipe=report.recipe())
    assert loaded.loaded == 60
    assert loaded.rows_in_file == loaded.loaded + len(loaded.refused) == 66
    assert loaded.reasons["belongs to a cancelled order"] == 2


def test_steps_run_in_an_order_of_their_own():
    assert set(_ORDER) == set(steps())


def test_a_row_that_cannot_be_read_keeps_its_own_reason(workspace, file):
    path = file(
        *usual(), "2005,c5,s5,inf,2024-03-04 10:00,2.50,sent", "2005,c5,s5,x,2024-03-04 10:00,2.50,sent"
    )
    report = quality(workspace, path)
    reasons = import_file(workspace, path, "shop", recipe=report.recipe()).reasons
    assert reasons == {"has a value that is not finite": 1, "has a value that is no number": 1}


def test_impossible_dates_stop_the_load_until_a_person_decides(workspace, file):
    path = file(*usual(), "2005,c5,s5,1,1899-12-30,2.50,sent", "2005,c5,s5,1,2031-01-01,2.50,sent")
    report = quality(workspace, path)
    finding = found(report)["impossible_times"]
    assert (finding.severity, finding.on_by_default, finding.rows) == ("stop", False, 2)
    assert report.findings[0] == finding
    with pytest.raises(DataError, match="line 62: Column 'when' says '1899-12-30'"):
        import_file(workspace, path, "shop", recipe=report.recipe())
    decided = report.recipe([*report.findings])
    assert import_file(workspace, path, "shop", recipe=decided).reasons == {
        "has a time before 1990 or in the future": 2
    }


def test_dates_that_cannot_be_told_apart_become_a_question_that_an_answer_settles(workspace, file):
    path = file(*(f"{n},c{n % 5},s{n % 7},1,0{1 + n % 9}/02/2024,1,sent" for n in range(30)))
    report = quality(workspace, path)
    assert "day or month first" in report.questions["time"]
    answered = Reading(day_first=True)
    report = quality(workspace, path, reading=answered)
    assert report.questions == {}
    assert import_file(workspace, path, "shop", recipe=report.recipe(reading=answered)).loaded == 30


def test_one_customer_who_is_half_the_log_is_left_out_and_a_large_one_is_asked_about(workspace, file):
    till = [
        f"{n},TILL,s{n % 17},1,2024-04-{1 + n % 28:02d} 1{n % 10}:{n % 60:02d},2.50,sent" for n in range(70)
    ]
    finding = found(quality(workspace, file(*usual(), *till)))["dominant_customers"]
    assert finding.on_by_default
    assert "'TILL' holds 70 rows" in finding.sentence
    finding = found(quality(workspace, file(*usual(), *till[:20])))["dominant_customers"]
    assert not finding.on_by_default


def test_placeholders_are_nobody_and_codes_unlike_all_others_are_asked_about(workspace, file):
    guest = [
        f"{n},guest,s{n % 17},1,2024-04-{1 + n % 28:02d} 1{n % 10}:{n % 60:02d},2.50,sent" for n in range(80)
    ]
    wide = [f"{n},c{n % 30},s{n},1,2024-04-{1 + n % 28:02d} 2{n % 4}:00,2.50,sent" for n in range(120)]
    postage = ["7,c1,POSTAGE,1,2024-04-01 10:00,2.50,sent"]
    report = quality(workspace, file(*usual(), *guest, *wide, *postage))
    odd = {one.step.role: one for one in report.findings if one.step.kind() == "rogue_ids"}
    assert (odd["user"].step.ids, odd["user"].on_by_default) == (("guest",), True)
    assert (odd["item"].step.ids, odd["item"].on_by_default) == (("POSTAGE",), False)


def test_ids_that_only_look_like_placeholders_stay(workspace, file):
    rows = [
        f"{n},{('NA', 'null', 'true', '1e5', 'c1')[n % 5]},s{n % 7},1,2024-04-{1 + n % 28:02d},2,sent"
        for n in range(50)
    ]
    report = quality(workspace, file(*rows))
    assert "rogue_ids" not in found(report)


def test_a_rating_given_twice_counts_once(workspace, file):
    path = file("u,a,1,2024-01-01", "u,a,5,2024-02-01", "v,a,3,2024-01-01", header="user,item,rating,time\n")
    report = quality(workspace, path)
    finding = found(report)["repeated_ratings"]
    assert (finding.rows, finding.on_by_default) == (1, True)
    import_file(workspace, path, "shop", recipe=report.recipe())
    assert load_dataset(workspace, "shop").interactions.values.tolist() == [5, 3]


def test_equal_rows_without_a_time_may_be_bought_twice(workspace, file):
    finding = found(quality(workspace, file("u,a", "u,a", "v,b", header="user,item\n")))["exact_copies"]
    assert not finding.on_by_default


def test_a_constant_value_is_named_and_can_be_left_out(workspace, file):
    path = file(*(f"u{n % 7},i{n % 11},1" for n in range(40)), header="user,item,rating\n")
    report = quality(workspace, path)
    finding = found(report)["constant_column"]
    assert finding.severity == "note"
    assert "value 1" in finding.sentence
    import_file(workspace, path, "shop", recipe=report.recipe([finding]))
    assert set(load_dataset(workspace, "shop").interactions.frame()["kind"]) == {"interaction"}


def test_the_robots_of_a_simulated_shop_are_found(tmp_path):
    from reco_lab.services.demo import make_dataset

    with_robots = Workspace.open(tmp_path / "home")
    make_dataset(with_robots, "shop", customers=300, seed=3)
    log = load_dataset(with_robots, "shop").interactions.frame()
    with_robots.close()
    from reco_lab.testing.steps import context

    suspects = set(Robots().apply(log, context()).dropped["user"])
    buyers = set(log["user"][log["kind"] == "purchase"])
    assert suspects
    assert not suspects & buyers


@pytest.mark.parametrize("ids", ["mail", "phone"])
def test_personal_ids_are_found(ids, workspace, file):
    people = {
        "mail": [f"p{n}@example.com" for n in range(9)],
        "phone": [f"+49 170 55512{n:02d}" for n in range(9)],
    }
    rows = [f"{people[ids][n % 9]},i{n % 7}" for n in range(45)]
    report = quality(workspace, file(*rows, header="who,item\n"), Columns(user="who", item="item"))
    finding = found(report)["pseudonyms"]
    assert (finding.on_by_default, finding.rows, finding.customers) == (True, 45, 9)


def test_a_few_addresses_among_numbers_become_pseudonyms_and_the_numbers_stay(workspace, file):
    rows = [f"{n % 9:05d},i{n % 7}" for n in range(45)] + [f" guest@example.com,i{n}" for n in range(2)]
    path = file(*rows, header="who,item\n")
    report = quality(workspace, path, Columns(user="who", item="item"))
    finding = found(report)["pseudonyms"]
    assert (finding.on_by_default, finding.rows, finding.customers) == (True, 2, 1)
    assert "1 customer has an e-mail address for an id" in finding.sentence
    assert "guest" not in finding.sentence

    import_file(workspace, path, "shop", recipe=report.recipe())
    ids = set(load_dataset(workspace, "shop").interactions.user_ids)
    assert {f"{n:05d}" for n in range(9)} < ids
    assert len(ids) == 10
    assert not any("@" in one for one in ids)
