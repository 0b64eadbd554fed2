"""What an experiment found, as tables: for the screen, for the charts and for a spreadsheet."""

from typing import Any

import pandas as pd
import streamlit as st

from reco_lab.experiments.results import Cell, Comparison, Outcome, Row
from reco_lab.experiments.verdict import ORACLE, YARDSTICKS
from reco_lab.ui import metric
from reco_lab.ui.words import count, score, seconds, signed

PERFECT = "Perfect knowledge"
SPECIALIST = frozenset({"Scored", "Training", "Memory", "Tuned", "All customers", "Over seeds", "Over folds"})


def keys(comparison: Comparison) -> list[str]:
    """Every metric that some recommender has, the headline first."""
    found = [key for row in comparison.leaderboard for key in row.metrics]
    return list(dict.fromkeys([comparison.headline, *found]))


def answered(comparison: Comparison) -> list[Row]:
    """The rows that did not fail."""
    return [row for row in comparison.leaderboard if row.error is None]


def failed(comparison: Comparison) -> list[Row]:
    """The rows that failed."""
    return [row for row in comparison.leaderboard if row.error is not None]


def dots(comparison: Comparison, key: str) -> pd.DataFrame:
    """What the leaderboard chart draws: name, value, low, high, role; the best first, yardsticks below."""
    aside = {shown(row) for row in comparison.leaderboard if row.algorithm in YARDSTICKS}
    rows = [
        {
            "name": shown(row),
            "value": row.metrics[key].value,
            "low": row.metrics[key].low,
            "high": row.metrics[key].high,
            "role": role(comparison, row),
        }
        for row in answered(comparison)
        if key in row.metrics and row.metrics[key].value is not None
    ]
    frame = pd.DataFrame(rows, columns=["name", "value", "low", "high", "role"])
    numbers = frame.astype({"value": "float64", "low": "float64", "high": "float64"})
    rising = metric.better_when_higher(key) is False
    ranked = numbers.sort_values("value", ascending=rising, kind="stable")
    return ranked.sort_values("name", key=lambda names: names.isin(aside), kind="stable", ignore_index=True)


def points(comparison: Comparison, other: str, key: str) -> pd.DataFrame:
    """What the trade-off chart draws: name, x (the other metric), y (the one that matters), role."""
    across, up = dots(comparison, other), dots(comparison, key)
    joined = up.merge(across[["name", "value"]].rename(columns={"value": "x"}), on="name")
    return joined.rename(columns={"value": "y"})[["name", "x", "y", "role"]]


def role(comparison: Comparison, row: Row) -> str:
    """Whether a row is the champion, a challenger, or a reference that gives the others a scale."""
    if row.name == comparison.champion:
        return "champion"
    return "reference" if row.reference else "challenger"


def shown(row: Row) -> str:
    """What a row is called on the screen."""
    return PERFECT if row.algorithm == ORACLE else row.name


def table(comparison: Comparison, key: str, *, expert: bool = True) -> pd.DataFrame:
    """The leaderboard as a person reads it, for one metric; columns in which nothing stands are left out."""
    verdicts = {verdict.other: verdict for verdict in comparison.verdicts}
    asked = comparison.split.users_scored
    order = {name: place for place, name in enumerate(dots(comparison, key)["name"])}
    rows = sorted(answered(comparison), key=lambda row: order.get(shown(row), len(order)))
    frame = pd.DataFrame([_line(comparison, row, key, verdicts.get(row.name), asked) for row in rows])
    kept = frame.dropna(axis="columns", how="all")
    return kept if expert else kept.drop(columns=list(SPECIALIST & set(kept.columns)))


def _line(comparison: Comparison, row: Row, key: str, verdict: Any, asked: int) -> dict[str, Any]:
    cell = row.metrics.get(key)
    line: dict[str, Any] = {
        "Recommender": shown(row),
        "Verdict": _word(comparison, row, verdict) if key == comparison.headline else None,
        metric.name(key): cell.value if cell else None,
        "95% interval": f"{score(cell.low)} to {score(cell.high)}" if cell and cell.low is not None else None,
        "All customers": cell.all_customers if cell else None,
        "Scored": None if row.scored is None else f"{row.scored:,} of {asked:,}",
    }
    if key == comparison.headline:
        line["Against the champion"] = signed(-verdict.difference) if verdict else None
        line["Over seeds"] = _range(row.by_seed, "seeds")
        line["Over folds"] = _range(row.by_fold, "folds")
    line["Tuned"] = _tuned(row)
    line["Training"] = seconds(row.seconds.fit) if row.seconds else None
    line["Memory"] = f"{row.peak_memory_mb:,.0f} MB" if row.peak_memory_mb else None
    return line


def _range(values: tuple[float, ...], noun: str) -> str | None:
    return f"{score(min(values))} to {score(max(values))}, {len(values)} {noun}" if values else None


def _tuned(row: Row) -> str | None:
    """What its settings were given: so many trials, or nothing; yardsticks and popularity have none to find."""
    if row.reference:
        return None
    if row.tuned is None:
        return "untuned"
    return count(row.tuned.trials, "trial") if row.tuned.trials else "nothing to tune"


def _word(comparison: Comparison, row: Row, verdict: Any) -> str:
    own = {"champion": "champion"}.get(role(comparison, row), "")
    if row.algorithm in YARDSTICKS:
        return "yardstick"
    if verdict is None:
        return own
    seen = {"better": "worse", "worse": "better", "tie": "tie"}.get(
        str(verdict.outcome), str(verdict.outcome)
    )
    return "not decided" if verdict.outcome is Outcome.unsure else seen


def columns(comparison: Comparison, key: str) -> dict[str, Any]:
    """How the columns of the leaderboard are shown, each with its explanation."""
    values = [row.metrics[key].value or 0.0 for row in answered(comparison) if key in row.metrics]
    return {
        "Recommender": st.column_config.TextColumn(pinned=True),
        metric.name(key): st.column_config.ProgressColumn(
            help=metric.plain(key),
            format="percent" if metric.is_share(key) else "%.3f",
            min_value=0,
            max_value=max(values, default=0) or 1,
        ),
        "95% interval": st.column_config.TextColumn(
            help="How sure we are, were other customers asked and other random numbers drawn. Simultaneous for all rows."
        ),
        "All customers": st.column_config.NumberColumn(
            format="%.3f", help="With cold customers, who get one shared fallback."
        ),
        "Scored": st.column_config.TextColumn(
            help="Warm customers the model had an answer of its own for; the others count as 0."
        ),
        "Over seeds": st.column_config.TextColumn(
            width="medium",
            help="Lowest and highest of the same recommender with other random numbers; the row shows their mean. "
            "The intervals count it; the p-values are of these very models.",
        ),
        "Over folds": st.column_config.TextColumn(
            width="medium",
            help="Lowest and highest fold. The row and its interval are over customers, not over folds.",
        ),
        "Tuned": st.column_config.TextColumn(
            help="Trials to find its settings, on the validation part. Untuned ones may do better with other settings."
        ),
        "Memory": st.column_config.TextColumn(
            help="The most memory that the process needed while it was trained and asked."
        ),
        "Against the champion": st.column_config.TextColumn(
            alignment="right", help="Above 0: better than the champion. Compared customer by customer."
        ),
    }


def differences(comparison: Comparison) -> pd.DataFrame:
    """Every paired comparison with the champion, in full."""
    return pd.DataFrame(
        [
            {
                "Champion against": verdict.other,
                "Difference": verdict.difference,
                "Low": verdict.low,
                "High": verdict.high,
                "Outcome": str(verdict.outcome),
                "p": verdict.p,
                "p (max-T)": verdict.p_max_t,
                "p (Holm)": verdict.p_holm,
                "p (Benjamini-Hochberg)": verdict.p_bh,
                "p (Wilcoxon)": verdict.p_wilcoxon,
                "Effect (d)": verdict.effect,
                "Better for": verdict.better,
                "Worse for": verdict.worse,
                "Equal for": verdict.equal,
                "Visible from": verdict.detectable,
                "Customers": verdict.customers,
            }
            for verdict in comparison.verdicts
        ]
    )


def tests() -> dict[str, Any]:
    """How the columns of the differences are shown, each with its explanation."""
    number, share = st.column_config.NumberColumn, "percent"
    return {
        "Champion against": st.column_config.TextColumn(pinned=True),
        "Difference": number(format="%.4f", help="Champion minus the other, the same customers."),
        "Outcome": st.column_config.TextColumn(width="medium"),
        "Low": number(format="%.4f", help="Lower end of the 95% interval; all of them hold together."),
        "High": number(format="%.4f", help="Upper end of the 95% interval."),
        "p": number(format="%.4f", help="Sign-flip permutation test of this comparison alone."),
        "p (max-T)": number(
            format="%.4f",
            help="Corrected for all comparisons, knowing how they hang together: a win needs this below .05 and an interval without 0.",
        ),
        "p (Holm)": number(format="%.4f", help="Corrected for all comparisons, supposing the worst."),
        "p (Benjamini-Hochberg)": number(
            format="%.4f",
            help="Below .05, at most one in twenty of those called different is expected to be none.",
        ),
        "p (Wilcoxon)": number(
            format="%.2g",
            help="Signed ranks: how often the champion is ahead, more than by how much. Uncorrected.",
        ),
        "Effect (d)": number(
            format="%.3f",
            help="Cohen's d: the difference in standard deviations over customers. 0.2 is small.",
        ),
        "Better for": number(format=share, help="Customers whom the champion serves better."),
        "Worse for": number(format=share, help="Customers whom the champion serves worse."),
        "Equal for": number(format=share, help="Customers whom both serve equally well, or not at all."),
        "Visible from": number(
            format="%.4f",
            help="A true difference below this would be missed more often than once in five experiments "
            "with as many customers and comparisons.",
        ),
    }


def flat(comparison: Comparison) -> pd.DataFrame:
    """Everything on one sheet: a line a recommender and metric."""
    rows = [
        {
            "recommender": row.name,
            "algorithm": row.algorithm,
            "parameters": str(row.parameters),
            "reference": row.reference,
            "metric": key,
            "value": cell.value,
            "low": cell.low,
            "high": cell.high,
            "all_customers": cell.all_customers,
            "scored": row.scored,
            "synthetic_data": comparison.synthetic,
            "error": row.error,
        }
        for row in comparison.leaderboard
        for key, cell in (row.metrics or {"": Cell(value=None)}).items()
    ]
    return pd.DataFrame(rows)


def costs(comparison: Comparison) -> pd.DataFrame:
    """What each recommender took: seconds, memory, and the parameters it ran with."""
    return pd.DataFrame(
        [
            {
                "Recommender": shown(row),
                "Algorithm": row.algorithm,
                "Parameters": ", ".join(f"{name} = {value}" for name, value in row.parameters.items()),
                "Fit (s)": row.seconds.fit if row.seconds else None,
                "Recommend (s)": row.seconds.recommend if row.seconds else None,
                "Evaluate (s)": row.seconds.evaluate if row.seconds else None,
                "Peak memory (MB)": row.peak_memory_mb,
                "On validation": row.validation,
            }
            for row in answered(comparison)
        ]
    )
