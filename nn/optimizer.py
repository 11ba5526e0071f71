"""What all optimisers share: parameters, a learning rate, steps, and a state to go on from."""

import functools
import inspect
import operator
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from autograd import Value, zero_grad
from autograd.errors import ChainruleError, GraphError, ShapeError
from autograd.support import tracing
from autograd.support.arguments import as_float, as_list
from nn.arguments.settings import Setting, as_count, as_number, settings_of
from nn.module import Module
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


class ParametersError(ChainruleError, ValueError):
    """The optimizer's parameters are not those of the model, or none of them can be trained."""


class Optimizer:
    """The base: a list of parameters, a `learning_rate` (assignable), `step` and `zero_grad`.

    A subclass has a `formula` as those in `nn.updates`, which remembers `memory` numbers
    for each parameter, and a Setting for each setting. The formula's further operands
    are settings by their names; `settings` computes those that are none.
    """

    formula: Formula
    memory = 0
    learning_rate = Setting(as_number)

    def __init__(self, parameters: Iterable[Value], learning_rate: float, **settings: Any) -> None:
        # The model whose parameters these all are, where that is known: see Module.parameters.
        self.model: Module | None = getattr(parameters, "model", None)
        self.parameters = _checked_parameters(type(self).__name__, parameters)
        self.learning_rate = learning_rate
        for name, setting in settings.items():
            if name not in settings_of(type(self)):
                raise TypeError(f"{type(self).__name__} has no Setting {name}")
            setattr(self, name, setting)
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
        tracing.refuse_change("step() of an optimizer")
        before, steps = self.state[:], self.steps
        try:
            self.steps = steps + 1
            update(self.formula, self.parameters, self.state, self.settings())
        except BaseException:
            if all(map(operator.is_, before, self.state)):  # the step was not taken
                self.steps = steps
            raise

    def settings(self) -> tuple[float, ...]:
        """The last operands of the formula, the same for all parameters, at this step."""
        return self.operands()

    def operands(self, **computed: float) -> tuple[float, ...]:
        """The last operands of the formula in its order: `computed`, and settings by their names.

        TypeError for something computed that the formula does not take.
        """
        names = _operand_names(self.formula, self.memory)
        for name in computed:
            if name in names:
                continue
            raise TypeError(f"{self.formula.__name__} takes {', '.join(names)}, got {name}")
        own = vars(self)  # settings lie there by their names
        found = []
        for name in names:
            if name in computed:
                found.append(computed[name])
            else:
                found.append(own[name] if name in own else getattr(self, name))
        return tuple(found)

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

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A pickle may be older than a setting: that has its default.
        given = inspect.signature(type(self).__init__).parameters
        known = [name for name in settings_of(type(self)) if name in given]
        vars(self).update({name: given[name].default for name in known})
        vars(self).update({"progress": None, "model": None} | state)


@functools.cache
def _operand_names(formula: Formula, memory: int) -> tuple[str, ...]:
    """What a formula takes after the parameter, its gradient and what is remembered of it."""
    code = formula.__code__
    return code.co_varnames[2 + memory : code.co_argcount]


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
    by_place = [p.name for p in known.values() if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    by_name = [p.name for p in known.values() if p.kind is inspect.Parameter.KEYWORD_ONLY]
    open_ended = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in known.values())

    takes_all = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in known.values())

    @functools.wraps(init)
    def checked(self: Any, *given: Any, **named: Any) -> None:
        if len(given) >= len(by_place) and by_name and not takes_all:  # `self` is one of them
            extra = given[len(by_place) - 1]
            raise TypeError(
                f"{type(self).__name__} takes {' and '.join(by_place[1:])} by their place, all "
                f"else by name: write {by_name[0]}={extra!r:.40}, if that is what is meant"
            )
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
