"""What a comparison says of its changes and of what it cannot compare, in words: results keep both in English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ctsim.differences import entry_words, reason_words
from ctsim.locale import found_again, text, texts

if TYPE_CHECKING:
    from ctsim.report.words import Page

_SPREADS: Final = re.compile(r"switch uncertainty = (?P<now>\w+), was (?P<was>\w+)")


def change_words(one: Mapping[str, Any], page: Page) -> dict[str, Any]:
    """An entry with its title and what ctsim itself says in it in the language of the page."""
    said = {name: entry_words(str(one[name]), page.lang) for name in ("what", "before", "after")}
    said["reason"] = reason_words(str(one["reason"]), page.lang)
    name = str(one["change"])
    if found := _SPREADS.fullmatch(name):
        n = str(said["before"])
        said |= {"title": f"{page.text('change.uncertainty')} ({n})", "reason": "",
                 "before": page.text(f"change.uncertainty_{found['was']}"),
                 "after": page.text(f"change.uncertainty_{found['now']}")}  # fmt: skip
        return {**one, **said}
    kind, _, switch = name.partition(" ")
    if kind == "switch" and f"change.{switch}" in texts():
        sides = {side: page.text(f"change.{switch}_{one[side]}") for side in ("before", "after")}
        return {**one, **said, **sides, "title": page.text(f"change.{switch}")}
    title = change_title(str(one["kind"]), name, page)
    if kind == "programme":  # results keep its English name
        said["before" if one["what"] == text("difference.removed", "en") else "after"] = title
    return {**one, **said, "title": title}


def change_title(kind: str, name: str, page: Page) -> str:
    """What is changed, by name."""
    rest = name.removeprefix(f"{kind} ")
    if kind == "parameter":
        return page.parameter_of(page.scenario.stream_names.get(name, name), "")
    if kind == "dependence":
        members = page.text("published.separator").join(page.parameter_of(one, "") for one in rest.split(" ~ "))
        return page.text("change.dependence", members=members)
    if kind in ("programme", "formula", "figure"):
        return page.member(rest.partition(":")[0])
    return page.text("change.option", option=rest) if kind == "switch" else name


def apart_words(reason: str, page: Page) -> str:
    """Why there is no difference, in the language of the page; what it names has its name."""
    found = found_again(reason, "apart")
    if found is None:
        return reason
    key, fields = found
    if "members" in fields:
        fields["members"] = page.members(fields["members"].split(", "))
    if "kinds" in fields:
        fields["kinds"] = "; ".join(_kind(one, page) for one in fields["kinds"].split("; "))
    return page.text(key, **fields)


def _kind(said: str, page: Page) -> str:
    """What differs in the kind of two figures: "boundary is japan_market in A, world_market in B"."""
    found = found_again(said, "of")
    if found is None:
        return said
    name, a, b = (found[1][one] for one in ("name", "a", "b"))
    values = {side: page.text("run.and_words").join(page.text(f"{name}.{one}") for one in words.split(" and "))
              for side, words in (("a", a), ("b", b))}  # fmt: skip
    return text("of.kind", page.lang, name=page.text(f"of.{name}"), **values)
