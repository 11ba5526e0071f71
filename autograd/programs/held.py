"""The leaves of a Program: their numbers in an array, and their gradients back."""

from array import array
from typing import Any

from autograd.engines import select
from autograd.errors import GraphError
from autograd.support import hooks
from autograd.support.arguments import as_float


class Held:
    """Captured Values in the order of the tape: leaves, and nodes made before the trace."""

    def __init__(self, leaves: list[Any]) -> None:
        self.leaves = leaves
        self.unbound = bool(leaves) and not isinstance(leaves[0], select.Value)
        self.computed = _with_parents(leaves)
        # An optimiser of the same leaves works on the arrays of this store as well.
        self._store = (
            select.engine.Store(leaves)
            if select.name == "compiled" and not self.unbound and not self.computed
            else None
        )

    def numbers(self) -> "array[float]":
        """The data of every leaf, as it is now; GraphError where they are still to be bound."""
        if self.unbound:
            raise GraphError(
                f"this Program came out of a pickle, without its {len(self.leaves)} parameters: "
                "give it some with program.bind(parameters), in the order of program.parameters"
            )
        if self._store is not None:
            return self._store.current_numbers()  # type: ignore[no-any-return]
        if select.name == "compiled":
            numbers = array("d", bytes(8 * len(self.leaves)))
            select.engine.read_numbers(self.leaves, numbers)
            return numbers
        return array("d", [leaf._data for leaf in self.leaves])

    def requires_grad(self) -> bool:
        """Whether a gradient goes anywhere, as of the last `numbers`."""
        if self._store is not None and self._store.plain:
            return bool(self.leaves)
        return self.unbound or any(leaf.requires_grad for leaf in self.leaves)

    def add_gradients(self, gradients: "array[float]") -> None:
        """Add to the gradient of every leaf that requires one, after its hooks.

        What was computed before the trace passes its gradient on to its own leaves.
        """
        leaves = self.leaves
        if self._store is not None and self._store.add_gradients(gradients):
            return
        if self._with_hooks():
            gradients = array(
                "d",
                [
                    as_float(hooks.run(leaf, gradient))
                    if leaf._hooks and leaf.requires_grad and not leaf.parents
                    else gradient
                    for leaf, gradient in zip(leaves, gradients, strict=True)
                ],
            )
        passed_on = [(leaves[i], gradients[i]) for i in self.computed if leaves[i].requires_grad]
        if select.name == "compiled" and not passed_on:
            select.engine.add_gradients(leaves, gradients)
            return
        for leaf, gradient in zip(leaves, gradients, strict=True):
            if leaf.requires_grad and not leaf.parents:
                leaf.grad += gradient
                leaf._reached = leaf._arrived = True
        for node, gradient in passed_on:
            node.backward(gradient)

    def _with_hooks(self) -> bool:
        if select.name == "compiled":
            return bool(select.engine.any_with_hooks(self.leaves))
        return any(leaf._hooks for leaf in self.leaves)


def _with_parents(leaves: list[Any]) -> list[int]:
    """The places of what was computed before the trace."""
    if select.name == "compiled" and leaves and isinstance(leaves[0], select.Value):
        return select.engine.computed_among(leaves)  # type: ignore[no-any-return]
    return [i for i, leaf in enumerate(leaves) if leaf.parents]
