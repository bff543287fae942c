"""What a draw of a parameter costs, beside the floor of its own parts. One thread."""

from benchmarks.parts import FAMILIES, floor, quantiles_alone, words_alone
from benchmarks.registry import Case, Point, Spec, register
from benchmarks.scenarios import METHODS, REPORT, W, simulation

TILES = 2**10
WORDS = {"words, mc": "mc", "words, sobol": "sobol"}


def _part(point: Point) -> Case:
    if point["part"] in WORDS:
        return words_alone(WORDS[point["part"]], point["tiles"])
    return quantiles_alone(point["part"], point["tiles"])


register(
    Spec(
        name="parts",
        title="Parts of a draw: words, and quantile functions by family, 1 thread",
        build=_part,
        sweep=tuple({"part": part, "tiles": 8 * TILES} for part in (*WORDS, *FAMILIES)),
        quick=tuple({"part": part, "tiles": TILES} for part in (*WORDS, *FAMILIES)),
        tiny={"part": "pert", "tiles": 1},
        unit="values",
        repeats=9,
    )
)


def _everything(point: Point) -> Case:
    if point["what"] == "floor":
        return floor(point["scenario"], -(-point["draws"] // 1024), point["method"])
    return simulation(point["scenario"], point["draws"], 1, point["method"])


def _points(draws: int, *scenarios: str) -> tuple[Point, ...]:
    kinds = [(method, what) for method in METHODS for what in ("floor", "everything")]
    return tuple({"scenario": s, "method": m, "what": w, "draws": draws} for s in scenarios for m, w in kinds)


register(
    Spec(
        name="parameter_draw",
        title="A parameter's draw, everything included, beside words and quantile functions alone, 1 thread",
        build=_everything,
        sweep=_points(2**20, REPORT) + _points(2**22, W),
        quick=_points(2**20, W),
        tiny={"scenario": W, "method": "sobol", "what": "floor", "draws": 1024},
    )
)
