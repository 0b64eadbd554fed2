"""One look for every chart, light and dark: the colours match `.streamlit/config.toml`."""

from dataclasses import dataclass
from functools import cache

import plotly.graph_objects as go

Figure = go.Figure
SIZE = 14


@dataclass(frozen=True)
class Palette:
    """The colours of one theme: text, quieter text, lines of the grid, the page, what stands out, the series."""

    text: str
    muted: str
    grid: str
    page: str
    accent: str
    series: tuple[str, ...]
    scale: tuple[str, str]


LIGHT = Palette(
    text="#111418",
    muted="#56605B",
    grid="#E3E8E5",
    page="#FFFFFF",
    accent="#0B6E4F",
    series=("#0B6E4F", "#0072B2", "#D55E00", "#CC79A7", "#8A6D00", "#56B4E9"),
    scale=("#F1F6F4", "#6FBF9F"),
)
DARK = Palette(
    text="#F5F7F6",
    muted="#AAB5AF",
    grid="#2B3430",
    page="#040504",
    accent="#4CC79A",
    series=("#4CC79A", "#56B4E9", "#E69F00", "#E59AC5", "#F0E442", "#FF8A4C"),
    scale=("#1D2320", "#197B58"),
)


@cache
def template(palette: Palette) -> go.layout.Template:
    """The Plotly template of a palette: quiet grid, no frame, room for long names."""
    axis = {
        "gridcolor": palette.grid,
        "linecolor": palette.grid,
        "zerolinecolor": palette.grid,
        "tickfont": {"color": palette.muted},
        "title": {"font": {"color": palette.muted, "size": SIZE}, "standoff": 12},
        "automargin": True,
    }
    return go.layout.Template(
        layout={
            "font": {"family": "Source Sans, sans-serif", "size": SIZE, "color": palette.text},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": palette.series,
            "xaxis": axis,
            "yaxis": axis,
            "margin": {"l": 8, "r": 16, "t": 16, "b": 8},
            "hoverlabel": {
                "bgcolor": palette.page,
                "font": {"color": palette.text},
                "bordercolor": palette.grid,
            },
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
            "dragmode": False,
        }
    )


def figure(palette: Palette, height: int) -> go.Figure:
    """An empty figure in the house style, `height` pixels high."""
    return go.Figure(layout={"template": template(palette), "height": height, "showlegend": False})
