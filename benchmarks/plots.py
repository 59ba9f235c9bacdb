"""The pictures of `docs/performance.md`. The same figures give the same file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.contenders import JOURNEY

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.ticker import NullFormatter

mpl.rcParams |= {"svg.hashsalt": "pharma-assets", "svg.fonttype": "none", "font.size": 8}

_OURS, _SPREAD, _TARGET, _GRID = "#4f43dd", "#9a94e8", "#d2452f", "#e4e4ec"


def draw_targets(ratios: Sequence[Mapping[str, Any]], file: Path) -> None:
    """Every ratio that has a target, as a share of it, with the spread of its rounds."""
    rows = sorted(
        (ratio["median"] / ratio["limit"], ratio["low"] / ratio["limit"], ratio["high"] / ratio["limit"], _label(ratio))
        for ratio in ratios
        if ratio["limit"]
    )
    places = range(len(rows))
    figure, axes = plt.subplots(figsize=(7, 0.26 * len(rows) + 1))
    axes.hlines(places, [low for _, low, _, _ in rows], [high for _, _, high, _ in rows], color=_SPREAD, linewidth=4)
    axes.plot([middle for middle, *_ in rows], places, "o", color=_OURS, markersize=5)
    axes.axvline(1, color=_TARGET, linewidth=1)
    axes.set_yticks(places, [label for *_, label in rows])
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("share of the target: median and spread of the rounds; at most 1 is accepted")
    _save(figure, [axes], file)


def draw_growth(curves: Mapping[str, Sequence[Mapping[str, Any]]], file: Path) -> None:
    """Seconds and megabytes of whole processes by the rows of the report."""
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.6))
    for axes, what, unit in zip(panels, ("whole", "peak"), ("seconds, whole process", "MB at most"), strict=True):
        for name, points in curves.items():
            ours = name == JOURNEY
            axes.plot(
                [point["rows"] for point in points],
                [point[what] for point in points],
                "o-",
                markersize=3,
                linewidth=2 if ours else 1,
                color=_OURS if ours else None,
                label=name.replace("`", ""),
            )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("rows of the report")
        axes.set_ylabel(unit)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value:,g}")
            axis.set_minor_formatter(NullFormatter())
    panels[0].legend(frameon=False, fontsize=7)
    figure.tight_layout()
    _save(figure, panels, file)


def _label(ratio: Mapping[str, Any]) -> str:
    return f"{ratio['step']} / {ratio['floor']}".replace("`", "")


def _save(figure: Any, panels: Sequence[Any], file: Path) -> None:
    for axes in panels:
        axes.grid(color=_GRID)
        axes.set_axisbelow(True)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
    figure.savefig(file, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
