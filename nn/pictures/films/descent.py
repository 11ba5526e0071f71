"""nn.descend: optimisers rolling down a function of two variables, in one page."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd import Value, zero_grad
from autograd.engines.numbers import float_of
from autograd.errors import ChainruleError
from autograd.visual.texts import number_text, printable
from nn.arguments.settings import as_count
from nn.optimizer import Optimizer
from nn.pictures.figure import COLOURS
from nn.pictures.films.pages import Film, finite, thinned

RESOLUTION = 41  # points along a side of the picture
FAR = 1e6  # nobody follows a path beyond it


def descend(
    f: Callable[[Any, Any], Any],
    start: Sequence[float],
    optimizers: Mapping[str, Callable[[list[Value]], Optimizer]],
    steps: int = 100,
    *,
    title: str = "",
    theme: str = "auto",
) -> Film:
    """A page that plays how optimisers go down `f`, a function of two Values, from `start`.

    `optimizers` has a name for each, and what makes it of two parameters. Each step is one of
    the optimiser itself; the page only plays them, with the losses below. A path that leaves
    for more than a million, or where `f` has no value, stays where it was last.

    >>> import nn
    >>> nn.descend(lambda x, y: x * x + 10 * y * y, (-2.0, 1.0), {
    ...     "SGD": lambda p: nn.SGD(p, 0.05),
    ...     "momentum": lambda p: nn.SGD(p, 0.05, momentum=0.9),
    ... }, steps=40)
    <Film of 41 moments: SGD, momentum>
    """
    steps = as_count("steps", steps, 1)
    if not isinstance(optimizers, Mapping) or not optimizers:
        raise TypeError(
            'descend takes a dict such as {"SGD": lambda p: nn.SGD(p, 0.1)}, got '
            f"{type(optimizers).__name__}"
        )
    if len(optimizers) > len(COLOURS):
        raise ValueError(f"descend shows at most {len(COLOURS)}, got {len(optimizers)}")
    if len(start) != 2:
        raise ValueError(f"start is a place (x, y), got {len(start)} numbers")
    first = [float_of(number) for number in start]
    paths, losses = {}, {}
    for name, made_by in optimizers.items():
        paths[printable(name)], losses[printable(name)] = _path(f, first, made_by, steps)
    frames = thinned(steps + 1)
    xs, ys = (_ticks([p[axis] for path in paths.values() for p in path]) for axis in (0, 1))
    told = {
        "title": printable(title, 200) or ", ".join(paths),
        "moments": [f"step {step}" for step in frames],
        "panels": [
            {
                "kind": "plane", "title": "f(x, y)", "xs": xs, "ys": ys, "xName": "x", "yName": "y",
                "values": [finite(_value(f, x, y) for x in xs) for y in ys],
                "paths": [
                    {"name": name, "colour": COLOURS[i], "points": [list(path[k]) for k in frames]}
                    for i, (name, path) in enumerate(paths.items())
                ],
            },
            {
                "kind": "curves", "title": "f", "xs": frames, "log": _spread(losses),
                "lines": [
                    {"name": name, "colour": COLOURS[i], "y": finite(own[k] for k in frames)}
                    for i, (name, own) in enumerate(losses.items())
                ],
            },
        ],
    }  # fmt: skip
    summary = [("optimiser", "ends at", "f there")]
    summary += [
        (name, f"({number_text(path[-1][0])}, {number_text(path[-1][1])})",
         number_text(losses[name][-1]))
        for name, path in paths.items()
    ]  # fmt: skip
    return Film(told, theme, summary)


def _path(
    f: Callable[[Any, Any], Any], start: list[float], made_by: Any, steps: int
) -> tuple[list[tuple[float, float]], list[float]]:
    """Where one optimiser comes by, and what `f` is there."""
    x, y = Value(start[0], "x"), Value(start[1], "y")
    optimizer = made_by([x, y])
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"an optimiser is made as by `lambda p: nn.SGD(p, 0.1)`, got {type(optimizer).__name__}"
        )
    places, losses = [(x.data, y.data)], []
    for _ in range(steps):
        try:
            zero_grad([x, y])
            loss = f(x, y)
            if not isinstance(loss, Value):
                raise TypeError(f"f gives a Value made of x and y, got {type(loss).__name__}")
            loss.backward()
            losses.append(loss.data)
            optimizer.step()
        except (ChainruleError, ArithmeticError, ValueError):
            break
        if not all(math.isfinite(n) and abs(n) < FAR for n in (x.data, y.data)):
            break
        places.append((x.data, y.data))
    losses.append(_value(f, *places[-1]) if len(losses) < len(places) else losses.pop())
    short = steps + 1 - len(places)
    return places + places[-1:] * short, (losses + losses[-1:] * (steps + 1))[: steps + 1]


def _value(f: Callable[[Any, Any], Any], x: float, y: float) -> float:
    try:
        return float_of(f(Value(x), Value(y)))
    except (ChainruleError, ArithmeticError, ValueError):
        return math.nan


def _ticks(places: list[float]) -> list[float]:
    low, high = min(places), max(places)
    room = 0.25 * (high - low) or 1.0
    low, high = low - room, high + room
    return [low + (high - low) * i / (RESOLUTION - 1) for i in range(RESOLUTION)]


def _spread(losses: Mapping[str, list[float]]) -> bool:
    known = [loss for own in losses.values() for loss in own if math.isfinite(loss)]
    return min(known, default=0.0) > 0.0 and max(known) > 20.0 * min(known)
