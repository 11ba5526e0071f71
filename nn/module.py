"""Module: anything that holds parameters."""

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd import Value, zero_grad
from autograd.checks import as_float
from autograd.errors import ShapeError


class Module:
    """The base of everything with parameters: they are found, counted, saved and reset here.

    A parameter is a leaf Value that an attribute holds, also inside lists,
    tuples, dicts and other modules. Subclasses define ``__call__``.

    >>> from autograd import Value
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line()
    >>> [name for name, _ in line.named_parameters()], line(3.0).data
    (['slope', 'offset'], 7.0)
    """

    __call__: Callable[..., Any]

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Every parameter once, with its path, such as ``layers.0.neurons.2.b``."""
        found: list[tuple[str, Value]] = []
        _collect(self, "", {id(self)}, found)
        if len({name for name, _ in found}) < len(found):
            raise ShapeError("two parameters share one path: the keys 1 and '1' of a dict, say")
        return found

    def parameters(self) -> list[Value]:
        """Every parameter once, in the order of `named_parameters`."""
        return Parameters(self, [parameter for _, parameter in self.named_parameters()])

    def zero_grad(self) -> None:
        """Reset the gradient of every parameter."""
        zero_grad(self.parameters())

    def state_dict(self) -> dict[str, float]:
        """The number of every parameter by its path."""
        return {name: parameter.data for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Set every parameter from `state`, which must name exactly the same paths.

        A missing or unknown path raises ShapeError, a wrong entry NumberError;
        nothing is changed then.
        """
        parameters = dict(self.named_parameters())
        _check_paths(type(self).__name__, list(parameters), state)
        numbers = {name: as_float(number) for name, number in state.items()}
        for name, parameter in parameters.items():
            parameter.data = numbers[name]

    def extra_repr(self) -> str:
        """What the repr says besides the count of parameters."""
        return ""

    def __repr__(self) -> str:
        count = len(self.parameters())
        said = [self.extra_repr(), f"{count} parameter{'' if count == 1 else 's'}"]
        return f"{type(self).__name__}({', '.join(filter(None, said))})"


class Parameters(list[Value]):
    """All parameters of `model` at one time: an optimizer made of them knows whose they are."""

    def __init__(self, model: Module, parameters: Iterable[Value]) -> None:
        super().__init__(parameters)
        self.model = model

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)  # of copies and pickles only the list is wanted


def functional_call(
    model: Module, parameters: dict[str, Any] | Sequence[Any], *inputs: Any, **named: Any
) -> Any:
    """What `model` gives for `inputs` with `parameters` in place of its own.

    `parameters` are numbers or Values: a dict by path, as ``model.state_dict()``
    gives, or a sequence in the order of ``model.parameters()``. The model stays
    as it is (a copy is called), so this is how to differentiate by parameters
    with ``autograd.hessian`` and its like. A wrong count or path raises ShapeError.

    >>> import autograd, nn
    >>> model = nn.Neuron(1, "tanh", generator=0)
    >>> loss = lambda parameters: nn.functional_call(model, parameters, [0.5]) ** 2
    >>> len(autograd.hessian(loss)([0.1, 0.2]))
    2
    """
    own = model.named_parameters()
    if not isinstance(parameters, dict):
        if len(parameters) != len(own):
            raise ShapeError(f"{len(parameters)} parameters for a model of {len(own)}")
        parameters = dict(zip((name for name, _ in own), parameters, strict=True))
    _check_paths(type(model).__name__, [name for name, _ in own], parameters)
    replaced = {id(parameter): parameters[name] for name, parameter in own}
    return _copied(model, replaced)(*inputs, **named)


def _copied(thing: Any, copies: dict[int, Any]) -> Any:
    """`thing` with copies of the modules and containers in it; `copies` are by id."""
    if id(thing) in copies:
        return copies[id(thing)]
    if isinstance(thing, tuple):
        parts = [_copied(part, copies) for part in thing]
        return thing._make(parts) if hasattr(thing, "_make") else type(thing)(parts)
    if not isinstance(thing, _HOLDERS):
        return thing
    new: Any = copy.copy(thing)
    copies[id(thing)] = new
    if isinstance(new, Module):
        vars(new).update({name: _copied(item, copies) for name, item in vars(thing).items()})
    elif isinstance(new, dict):
        new.update({name: _copied(item, copies) for name, item in new.items()})
    else:
        new[:] = [_copied(item, copies) for item in new]
    return new


def _check_paths(model: str, own: list[str], state: dict[str, Any]) -> None:
    missing = [name for name in own if name not in state]
    unknown = sorted(set(state) - set(own))
    if missing or unknown:
        raise ShapeError(
            f"the state does not fit {model} with {len(own)} parameters: "
            f"{_some(missing)} missing, {_some(unknown)} unknown"
        )


def _collect(thing: Any, path: str, seen: set[int], found: list[tuple[str, Value]]) -> None:
    """Add the leaf Values below `thing` to `found`; `seen` holds ids, for cycles and repeats."""
    items: Iterable[tuple[Any, Any]]
    if isinstance(thing, Module):
        items = vars(thing).items()
    elif isinstance(thing, dict):
        items = thing.items()
    else:
        items = enumerate(thing)
    prefix = f"{path}." if path else ""
    for name, item in items:
        if type(item) is Value:
            if id(item) not in seen and not item.parents:
                seen.add(id(item))
                found.append((f"{prefix}{name}", item))
        elif isinstance(item, _HOLDERS) and id(item) not in seen:
            seen.add(id(item))
            _collect(item, f"{prefix}{name}", seen, found)


_HOLDERS = (Module, list, tuple, dict)


def _some(names: list[str]) -> str:
    if not names:
        return "none"
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
