"""What mkdocs adds to docs/ when it builds the site: pages that are made from data and code, and links that fit.

`mkdocs.yml` names this file as its hook. The pages are never files: they are as the sources are when the site is built.
A link out of docs/ leads to the page made from its target, or stays as text where the site has none.
"""

import posixpath
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from tests.markdown import programmes
from tests.page_texts import place
from tests.programme_pages import programme_pages
from tests.reference_pages import files_page, python_page
from tests.source import ROOT

FROM_ROOT = {
    "README.md": "about.md", "README.ja.md": "about.ja.md", "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md", "NOTICE.md": "notice.md",
}  # fmt: skip
"""Documents beside docs/ that are pages of the site."""

REFERENCE: dict[str, Callable[[], str]] = {"reference/python.md": python_page, "reference/files.md": files_page}
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_JAPANESE = "[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]"
_BROKEN_LINE = re.compile(f"(?<={_JAPANESE})\n *(?={_JAPANESE})")
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")


def made_pages() -> dict[str, str]:
    """Every page that is no file of docs/, by its place in the site."""
    pages = {f"programmes/{name}": text for name, text in programme_pages().items()}
    pages |= {name: page() for name, page in REFERENCE.items()}
    for source, target in FROM_ROOT.items():
        pages[target] = relinked((ROOT / source).read_text(encoding="utf-8"), source, target)
    return pages


def relinked(text: str, source: str, page: str) -> str:
    """A document of the repository at `source` with links as the site has them from `page`; code stays as it is.

    Lines of Japanese are joined, since a browser makes a blank of the end of a line.
    """
    ends = [0, *(place for block in _FENCE.finditer(text) for place in block.span()), len(text)]
    parts = [text[first:last] for first, last in pairwise(ends)]
    return "".join(part if number % 2 else _LINK.sub(lambda one: _link(one, source, page), _BROKEN_LINE.sub("", part))
                   for number, part in enumerate(parts))  # fmt: skip


def _link(found: re.Match[str], source: str, page: str) -> str:
    mark, words, link = found.groups()
    path, _, anchor = link.partition("#")
    if "://" in link or not path:
        return found[0]
    target = _on_site(posixpath.normpath(posixpath.join(posixpath.dirname(source), path)), page)
    if target is None:
        return words
    there = posixpath.relpath(target, posixpath.dirname(page) or ".")
    return f"{mark}[{words}]({there}{'#' + anchor if anchor else ''})"


def _on_site(path: str, page: str) -> str | None:
    """Where the site has a file of the repository that `page` links to; None if nowhere."""
    if path.startswith("scenarios/programmes/") and path[21:-5] in programmes():
        return f"programmes/{place(path[21:-5], 'ja' if page.endswith('.ja.md') else 'en')}"
    if path in FROM_ROOT:
        return FROM_ROOT[path]
    return path.removeprefix("docs/") if path.startswith("docs/") else None


# ---- what mkdocs calls


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made."""
    from mkdocs.structure.files import File

    for name, text in made_pages().items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links of pages that are files of docs/."""
    name = page.file.src_uri
    return relinked(markdown, f"docs/{name}", name) if page.file.generated_by is None else markdown


def on_page_context(context: Any, page: Any, config: Any, **_: Any) -> Any:
    """The language that the page says it is in, and the words of the theme around it."""
    config.theme["language"] = "ja" if page.file.src_uri.endswith(".ja.md") else "en"
    return context
