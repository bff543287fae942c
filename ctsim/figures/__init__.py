"""Figures, drawn from a result tree only: never from scenarios, pages or draws."""

from ctsim.figures.fans import save_fans
from ctsim.figures.published import save_published
from ctsim.figures.waterfall import save_waterfalls

__all__ = ["save_fans", "save_published", "save_waterfalls"]
