"""Pictures of the results for the docs, drawn from results.json only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import column
from ctsim.figures.style import BLACK, BLUE, GREY, METADATA, RULE, VERMILION, drawing

COLOURS = {"mc": VERMILION, "sobol": BLUE}
PANELS = (("mean", "means"), ("tail", "5 % and 95 % quantiles"))


def convergence(results: Mapping[str, Any], path: Path) -> Path | None:
    """Errors by draws, a line a method, two panels; None where nothing of it was measured."""
    found = [one for one in results["specs"] if one["name"] == "convergence" and one["points"]]
    if not found:
        return None
    with drawing("en"):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7.2, 3.4), dpi=200, layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for axis, (name, title) in zip(axes, PANELS, strict=True):
            for method in COLOURS:
                points = [point for point in found[0]["points"] if point["point"]["method"] == method]
                _line(axis, points, name, method)
            axis.set_title(title, loc="left", fontsize=9)
            axis.set_xscale("log", base=2)
            axis.set_yscale("log")
            axis.set_xlabel("draws")
            axis.grid(True, which="major", color=RULE, linewidth=0.5)
            axis.spines[["top", "right"]].set_visible(False)
        axes[0].set_ylabel("error, in standard deviations of the cell\n(median over the report's random cells)")
        axes[0].legend(frameon=False, fontsize=7.5)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata=METADATA[path.suffix.removeprefix(".")])
    return path


def _line(axis: Any, points: list[Mapping[str, Any]], name: str, method: str) -> None:
    """Distance from the reference as dots, the stated error as a line; for mc also the law of 1/√n."""
    draws = [point["work"] for point in points]
    off = [median(column(point, f"{name} off")) for point in points]
    stated = [median(column(point, f"{name} error")) for point in points]
    colour = COLOURS[method]
    axis.plot(draws, off, "o", color=colour, markersize=4, label=f"{method}: distance from 2²³ draws")
    # The median of |error| is 0.6745 of its standard deviation where errors are normal.
    axis.plot(draws, [0.6745 * one for one in stated], "-", color=colour, linewidth=1.2,
              label=f"{method}: stated error × 0.67")  # fmt: skip
    if method == "mc" and draws:
        law = [off[0] * (draws[0] / n) ** 0.5 for n in draws]
        axis.plot(draws, law, ":", color=GREY, linewidth=1.0, label="1/√draws")
    axis.tick_params(colors=BLACK, labelsize=7.5)
