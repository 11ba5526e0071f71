"""Whose parameters an optimizer has: a training that would train nothing is refused."""

from collections.abc import Callable, Iterable
from typing import Any

from autograd import Value
from nn.module import Module
from nn.optimizer import ParametersError


class Ownership:
    """Compares the parameters of `optimizer` with those of `model`, before and while they train.

    A part of the model's parameters is fine, and so are others that get a
    gradient (of a loss, say). Refused are those that went out of the model, or
    came into it, since the optimizer was made of it, and those of another model.
    """

    def __init__(self, model: Module, optimizer: Any) -> None:
        self.model, self.optimizer, self.begun = model, optimizer, False
        self.names = {id(p): name for name, p in model.named_parameters()}
        self.remedy = f"make it anew: nn.{type(optimizer).__name__}(model.parameters(), ...)"
        self.wanted = [p for p in optimizer.parameters if p.requires_grad]
        if not self.wanted:
            raise ParametersError(
                "no parameter of the optimizer requires a gradient, all are frozen: set "
                "p.requires_grad = True for those to train"
            )
        self.others = [p for p in self.wanted if id(p) not in self.names]
        whole = getattr(optimizer, "model", None)  # the model it was made of, where known
        if whole is model:
            self._refuse_changes(model, optimizer)
        elif whole is not None:
            theirs = {id(p) for p in whole.parameters()}
            if theirs.issuperset(self.names) and theirs.issuperset(map(id, self.others)):
                self.others = []  # the model is a part of a larger one that the optimizer trains

    def _refuse_changes(self, model: Module, optimizer: Any) -> None:
        if self.others:
            raise ParametersError(
                f"{self._count(self.others)} of the optimizer are no longer in the model, which "
                f"has changed since: {self.remedy}"
            )
        known = {id(p) for p in optimizer.parameters}
        new = [p for p in model.parameters() if p.requires_grad and id(p) not in known]
        if new:
            raise ParametersError(
                f"the model has parameters that it had not when the optimizer was made, "
                f"{self.name(new[0])} for one, and they would stay as they are: {self.remedy}"
            )

    def now(self) -> "Ownership":
        """Itself, or the ownership as it is where the model has got other parameters meanwhile."""
        if set(map(id, self.model.parameters())) == set(self.names):
            return self
        return Ownership(self.model, self.optimizer)

    @property
    def is_looking(self) -> bool:
        """Whether there is something that no backward pass has reached so far."""
        return not self.begun or bool(self.others)

    def check_reached(self, values: Iterable[Value]) -> None:
        """Look at what backward passes reach, these `values`, until they have reached all.

        ParametersError if the first one reaches nothing that the optimizer changes.
        """
        if not self.is_looking:
            return
        reached = set(self.wanted).intersection(values)
        if not self.begun and (not reached or (self.others and reached.isdisjoint(self.others))):
            self._refuse_unreached(self.others or self.wanted)
        self.begun = True
        self.others = [p for p in self.others if p not in reached]

    def check_epoch(self) -> None:
        """ParametersError if a whole epoch did not reach what is not in the model."""
        if self.others:
            self._refuse_unreached(self.others)

    def _refuse_unreached(self, parameters: list[Value]) -> None:
        raise ParametersError(
            f"{self._count(parameters)} of the optimizer got no gradient: the loss does not "
            "depend on them. Was the optimizer made for another model, or before the model's "
            f"parameters were replaced? Then {self.remedy}"
        )

    def _count(self, parameters: list[Value]) -> str:
        """Such as "3 of the 17 parameters"."""
        return f"{len(parameters)} of the {len(self.wanted)} parameters"

    def name(self, parameter: Value, label: Callable[[Value], str] = repr) -> str:
        """The path of `parameter` in the model, or what it calls itself."""
        return self.names.get(id(parameter)) or parameter.label or label(parameter)
