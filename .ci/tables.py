"""Write README's tables and ALGORITHMS.md from what discovery finds (run: python .ci/tables.py)."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from reco_lab.core.evaluation import metrics
from reco_lab.core.learner import Learner
from reco_lab.core.policy import policies
from reco_lab.core.recommender import Recommender, algorithms

ROOT = Path(__file__).resolve().parents[1]
README, ALGORITHMS = ROOT / "README.md", ROOT / ".github" / "ALGORITHMS.md"
OPENING = """# Recommenders

What each recommender does, needs, and can be set to, as the Recommenders page of the app shows it. Written by
`python .ci/tables.py` from what the recommenders say of themselves.
"""


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def tables() -> dict[str, str]:
    """Each table of README by the name of its place."""
    recommenders = (
        (f"`{name}`", kind.info.label, ", ".join([need.name.replace("_", " ") for need in kind.info.needs]
                   + [f"extra `{extra.name}`" for extra in kind.info.extras]) or "–",
         "yes" if kind.info.folds_in else "no", kind.info.paper)
        for name, kind in algorithms().items()
    )  # fmt: skip
    measures = ((f"`{name}`", kind.label, kind.plain, kind.definition) for name, kind in metrics().items())
    choosing = (
        (
            f"`{name}`",
            kind.info.label,
            "yes" if issubclass(kind, Learner) else "no",
            kind.info.summary,
            kind.info.source,
        )
        for name, kind in policies().items()
    )
    return {
        "policies": markdown(("policy", "name", "learns", "what it does", "source"), choosing),
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


def catalogue() -> str:
    """The whole of ALGORITHMS.md: a chapter a family, a section a recommender."""
    kinds = algorithms()
    parts = [OPENING]
    for family in sorted({kind.info.family for kind in kinds.values()}):
        parts.append(f"## {family.capitalize()}\n")
        parts += [section(name, kind) for name, kind in kinds.items() if kind.info.family == family]
    return "\n".join(parts)


def section(name: str, kind: type[Recommender]) -> str:
    """What one recommender says of itself, and its parameters."""
    info = kind.info
    rows = [(f"`{one.name}`", str(one.default), one.bounds, one.help) for one in kind.parameters()]
    wanted = [*info.needs, *(extra.sentence for extra in info.extras)]
    needs = f"Needs {'; '.join(wanted)}. " if wanted else ""
    serves = (
        "Answers histories it has never seen."
        if info.folds_in
        else f"Knows only its own customers: {info.folds_in_why}."
    )
    chance = " Another seed gives another model." if info.seeded else ""
    settings = markdown(("parameter", "default", "allowed", "meaning"), rows) if rows else "No parameters."
    return f"### {info.label} (`{name}`)\n{info.summary}\n\n{needs}{serves.replace('..', '.')}{chance} {info.paper}.\n\n{settings}\n"


if __name__ == "__main__":
    README.write_text(written(README.read_text("utf-8")), "utf-8")
    ALGORITHMS.write_text(catalogue(), "utf-8")
