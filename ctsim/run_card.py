"""What kind of value each entry of a card has, of runs and other results: a changed one is refused."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo

from ctsim.streams import TILE

Count = Annotated[int, Field(ge=0, lt=2**64)]


def _agrees(keep_as: str, there: ValidationInfo) -> str:
    if bool(keep_as) != bool(there.data.get("keep_draws")):
        raise ValueError("keep_draws and keep_as belong together")
    return keep_as


def span_of(shard: str, tiles: int) -> tuple[int, int]:
    """The tiles of shard "I/N" of so many, or all for "": as even as they can be, and together all of them."""
    if not shard:
        return 0, tiles
    number, shards = (int(part) for part in shard.split("/"))
    first = tiles * (number - 1) // shards
    return first, tiles * number // shards - first


def _is_whole(span: list[int], there: ValidationInfo) -> list[int]:
    """The draws are what a directory is believed: they say how long it takes to make them again."""
    if {"draws", "shard"} <= there.data.keys():
        own = list(span_of(there.data["shard"], there.data["draws"] // TILE))
        if span != own:
            raise ValueError(f"tiles of the draws are {own}")
    return span


def _says_own(versions: dict[str, str]) -> dict[str, str]:
    if "ctsim" not in versions:
        raise ValueError("no 'ctsim' in it")
    return versions


Versions = Annotated[dict[str, str], AfterValidator(_says_own)]


class RunCard(BaseModel):
    """The entries that runs are opened, resumed, merged and reproduced by; others may stand beside them."""

    model_config = ConfigDict(strict=True, extra="allow")

    scenario: str
    scenario_digest: str
    seed: Count
    draws: Count
    chunk: Count
    stream_version: Count
    method: Literal["mc", "sobol"]
    shard: Annotated[str, Field(pattern=r"^([1-9][0-9]{0,8}/[1-9][0-9]{0,8})?$")]
    keep_draws: Literal["", "cells", "parameters", "all"]
    keep_as: Annotated[Literal["", "float64", "float32"], AfterValidator(_agrees)]
    years: list[str]
    thresholds: list[str]
    programmes: list[str]
    metrics: list[str]
    span: Annotated[list[Count], Field(min_length=2, max_length=2), AfterValidator(_is_whole)]
    coordinates: dict[str, dict[str, Count]]
    versions: Versions
    revision: str = ""
    ceiling: Count = 0
    replicates: Count = 0
    command: str = ""
    formulas: str = ""
    platform: str = ""
    started: str = ""
    plan_digest: str = ""
    result_digest: str = ""
    draws_digest: str = ""
    request_digest: str = ""
    card_digest: str = ""
    sealed: bool = False
    precision: float | None = None
    files: dict[str, str] = {}


class SealedCard(RunCard):
    """What a sealed card says more."""

    revision: str
    result_digest: str
    command: str
    started: str
    files: dict[str, str]


class ResultCard(BaseModel):
    """The entries that comparisons and stresses are opened and shown by."""

    model_config = ConfigDict(strict=True, extra="allow")

    request: dict[str, Any]
    names: Annotated[list[str], Field(min_length=1)]
    scenarios: Annotated[list[str], Field(min_length=1)]
    draws: Count
    seed: Count
    method: Literal["mc", "sobol"]
    versions: Versions
    command: str
    result_digest: str
    files: dict[str, str]
    attribution: str = ""


_SAID: Final = 60


def fault(card: dict[str, Any], model: type[BaseModel] | None = None) -> str:
    """What is wrong with the first entry that is of another kind than it should be; "" where none is.

    Without a model it is the card of a run, sealed or not as it says.
    """
    try:
        (model or (SealedCard if card.get("sealed") else RunCard)).model_validate(card)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        if first["type"] == "missing":
            return f"no '{first['loc'][0]}'"
        said = repr(first["input"])
        shown = said if len(said) <= _SAID else f"{said[:_SAID]}..."
        return f"'{'.'.join(map(str, first['loc']))}' is {shown}: {first['msg'][:1].lower()}{first['msg'][1:]}"
    return ""
