"""Optimisers: how gradients change parameters.

The update formulas are in `nn.updates`; they and the defaults are those of
``torch.optim``. Parameters whose ``requires_grad`` is false stay as they are.
"""

import functools
import inspect
import math
import operator
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from autograd import Value, numerical_gradient, zero_grad
from autograd.checks import as_float, as_list
from autograd.errors import ChainruleError, GraphError, ShapeError
from nn import updates
from nn.module import Module
from nn.settings import Setting, SettingError, as_count, as_flag, as_number, settings_of
from nn.updates import Formula, update

Loss: TypeAlias = Callable[[], Any]

# What other libraries call our settings.
ELSEWHERE = {
    "lr": "learning_rate",
    "eta": "learning_rate",
    "step_size": "learning_rate",
    "params": "parameters",
    "eps": "epsilon",
    "lr_decay": "learning_rate_decay",
    "decay": "weight_decay",
    "rho": "alpha",
    "beta": "betas",
    "beta_1": "betas",
    "beta_2": "betas",
    "beta1": "betas",
    "beta2": "betas",
}


class StateError(ChainruleError, ValueError):
    """A saved state does not belong to this optimizer or schedule."""


class Optimizer:
    """The base: a list of parameters, a `learning_rate` (assignable), `step` and `zero_grad`.

    A subclass names its `formula` of `nn.updates`, remembers `memory` numbers
    for each parameter, and says its `settings`.
    """

    formula: Formula
    memory = 0
    learning_rate = Setting(as_number)

    def __init__(self, parameters: Iterable[Value], learning_rate: float) -> None:
        # The model whose parameters these all are, where that is known: see Module.parameters.
        self.model: Module | None = getattr(parameters, "model", None)
        self.parameters = _checked_parameters(type(self).__name__, parameters)
        self.learning_rate = learning_rate
        self.steps = 0
        zeros = bytes(8 * len(self.parameters))
        self.state = [array("d", zeros) for _ in range(self.memory)]
        self.progress: dict[str, Any] | None = None  # of the last `nn.fit`, for going on with it

    def __init_subclass__(cls) -> None:
        if "__init__" in vars(cls):
            cls.__init__ = _with_known_names(cls.__init__)  # type: ignore[method-assign]

    def step(self, loss: Loss | None = None) -> None:
        """Change every parameter once; `loss` recomputes the loss (only nudging needs it).

        A gradient, or a result, that is nan or infinite raises AnomalyError, and
        nothing is changed: neither parameters nor what is remembered of them.
        """
        before, steps = self.state[:], self.steps
        try:
            self.steps = steps + 1
            update(self.formula, self.parameters, self.state, self.settings())
        except BaseException:
            if all(map(operator.is_, before, self.state)):  # the step was not taken
                self.steps = steps
            raise

    def settings(self) -> tuple[float, ...]:
        """The last operands of the formula, the same for all parameters."""
        raise NotImplementedError

    def zero_grad(self) -> None:
        """Reset the gradient of every parameter."""
        zero_grad(self.parameters)

    def state_dict(self) -> dict[str, Any]:
        """All that `step` depends on besides the parameters: settings, steps, what is remembered.

        Plain numbers, texts, lists and dicts, which are copies. ``nn.save(model, path,
        optimizer=...)`` writes it into a file.
        """
        return {
            "optimizer": type(self).__name__,
            "settings": {name: getattr(self, name) for name in settings_of(type(self))},
            "steps": self.steps,
            "state": [numbers.tolist() for numbers in self.state],
            "progress": self.progress,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave, its settings (the learning rate too) included.

        StateError for that of another kind of optimizer or another number of
        parameters; nothing is changed then.
        """
        new = _read_state(self, state)
        vars(self).update(new)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"model": None}  # copies and pickles hold the parameters alone


def _checked_parameters(optimizer: str, given: Any) -> list[Value]:
    """`given` as a list of leaves, each once."""
    write = f"write {optimizer}(model.parameters(), ...)"
    if isinstance(given, Module):
        raise TypeError(
            f"parameters takes one sequence of Values, got the model {given!r} itself: {write}"
        )
    if isinstance(given, str | dict):
        raise TypeError(f"parameters are a list of Values, got a {type(given).__name__}: {write}")
    parameters: list[Value] = as_list("parameters", given)
    if not parameters:
        raise ShapeError("no parameters: pass model.parameters()")
    for parameter in parameters:
        if not isinstance(parameter, Value):
            kind = type(parameter).__name__
            raise TypeError(f"parameters are Values, got {kind} {parameter!r}: {write}")
        if parameter.parents:
            raise GraphError(f"{parameter!r} is computed, only leaves are parameters")
    if len({id(parameter) for parameter in parameters}) < len(parameters):
        raise ValueError("a parameter is given twice: it would be changed twice a step")
    return parameters


def _with_known_names(init: Callable[..., None]) -> Callable[..., None]:
    """`init`, which says what to write for a setting that other libraries call otherwise."""
    known = inspect.signature(init).parameters
    open_ended = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in known.values())

    @functools.wraps(init)
    def checked(self: Any, *given: Any, **named: Any) -> None:
        for name, value in named.items():
            if name in known or open_ended:
                continue
            ours, kind = ELSEWHERE.get(name, ""), type(self).__name__
            if ours in known:
                shown = "(0.9, 0.999)" if ours == "betas" else f"{value!r:.40}"
                raise TypeError(f"{kind} takes no {name}: write {ours}={shown}")
            settings = ", ".join(list(known)[1:])
            raise TypeError(f"{kind} takes no {name}: its settings are {settings}")
        init(self, *given, **named)

    return checked


def _read_state(optimizer: Optimizer, given: Any) -> dict[str, Any]:
    """The attributes that `given` sets, all of them checked."""
    kind = type(optimizer).__name__
    if not isinstance(given, dict):
        raise TypeError(
            f"load_state_dict takes what state_dict() gave, got a {type(given).__name__}"
        )
    missing = {"optimizer", "settings", "steps", "state"} - set(given)
    if missing:
        raise StateError(f"this is no state of an optimizer: it has no {min(missing)}")
    if given["optimizer"] != kind:
        raise StateError(f"the state is that of {given['optimizer']}, this optimizer is {kind}")
    fresh = object.__new__(type(optimizer))
    known = settings_of(type(optimizer))
    if not isinstance(given["settings"], dict) or set(given["settings"]) != set(known):
        raise StateError(f"the settings of {kind} are {', '.join(known)}")
    for name, setting in given["settings"].items():
        setattr(fresh, name, setting)  # which checks it
    state, count = given["state"], len(optimizer.parameters)
    if not isinstance(state, Sequence) or any(len(numbers) != count for numbers in state):
        lengths = sorted({len(numbers) for numbers in state})
        raise StateError(f"the state is of {lengths} parameters, this optimizer has {count}")
    fresh.state = [array("d", map(as_float, numbers)) for numbers in state]
    if len(state) != fresh.memory:
        raise StateError(f"{kind} remembers {fresh.memory} numbers, the state has {len(state)}")
    fresh.steps = as_count("steps", given["steps"], 0)
    fresh.progress = given.get("progress")
    return vars(fresh)


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

    nudge = Setting(as_number, above=0.0)

    def __init__(
        self, parameters: Iterable[Value], learning_rate: float = 1e-3, *, nudge: float = 1e-4
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.nudge = nudge

    def step(self, loss: Loss | None = None) -> None:
        """Change every parameter once, by the forward difference of `loss`."""
        if loss is None:
            raise TypeError("NudgeDescent.step needs the loss: step(lambda: loss(...))")
        wanted = [parameter for parameter in self.parameters if parameter.requires_grad]

        def recomputed() -> Any:  # called without arguments even where `loss` has defaults
            return loss()

        slopes = numerical_gradient(recomputed, wanted, method="forward", step=self.nudge)
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
        super().__init__(parameters, learning_rate)
        self.momentum, self.dampening = momentum, dampening
        self.weight_decay, self.nesterov = weight_decay, nesterov
        if self.nesterov and (self.momentum == 0.0 or self.dampening != 0.0):
            raise ValueError("nesterov needs a momentum above 0 and no dampening")

    def settings(self) -> tuple[float, ...]:
        """Rate, momentum, dampening, weight decay, nesterov."""
        # Without momentum PyTorch knows no dampening.
        dampening = self.dampening if self.momentum else 0.0
        return (self.learning_rate, self.momentum, dampening, self.weight_decay, self.nesterov)


class AdaGrad(Optimizer):
    """A rate for each parameter, falling with its summed squared gradients (Duchi, 2011)."""

    formula = staticmethod(updates.adagrad)
    memory = 1
    learning_rate_decay, weight_decay = Setting(as_number), Setting(as_number)
    epsilon = Setting(as_number, above=0.0)

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
    alpha, epsilon = Setting(as_number), Setting(as_number, above=0.0)
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
        super().__init__(parameters, learning_rate)
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

    betas, epsilon = Setting(as_betas), Setting(as_number, above=0.0)
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
        self.betas, self.epsilon, self.weight_decay = betas, epsilon, weight_decay
        self.amsgrad = amsgrad
        super().__init__(parameters, learning_rate)

    @property
    def formula(self) -> Formula:  # type: ignore[override]
        """The formula of `nn.updates`, which depends on `amsgrad`."""
        return updates.amsgrad if self.amsgrad else updates.adam

    @property
    def memory(self) -> int:  # type: ignore[override]
        """Two running means, and the largest with `amsgrad`."""
        return 3 if self.amsgrad else 2

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
        return self._settings(0.0, shrink=1.0 - self.learning_rate * self.weight_decay)
