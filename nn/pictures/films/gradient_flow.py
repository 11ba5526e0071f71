"""nn.film: how gradients flowed through the layers, from the first step to the last."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from autograd import Value
from autograd.visual.texts import number_text, printable
from nn.arguments.rows import as_rows
from nn.history import History
from nn.layers import MLP, identity
from nn.pictures.films.pages import Film, Told, finite, named_histories, thinned

MOST_SAMPLES, MOST_STATES, MOST_UNITS = 40, 30, 64


def film(
    history: "History | Mapping[str, History]",
    model: "MLP | Mapping[str, MLP] | None" = None,
    X: Any = None,
    *,
    title: str = "",
    theme: str = "auto",
) -> Film:
    """A page that plays how gradients flowed through the layers while a network trained.

    Each layer is a strip: the size of its gradients on a logarithmic scale, and how far the
    update moved its weights. With the `model` and samples `X` also its units, each as light as
    it passes gradients on: the mean slope of its activation over the samples, as a share of the
    largest that activation has. What is dark is saturated, or off. A dict of histories plays
    them side by side. The trainings need ``fit(..., record=True)``; else ValueError.

    >>> import nn
    >>> X, y = nn.data.xor(20, seed=0)
    >>> model = nn.MLP(2, [4, 1], "sigmoid", generator=0)
    >>> history = nn.fit(model, X, y, nn.binary_cross_entropy_with_logits,
    ...     nn.SGD(model.parameters(), 0.5), 3, record=True, progress=False)
    >>> nn.film(history, model, X)
    <Film of 3 moments: Gradients while training>
    """
    histories = named_histories("film", history)
    for name, each in histories.items():
        if not each.layers or not each.steps:
            raise ValueError(
                f"{name!r} has no gradients written down: train with fit(..., record=True)"
            )
    models = _models(model, list(histories))
    if any(models.values()) and X is None:
        raise TypeError("film shows the units of a model over samples: give X too")
    samples = [] if X is None else as_rows(X, "X")
    samples = [samples[i] for i in thinned(len(samples), MOST_SAMPLES)]
    steps = sorted({step for each in histories.values() for step in each.steps})
    steps = [steps[i] for i in thinned(len(steps))]
    panels: list[Told] = []
    for name, each in histories.items():
        places = [max(bisect_right(each.steps, step) - 1, 0) for step in steps]
        panels.append(_flow(name, each, models[name], samples, places))
    told = {
        "title": printable(title, 200) or "Gradients while training",
        "moments": [f"step {step}" for step in steps],
        "panels": panels,
    }
    summary = [("training", "layer", "first mean gradient", "last")]
    summary += [
        (name, layer, number_text(one.mean_gradient[0]), number_text(one.mean_gradient[-1]))
        for name, each in histories.items()
        for layer, one in each.layers.items()
    ]
    return Film(told, theme, summary)


def _models(given: Any, names: Sequence[str]) -> dict[str, MLP | None]:
    if given is None:
        return dict.fromkeys(names)
    if isinstance(given, MLP):
        given = {names[0]: given}
    if not isinstance(given, Mapping) or not all(isinstance(m, MLP) for m in given.values()):
        raise TypeError(f"film shows the units of an MLP, got {type(given).__name__}")
    known = {printable(name): model for name, model in given.items()}
    if unknown := [name for name in known if name not in names]:
        raise ValueError(f"there is no training {unknown[0]!r} to the model; there are {names}")
    return {name: known.get(name) for name in names}


def _flow(
    name: str, history: History, model: MLP | None, samples: list[Any], places: list[int]
) -> Told:
    layers: list[Told] = [
        {
            "name": printable(layer),
            "summary": printable(one.summary, 60),
            "gradient": finite(one.mean_gradient[place] for place in places),
            "ratio": finite(one.update_ratio[place] for place in places),
        }
        for layer, one in history.layers.items()
    ]
    if model is not None:
        _check_fits(name, history, model)
        states = thinned(len(history.states), MOST_STATES)
        slopes = [_slopes(model, history.states[i], samples) for i in states]
        last = history.steps[-1] or 1
        for depth, layer in enumerate(layers[: len(model.layers)]):
            if slopes[0][depth]:
                layer["units"] = [[round(x, 3) for x in slope[depth]] for slope in slopes]
                layer["unitsAt"] = [
                    round(history.steps[place] / last * (len(states) - 1)) for place in places
                ]
    return {"kind": "flow", "title": name, "layers": layers}


def _check_fits(name: str, history: History, model: MLP) -> None:
    count = len(model.parameters())
    if not history.states or len(history.states[0]) != count:
        held = len(history.states[0]) if history.states else 0
        raise ValueError(f"{name!r} trained {held} parameters, and the model has {count}")


def _slopes(model: MLP, state: Sequence[float], samples: list[Any]) -> list[list[float]]:
    """For each layer the mean slope of each unit, from 0 to 1; nothing where there is no bend."""
    numbers, found = iter(state), list[list[float]]()
    signals = [[float(x) for x in sample] for sample in samples]
    for layer in model.layers:
        rows = [[next(numbers) for _ in [*neuron.w, neuron.b]] for neuron in layer.neurons]
        sums = [
            [sum(w * x for w, x in zip(row, signal, strict=False)) + row[-1] for row in rows]
            for signal in signals
        ]
        bends = [neuron.activation for neuron in layer.neurons]
        if layer.activation is not None or all(bend is identity for bend in bends):
            found.append([])
            if layer.activation is not None:
                signals = [[y.data for y in layer.activation(list(map(Value, z)))] for z in sums]
            else:
                signals = sums
            continue
        pairs = [[_bent(bend, z) for bend, z in zip(bends, row, strict=True)] for row in sums]
        steepest = [max(abs(_bent(bend, z / 8)[1]) for z in range(-32, 33)) for bend in bends]
        found.append([
            min(1.0, sum(abs(row[k][1]) for row in pairs) / len(pairs) / (steepest[k] or 1.0))
            for k in range(min(len(rows), MOST_UNITS))
        ])  # fmt: skip
        signals = [[a for a, _ in row] for row in pairs]
    return found


def _bent(bend: Any, z: float) -> tuple[float, float]:
    """What an activation makes of a number, and its slope there."""
    leaf = Value(z)
    out = bend(leaf)
    if out is leaf:
        return z, 1.0
    out.backward()
    return out.data, leaf.grad
