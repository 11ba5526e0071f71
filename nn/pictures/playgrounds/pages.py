"""nn.playground: the network alive, in one page that trains it."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from autograd.visual.graph.raster import still_kinds_of
from autograd.visual.page import FOLLOW, captioned, data_element, document, framed, image
from autograd.visual.texts import printable
from autograd.visual.themes import colour_sheet, theme_named
from nn.data import as_batch_size
from nn.layers import MLP
from nn.optimizer import Optimizer
from nn.pictures.figure import COLOURS
from nn.pictures.playgrounds.defaults import completed
from nn.pictures.playgrounds.network_picture import NetworkPicture, network
from nn.pictures.playgrounds.reading_models import check_size
from nn.pictures.playgrounds.tapes import Told
from nn.pictures.playgrounds.training_content import content_of

SCRIPTS = (
    "tape", "network", "training", "state", "surgery", "maps", "plots", "stage", "panel",
    "controls",
)  # fmt: skip
HEIGHT = 760.0  # pixels, in a notebook


def playground(
    model: MLP | None = None,
    X: Any = None,
    y: Any = None,
    loss: Callable[..., Any] | None = None,
    optimizer: Optimizer | None = None,
    *,
    batch_size: int = 10,
    title: str = "",
    theme: str = "auto",
) -> "Playground":
    """A page in which the network lives: it trains there, and everything can be changed.

    Circles are neurons, each with a map of what it gives over the inputs; lines are weights.
    Play, step, change the learning rate, the batch size, the noise, the activation, put in
    and take out neurons and layers; point at a line or choose a neuron for the numbers of the
    step. In a notebook it appears as the output of a cell; `save` writes it as one HTML file
    that works offline. It computes with the rules of `autograd.ops` and the formulas of
    `nn.updates`, printed as JavaScript. Model and optimizer here stay as they are.

    What is left out is chosen: two half moons, a network of two hidden layers, the loss that
    suits the targets, Adam. `theme` is that of `autograd.play`.

    Args:
        model: an MLP of at most 8 inputs, 6 layers and 32 neurons in each.
        X: the samples, by row, at most 2,000.
        y: one target each, as `loss` wants them.
        loss: of a batch the mean, or the sum, of the losses of its samples.
        optimizer: made with ``model.parameters()``, with a formula as those in `nn.updates`.
        batch_size: samples per step at first.
        title: what stands on top.
        theme: ``"auto"``, ``"light"``, ``"dark"`` or ``"colour-blind"``.

    >>> import nn
    >>> nn.playground()
    <Playground of 2 -> 8 tanh -> 8 tanh -> 1 identity, 200 samples>

    """
    if theme != "auto":
        theme_named(theme)
    batch_size = as_batch_size("batch_size", batch_size)
    names = _column_names(X)
    parts = completed(model, X, y, loss, optimizer)
    check_size(parts.model)
    told, script = content_of(*parts)
    told |= {
        "names": names,
        "batchSize": batch_size,
        "palette": list(COLOURS),
        "title": printable(title, 200) or "A network learns",
    }
    still = network(parts.model, title=told["title"], theme=theme)
    return Playground(_page(told, script, theme), still, told["title"], len(told["X"]))


class Playground:
    """A page ready to be shown in a notebook, or saved; `html` is its text."""

    def __init__(self, html: str, still: NetworkPicture, title: str, samples: int) -> None:
        self.html = html
        self.still = still  # where pages are not shown
        self.title, self.samples = title, samples

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to `path`, a name that ends in .html, and return the path."""
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"cannot save as {path.name!r}: a playground is a page, use .html")
        path.write_text(self.html, encoding="utf-8")
        return path

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        still = captioned(
            image(self.still.svg, "image/svg+xml", self.title),
            "A still picture: run the cell, or trust the notebook, and the network learns.",
        )
        html = framed(self.html, still, title=self.title, height=HEIGHT, follows=self.still.follows)
        return {"text/plain": repr(self), "text/html": html} | still_kinds_of(self.still.svg)

    def __repr__(self) -> str:
        return f"<Playground of {self.still.sizes}, {self.samples} samples>"


def _column_names(X: Any) -> list[str]:
    """What a table calls its columns; nothing of what has no names."""
    columns = getattr(X, "columns", None)
    return [] if columns is None else [printable(name, 24) for name in columns]


def _page(told: Told, rules: str, theme: str) -> str:
    body = _asset("playground.html") + data_element("playground-data", told)
    scripts = [rules, *(_asset(f"{name}.js") for name in SCRIPTS)]
    script = '(() => {\n"use strict";\n' + "\n".join(scripts) + "})();"
    script = (FOLLOW if theme == "auto" else "") + script
    style = colour_sheet(theme) + _asset("playground.css")
    background = "var(--background)"
    return document(body, title=told["title"], style=style, script=script, background=background)


@cache
def _asset(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
