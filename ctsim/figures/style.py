"""How figures look: fonts for both languages, colours, lengths of words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ctsim.locale import LANGUAGES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's blue and vermilion with tints: told apart with any colour vision, and in grey by their lightness.
BLUE, SKY, VERMILION = "#0072B2", "#8CCBF0", "#D55E00"
BLACK, GREY, PALE, RULE = "#1A1A1A", "#5F5F5F", "#8A8A8A", "#D9D9D9"

SIZE: Final = 8.5
SMALL: Final = 7.5
LINE: Final = 0.155
"""Font sizes in points; the height of a line of SIZE in inches."""

METADATA: Final[dict[str, dict[str, Any]]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": "ctsim"},
}
"""By format: nothing in the files that differs from run to run."""

_FINE: Final = 288
_UNBREAKABLE: Final = re.compile(r"[ァ-ヶー]+|[A-Za-z0-9₂.,/+\-–]+|[一-龠々]+[ぁ-ん]*|[ぁ-ん]+|\s+|.")
_NOT_FIRST: Final = "、。，．）)」』】〉ゃゅょっぁぃぅぇぉー・：；！？"
_NOT_LAST: Final = "（(「『【〈"


DOTS_PER_INCH: Final = 180


def save(figure: Figure, folder: Path, stem: str) -> list[Path]:
    """Write a figure as PNG and SVG, inside `drawing`; the files written."""
    paths = []
    for suffix, metadata in METADATA.items():
        paths.append(folder / f"{stem}.{suffix}")
        figure.savefig(paths[-1], dpi=DOTS_PER_INCH, metadata=metadata)
    return paths


def save_each(metrics: Iterable[str], folder: Path, stem: str, draw: Callable[[str, str], Figure]) -> list[Path]:
    """Save what is drawn of each metric in each language into `folder`; the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for metric in metrics:
        for lang in LANGUAGES:
            with drawing(lang):
                written += save(draw(metric, lang), folder, f"{stem}_{metric}.{lang}")
    return written


@contextmanager
def drawing(lang: str) -> Iterator[None]:
    """Settings under which figures are drawn and saved; what the caller has set comes back."""
    import matplotlib
    from matplotlib import font_manager

    with matplotlib.rc_context():
        import matplotlib_fontja  # sets a global font as it is imported: only ever inside this context

        path = matplotlib_fontja.get_font_ttf_path()
        if path not in {font.fname for font in font_manager.fontManager.ttflist}:
            font_manager.fontManager.addfont(path)
        # IPAexGothic has no subscript two: DejaVu Sans fills in for it, and comes first where the text is English.
        family = ["IPAexGothic", "DejaVu Sans"] if lang == "ja" else ["DejaVu Sans", "IPAexGothic"]
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({
            "font.family": family, "font.size": SIZE, "svg.fonttype": "path", "svg.hashsalt": "ctsim",
            "axes.linewidth": 0.6, "text.color": BLACK,
        })  # fmt: skip
        yield


def extent(words: str, size: float = SIZE) -> float:
    """Width in inches of the longest line of `words`. Call it inside `drawing`."""
    from matplotlib import rcParams

    return max((_extent(line, size, tuple(rcParams["font.family"])) for line in words.split("\n") if line), default=0.0)


@cache
def _extent(line: str, size: float, family: tuple[str, ...]) -> float:
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.font_manager import FontProperties

    renderer: Any = RendererAgg(1, 1, _FINE)  # type: ignore[no-untyped-call]
    font = FontProperties(family=list(family), size=size)
    return float(renderer.get_text_width_height_descent(line, font, False)[0]) / _FINE


def wrapped(words: str, width: float, size: float = SIZE) -> str:
    """`words` in as few lines of at most `width` inches as will do, of about equal length.

    Lines break at blanks and between Japanese phrases (a run of kanji with the kana behind it, a word in katakana);
    inside one only where it is longer than a line.
    """
    if extent(words, size) <= width:
        return words
    pieces = [[one] if extent(one, size) <= width else list(one) for one in _pieces(words)]
    flat = [one for parts in pieces for one in parts]
    lines = _filled(flat, width, size)
    narrower = width - 0.05
    while len(tried := _filled(flat, narrower, size)) == len(lines):
        if max(extent(line, size) for line in tried) > narrower:
            break
        lines = tried
        narrower -= 0.05
    return "\n".join(lines)


def shortened(words: str, width: float, size: float = SIZE) -> str:
    """`words` on one line of at most `width` inches, with an ellipsis for what is cut off."""
    if extent(words, size) <= width:
        return words
    while words and extent(f"{words}…", size) > width:
        words = words[:-1]
    return f"{words.rstrip()}…"


def _filled(pieces: list[str], width: float, size: float) -> list[str]:
    """Lines that take as many pieces as fit; one piece at least."""
    lines = [""]
    for piece in pieces:
        if lines[-1].strip() and extent(lines[-1] + piece.rstrip(), size) > width:
            lines.append("")
        lines[-1] += piece
    return [line.strip() for line in lines]


def _pieces(words: str) -> list[str]:
    """What must stay on one line: a closing mark goes with what it closes, an opening mark with what it opens."""
    pieces: list[str] = []
    for piece in _UNBREAKABLE.findall(words):
        with_before = piece[0] in _NOT_FIRST or piece.isspace() or (pieces and pieces[-1][-1] in _NOT_LAST)
        if pieces and with_before:
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces


def on_two_lines(words: str, width: float, size: float = SIZE) -> str:
    """`words` on at most two lines of at most `width` inches; what two do not hold is cut off."""
    first, *rest = wrapped(words, width, size).split("\n")
    if len(rest) < 2:
        return "\n".join([first, *rest])
    return f"{first}\n{shortened(words[len(first) :].strip(), width, size)}"
