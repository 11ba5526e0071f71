"""The same network in PyTorch, its weights copied: independent truth for layers and training."""

import pytest

from autograd.checking.torch_comparison import _known


class TorchMLP:
    """`model`, an nn.MLP, as float64 matrices; called with one row, or with a batch of rows."""

    def __init__(self, model, activation, output="identity"):
        self.torch = torch = pytest.importorskip("torch")
        functions = {"identity": lambda x: x, "sigmoid": torch.sigmoid, "tanh": torch.tanh}
        self.functions = [
            functions.get(name)
            or getattr(torch.nn.functional, name, None)
            or _known(torch)[name]  # as the table writes it out
            for name in [activation] * (len(model.layers) - 1) + [output]
        ]
        self.layers = [
            [
                self.tensor([[w.data for w in neuron.w] for neuron in layer.neurons]),
                self.tensor([neuron.b.data for neuron in layer.neurons]),
            ]
            for layer in model.layers
        ]

    def tensor(self, numbers):
        """A leaf of `numbers` that wants a gradient."""
        return self.torch.tensor(numbers, dtype=self.torch.float64, requires_grad=True)

    def __call__(self, x):
        for (weights, biases), function in zip(self.layers, self.functions, strict=True):
            x = function(x @ weights.T + biases)
        return x

    def parameters(self):
        """The tensors, for an optimizer of torch."""
        return [tensor for layer in self.layers for tensor in layer]

    def numbers(self):
        """All weights and biases, in the order of ``nn.MLP.parameters``."""
        return self._in_order(self.layers)

    def gradients(self):
        """All their gradients, in that order."""
        return self._in_order([[w.grad, b.grad] for w, b in self.layers])

    def _in_order(self, layers):
        rows = [self.torch.cat([w, b[:, None]], dim=1).flatten() for w, b in layers]
        return self.torch.cat(rows).tolist()
