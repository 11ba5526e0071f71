"""Pictures of graphs (`graph`), chain rule and formulas (`explanation`), and the player."""

from importlib import import_module


def __getattr__(name: str) -> object:
    if name in ("Drawing", "draw"):  # which stood here
        return getattr(import_module("autograd.visual.graph.drawing"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
