"""Optimisers: how gradients change parameters.

The update formulas are in `nn.updates`; they and the defaults are those of
``torch.optim``. Parameters whose ``requires_grad`` is false stay as they are.

A class says which formula it is, how many numbers that remembers of each parameter,
and its settings: their range in the class, their default in ``__init__``, which is
written out for `help` and type checkers. The formula takes its settings by name;
`settings` says those that are not settings themselves.
"""

import math
from collections.abc import Iterable
from typing import Any

import autograd
from autograd import Value
from nn import updates
from nn.arguments.settings import Setting, SettingError, as_flag, as_number
from nn.optimizer import Loss, Optimizer
from nn.updates import Formula


class NudgeDescent(Optimizer):
    """Gradient descent without a chain rule: nudge each weight, and see what the loss does.

    Calls the loss once, and once more for each parameter, where `backward` needs one
    call for all: the slow truth to compare with. `nudge` is the size of the nudge.

    >>> from autograd import Value
    >>> w = Value(3.0)
    >>> NudgeDescent([w], learning_rate=0.1).step(lambda: w * w)
    >>> round(w.data, 3)
    2.4
    """

    nudge = Setting(as_number, positive=True)

    def __init__(
        self, parameters: Iterable[Value], learning_rate: float = 1e-3, *, nudge: float = 1e-4
    ) -> None:
        super().__init__(parameters, learning_rate, nudge=nudge)

    def step(self, loss: Loss | None = None) -> None:
        """Change every parameter once, by the forward difference of `loss`."""
        if loss is None:
            raise TypeError("NudgeDescent.step needs the loss: step(lambda: loss(...))")
        wanted = [parameter for parameter in self.parameters if parameter.requires_grad]

        def recomputed() -> Any:  # called without arguments even where `loss` has defaults
            return loss()

        slopes = autograd.numerical_gradient(recomputed, wanted, method="forward", step=self.nudge)
        moved = [
            parameter.data - self.learning_rate * slope
            for parameter, slope in zip(wanted, slopes, strict=True)
        ]
        updates.refuse_non_finite("slope", wanted, slopes)
        updates.refuse_non_finite("new number", wanted, moved)
        updates.write(wanted, moved)


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum and Nesterov's look-ahead (Sutskever, 2013)."""

    formula = staticmethod(updates.sgd)
    memory = 2
    momentum, dampening = Setting(as_number), Setting(as_number, least=-math.inf)
    weight_decay, nesterov = Setting(as_number), Setting(as_flag)

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
        super().__init__(
            parameters,
            learning_rate,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
        )
        if self.nesterov and (self.momentum == 0.0 or self.dampening != 0.0):
            raise ValueError("nesterov needs a momentum above 0 and no dampening")

    def settings(self) -> tuple[float, ...]:
        """Without momentum there is no dampening either, as in PyTorch."""
        return self.operands(dampening=self.dampening if self.momentum else 0.0)


class AdaGrad(Optimizer):
    """A rate for each parameter, falling with its summed squared gradients (Duchi, 2011)."""

    formula = staticmethod(updates.adagrad)
    memory = 1
    learning_rate_decay, weight_decay = Setting(as_number), Setting(as_number)
    epsilon = Setting(as_number, positive=True)

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 1e-2,
        *,
        learning_rate_decay: float = 0.0,
        weight_decay: float = 0.0,
        epsilon: float = 1e-10,
    ) -> None:
        super().__init__(
            parameters,
            learning_rate,
            learning_rate_decay=learning_rate_decay,
            weight_decay=weight_decay,
            epsilon=epsilon,
        )

    def settings(self) -> tuple[float, ...]:
        """The rate falls with the steps."""
        decay = 1.0 + (self.steps - 1) * self.learning_rate_decay
        return self.operands(rate=self.learning_rate / decay)


class RMSProp(Optimizer):
    """Gradients divided by a running root mean square of themselves (Hinton, lecture 6e)."""

    formula = staticmethod(updates.rmsprop)
    memory = 3
    alpha, epsilon = Setting(as_number), Setting(as_number, positive=True)
    weight_decay, momentum = Setting(as_number), Setting(as_number)
    centered = Setting(as_flag)

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
        super().__init__(
            parameters,
            learning_rate,
            alpha=alpha,
            epsilon=epsilon,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
        )


def as_betas(name: str, given: Any) -> tuple[float, float]:
    """Two numbers from 0 to below 1: how slowly the two running means of Adam forget."""
    pair = list(given) if isinstance(given, Iterable) else []
    if len(pair) == 2:
        first, second = (as_number(name, beta, least=-math.inf) for beta in pair)
        if 0.0 <= first < 1.0 and 0.0 <= second < 1.0:
            return first, second
    raise SettingError(f"{name} lie in [0, 1), two of them such as (0.9, 0.999), got {given!r}")


class Adam(Optimizer):
    """Momentum and a rate for each parameter, both unbiased (Kingma & Ba, 2015, algorithm 1).

    With `amsgrad` the rate follows the largest running mean of the squared
    gradients so far (Reddi, Kale & Kumar, 2018, as ``torch.optim`` has it).
    """

    betas, epsilon = Setting(as_betas), Setting(as_number, positive=True)
    weight_decay, amsgrad = Setting(as_number), Setting(as_flag)

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            learning_rate,
            betas=betas,
            epsilon=epsilon,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
        )

    @property
    def formula(self) -> Formula:  # type: ignore[override]
        """The formula of `nn.updates`, which depends on `amsgrad`."""
        return updates.amsgrad if self.amsgrad else updates.adam

    @property
    def memory(self) -> int:  # type: ignore[override]
        """Two running means, and the largest with `amsgrad`."""
        return 3 if self.amsgrad else 2

    def settings(self) -> tuple[float, ...]:
        """The rate and the root correct the bias of the running means."""
        return self.unbiased(shrink=1.0)

    def unbiased(self, **others: float) -> tuple[float, ...]:
        """The settings with the corrections of the bias, and those of `others`."""
        beta1, beta2 = self.betas
        return self.operands(
            beta1=beta1,
            beta2=beta2,
            rate=self.learning_rate / (1.0 - beta1**self.steps),
            root_correction=autograd.sqrt(1.0 - beta2**self.steps),
            **others,
        )


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
        amsgrad: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            learning_rate,
            betas=betas,
            epsilon=epsilon,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
        )

    def settings(self) -> tuple[float, ...]:
        """As Adam's; the weight decay shrinks the weight instead of joining the gradient."""
        shrink = 1.0 - self.learning_rate * self.weight_decay
        return self.unbiased(weight_decay=0.0, shrink=shrink)
