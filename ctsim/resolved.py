"""The frozen records of a resolved scenario: one file that holds all that a run was made from.

Shape and vocabulary only, as in `ctsim.schema`; `ctsim.catalog` writes the file and reads it back.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ctsim.schema import (
    Change,
    Dependence,
    Identifier,
    Label,
    Parameter,
    ParameterName,
    ProgrammePage,
    Provision,
    Record,
    Source,
    SpreadClass,
    Text,
    TotalGroup,
)


class ResolvedHead(Record):
    """Identity of a resolved scenario, and the digest of the scenario it was made from."""

    id: Identifier
    revision: Label | None = None
    title_ja: Label
    title_en: Label
    uncertainty: Literal["none", "pages"]
    cells: Literal["published", "all"] = "all"
    delivery: Literal["conditional", "included"] = "conditional"
    digest: Text
    ctsim: Text


class AppliedChange(Change):
    """A change that the pages of a resolved scenario hold already, and where it was said."""

    place: Text


class ResolvedFile(Record):
    """`scenario.toml` of a run directory: all that a scenario is made from, but the source of its formulas.

    `elsewhere`: streams by name that `dependence` speaks of and that are of programmes which are left out.
    """

    format: Literal[1]
    scenario: ResolvedHead
    change: tuple[AppliedChange, ...] = ()
    dependence: tuple[Dependence, ...] = ()
    provision: tuple[Provision, ...] = ()
    group: tuple[TotalGroup, ...] = ()
    shared: dict[ParameterName, Parameter]
    spread_class: dict[Identifier, SpreadClass]
    source: dict[Identifier, Source]
    elsewhere: dict[Text, Text] = Field(default_factory=dict)
    formulas: dict[Identifier, Text]
    coordinates: dict[Label, tuple[Label, int]] = Field(default_factory=dict)
    programmes: tuple[ProgrammePage, ...]
