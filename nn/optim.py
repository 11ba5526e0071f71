"""Optimisers: how gradients change parameters.

The update formulas are in `nn.updates`; they and the defaults are those of
``torch.optim``. Parameters whose ``requires_grad`` is false stay as they are.
"""

import math
from array import array
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from autograd import Value, numerical_gradient, zero_grad
from autograd.checks import as_list
from autograd.errors import GraphError, ShapeError
from nn import updates
from nn.updates import Formula, update

Loss: TypeAlias = Callable[[], Any]


class Optimizer:
    """The base: a list of parameters, a `learning_rate` (assignable), `step` and `zero_grad`.

    A subclass names its `formula` of `nn.updates`, remembers `memory` numbers
    for each parameter, and says its `settings`.
    """

    formula: Formula
    memory = 0

    def __init__(self, parameters: Iterable[Value], learning_rate: float) -> None:
        self.parameters: list[Value] = as_list("parameters", parameters)
        if not self.parameters:
            raise ShapeError("no parameters: pass model.parameters()")
        for parameter in self.parameters:
            if not isinstance(parameter, Value):
                kind = type(parameter).__name__
                raise TypeError(f"parameters are Values, got {kind} {parameter!r}")
            if parameter.parents:
                raise GraphError(f"{parameter!r} is computed, only leaves are parameters")
        if len(set(self.parameters)) < len(self.parameters):
            raise ValueError("a parameter is given twice: it would be changed twice a step")
        _check("learning_rate", learning_rate)
        self.learning_rate = learning_rate
        self.steps = 0
        zeros = bytes(8 * len(self.parameters))
        self.state = [array("d", zeros) for _ in range(self.memory)]

    def step(self, loss: Loss | None = None) -> None:
        """Change every parameter once; `loss` recomputes the loss (only nudging needs it)."""
        self.steps += 1
        update(type(self).formula, self.parameters, self.state, self.settings())

    def settings(self) -> tuple[float, ...]:
        """The last operands of the formula, the same for all parameters."""
        raise NotImplementedError

    def zero_grad(self) -> None:
        """Reset the gradient of every parameter."""
        zero_grad(self.parameters)


class NudgeDescent(Optimizer):
    """Gradient descent without a chain rule: nudge each weight, and see what the loss does.

    Needs two calls of the loss per parameter where `backward` needs one for
    all: the slow truth to compare with. `nudge` is the size of the nudge.

    >>> from autograd import Value
    >>> w = Value(3.0)
    >>> NudgeDescent([w], learning_rate=0.1).step(lambda: w * w)
    >>> round(w.data, 3)
    2.4
    """

    def __init__(
        self, parameters: Iterable[Value], learning_rate: float = 1e-3, *, nudge: float = 1e-4
    ) -> None:
        super().__init__(parameters, learning_rate)
        _check_positive("nudge", nudge)
        self.nudge = nudge

    def step(self, loss: Loss | None = None) -> None:
        """Change every parameter once, by the forward difference of `loss`."""
        if loss is None:
            raise TypeError("NudgeDescent.step needs the loss: step(lambda: loss(...))")
        wanted = [parameter for parameter in self.parameters if parameter.requires_grad]

        def recomputed() -> Any:  # called without arguments even where `loss` has defaults
            return loss()

        slopes = numerical_gradient(recomputed, wanted, method="forward", step=self.nudge)
        for parameter, slope in zip(wanted, slopes, strict=True):
            parameter.data = parameter.data - self.learning_rate * slope


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum and Nesterov's look-ahead (Sutskever, 2013)."""

    formula = staticmethod(updates.sgd)
    memory = 2

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 1e-3,
        *,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, learning_rate)
        _check("momentum", momentum)
        _check("weight_decay", weight_decay)
        if nesterov and (momentum == 0.0 or dampening != 0.0):
            raise ValueError("nesterov needs a momentum above 0 and no dampening")
        self.momentum, self.dampening = momentum, dampening
        self.weight_decay, self.nesterov = weight_decay, nesterov

    def settings(self) -> tuple[float, ...]:
        """Rate, momentum, dampening, weight decay, nesterov."""
        # Without momentum PyTorch knows no dampening.
        dampening = self.dampening if self.momentum else 0.0
        return (self.learning_rate, self.momentum, dampening, self.weight_decay, self.nesterov)


class AdaGrad(Optimizer):
    """A rate for each parameter, falling with its summed squared gradients (Duchi, 2011)."""

    formula = staticmethod(updates.adagrad)
    memory = 1

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 1e-2,
        *,
        learning_rate_decay: float = 0.0,
        weight_decay: float = 0.0,
        epsilon: float = 1e-10,
    ) -> None:
        super().__init__(parameters, learning_rate)
        _check("learning_rate_decay", learning_rate_decay)
        _check("weight_decay", weight_decay)
        _check_positive("epsilon", epsilon)
        self.learning_rate_decay, self.weight_decay = learning_rate_decay, weight_decay
        self.epsilon = epsilon

    def settings(self) -> tuple[float, ...]:
        """The decayed rate, weight decay, epsilon."""
        rate = self.learning_rate / (1.0 + (self.steps - 1) * self.learning_rate_decay)
        return rate, self.weight_decay, self.epsilon


class RMSProp(Optimizer):
    """Gradients divided by a running root mean square of themselves (Hinton, lecture 6e)."""

    formula = staticmethod(updates.rmsprop)
    memory = 3

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 1e-2,
        *,
        alpha: float = 0.99,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(parameters, learning_rate)
        _check("alpha", alpha)
        _check_positive("epsilon", epsilon)
        _check("weight_decay", weight_decay)
        _check("momentum", momentum)
        self.alpha, self.epsilon, self.weight_decay = alpha, epsilon, weight_decay
        self.momentum, self.centered = momentum, centered

    def settings(self) -> tuple[float, ...]:
        """Rate, alpha, epsilon, weight decay, momentum, centered."""
        return (
            self.learning_rate,
            self.alpha,
            self.epsilon,
            self.weight_decay,
            self.momentum,
            self.centered,
        )


class Adam(Optimizer):
    """Momentum and a rate for each parameter, both unbiased (Kingma & Ba, 2015, algorithm 1)."""

    formula = staticmethod(updates.adam)
    memory = 2

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, learning_rate)
        if len(betas) != 2 or not all(0.0 <= beta < 1.0 for beta in betas):
            raise ValueError(f"betas lie in [0, 1), two of them, got {betas!r}")
        _check_positive("epsilon", epsilon)
        _check("weight_decay", weight_decay)
        self.betas, self.epsilon, self.weight_decay = betas, epsilon, weight_decay

    def settings(self) -> tuple[float, ...]:
        """The bias-corrected rate and root, betas, epsilon, weight decay, shrinking."""
        return self._settings(self.weight_decay, shrink=1.0)

    def _settings(self, weight_decay: float, shrink: float) -> tuple[float, ...]:
        beta1, beta2 = self.betas
        rate = self.learning_rate / (1.0 - beta1**self.steps)
        root_correction = math.sqrt(1.0 - beta2**self.steps)
        return rate, root_correction, beta1, beta2, self.epsilon, weight_decay, shrink


class AdamW(Adam):
    """Adam with the weight decay taken off the weight itself (Loshchilov & Hutter, 2019)."""

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(
            parameters, learning_rate, betas=betas, epsilon=epsilon, weight_decay=weight_decay
        )

    def settings(self) -> tuple[float, ...]:
        """As Adam's; the weight decay shrinks the weight instead of joining the gradient."""
        return self._settings(0.0, shrink=1.0 - self.learning_rate * self.weight_decay)


def clip_gradient_norm(parameters: Iterable[Value], largest: float) -> float:
    """Scale all gradients down together so that their norm is at most `largest`.

    Returns the norm before. The factor is largest / (norm + 1e-6), as in
    ``torch.nn.utils.clip_grad_norm_``.

    >>> from autograd import Value
    >>> x, y = Value(3.0), Value(4.0)
    >>> (x * x / 2 + y * y / 2).backward()
    >>> clip_gradient_norm([x, y], 1.0)
    5.0
    >>> round(x.grad, 3), round(y.grad, 3)
    (0.6, 0.8)
    """
    _check("largest", largest)
    parameters = list(parameters)
    norm = gradient_norm(parameters)
    factor = largest / (norm + 1e-6)
    if factor < 1.0:
        for parameter in parameters:
            parameter.grad *= factor
    return norm


def clip_gradient_value(parameters: Iterable[Value], largest: float) -> None:
    """Cut every gradient to between -`largest` and `largest`."""
    _check("largest", largest)
    for parameter in parameters:
        parameter.grad = min(max(parameter.grad, -largest), largest)


def gradient_norm(parameters: Iterable[Value]) -> float:
    """The Euclidean norm of all the gradients together."""
    return math.hypot(*[parameter.grad for parameter in parameters])


def _check(name: str, number: float) -> None:
    if not (isinstance(number, int | float) and 0.0 <= number < math.inf):
        raise ValueError(f"{name} must be a number from 0 up, got {number!r}")


def _check_positive(name: str, number: float) -> None:
    _check(name, number)
    if number == 0.0:
        raise ValueError(f"{name} must be above 0")
