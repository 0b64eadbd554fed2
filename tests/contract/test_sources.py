import csv
import json
from dataclasses import replace

import pyarrow as pa
import pytest
import xlsxwriter
from pyarrow import parquet

from reco_lab.core.source import sources
from reco_lab.sources.delimited import Delimited
from reco_lab.testing import sources as contract
from reco_lab.testing.sources import CHECKS


def write_delimited(path, rows):
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("user_id", "item_id"), *rows])


def write_parquet(path, rows):
    users, items = zip(*rows, strict=True)
    parquet.write_table(pa.table({"user": users, "item": items}), path)


def write_lists(path, rows):
    lines = [f"{user} {item}" for user, item in rows]
    if len(lines) > 2 and rows[0][0] == rows[1][0]:
        lines = [f"{rows[0][0]} {rows[0][1]} {rows[1][1]}", *lines[2:]]
    path.write_text("\n".join(lines), encoding="utf-8")


def write_excel(path, rows):
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([("user_id", "item_id"), *rows]):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text)


def write_json_lines(path, rows):
    lines = [json.dumps({"user_id": user, "item_id": item}) for user, item in rows]
    path.write_text("\n".join(lines), encoding="utf-8")


def write_ga4(path, rows):
    events = [
        {
            "event_timestamp": "1767225600000000",
            "event_name": "view_item",
            "event_params": [{"key": "ga_session_id", "value": {"int_value": "7"}}],
            "user_id": user,
            "items": [{"item_id": item}],
        }
        for user, item in rows
    ]
    path.write_text("\n".join(map(json.dumps, events)), encoding="utf-8")


def write_matomo(path, rows):
    visits = [
        {
            "idVisit": number,
            "userId": user,
            "actionDetails": [{"type": "action", "timestamp": 1767225600, "productViewSku": item}],
        }
        for number, (user, item) in enumerate(rows, 1)
    ]
    path.write_text(json.dumps(visits), encoding="utf-8")


def write_columns(*names):
    def write(path, rows):
        constant = ["2026-01-01 10:00:00"] * (len(names) - 2)
        with path.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([names, *([*row, *constant] for row in rows)])

    return write


WRITERS = {
    "clickstream": write_columns("user_id", "item_id", "event_time", "url"),
    "ga4": write_ga4,
    "matomo": write_matomo,
    "snowplow": write_columns("user_id", "ti_sku", "derived_tstamp", "event", "domain_userid"),
    "delimited": write_delimited,
    "excel": write_excel,
    "json_lines": write_json_lines,
    "lists": write_lists,
    "parquet": write_parquet,
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", sources())
def test_every_source_keeps_the_contract(name, check, tmp_path):
    check(sources()[name], WRITERS[name], tmp_path)


class Altered(Delimited):
    def alter(self, table):
        return table

    def read(self, path, **options):
        return self.alter(super().read(path, **options))


class LosesARow(Altered):
    def alter(self, table):
        return replace(table, frame=table.frame.iloc[1:])


class ChangesNumbers(Altered):
    def alter(self, table):
        frame = table.frame.apply(lambda column: column.str.replace(r"^0+(?=\d)", "", regex=True))
        return replace(table, frame=frame)


class DropsMissingWords(Altered):
    def alter(self, table):
        return replace(table, frame=table.frame.replace({"NA": None, "null": None}))


class GuessesTypes(Altered):
    def alter(self, table):
        return replace(table, frame=table.frame.astype("object"))


class ForgetsLines(Altered):
    def alter(self, table):
        return replace(table, frame=table.frame.reset_index(drop=True))


class TrustsTheName(Delimited):
    def recognises(self, path, head):
        return path.suffix == ".csv"


class ReadsEverything(Delimited):
    def read(self, path, *, rows=None, **options):
        return super().read(path, **options)


class SwallowsDamage(Delimited):
    def read(self, path, **options):
        try:
            return super().read(path, **options)
        except ValueError:
            raise
        except Exception:  # noqa: BLE001 - the villain's crime
            return None


class HasNoLabel(Delimited):
    label = ""


VILLAINS = [
    (HasNoLabel, contract.check_documents_itself),
    (LosesARow, contract.check_accounts_for_every_row),
    (ChangesNumbers, contract.check_ids_are_not_changed),
    (DropsMissingWords, contract.check_ids_are_not_changed),
    (GuessesTypes, contract.check_every_column_is_text),
    (ForgetsLines, contract.check_lines_are_counted_upwards),
    (TrustsTheName, contract.check_recognises_its_own),
    (ReadsEverything, contract.check_a_preview_reads_only_the_first_rows),
    (SwallowsDamage, contract.check_damage_is_refused_with_a_sentence),
]


@pytest.mark.parametrize(("villain", "check"), VILLAINS, ids=lambda thing: thing.__name__)
def test_the_contract_catches_a_villain(villain, check, tmp_path):
    with pytest.raises(AssertionError):
        check(villain(), write_delimited, tmp_path)
