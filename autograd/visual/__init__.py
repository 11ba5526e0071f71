"""Pictures of graphs (`graph`), chain rule and formulas (`explanation`), and the player."""

from autograd.support.public_names import loader

_MODULE_OF = dict.fromkeys(("Drawing", "draw"), "autograd.visual.graph.drawing")

__getattr__ = loader(__name__, _MODULE_OF, globals())
