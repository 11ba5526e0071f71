"""One page about a training: tables and pictures in a single HTML file, without scripts."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import autograd
from autograd.errors import ShapeError
from autograd.visual.page import document, escape, framed, image
from nn.arguments.numbers import numbers_in
from nn.arguments.rows import as_rows
from nn.diagnostics import Diagnostics, diagnose, layers_of
from nn.metrics import judge_of
from nn.module import Module
from nn.pictures import level_sets
from nn.pictures.animation import animate_boundary
from nn.pictures.boundary import decision_boundary, in_the_plane
from nn.pictures.curves import training_curves
from nn.pictures.figure import inline_png, inline_svg, whole
from nn.pictures.images import draw_confusion, misread_images, weight_images
from nn.pictures.layers import (
    activation_histograms,
    gradient_flow,
    gradient_histograms,
    gradients_over_steps,
    saturation,
    update_ratios,
)
from nn.pictures.surface import loss_surface

if TYPE_CHECKING:
    from nn.history import History

MOST_SAMPLES = 200  # that the layers are diagnosed on
SURFACE_SAMPLES, SURFACE_RESOLUTION = 60, 15
FRAMES = 12
LEAST_SIDE = 4  # pixels of what is taken for an image


@dataclass(frozen=True)
class Report:
    """The page as text; shows itself in a notebook."""

    html: str

    def save(self, path: str | Path) -> Path:
        """Write the page to an ``.html`` file; returns its path."""
        path = Path(path)
        if path.suffix not in (".html", ".htm"):
            raise ValueError(f"a report is saved as .html, not {path.suffix!r}")
        path.write_text(self.html, encoding="utf-8")
        return path

    def __repr__(self) -> str:
        return f"<Report of {len(self.html) / 1e6:.1f} MB, .save('report.html') writes it>"

    def _repr_html_(self) -> str:
        still = f"<p>{escape(repr(self))}</p>"
        return framed(self.html, still, title="Training report", height=700, scripts=False)


def report(
    history: "History",
    model: Module,
    X: Sequence[Any] | None = None,
    y: Sequence[Any] | None = None,
    loss: Callable[[Any, Any], Any] | None = None,
    *,
    title: str = "Training report",
    settings: Mapping[str, Any] | None = None,
    pictures: Mapping[str, Any] | None = None,
    threshold: float | None = None,
) -> Report:
    """Everything there is to see of one training, as a self-contained page.

    Args:
        history: what `nn.fit` returned; after ``record=True`` it shows more.
        model: as trained; afterwards it is as before.
        X: samples to look at the layers with, best such as were not trained on.
        y: their targets.
        loss: as for `nn.fit`; goes together with `X` and `y`.
        title: the heading.
        settings: further rows of the table of settings.
        pictures: further Figures by their captions.
        threshold: as for `nn.fit`.

    Some of `X`, `y` and `loss` without the others raise TypeError. Pictures need
    the extra ``plot``.

    """
    given = [thing is not None for thing in (X, y, loss)]
    if any(given) and not all(given):
        raise TypeError("report takes X, y and loss together, or none of them")
    diagnostics = None
    shown = list(_curves(history))
    if X is not None and y is not None and loss is not None:
        X, y = as_rows(X, "X"), as_rows(y, "y")
        diagnostics = diagnose(model, _some(X, MOST_SAMPLES), _some(y, MOST_SAMPLES), loss)
        shown += _plane_pictures(history, model, X, y, loss, threshold)
        shown += _class_pictures(model, X, y, loss, threshold)
    shown += _recorded_pictures(history)
    if diagnostics is not None:
        shown += _layer_pictures(diagnostics)
    shown += [_figure(inline_png(figure), text) for text, figure in (pictures or {}).items()]
    body = [
        f"<h1>{_shown(title)}</h1>",
        '<div class="tables">',
        _table("Result", _result_rows(history)),
        _table("Settings", _setting_rows(history, model, settings or {})),
        "</div>",
        _layer_table(model, diagnostics),
        '<div class="pictures">',
        *shown,
        "</div>",
    ]
    page = document("\n".join(body), title=whole(title), style=STYLE, background="var(--back)")
    return Report(page)


def _curves(history: "History") -> Iterator[str]:
    if history.epochs:
        what = "Loss and accuracy" if history.accuracy else "Loss"
        yield _drawn(training_curves(history), f"{what} over the epochs.", "curves")


def _recorded_pictures(history: "History") -> Iterator[str]:
    if history.steps:
        yield _drawn(
            update_ratios(history),
            "How far each update moves the weights of a layer, relative to their spread. A healthy "
            "rate keeps near the dashed line; much above it is too fast, much below too slow.",
            "ratios",
        )
        yield _drawn(
            gradients_over_steps(history),
            "The mean size of the gradient by layer. Layers that differ by orders of magnitude "
            "learn at different speeds.",
            "gradients",
        )


def _plane_pictures(
    history: "History",
    model: Module,
    X: list[Any],
    y: list[Any],
    loss: Callable[..., Any],
    threshold: float | None,
) -> Iterator[str]:
    """What can be drawn in a plane: the samples, or the loss along two directions."""
    judge = judge_of(loss, model, X, y, threshold)
    if judge is not None and in_the_plane(X):
        how: dict[str, Any] = {"loss": loss, "threshold": threshold}
        if len(history.states) > 1:
            film = animate_boundary(model, X, y, history, frames=FRAMES, **how)
            picture = image(film.gif, "image/gif", whole(film.alt), film.shown[0])
            yield _figure(picture, "What the model predicts where, over the epochs.")
        else:
            picture = inline_png(decision_boundary(model, X, y, **how))
            yield _figure(picture, "What the model predicts where.")
    if _spans_a_plane(history.states):
        surface = loss_surface(
            model, _some(X, SURFACE_SAMPLES), _some(y, SURFACE_SAMPLES), loss, history,
            resolution=SURFACE_RESOLUTION,
        )  # fmt: skip
        yield _figure(
            inline_png(level_sets.loss_surface(surface)),
            "The loss in the plane in which the parameters moved most, with the path they took "
            "(Li et al., 2018).",
        )


def _class_pictures(
    model: Module, X: list[Any], y: list[Any], loss: Callable[..., Any], threshold: float | None
) -> Iterator[str]:
    """Which classes are confused; of images what was misread, and what the first layer sees."""
    judge = judge_of(loss, model, X, y, threshold)
    if judge is None:
        return
    with autograd.no_grad():
        predictions = [model(x) for x in X]
    pairs = [
        (judge.target_class(target, len(numbers_in(prediction))), judge.predicted_class(prediction))
        for prediction, target in zip(predictions, y, strict=True)
    ]
    pairs = [pair for pair in pairs if all(isinstance(label, int) and label >= 0 for label in pair)]
    if not pairs:  # the classes do not exclude each other
        return
    count = max(2, 1 + max(map(max, pairs)))
    table = [[pairs.count((meant, read)) for read in range(count)] for meant in range(count)]
    yield _figure(
        inline_png(draw_confusion(table)),
        "Which class (rows) was read as which (columns); mistakes stand out.",
    )
    inputs = len(X[0]) if hasattr(X[0], "__len__") else 0
    side = round(inputs**0.5)
    if side < LEAST_SIDE or side * side != inputs:
        return
    if len(pairs) == len(X):
        meant, read = zip(*pairs, strict=True)
        yield _figure(inline_png(misread_images(X, meant, read)), "What was misread.")
    with suppress(ShapeError):
        yield _figure(
            inline_png(weight_images(model)),
            "What each neuron of the first layer looks for: its weights, as an image.",
        )


def _spans_a_plane(states: Sequence[Sequence[float]]) -> bool:
    return len(states) > 2 and len(states[0]) > 1 and any(state != states[0] for state in states)


def _layer_pictures(diagnostics: Diagnostics) -> Iterator[str]:
    yield _drawn(
        gradient_flow(diagnostics),
        "Gradients by layer on one batch, from the input (top) to the output.",
        "flow",
    )
    if any(layer.flat for layer in diagnostics.layers):
        yield _drawn(
            saturation(diagnostics),
            "Which share of the samples saturates each unit, so that it cannot learn from them. A "
            "cross marks the dead.",
            "saturation",
        )
    if any(layer.outputs for layer in diagnostics.layers):
        yield _drawn(
            activation_histograms(diagnostics),
            "The outputs of each layer. Orange: where it is saturated (relu: at 0), so that almost "
            "no gradient passes.",
            "activations",
        )
        yield _drawn(
            gradient_histograms(diagnostics),
            "The gradients that reach the outputs of each layer; the counts on a log scale.",
            "output-gradients",
        )


def _result_rows(history: "History") -> Iterator[tuple[str, str]]:
    yield "epochs", f"{history.epochs}" + (f", {history.stopped}" if history.stopped else "")
    for name in ("loss", "accuracy", "validation_loss", "validation_accuracy"):
        numbers = getattr(history, name)
        if numbers:
            number = f"{numbers[-1]:.1%}" if "accuracy" in name else f"{numbers[-1]:.4g}"
            yield name.replace("_", " "), number
    for name, numbers in history.metrics.items():
        yield name.replace("_", " "), f"{numbers[-1]:.4g}"
    yield "time", f"{sum(history.seconds):.1f} s"


def _setting_rows(
    history: "History", model: Module, settings: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    yield "model", repr(model)
    rates = history.learning_rate
    if rates:
        steady = rates[0] == rates[-1]
        yield "learning rate", f"{rates[0]:.3g}" if steady else f"{rates[0]:.3g} to {rates[-1]:.3g}"
    for name, setting in settings.items():
        yield str(name), str(setting)
    yield "engine", autograd.engine


def _layer_table(model: Module, diagnostics: Diagnostics | None) -> str:
    layers = layers_of(model)
    columns = {
        "layer": [layer.name for layer in layers],
        "units": [layer.summary for layer in layers],
        "parameters": [f"{len(layer.parameters):,}" for layer in layers],
    }
    if diagnostics is not None:
        found = diagnostics.layers
        columns["mean |gradient|"] = [f"{layer.mean_gradient:.2e}" for layer in found]
        columns["largest |gradient|"] = [f"{layer.max_gradient:.2e}" for layer in found]
        columns["saturated"] = [
            "-" if layer.saturated is None else f"{layer.saturated:.0%}" for layer in found
        ]
        columns["dead units"] = [f"{len(layer.dead)}" if layer.flat else "-" for layer in found]
    head = "".join(f'<th scope="col">{_shown(name)}</th>' for name in columns)
    rows = (
        "<tr>" + "".join(f"<td>{_shown(cell)}</td>" for cell in row) + "</tr>"
        for row in zip(*columns.values(), strict=True)
    )
    table = f"<table><caption>Layers</caption><tr>{head}</tr>{''.join(rows)}</table>"
    return f'<div class="layers">{table}</div>'


def _table(caption: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = (
        f'<tr><th scope="row">{_shown(name)}</th><td>{_shown(text)}</td></tr>'
        for name, text in rows
    )
    return f"<table><caption>{caption}</caption>{''.join(lines)}</table>"


def _drawn(figure: Any, caption: str, name: str) -> str:
    return _figure(inline_svg(figure, name), caption)


def _figure(picture: str, caption: str) -> str:
    return f"<figure>{picture}<figcaption>{_shown(caption)}</figcaption></figure>"


def _shown(text: str) -> str:
    return escape(whole(text))


def _some(samples: list[Any], most: int) -> list[Any]:
    """At most so many of the samples, evenly spaced."""
    return samples[:: -(-len(samples) // most)]


STYLE = """\
:root { color-scheme: light dark; --line: #d8d8d8; --quiet: #5f6368; --back: #fff; --ink: #202124; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3c4043; --quiet: #a8adb3; --back: #16181b; --ink: #e8eaed; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back);
  max-width: 66rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; }
.tables { display: flex; flex-wrap: wrap; gap: 0 3rem; align-items: flex-start; }
table { border-collapse: collapse; font-size: .92rem; margin-bottom: 1.5rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; padding: .25rem 1.2rem .25rem 0; border-top: 1px solid var(--line);
  vertical-align: top; font-variant-numeric: tabular-nums; }
.layers { overflow-x: auto; }
th { font-weight: 400; color: var(--quiet); white-space: nowrap; }
.layers td:nth-child(n+3), .layers th:nth-child(n+3) { text-align: right; }
.pictures { display: flex; flex-wrap: wrap; gap: 0 2rem; }
figure { margin: 0 0 2rem; max-width: 100%; }
figcaption { max-width: 31rem; color: var(--quiet); font-size: .92rem; }
svg, img { max-width: 100%; height: auto; }
img { background: #fff; border-radius: 6px; }
"""
