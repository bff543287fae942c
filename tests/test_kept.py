"""What is kept between processes gives the same bits as making it anew, and never gets in the way."""

import errno
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctsim import caches, kept, units
from ctsim.distributions import families, reuse
from ctsim.distributions.record import Quantiles
from ctsim.errors import InputError
from tests.runs import study

ASKED: list[tuple[str, dict[str, Any], tuple[float, float] | None]] = [
    ("normal", {"mean": 3.0, "sd": 0.25}, None),
    ("normal", {"mean": 3, "sd": 1}, (2.5, float("inf"))),
    ("truncated_normal", {"mean": 0.0, "sd": 1.0, "low": -0.0, "high": 2.0}, None),
    ("lognormal", {"median": 5e-300, "gsd": 1.7}, None),
    ("pert", {"low": 0.1, "mode": 0.15, "high": 0.3}, None),
    ("beta", {"a": 0.7, "b": 4.0, "low": -1.0, "high": 1.0}, (-0.5, 0.5)),
    ("scipy", {"name": "gamma", "a": 2.5, "scale": 3.0}, None),
    ("scipy", {"name": "poisson", "mu": 4.0}, None),
    ("scipy", {"name": "cauchy"}, None),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder, and nothing remembered."""
    monkeypatch.setenv("CTSIM_CACHE_DIR", str(tmp_path / "cache"))
    forget()
    yield tmp_path / "cache"
    forget()


def forget() -> None:
    """What a new process would not know."""
    for remembered in (reuse._built, reuse._table, reuse._made_with, units._measure, units._parsed):
        remembered.cache_clear()
    kept._added[0] = 0


def files(folder: Path, kind: str) -> list[Path]:
    """What is kept of a kind."""
    return sorted((folder / "ctsim" / caches._digest() / kind).iterdir())


def bits(made: Quantiles) -> list[object]:
    """Everything that a record says, to the last bit."""
    said = [getattr(made, name) for name in made.__dataclass_fields__]
    return [(one.shape, one.dtype.str, one.tobytes()) if isinstance(one, np.ndarray) else repr(one) for one in said]


def no_build(*_: object) -> Quantiles:
    """Stands for `families.build` where nothing may be made."""
    raise AssertionError("made anew")


# ---- distributions


@pytest.mark.parametrize(("dist", "arguments", "truncate"), ASKED)
def test_a_kept_distribution_has_the_bits_of_a_new_one(
    dist: str, arguments: dict[str, Any], truncate: tuple[float, float] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = families.build(dist, arguments, truncate)
    assert bits(reuse.build(dist, arguments, truncate)) == bits(new)
    forget()
    monkeypatch.setattr(families, "build", no_build)
    read = reuse.build(dist, arguments, truncate)
    assert bits(read) == bits(new)
    # An array that cannot be written to would be another type to the compiler.
    assert read.table.flags.writeable and read.parameters.flags.writeable


def test_equal_arguments_give_one_object_and_equal_shapes_one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    first = reuse.build("normal", {"mean": 1.0, "sd": 2.0})
    assert reuse.build("normal", {"sd": 2.0, "mean": 1.0}) is first
    reuse.build("normal", {"mean": 5.0, "sd": 2.0})
    forget()
    monkeypatch.setattr(families, "build", no_build)
    read = [reuse.build("normal", {"mean": mean, "sd": 2.0}) for mean in (1.0, 5.0)]
    assert read[0].table is read[1].table and read[0].parameters[0] != read[1].parameters[0]


@pytest.mark.parametrize(
    ("dist", "arguments"),
    [
        ("normal", {"mean": 0.0, "sd": -1.0}),
        ("normal", {"mean": True, "sd": 1.0}),
        ("normal", {"mean": float("nan"), "sd": 1.0}),
        ("pert", {"low": 2.0, "mode": 1.0, "high": 3.0}),
        ("scipy", {"name": "gamma", "a": -1.0}),
        ("scipy", {"name": "no such"}),
        ("nothing", {"a": 1.0}),
    ],
)
def test_faults_are_found_every_time_and_never_kept(folder: Path, dist: str, arguments: dict[str, Any]) -> None:
    # 1 and 1.0 are equal to True: the sound ones must not answer for it.
    reuse.build("normal", {"mean": 1, "sd": 1.0})
    reuse.build("normal", {"mean": 1.0, "sd": 1.0})
    there = files(folder, "distributions")
    said = []
    for _ in range(2):
        with pytest.raises(InputError) as raised:
            reuse.build(dist, arguments)
        said.append(str(raised.value))
        forget()
    assert said[0] == said[1] and files(folder, "distributions") == there


@pytest.mark.parametrize("kind", ["distributions", "tables"])
@pytest.mark.parametrize("damage", [b"", b"half", None], ids=["empty", "short", "one bit"])
def test_what_is_damaged_is_made_again(folder: Path, kind: str, damage: bytes | None) -> None:
    new = bits(reuse.build("lognormal", {"median": 2.0, "gsd": 1.5}))
    [path] = files(folder, kind)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]) if damage is None else damage)
    forget()
    assert bits(reuse.build("lognormal", {"median": 2.0, "gsd": 1.5})) == new
    assert path.read_bytes() == whole


def test_a_missing_table_is_made_again(folder: Path) -> None:
    new = bits(reuse.build("lognormal", {"median": 2.0, "gsd": 1.5}))
    [path] = files(folder, "tables")
    path.unlink()
    forget()
    assert bits(reuse.build("lognormal", {"median": 2.0, "gsd": 1.5})) == new and path.is_file()


def test_a_file_under_another_name_is_not_believed(folder: Path) -> None:
    reuse.build("normal", {"mean": 1.0, "sd": 1.0})
    [first] = files(folder, "distributions")
    reuse.build("normal", {"mean": 2.0, "sd": 1.0})
    [second] = set(files(folder, "distributions")) - {first}
    second.write_bytes(first.read_bytes())
    forget()
    assert reuse.build("normal", {"mean": 2.0, "sd": 1.0}).mean == 2.0


def test_other_libraries_or_another_processor_are_other_keys(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reuse.build("normal", {"mean": 1.0, "sd": 1.0})
    monkeypatch.setattr(reuse, "version", lambda name: "0.0")
    forget()
    reuse.build("normal", {"mean": 1.0, "sd": 1.0})
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-FMA")
    forget()
    reuse.build("normal", {"mean": 1.0, "sd": 1.0})
    assert len(files(folder, "distributions")) == 3


# ---- places


def test_many_at_once_agree(folder: Path) -> None:
    """Writers and readers of the same keys, in threads that share nothing remembered."""

    def one(number: int) -> bytes | None:
        content = f"{number % 5}".encode() * 50_000
        kept.keep("numbers", f"{number % 5}", content)
        found = kept.recall("numbers", f"{number % 5}")
        assert found == content
        return found

    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(one, range(200)))) == 200
    assert len(files(folder, "numbers")) == 5


def test_where_nothing_can_be_written_everything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("CTSIM_CACHE_DIR", str(blocked))
    forget()
    assert bits(reuse.build("normal", {"mean": 1.0, "sd": 1.0})) == bits(
        families.build("normal", {"mean": 1.0, "sd": 1.0})
    )
    assert units.conversion("万t-CO2/yr", "Mt-CO2/yr") == 0.01


def test_a_folder_that_turns_read_only_is_no_error(folder: Path) -> None:
    kept.keep("numbers", "a", b"1")
    [path] = files(folder, "numbers")
    path.unlink()
    path.parent.rmdir()
    path.parent.write_text("in the way")
    kept.keep("numbers", "b", b"2")
    assert kept.recall("numbers", "b") is None


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_write_that_fails_leaves_nothing(folder: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, *_: object) -> int:
            raise OSError(code, os.strerror(code))

    kept.keep("numbers", "a", b"1")
    there = files(folder, "numbers")
    monkeypatch.setattr(kept.os, "fdopen", lambda handle, _: os.close(handle) or Full())
    kept.keep("numbers", "a", b"2")
    kept.keep("numbers", "b", b"2")
    assert files(folder, "numbers") == there
    assert (kept.recall("numbers", "a"), kept.recall("numbers", "b")) == (b"1", None)


def test_a_process_keeps_no_more_than_its_share(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_A_PROCESS", 10)
    monkeypatch.setattr(kept, "MOST_BYTES", 8)
    for number, size in enumerate((9, 6, 5, 4)):
        kept.keep("numbers", str(number), b"x" * size)
    assert [kept.recall("numbers", str(n)) for n in range(4)] == [None, b"x" * 6, None, b"x" * 4]


# ---- units


UNITS = [
    "万t-CO2/yr",
    "kg-CO2/kWh",
    "t-CO2/MWh",
    "GW",
    "MW*h",
    "%",
    "1",
    "兆円/yr",
    "t-C/GJ",
    "km/vehicle/yr",
    "JPY/Nm3",
    "百万台",
]


def test_kept_units_are_those_of_pint(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = {unit: units._measure(unit) for unit in UNITS}
    for unit, (factor, dimensions) in fresh.items():
        quantity = units._parsed(unit).to_base_units()
        assert factor == Fraction(quantity.magnitude)
        assert (dimensions == "") == quantity.dimensionless
    forget()
    monkeypatch.setattr(units, "_registry", lambda: pytest.fail("pint was asked"))
    assert {unit: units._measure(unit) for unit in UNITS} == fresh
    assert units.conversion("kg-CO2/kWh", "t-CO2/MWh") == 1.0 and not units.convertible("GW", "MW*h")


def test_a_conversion_is_what_pint_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    for source in UNITS:
        for target in UNITS:
            ratio = units._parsed(source) / units._parsed(target)
            assert units.convertible(source, target) == ratio.dimensionless
            if ratio.dimensionless:
                assert units.conversion(source, target) == float(ratio.to_base_units().magnitude)


@pytest.mark.parametrize("unit", ["", "furlong", "kg-CO2//kWh", "t-CO2/\udc80"])
def test_a_unit_that_cannot_be_read_is_refused_every_time(unit: str) -> None:
    for _ in range(2):
        with pytest.raises(units.UnitError):
            units.check(unit)
        forget()


# ---- what a run loads


LOADED = """
import sys
from ctsim.cli import main
try:
    main(["run", sys.argv[2], "--draws", "2048", "--quiet", "--out", sys.argv[1]])
except SystemExit as end:
    assert not end.code, end.code
print("LOADED", *(name for name in {names} if name in sys.modules))
"""
HEAVY = ("scipy.stats", "scipy.special", "pint", "matplotlib", "dask.array")


def test_a_second_run_loads_no_heavy_library(tmp_path: Path) -> None:
    """What the first run kept makes them needless; the digest is the same."""
    said, file = [], str(study(tmp_path, ("energy_saving_equipment", "clean_energy_vehicles")))
    for number in range(2):
        script, out = LOADED.replace("{names}", repr(HEAVY)), str(tmp_path / f"run{number}")
        made = subprocess.run([sys.executable, "-c", script, out, file], env=os.environ, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        said.append([line for line in made.stdout.splitlines() if line.startswith(("LOADED", "result_digest"))])
    (digest, first), (again, second) = said
    assert digest == again and "pint" in first and "scipy.special" in first
    assert second == "LOADED"
