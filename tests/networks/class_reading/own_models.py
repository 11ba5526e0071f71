"""A model that is no MLP, and an ending written out by hand."""

import nn
from autograd import Value


class Own(nn.Module):
    """No MLP, but it ends as `end` says."""

    def __init__(self, end):
        self.w, self.end = Value(1.0), end

    def __call__(self, x):
        return self.end(self.w * x[0])


def by_hand(x):
    return 1.0 / (1.0 + (-x).exp())
