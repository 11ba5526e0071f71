"""nn.compare: several trainings of one network in one page, moment by moment."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import autograd
from autograd import no_grad
from autograd.engines.numbers import float_of
from autograd.errors import ChainruleError
from autograd.visual.texts import number_text, printable
from nn.history import History
from nn.layers import MLP
from nn.pictures.boundary import in_the_plane, samples_in_the_plane
from nn.pictures.figure import COLOURS
from nn.pictures.films.pages import Film, Told, finite, named_histories, thinned
from nn.pictures.surface import MOST_STATES, loss_surface

SIDE = 22  # cells along a side of a map
MOST_EPOCHS = 50
MARGIN = 0.12  # around the samples, as a share of their range


def compare(
    histories: Mapping[str, History],
    model: MLP | None = None,
    X: Any = None,
    y: Any = None,
    loss: Callable[..., Any] | None = None,
    *,
    title: str = "",
    theme: str = "auto",
) -> Film:
    """A page that plays several trainings beside each other: one slider for all.

    Their losses lie over each other. With the `model` they trained (from the same start,
    with ``fit(..., record=True)``), the samples `X` and targets `y`, and the `loss`, one loss
    surface shows a ball for each, in the plane in which their paths spread most; and for
    samples of two numbers the boundary of each stands beside the others. The model stays
    as it is.

    >>> import nn
    >>> X, y = nn.data.xor(20, seed=0)
    >>> histories = {}
    >>> for rate in (0.1, 1.0):
    ...     model = nn.MLP(2, [4, 1], "tanh", generator=0)
    ...     histories[f"rate {rate}"] = nn.fit(model, X, y, nn.binary_cross_entropy_with_logits,
    ...         nn.SGD(model.parameters(), rate), 3, progress=False)
    >>> nn.compare(histories)
    <Film of 4 moments: rate 0.1, rate 1.0>
    """
    found = named_histories("compare", histories)
    if len(found) > len(COLOURS):
        raise ValueError(f"compare shows at most {len(COLOURS)} trainings, got {len(found)}")
    most = max(each.epochs for each in found.values())
    epochs = thinned(most + 1, MOST_EPOCHS)
    panels = [_curves(found, epochs)]
    if model is not None:
        panels += _of_the_model(found, model, X, y, loss, epochs)
    elif X is not None or y is not None or loss is not None:
        raise TypeError("compare shows a loss surface of a model: give the model too")
    told = {
        "title": printable(title, 200) or ", ".join(found),
        "moments": [f"epoch {epoch}" for epoch in epochs],
        "panels": panels,
    }
    summary = [("training", "epochs", "last loss")]
    summary += [(name, str(h.epochs), number_text(h.loss[-1])) for name, h in found.items()]
    return Film(told, theme, summary)


def _curves(histories: dict[str, History], epochs: list[int]) -> Told:
    lines: list[Told] = [
        {
            "name": name,
            "colour": COLOURS[i],
            "y": finite(
                history.loss[epoch - 1] if 0 < epoch <= history.epochs else None for epoch in epochs
            ),
        }
        for i, (name, history) in enumerate(histories.items())
    ]
    known = [y for line in lines for y in line["y"] if y is not None]
    log = min(known, default=0.0) > 0.0 and max(known) > 20.0 * min(known)
    return {"kind": "curves", "title": "loss", "lines": lines, "log": log, "xs": epochs}


def _of_the_model(
    histories: dict[str, History], model: MLP, X: Any, y: Any, loss: Any, epochs: list[int]
) -> list[Told]:
    if not isinstance(model, MLP):
        raise TypeError(f"compare shows an MLP, got {type(model).__name__}")
    if X is None or y is None or loss is None:
        raise TypeError("with a model compare takes X, y and loss too")
    count = len(model.parameters())
    for name, history in histories.items():
        if not history.states:
            raise ValueError(f"{name!r} has no weights written down: fit(..., record=True)")
        if len(history.states[0]) != count:
            raise ValueError(
                f"{name!r} trained {len(history.states[0])} parameters, the model has {count}"
            )
    states = {
        name: [history.states[min(epoch, len(history.states) - 1)] for epoch in epochs]
        for name, history in histories.items()
    }
    panels = [_surface(states, model, X, y, loss)]
    if in_the_plane(X):
        panels += _maps(states, model, X, y)
    return panels


def _surface(states: dict[str, list[Any]], model: MLP, X: Any, y: Any, loss: Any) -> Told:
    # The plane of all paths together, seen from where the model stands.
    share = max(MOST_STATES // len(states), 2)
    places = thinned(len(next(iter(states.values()))), share)
    together = History(loss=[0.0], states=[own[i] for own in states.values() for i in places])
    surface = loss_surface(model, X, y, loss, together, resolution=25)
    paths = []
    for i, name in enumerate(states):
        own = surface.path[i * len(places) : (i + 1) * len(places)]
        points = [own[_nearest(k, places)] for k in range(places[-1] + 1)]
        paths.append({"name": name, "colour": COLOURS[i], "points": [list(p) for p in points]})
    return {
        "kind": "plane",
        "title": "loss surface",
        "xs": surface.xs,
        "ys": surface.ys,
        "values": [finite(row) for row in surface.losses],
        "xName": surface.names[0],
        "yName": surface.names[1],
        "paths": paths,
    }


def _nearest(number: int, places: list[int]) -> int:
    return min(range(len(places)), key=lambda i: abs(places[i] - number))


def _maps(states: dict[str, list[Any]], model: MLP, X: Any, y: Any) -> list[Told]:
    points, classes = samples_in_the_plane(X, y)
    ends = []
    for column in zip(*points, strict=True):
        low, high = min(column), max(column)
        room = (high - low or 1.0) * MARGIN
        ends.append([low - room, high + room])
    (left, right), (bottom, top) = ends
    grid = [
        [left + (right - left) * (i + 0.5) / SIDE, top - (top - bottom) * (k + 0.5) / SIDE]
        for k in range(SIDE)
        for i in range(SIDE)
    ]
    samples = [
        [float(a), float(b), _shade(label)] for (a, b), label in zip(points, classes, strict=True)
    ]
    return [
        {
            "kind": "map",
            "title": name,
            "side": SIDE,
            "ends": ends,
            "cells": _cells(model, own, grid),
            "points": samples,
            "palette": list(COLOURS),
        }
        for name, own in states.items()
    ]


def _shade(label: Any) -> int:
    """The number of the class of a target."""
    if isinstance(label, Sequence):
        return max(range(len(label)), key=lambda k: label[k])
    return max(int(float_of(label)), 0)


def _cells(model: MLP, states: list[Any], grid: list[list[float]]) -> list[list[int]]:
    """For each state what the network says in every cell: a class, or from -100 to 100."""
    parameters = model.parameters()
    before = array("d", [p.data for p in parameters])
    program = autograd.compile(model)
    found: list[list[int]] = []
    known: dict[bytes, list[int]] = {}
    try:
        for state in states:
            key = bytes(memoryview(array("d", state)))
            if key not in known:
                for parameter, number in zip(parameters, state, strict=True):
                    parameter.data = number
                known[key] = [_said(out) for out in _outputs(program, model, grid)]
            found.append(known[key])
    finally:
        for parameter, number in zip(parameters, before, strict=True):
            parameter.data = number
    return found


def _outputs(program: Any, model: MLP, grid: list[list[float]]) -> Any:
    try:
        return program.batch(grid)
    except ChainruleError:  # a model that looks at numbers
        with no_grad():
            return [model(point) for point in grid]


def _said(out: Any) -> int:
    if isinstance(out, Sequence):
        scores = [float_of(score) for score in out]
        return scores.index(max(scores))
    score = float_of(out)
    return round(100 * max(-1.0, min(1.0, score)))
