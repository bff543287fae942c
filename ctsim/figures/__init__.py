"""Figures, drawn from a result tree only: never from scenarios, pages or draws."""

from ctsim.figures.published import save_published

__all__ = ["save_published"]
