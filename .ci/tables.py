"""Write README's tables of algorithms and metrics from what discovery finds (run: python .ci/tables.py)."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from reco_lab.core.evaluation import metrics
from reco_lab.core.recommender import algorithms

README = Path(__file__).resolve().parents[1] / "README.md"


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def tables() -> dict[str, str]:
    """Each table of README by the name of its place."""
    recommenders = (
        (f"`{name}`", kind.info.label, ", ".join(need.name.replace("_", " ") for need in kind.info.needs) or "–",
         "yes" if kind.info.folds_in else "no", kind.info.paper)
        for name, kind in algorithms().items()
    )  # fmt: skip
    measures = ((f"`{name}`", kind.label, kind.plain, kind.definition) for name, kind in metrics().items())
    return {
        "algorithms": markdown(
            ("algorithm", "name", "needs", "answers histories it has never seen", "source"), recommenders
        ),
        "metrics": markdown(("metric", "name", "in plain words", "definition"), measures),
    }


def place(text: str, name: str, table: str) -> str:
    """The text with the table between its two marks."""
    marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    return marks.sub(lambda found: f"{found[1]}{table}\n{found[2]}", text)


def written(text: str) -> str:
    """The text with all tables in their places."""
    for name, table in tables().items():
        text = place(text, name, table)
    return text


if __name__ == "__main__":
    README.write_text(written(README.read_text("utf-8")), "utf-8")
