"""One page that opens anywhere and loads nothing: its parts, every text in them shown as it stands."""

from collections.abc import Iterable, Mapping
from html import escape

import pandas as pd

_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111418}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .6rem;"
    "border-bottom:1px solid #d5dad8}.badge{background:#fff1d6;padding:.2rem .6rem;border-radius:.4rem}"
    ".quiet{color:#56605b}.lists{display:grid;grid-template-columns:repeat(auto-fit,minmax(14rem,1fr));gap:1.5rem}"
    "h2{margin-top:2.5rem}svg{width:100%;height:auto;max-width:52rem}section{margin-bottom:3rem}"
    ".label{color:#0b6e4f;font-weight:600;margin-bottom:-2rem}.card{border:1px solid #d5dad8;border-radius:.5rem;"
    "padding:.5rem .8rem;margin:.6rem 0}.card p{margin:.1rem 0}.sums{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:1rem}"
    ".sum{font-size:1.6rem}.tick{color:#0b6e4f;font-weight:600}"
    "summary{cursor:pointer;color:#56605b;margin:.6rem 0}"
    "@page{margin:14mm}@media print{body{font-size:11pt;margin:0;max-width:none;print-color-adjust:exact}"
    "h2,h3,.label{break-after:avoid}svg,.card,tr,.keep{break-inside:avoid}summary{list-style:none}"
    "details::details-content{content-visibility:visible;display:block}"
    ".lists{grid-template-columns:repeat(3,1fr);gap:.8rem}}"
)


def document(title: str, parts: Iterable[str]) -> str:
    """The whole page from its parts, each of which one of the functions below made."""
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title>"
        f"<meta name='viewport' content='width=device-width'><style>{_STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>"
    )


def heading(words: str, level: int = 2) -> str:
    """A heading; level 1 is the page's own."""
    return f"<h{level}>{escape(words)}</h{level}>"


def paragraph(words: str, *, quiet: bool = False) -> str:
    """A paragraph, in a quieter colour if asked."""
    return f"<p{' class=quiet' if quiet else ''}>{escape(words)}</p>"


def badge(words: str) -> str:
    """A few words that stand out."""
    return f"<p><span class='badge'>{escape(words)}</span></p>"


def bullets(lines: Iterable[str]) -> str:
    """A list of lines."""
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def cards(columns: Mapping[str, tuple[str, Iterable[tuple[str, str, str, str]]]]) -> str:
    """Cards beside each other, each column under its title and a line about it.

    A card is a title, a line of facts, why it is there and a mark that stands out; what is empty is left out.
    """
    return f"<div class='lists'>{''.join(_column(*one) for one in columns.items())}</div>"


def _column(title: str, column: tuple[str, Iterable[tuple[str, str, str, str]]]) -> str:
    about, some = column
    inside = "".join(f"<div class='card'>{_card(*one)}</div>" for one in some)
    return f"<div>{heading(title, 3)}{paragraph(about, quiet=True)}{inside}</div>"


def _card(title: str, facts: str, why: str, mark: str) -> str:
    parts = [f"<p><b>{escape(title)}</b></p>", *(paragraph(one, quiet=True) for one in (facts, why) if one)]
    return "".join(parts) + (f"<p class='tick'>{escape(mark)}</p>" if mark else "")


def sums(some: Iterable[tuple[str, str, str]]) -> str:
    """Large numbers beside each other: what, how much, and a line about it."""
    cells = (
        f"<div class='card'>{paragraph(what)}<p class='sum'>{escape(value)}</p>{paragraph(about, quiet=True)}</div>"
        for what, value, about in some
    )
    return f"<div class='sums'>{''.join(cells)}</div>"


def section(label: str, parts: Iterable[str]) -> str:
    """A part of the page under a short label, kept together in print where it fits."""
    return f"<section><p class='label'>{escape(label)}</p>{''.join(parts)}</section>"


def drawing(svg: str, about: str) -> str:
    """A drawing of `reports.drawing` (an SVG with its texts made harmless) with a line about it."""
    return f"<div class='keep'>{svg}{paragraph(about, quiet=True) if about else ''}</div>"


def folded(summary: str, parts: Iterable[str]) -> str:
    """Something that opens when it is asked for, and is open in print."""
    return f"<details><summary>{escape(summary)}</summary>{''.join(parts)}</details>"


def numbers(table: pd.DataFrame) -> str:
    """A table with three decimals."""
    html: str = table.to_html(index=False, na_rep="–", float_format="{:.3f}".format, border=0)
    return html
