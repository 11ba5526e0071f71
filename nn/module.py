"""Module: anything that holds parameters."""

import copy
from collections.abc import Callable, Iterable
from typing import Any

from autograd import Value, no_grad, zero_grad
from autograd.errors import ShapeError
from autograd.support.arguments import as_float
from nn.arguments.messages import placed, some, warn
from nn.arguments.numbers import numbers_of
from nn.arguments.rows import as_rows
from nn.class_reading.which_reading import default_reading
from nn.lost_parameters import warn_of_lost, what_is_lost

# What functional_call has put in the place of parameters, by id.
GIVEN: dict[int, Value] = {}


class Module:
    """The base of everything with parameters: they are found, counted, saved and reset here.

    A parameter is a leaf Value that an attribute holds, also inside lists,
    tuples, dicts and other modules. A Value computed from others is none: where
    one takes the place of a parameter a UserWarning says so. Subclasses define
    ``__call__``. ``copy.deepcopy`` of a model starts with all gradients at 0.

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
    always_parameters: frozenset[str] = frozenset()  # attributes that hold nothing else

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Every parameter once, with its path, such as ``layers.0.neurons.2.b``."""
        found: list[tuple[str, Value]] = []
        computed: list[tuple[str, bool]] = []
        _collect(self, "", {id(self)}, found, computed)
        if len({name for name, _ in found}) < len(found):
            raise ShapeError("two parameters share one path: the keys 1 and '1' of a dict, say")
        if not GIVEN:
            warn_of_lost(self, found, computed)
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
        check_paths(type(self).__name__, list(parameters), state)
        numbers = {name: as_float(number) for name, number in state.items()}
        for name, parameter in parameters.items():
            parameter.data = numbers[name]

    def predict(self, X: Any) -> list[Any]:
        """What the model gives for each row of `X`, as plain numbers: floats, or lists of them.

        Rows go by position, whatever holds them (a list, an array, a table). No graph is built.

        >>> import nn
        >>> nn.MLP(1, [1], output="sigmoid", init=lambda *_: 0.0).predict([[3.0], [4.0]])
        [0.5, 0.5]
        """
        rows = as_rows(X, "X")
        predictions = []
        with no_grad():
            for position, row in enumerate(rows):
                try:
                    predictions.append(numbers_of(self(row)))
                except (ValueError, TypeError) as error:
                    if not hasattr(row, "__len__"):
                        error.args = (f"{error}; of a single sample write predict([x])",)
                    raise placed(error, "row", position) from None
        return predictions

    def predict_classes(self, X: Any, threshold: float | None = None) -> list[Any]:
        """The class that is predicted for each row of `X`: the largest output, or 0 and 1.

        A single output means 1 above 0.5 where a sigmoid made it, else above 0
        (scores and logits); `threshold` is the number to take instead.
        """
        rows = as_rows(X, "X")
        predictions = self.predict(rows)
        reading = default_reading(self, rows, threshold=threshold)
        return [reading.predicted_class(prediction) for prediction in predictions]

    def __setattr__(self, name: str, new: Any) -> None:
        old = vars(self).get(name)
        lost = None if old is None else what_is_lost(old, new)
        object.__setattr__(self, name, new)
        if lost:
            warn(f"{type(self).__name__}.{name} {lost}")

    def __deepcopy__(self, memo: dict[int, Any]) -> "Module":
        new = type(self).__new__(type(self))
        memo[id(self)] = new
        vars(new).update(copy.deepcopy(vars(self), memo))
        found: list[tuple[str, Value]] = []
        _collect(new, "", {id(new)}, found, [])
        zero_grad([parameter for _, parameter in found])
        return new

    def extra_repr(self) -> str:
        """What the repr says besides the count of parameters."""
        return ""

    def _repr_html_(self) -> str:
        """For a notebook: its parts, and how many parameters each has."""
        from autograd.visual.page import table

        rows = [(path, what, f"{count:,}") for path, what, count in _parts(self)]
        rows.append(("all", "", f"{len(self.parameters()):,}"))
        return table(repr(self), ("part", "", "parameters"), rows, texts=2)

    def __repr__(self) -> str:
        count = len(self.parameters())
        said = [self.extra_repr(), f"{count} parameter{'' if count == 1 else 's'}"]
        return f"{type(self).__name__}({', '.join(filter(None, said))})"


def _parts(model: Module) -> list[tuple[str, str, int]]:
    """The path of every part, such as ``layers.0``, what is there, and its parameters."""
    counts: dict[str, int] = {}
    for path, _ in model.named_parameters():
        steps = path.split(".")
        end = next((i + 1 for i, step in enumerate(steps[:-1]) if step.isdigit()), 1)
        part = ".".join(steps[:end])
        counts[part] = counts.get(part, 0) + 1
    return [(part, _said_of(model, part), count) for part, count in counts.items()]


def _said_of(model: Module, path: str) -> str:
    """The repr of what is at `path`, if it is a module: without its count, which stands beside."""
    found: Any = model
    try:
        for step in path.split("."):
            if isinstance(found, dict):
                found = found[step]
            else:
                found = found[int(step)] if step.isdigit() else getattr(found, step)
    except (AttributeError, LookupError, TypeError):
        return ""
    if not isinstance(found, Module):
        return ""
    return f"{type(found).__name__}({found.extra_repr()})" if found.extra_repr() else repr(found)


class Parameters(list[Value]):
    """All parameters of `model` at one time: an optimizer made of them knows whose they are."""

    def __init__(self, model: Module, parameters: Iterable[Value]) -> None:
        super().__init__(parameters)
        self.model = model

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)  # of copies and pickles only the list is wanted


def check_paths(model: str, own: list[str], state: dict[str, Any]) -> None:
    """ShapeError unless `state` names exactly the paths of `own`."""
    missing = [name for name in own if name not in state]
    unknown = sorted(set(state) - set(own))
    if missing or unknown:
        raise ShapeError(
            f"the state does not fit {model} with {len(own)} parameters: "
            f"{some(missing)} missing, {some(unknown)} unknown"
        )


def _collect(
    thing: Any,
    path: str,
    seen: set[int],
    found: list[tuple[str, Value]],
    computed: list[tuple[str, bool]],
    *,
    certain: bool = False,
) -> None:
    """Add the leaf Values below `thing` to `found`, the paths of other Values to `computed`.

    `seen` holds ids, for cycles and repeats; `certain` says that a parameter is meant here.
    """
    items: Iterable[tuple[Any, Any]]
    names: frozenset[str] = frozenset()
    if isinstance(thing, Module):
        items, names = vars(thing).items(), thing.always_parameters
    elif isinstance(thing, dict):
        items = thing.items()
    else:
        items = enumerate(thing)
    prefix = f"{path}." if path else ""
    for name, item in items:
        if isinstance(item, Value):
            if item.parents and GIVEN.get(id(item)) is not item:
                computed.append((f"{prefix}{name}", certain or name in names))
            elif id(item) not in seen:
                seen.add(id(item))
                found.append((f"{prefix}{name}", item))
        elif isinstance(item, _HOLDERS) and id(item) not in seen:
            seen.add(id(item))
            here = not isinstance(item, Module) and (certain or name in names)
            _collect(item, f"{prefix}{name}", seen, found, computed, certain=here)


_HOLDERS = (Module, list, tuple, dict)
