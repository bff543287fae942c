"""Every continuous family of scipy.stats at scipy's own example settings: `python -m tests.families [NAME ...]`.

Prints what became of each, and seconds of CPU time.
"""

import sys
from time import process_time

from scipy import stats
from scipy.stats._distr_params import distcont

from ctsim.distributions import PIECES
from ctsim.distributions.families import build
from ctsim.errors import InputError


def main(names: list[str]) -> None:
    """Build each of the families, all if none is named."""
    for name, values in distcont:
        if not isinstance(name, str) or (names and name not in names):
            continue
        shapes = [shape.strip() for shape in (getattr(stats, name).shapes or "").split(",")]
        arguments = {shape: float(value) for shape, value in zip(shapes, values, strict=False)}
        start = process_time()
        try:
            ours = build("scipy", {"name": name, **arguments})
            what = f"{int(ours.parameters[6])} pieces" if ours.kind == PIECES else "one table"
        except InputError as error:
            what = str(error.findings[0])
        print(f"{name} {arguments}: {what}, {process_time() - start:.2f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
