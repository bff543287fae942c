"""What is asked for: options, checked, as the request that a run card keeps, and as a job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from re import fullmatch
from typing import Any, Final

from ctsim import choices, dataset, summaries, summed
from ctsim.catalog import Scenario, load
from ctsim.clusters import cluster_of
from ctsim.coordinates import Coordinate, assign
from ctsim.errors import Finding, InputError, Place
from ctsim.job import Job, Progress
from ctsim.keeping import checked as keepable
from ctsim.memory import parsed as parsed_size
from ctsim.precision import parsed
from ctsim.programme import YEARS
from ctsim.rundir import FORMAT, REQUEST
from ctsim.sobol import MOST_POINTS
from ctsim.streams import STREAM_VERSION, TILE
from ctsim.thresholds import Given, checked

DEFAULT_DRAWS: Final = 2**20
DEFAULT_CHUNK: Final = 2**18
DEFAULT_METHOD: Final = "sobol"
MOST_DRAWS: Final = 2**40
MOST_SOBOL_DRAWS: Final = summaries.REPLICATES * MOST_POINTS
MOST_WORKERS: Final = 1024


def asked_for(
    scenario: str | Path | Scenario, *, draws: int, seed: int, method: str, years: Sequence[int | str] | None,
    programmes: Sequence[str] | None, metrics: Sequence[str] | None, thresholds: Given, workers: int | None,
    formulas: str | Path | None, progress: Progress | None, chunk: int = DEFAULT_CHUNK,
    memory: int | str | None = None, shard: str | None = None, precision: float | str | None = None,
    keep_draws: str | None = None, keep_as: str = "float64", has_directory: bool = False, is_extended: bool = False,
    cluster: str | None = None,
) -> tuple[Job, tuple[str, ...]]:  # fmt: skip
    """The job of options, those of `simulate`, and what there is to say of them. Raises InputError."""
    wanted = checked_years(years)
    check(draws, seed, method, chunk, workers, precision)
    resolved = scenario if isinstance(scenario, Scenario) else load(scenario, formulas)
    total = _raised(draws, method)
    _check_shard(shard, total // TILE, has_directory, is_extended, precision is not None)
    coordinates = coordinates_of(resolved) if method == "sobol" else None
    chosen = _chosen(resolved, programmes, metrics, keep_draws, keep_as, has_directory)
    request = request_for(resolved, total, seed, method, wanted, shard or "", precision, thresholds, chosen)
    kind = "16 times a power of two" if method == "sobol" else f"a multiple of {TILE}"
    said = (f"{draws:,} draws raised to {total:,}, {kind}",) if total != draws else ()
    on = cluster_of(cluster, keeps=keep_draws is not None)
    return Job(resolved, request, chunk, workers, progress, coordinates, parsed_size(memory), on), said


def default_directory(
    scenario: Scenario, draws: int, seed: int, method: str, years: Sequence[int | str] | None = None,
    shard: str | None = None, precision: float | str | None = None, thresholds: Given = (),
    programmes: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None, keep_draws: str | None = None, keep_as: str = "float64",
) -> Path:  # fmt: skip
    """`results/<scenario>-<digest of the request>`: the same request finds its result again."""
    chosen = _chosen(scenario, programmes, metrics, keep_draws, keep_as, True)
    wanted = checked_years(years)
    request = request_for(scenario, _raised(draws, method), seed, method, wanted, "", precision, thresholds, chosen)
    digest = sha256(repr(sorted(request.items())).encode()).hexdigest()
    part = f"-shard-{shard.replace('/', '-of-')}" if shard else ""
    return Path("results") / f"{scenario.id}-{digest[:12]}{part}"


def coordinates_of(scenario: Scenario) -> dict[str, Coordinate]:
    """The Sobol' coordinate of everything that is sampled. Raises InputError."""
    return assign(scenario.streams, scenario.programmes, beside=scenario.library.coordinates)


def check(
    draws: int, seed: int, method: str, chunk: int, workers: int | None, precision: float | str | None = None
) -> None:
    """Raises InputError with all that is wrong with these options."""
    numbers = {"draws": draws, "seed": seed, "chunk": chunk, "workers": 1 if workers is None else workers}
    if broken := [name for name, number in numbers.items() if not isinstance(number, int)]:
        raise InputError([Finding(Place(), "", f"--{name} {numbers[name]}: must be a whole number") for name in broken])
    faults = []
    if not 1 <= draws <= MOST_DRAWS:
        faults.append(f"--draws {draws}: must be between 1 and {MOST_DRAWS:,}")
    if not 0 <= seed < 2**64:
        faults.append(f"--seed {seed}: must be at least 0 and below 2^64")
    if method not in ("mc", "sobol"):
        faults.append(f"--method {method}: choose from mc, sobol")
    if method == "sobol" and MOST_SOBOL_DRAWS < draws <= MOST_DRAWS:
        faults.append(f"--draws {draws}: sobol ends at {MOST_SOBOL_DRAWS:,}; take --method mc")
    if chunk < 1:
        faults.append(f"--chunk {chunk}: must be at least 1 draw")
    if workers is not None and not 1 <= workers <= MOST_WORKERS:
        faults.append(f"--workers {workers}: must be between 1 and {MOST_WORKERS:,}")
    try:
        parsed(precision)
    except InputError as error:
        faults.append(str(error))
    if faults:
        raise InputError([Finding(Place(), "", fault) for fault in faults])


def _check_shard(shard: str | None, tiles: int, kept: bool, extends: bool, precise: bool) -> None:
    if shard is None:
        return
    number, _, shards = shard.partition("/")
    if not fullmatch("[0-9]{1,9}/[0-9]{1,9}", shard) or not 1 <= int(number) <= int(shards):
        raise InputError(f"--shard '{shard[:40]}': write I/N, the first of seven as 1/7")
    if int(shards) > tiles:
        raise InputError(f"--shard {shard}: {tiles * TILE:,} draws make at most {tiles:,} shards; draw more")
    if precise:
        raise InputError(f"--shard {shard}: not with --precision; a shard cannot know how sure the whole is")
    if extends:
        raise InputError(f"--shard {shard}: not with --extend; merge the shards, then extend the whole")
    if not kept:
        raise InputError(f"--shard {shard}: a shard is there to be merged; give the directory to keep it in")


def checked_draws(draws: int, seed: int, method: str) -> int:
    """The number of draws that is made where `draws` are asked for. Raises InputError."""
    check(draws, seed, method, 1, None)
    return _raised(draws, method)


def checked_years(years: Iterable[int | str] | None) -> tuple[str, ...]:
    """Years of the axis, in order; None takes all. Raises InputError."""
    if years is None:
        return YEARS
    wanted = tuple(dict.fromkeys(str(year) for year in years))
    unknown = [year for year in wanted if year not in YEARS]
    if unknown or not wanted:
        raise InputError(f"--years {' '.join(unknown)}: choose from {', '.join(YEARS)}")
    return tuple(year for year in YEARS if year in wanted)


def _raised(draws: int, method: str) -> int:
    """The number of draws that is made: a multiple of 1024; for sobol 16 x 2^k, k at least 10."""
    if method == "sobol":
        return summaries.REPLICATES * max(TILE, 1 << (-(-draws // summaries.REPLICATES) - 1).bit_length())
    return -(-draws // TILE) * TILE


def request_for(
    scenario: Scenario, draws: int, seed: int, method: str, years: tuple[str, ...], shard: str,
    precision: float | str | None = None, thresholds: Given = (), chosen: Mapping[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What decides a result, by name, of checked options. Raises InputError for a threshold that is not understood."""
    chosen = chosen or _chosen(scenario, None, None, None, "float64", True)
    wanted = choices.view(scenario, chosen), years, chosen["metrics"]
    marks = checked(thresholds, scenario, dataset.targets(*wanted) + summed.targets(*wanted)) if thresholds else []
    return {
        "format": FORMAT, "scenario": scenario.id, "revision": scenario.revision, "scenario_digest": scenario.digest,
        "seed": seed, "method": method, "draws": draws, "stream_version": STREAM_VERSION, "years": list(years),
        "shard": shard, "precision": parsed(precision), "thresholds": marks, **chosen,
    }  # fmt: skip


def _chosen(
    scenario: Scenario, programmes: Sequence[str] | None, metrics: Sequence[str] | None, keep_draws: str | None,
    keep_as: str, has_directory: bool,
) -> dict[str, Any]:  # fmt: skip
    """The part of a request that says what is computed and kept of each draw."""
    kind, dtype = keepable(keep_draws, keep_as, has_directory)
    chosen = {"programmes": choices.programmes_of(scenario, programmes), "metrics": choices.metrics_of(metrics)}
    return {**chosen, "keep_draws": kind, "keep_as": dtype}


def differing(card: Mapping[str, Any], request: Mapping[str, Any], *but: str) -> str:
    """What of two requests is not the same, leaving out some things; "" where all else is."""
    for name in REQUEST:
        if name not in but and card.get(name) != request.get(name):
            return f"{name} is {card.get(name)!r} there, {request.get(name)!r} here"
    return ""
