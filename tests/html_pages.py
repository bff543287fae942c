"""HTML as tests look at it: elements with their attributes, their text and what they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser

VOID = {"meta", "input", "br", "col", "link", "img", "rect", "line", "circle", "polygon"}


@dataclass
class Element:
    """One element; `content` are texts and elements in order."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    content: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, but of pictures, styles and scripts."""
        parts = (one if isinstance(one, str) else one.text for one in self.content)
        return "" if self.tag in ("svg", "style", "script") else "".join(parts)

    @property
    def children(self) -> list[Element]:
        return [one for one in self.content if isinstance(one, Element)]

    def all(self, *tags: str) -> Iterator[Element]:
        """Every element below with one of these tags; without tags, every element."""
        for one in self.children:
            if not tags or one.tag in tags:
                yield one
            yield from one.all(*tags)

    def within(self, tag: str) -> Element | None:
        """The nearest element around it with that tag."""
        around = self.parent
        while around is not None and around.tag != tag:
            around = around.parent
        return around

    def by_id(self, name: str) -> Element:
        """The element below with that id."""
        return self._ids[name]

    @cached_property
    def _ids(self) -> dict[str, Element]:
        return {one.attributes["id"]: one for one in self.all() if "id" in one.attributes}


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.here = Element("", {})
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        one = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.content.append(one)
        if tag not in VOID:
            self.here = one

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if self.here.tag != tag:
            self.faults.append(f"</{tag}> closes <{self.here.tag}> at {self.getpos()}")
        self.here = self.here.parent or self.here

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.here.content.append(Element(tag, {name: value or "" for name, value in attrs}, self.here))

    def handle_data(self, data: str) -> None:
        self.here.content.append(data)


def parsed(page: str) -> Element:
    """The page as a tree; AssertionError where an element is closed by another's end."""
    parser = _Parser()
    parser.feed(page)
    parser.close()
    assert parser.faults == [] and parser.here is parser.root, parser.faults[:3]
    return parser.root
