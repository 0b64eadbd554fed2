"""What every cleaning step must do, whoever wrote it: run `CHECKS` over a kind of step."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from reco_lab.core.errors import InputError
from reco_lab.core.step import Step, StepContext

Kind = type[Step]
NOW = datetime(2025, 6, 1, tzinfo=UTC)


def context() -> StepContext:
    """What the steps of a check may use."""
    return StepContext(
        NOW, b"k" * 32, {"order": "order", "price": "price", "state": "status", "value": "quantity"}
    )


def clean_table() -> pd.DataFrame:
    """Sixty customers who bought things at times, with nothing to mend."""
    rows = 600
    number = np.arange(rows)
    return pd.DataFrame(
        {
            "user": pd.Series([f"c{n % 60}" for n in number], dtype="str"),
            "item": pd.Series([f"i{n % 37}" for n in number], dtype="str"),
            "value": 1.0 + number % 4,
            "time": np.datetime64("2024-01-01", "us") + (number * 5003 % 300_007) * np.timedelta64(60, "s"),
            "order": pd.Series([str(10_000 + n // 3) for n in number], dtype="str"),
            "price": pd.Series([f"{1 + n % 9}.50" for n in number], dtype="str"),
            "state": pd.Series(["paid", "sent"] * (rows // 2), dtype="str"),
            "session": pd.Series([f"s{n}" for n in number], dtype="str"),
            "user_agent": pd.Series(["Firefox/140.0", "Safari/605.1"] * (rows // 2), dtype="str"),
        }
    )


def dirty_table() -> pd.DataFrame:
    """The same with every fault that the product knows, each in a few rows."""
    frame = clean_table()
    frame.loc[0:2, "user"] = None
    frame.loc[3:4, "value"] = np.nan
    frame.loc[5, "time"] = np.datetime64("1970-01-01", "us")
    frame.loc[6:8, "order"] = ["C10002", "C10002", "C10002"]
    frame.loc[9:10, "value"] = [-2.0, 0.0]
    frame.loc[11, "price"] = "0"
    frame.loc[12, "state"] = "cancelled"
    frame.loc[20:79, "user"] = "unknown"
    views = pd.DataFrame(
        {"user": "robot", "time": pd.date_range("2024-05-01", periods=900, freq="3s", unit="us")}
    )
    views["item"] = [f"i{n % 37}" for n in range(900)]
    people = pd.DataFrame({"user": [f"someone{n % 1500}@example.com" for n in range(2400)]})
    people["item"] = [f"i{n % 41}" for n in range(2400)]
    people["time"] = pd.date_range("2024-02-01", periods=2400, freq="601s", unit="us")
    rest = pd.concat([views, people], ignore_index=True).assign(
        value=1.0, order="9", price="1", state="paid", session="s", user_agent="bot/1.0"
    )
    whole = pd.concat([frame, frame.iloc[100:110], rest], ignore_index=True)[list(frame.columns)]
    return whole.astype(
        dict.fromkeys(("user", "item", "order", "price", "state", "session", "user_agent"), "str")
    )


def steps_of(kind: Kind) -> list[Step]:
    """Steps of a kind to try: those it suggests for the dirty table, else the one with all defaults."""
    found = [one.step for one in kind.suggest(dirty_table(), context())]
    return found or [kind()]


def documents_itself(kind: Kind) -> None:
    """It has a label, a summary and help for all its settings; its steps a title and a reason."""
    assert kind.label, "a step needs a label"
    assert kind.summary, "a step needs a summary"
    assert all(field.description for field in kind.model_fields.values()), "each setting needs help"
    assert all(one.title and one.reason for one in steps_of(kind)), "a step has a title and a reason"


def survives_json(kind: Kind) -> None:
    """Its dictionary makes an equal step."""
    for one in steps_of(kind):
        values = one.to_dict()
        remade = type(one)(**{name: value for name, value in values.items() if name != "step"})
        assert remade == one, "to_dict forgets a setting"
        assert values["step"], "to_dict names the step"


def parts_the_rows_in_two(kind: Kind) -> None:
    """Every row stays or is left out, none both, all in their order."""
    frame = dirty_table()
    for one in steps_of(kind):
        mended = one.apply(frame, context())
        kept, dropped = mended.frame.index, mended.dropped.index
        assert kept.is_monotonic_increasing, "the rows that stay keep their order"
        assert sorted([*kept, *dropped]) == list(frame.index), "every row is accounted for, once"


def leaves_the_table_untouched(kind: Kind) -> None:
    """The table that was given is as it was."""
    frame = dirty_table()
    for one in steps_of(kind):
        one.apply(frame, context())
        pd.testing.assert_frame_equal(frame, dirty_table())


def says_what_it_changed(kind: Kind) -> None:
    """Cells that differ in rows that stay lie in as many rows as it says."""
    frame = dirty_table()
    for one in steps_of(kind):
        mended = one.apply(dirty_table(), context())
        same = [name for name in frame if name in mended.frame]
        before, after = frame.loc[mended.frame.index, same], mended.frame[same]
        differs = ((before != after) & ~(before.isna() & after.isna())).any(axis=1)
        assert int(differs.sum()) == mended.changed, "it changes rows without saying so"


def suggests_what_does_something(kind: Kind) -> None:
    """A suggestion, applied to the table it was made for, leaves out or changes something, and says so."""
    frame = dirty_table()
    for found in kind.suggest(frame, context()):
        mended = found.step.apply(frame, context())
        fewer = len(mended.frame.columns) < len(frame.columns)
        assert len(mended.dropped) or mended.changed or fewer, "a suggestion that does nothing"
        assert found.sentence.endswith((".", "?")), "a suggestion says what was found in a sentence"


def leaves_a_clean_table_alone(kind: Kind) -> None:
    """Nothing is mended unasked where nothing is wrong."""
    assert not [found for found in kind.suggest(clean_table(), context()) if found.on], "a false alarm"


def gives_the_same_answer_twice(kind: Kind) -> None:
    """The same table is mended to the same table."""
    for one in steps_of(kind):
        first, second = (one.apply(dirty_table(), context()).frame for _ in range(2))
        pd.testing.assert_frame_equal(first, second)


def takes_an_empty_table(kind: Kind) -> None:
    """No rows in, no rows out, nothing suggested."""
    frame = dirty_table().iloc[:0]
    assert not list(kind.suggest(frame, context())), "nothing is wrong with nothing"
    for one in steps_of(kind):
        assert one.apply(frame, context()).frame.empty, "rows out of nothing"


def refuses_a_table_without_its_column(kind: Kind) -> None:
    """A table of customers and items alone is mended, or refused with a sentence."""
    frame = dirty_table()[["user", "item"]]
    for one in steps_of(kind):
        try:
            one.apply(frame, context())
        except InputError:
            continue
        except Exception as error:
            raise AssertionError("a missing column needs a sentence") from error


CHECKS = (
    documents_itself,
    survives_json,
    parts_the_rows_in_two,
    leaves_the_table_untouched,
    says_what_it_changed,
    suggests_what_does_something,
    leaves_a_clean_table_alone,
    gives_the_same_answer_twice,
    takes_an_empty_table,
    refuses_a_table_without_its_column,
)
