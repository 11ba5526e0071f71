"""Pictures of computation graphs: `model` says what is drawn, `drawing` shows it."""

from autograd.visual.drawing import Drawing, draw

__all__ = ["Drawing", "draw"]
