"""One page that opens anywhere and loads nothing: its parts, every text in them shown as it stands."""

from collections.abc import Iterable, Mapping
from html import escape

import pandas as pd

_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111418}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .6rem;"
    "border-bottom:1px solid #d5dad8}.badge{background:#fff1d6;padding:.2rem .6rem;border-radius:.4rem}"
    ".quiet{color:#56605b}.lists{display:grid;grid-template-columns:repeat(auto-fit,minmax(14rem,1fr));gap:1.5rem}"
    "h2{margin-top:2.5rem}"
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


def bullets(lines: Iterable[str], *, ordered: bool = False) -> str:
    """A list of lines, numbered if ordered."""
    kind = "ol" if ordered else "ul"
    return f"<{kind}>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</{kind}>"


def side_by_side(lists: Mapping[str, Iterable[str]]) -> str:
    """Numbered lists beside each other, each under its title."""
    cells = (
        f"<div><b>{escape(title)}</b>{bullets(lines, ordered=True)}</div>" for title, lines in lists.items()
    )
    return f"<div class='lists'>{''.join(cells)}</div>"


def numbers(table: pd.DataFrame) -> str:
    """A table with three decimals."""
    html: str = table.to_html(index=False, na_rep="–", float_format="{:.3f}".format, border=0)
    return html
