"""Models of a line or two that several tests share."""

from autograd import Value
from nn import Module


class Holder(Module):
    """Holds what it is given as attributes."""

    def __init__(self, **attributes):
        vars(self).update(attributes)


class Line(Module):
    """slope * x + offset"""

    def __init__(self):
        self.slope, self.offset = Value(2.0, "slope"), Value(1.0, "offset")

    def __call__(self, x, times=1.0):
        return times * (self.slope * x + self.offset)
