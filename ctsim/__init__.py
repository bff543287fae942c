"""ctsim: a Monte Carlo scenario engine for Japan's Climate Transition Bonds."""

__version__ = "0.1.0"
