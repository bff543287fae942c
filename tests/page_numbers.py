"""Numbers of a page beside the results that they are from: every `<data>` element says where its number stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

import xarray as xr

from ctsim.accounts import accounts, money_sums, shipped
from ctsim.bought import account
from ctsim.catalog import Scenario
from ctsim.policy import frame
from ctsim.printing_bought import account_json
from ctsim.printing_policy import policy_json
from ctsim.valued import national
from tests.html_pages import Element

_BESIDE = re.compile(r"(\w+):(/.*)", re.DOTALL)
_E = 0.5000001
"""Half a unit of the last printed digit, with a hair for binary numbers."""


def money(scenario: Scenario, seed: int, run: xr.DataTree) -> dict[str, dict[str, Any]]:
    """Every issue as `ctsim yen --json` prints it, the frame beside a run as `ctsim policy --json` does."""
    sums = {one.id: value for one, value in money_sums(scenario.totals)}
    found: dict[str, dict[str, Any]]
    free = scenario.with_dependence(0)
    found = {year: account_json(account(scenario, accounts(year), seed=seed)) for year in shipped()}
    for year, one in found.items():
        one["independent"] = account_json(account(free, accounts(year), seed=seed))
        one["new"] = None if one["refinanced"] is None else one["allocated"] - one["refinanced"]
    return found | {"sums": sums, "policy": policy_json(national(scenario, run, frame(), 2**14, seed))}


def value_at(trees: Mapping[str, xr.DataTree], address: str, bought: Mapping[str, Any] | None = None) -> float:
    """The number at an address: "yen|...", "policy|...", or a node of the page's own tree (""), or of a named one."""
    if address.startswith(("yen|", "policy|")):
        assert bought is not None
        return _bought(bought, address.removeprefix("yen|").split("|"))
    beside = _BESIDE.fullmatch(address)
    tree, address = (trees[beside.group(1)], beside.group(2)) if beside else (trees[""], address)
    node, *labels, name, share = address.split("|")
    data = tree[node].dataset
    variable = data[name]
    dims = [str(dim) for dim in variable.dims if dim != "quantile"]
    at = {dim: int(label) if dim == "year" else label for dim, label in zip(dims, labels, strict=True)}
    found = variable.sel(at)
    return float(found.sel(quantile=float(share), method="nearest") if share else found)


def _bought(bought: Mapping[str, Any], path: list[str]) -> float:
    found: Any = bought[path[0]]
    if path[0].isdigit() and path[1] == "totals":
        return float(found[path[2]])
    for step in path[1:]:
        found = found[int(step) if isinstance(found, list) else step]
    return float(found)


def last_place(said: str) -> float:
    """The unit of the last digit that a printed number can be known to: that of a trailing zero for whole numbers."""
    digits = said.replace(",", "").lstrip("−-+")
    if "." in digits:
        return 10.0 ** -len(digits.partition(".")[2])
    return 10.0 ** (len(digits) - len(digits.rstrip("0"))) if digits.strip("0") else 1.0


def wrong_numbers(
    trees: Mapping[str, xr.DataTree], page: Element, bought: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """Every printed number that is not that of its address to the digits it is printed with."""
    for one in page.all("data"):
        address = one.attributes["data-at"]
        raw = value_at(trees, address, bought)
        factor = float(one.attributes["data-x"])
        said = one.text.strip()
        if repr(raw) != one.attributes["value"]:
            yield f"{address}: {one.attributes['value']} is not {raw}"
        elif not isfinite(raw):
            if said != "–":
                yield f"{address}: {said} for nothing"
        elif abs(float(said.replace(",", "").replace("−", "-")) - raw * factor) > _E * last_place(said):
            yield f"{address}: printed {said}, is {raw * factor}"
