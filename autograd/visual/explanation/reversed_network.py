"""The reverse network of the textbooks: the backward pass as a graph of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autograd import functions
from autograd.engines.select import Value
from autograd.errors import GraphError
from autograd.export.text_printer import TextPrinter, derivative
from autograd.transforms.value_sweeps import reverse_graph
from autograd.value import Number
from autograd.visual.arguments import expect_value, shown
from autograd.visual.explanation.neuron_network import layers_of, neuron_network
from autograd.visual.graph.drawing import Drawing, draw
from autograd.visual.graph.still_picture import StillPicture
from autograd.visual.naming import Naming
from autograd.visual.texts import for_terminal

MOST_LINES = 100  # of gradients


@dataclass(frozen=True, repr=False)
class ReverseNetwork:
    """Gradients as Values: one for each leaf, and the `norm` of all of them as the root."""

    gradients: dict[Value, Value]  # by leaf, in topological order
    norm: Value
    naming: Naming | None = None  # of the loss: the picture calls its values the same
    level: str = "value"

    def draw(self, **options: Any) -> Drawing | StillPicture:
        """The picture of it; takes the options of `autograd.draw`, of neurons only `theme`."""
        if self.level == "neuron" and self.naming is not None:
            return neuron_network(self.naming.root, self.naming, **options)
        options["names"] = Naming(self.norm, options.get("names"), earlier=self.naming)
        return draw(self.norm, **options)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.draw()._repr_mimebundle_()

    def __repr__(self) -> str:
        slopes = list(self.gradients.values())
        lines = [f"{slope.label} = {slope.data:.6g}" for slope in slopes[:MOST_LINES]]
        if len(slopes) > MOST_LINES:
            lines.append(f"… {len(slopes) - MOST_LINES:,} more …")
        return "\n".join([*lines, f"{self.norm.label} = {self.norm.data:.6g}"])

    def __str__(self) -> str:
        return for_terminal(repr(self))


def reverse_network(
    loss: Value, names: Mapping[str, Any] | None = None, *, level: str = "value"
) -> ReverseNetwork:
    """The graph that computes the gradient of `loss` by each of its leaves.

    A 1 flows in at the loss; on every edge it is multiplied by the local
    derivative, and where branches of the forward pass met it is added up
    (Rojas, 1996, *Neural Networks*, chapter 7). Its Values are labelled
    ∂L/∂w with the labels of `loss`'s graph, or ``names=locals()``; they are
    ordinary Values, so they can be drawn and differentiated again.

    With ``level="neuron"`` its picture is that of the books: below the network of `nn.MLP`
    stands one of its own, into which ∂L/∂z of the last layer flows; each neuron amplifies
    what arrives by the slope of its activation, and the weights are the same,
    transposed. That is for one sample, and GraphError for a graph without such neurons.

    >>> from autograd import Value, reverse_network
    >>> x, y = Value(3.0, "x"), Value(4.0, "y")
    >>> print(reverse_network(x * y))
    ∂L/∂x = 4
    ∂L/∂y = 3
    ‖∇L‖ = 5
    """
    expect_value("reverse_network", loss)
    if isinstance(names, Value):
        raise TypeError(
            f"reverse_network takes one Value, got {shown(names)} too; it gives the gradients of "
            "all leaves: reverse_network(loss).gradients[x]"
        )
    if level not in ("value", "neuron"):
        raise ValueError(f'level is "value" or "neuron", got {level!r}')
    naming, text = Naming(loss, names), TextPrinter()
    order, root = naming.order, text.symbol(naming.name(loss))
    leaves = [node for node in order if node.requires_grad and not node.parents]
    if not leaves:
        raise GraphError("nothing here requires a gradient: made under no_grad or from numbers")
    labels = {
        node: derivative(root, text.symbol(naming.name(node)))
        for node in order
        if node.requires_grad
    }

    def label(node: Value, gradient: Number) -> None:
        if isinstance(gradient, Value):
            gradient.label = labels[node]

    found = reverse_graph(
        loss,
        Value(1.0, requires_grad=False),
        leaves,
        multiply=functions.mul,
        seen=label,
    )
    gradients = [x if isinstance(x, Value) else Value(x, requires_grad=False) for x in found]
    norm = functions.norm(gradients)
    norm.label = f"‖∇{root}‖"
    found_network = ReverseNetwork(dict(zip(leaves, gradients, strict=True)), norm, naming, level)
    if level == "neuron":
        layers_of(loss, naming)  # what cannot be drawn is said here
    return found_network
