"""Pictures of the layers of a network: how gradients flow, what saturates, how fast it learns."""

import math
from statistics import median
from typing import TYPE_CHECKING

from nn.diagnostics import FLAT, Diagnostics, LayerDiagnostics, mean, standard_deviation
from nn.pictures.figure import (
    COLOURS,
    colour_scale,
    count_in_integers,
    new_figure,
    safe,
    series_colours,
    style,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nn.history import History

MOST_POINTS = 200  # of a line: more are a smear
GUIDE = -3.0  # log10 of a healthy update-to-data ratio (Karpathy, "Building makemore", part 3)
LARGEST = 1e100  # that counts as finite in a picture: matplotlib squares numbers

IS_FLAT = {activation.__name__: is_flat for activation, is_flat in FLAT.items()}


def gradient_flow(diagnostics: Diagnostics) -> "Figure":
    """The mean and the largest |gradient| of the parameters of each layer, as log10."""
    layers = diagnostics.layers
    figure = new_figure(
        5.1, 1.3 + 0.36 * len(layers), f"Mean and largest |gradient| of {len(layers)} layers"
    )
    axes = figure.add_subplot()
    rows = range(len(layers))
    means = [_log10(layer.mean_gradient) for layer in layers]
    largest = [_log10(layer.max_gradient) for layer in layers]
    axes.hlines(rows, means, largest, color=COLOURS[5], linewidth=3)
    axes.plot(means, rows, "o", color=COLOURS[0], label="mean")
    axes.plot(largest, rows, "D", color=COLOURS[1], label="largest")
    for row, layer in enumerate(layers):
        if layer.max_gradient == 0.0:
            axes.text(
                0.01, row, "no gradient", transform=axes.get_yaxis_transform(), va="center",
                color=COLOURS[1], fontsize=9,
            )  # fmt: skip
    _name_rows(axes, diagnostics)
    style(axes, "gradient flow", "log10 |d loss / d parameter|")
    axes.locator_params(axis="x", nbins=5)
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def activation_histograms(diagnostics: Diagnostics) -> "Figure":
    """How the outputs of each layer are distributed over its units and the samples.

    Orange marks where tanh and sigmoid saturate and where relu is 0.
    """
    figure = _histograms(diagnostics, "outputs", "activations")
    for axes, layer in zip(figure.axes, _with_outputs(diagnostics), strict=True):
        if layer.saturated is not None:
            word = "at 0" if layer.activation == "relu" else "saturated"
            axes.set_xlabel(f"{layer.saturated:.0%} {word}", fontsize=8)
    return figure


def gradient_histograms(diagnostics: Diagnostics) -> "Figure":
    """How the gradients of the outputs of each layer are distributed (d loss / d output).

    The counts are on a log scale: most gradients lie near 0, and the tails matter.
    """
    figure = _histograms(diagnostics, "output_gradients", "gradients of the activations")
    for axes in figure.axes:
        axes.set_yscale("symlog", linthresh=1.0)  # log, but for the bars of height 0
        axes.tick_params(left=False, labelleft=False, which="both")
    return figure


def saturation(diagnostics: Diagnostics) -> "Figure":
    """One row per layer, one cell per unit: which share of the samples saturates it.

    Saturated are tanh and sigmoid near their bounds and relu at 0: almost no
    gradient passes. A cross marks the dead units, saturated on all samples.
    """
    layers = [layer for layer in diagnostics.layers if layer.flat]
    figure = new_figure(5.1, 1.4 + 0.4 * max(1, len(layers)), _saturation_in_words(layers))
    axes = figure.add_subplot()
    if not layers:
        axes.text(0.5, 0.5, "no layer here can saturate or die", ha="center", va="center")
        axes.set_axis_off()
        return figure
    scale = colour_scale("#e8eef3", COLOURS[1])
    for row, layer in enumerate(layers):
        mesh = axes.pcolormesh(
            [unit / len(layer.flat) for unit in range(len(layer.flat) + 1)],
            [row - 0.4, row + 0.4],
            [layer.flat],
            cmap=scale, vmin=0.0, vmax=1.0, edgecolors="#888888", linewidth=0.4,
        )  # fmt: skip
        crosses = [(unit + 0.5) / len(layer.flat) for unit in layer.dead]
        axes.plot(crosses, [row] * len(crosses), "x", color="#000000", markersize=5)
        dead = f", {len(layer.dead)} of {len(layer.flat)} dead" if layer.dead else ""
        axes.text(1.02, row, f"{layer.saturated:.0%}{dead}", va="center", fontsize=9)
    axes.set(xlim=(0.0, 1.34), ylim=(len(layers) - 0.5, -0.5))
    axes.set_xticks([])
    axes.set_yticks(range(len(layers)), [_title(layer) for layer in layers])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_title("share of samples that saturate a unit (relu: at 0)", fontsize=11)
    figure.colorbar(mesh, ax=axes, format=lambda share, _: f"{share:.0%}", ticks=[0, 0.5, 1])
    return figure


def update_ratios(history: "History") -> "Figure":
    """log10 of the update-to-data ratio of each layer, over the steps of a recorded training.

    Of more than `MOST_POINTS` recorded steps the medians of equal stretches are drawn.
    Much above the guide at -3 the learning rate is too high, much below too low.
    """
    figure = new_figure(5.1, 3.1, f"Update-to-data ratio of {len(history.layers)} layers")
    draw_update_ratios(figure.add_subplot(), history)
    return figure


def gradients_over_steps(history: "History") -> "Figure":
    """The mean |gradient| of each layer, over the steps of a recorded training."""
    figure = new_figure(5.1, 3.1, f"Mean |gradient| of {len(history.layers)} layers")
    axes = figure.add_subplot()
    draw_gradients(axes, history)
    _add_legend(axes)
    return figure


def draw_update_ratios(axes: "Axes", history: "History") -> None:
    """A line for each layer, the guide, and a legend beside."""
    _draw_layers(axes, history, "update_ratio")
    axes.axhline(GUIDE, color="#000000", linestyle="--", linewidth=1.0)
    style(axes, "update-to-data ratio", "step", "log10")
    _add_legend(axes)


def draw_gradients(axes: "Axes", history: "History") -> None:
    """A line for each layer."""
    _draw_layers(axes, history, "mean_gradient")
    style(axes, "mean |gradient|", "step", "log10")


def _draw_layers(axes: "Axes", history: "History", measure: str) -> None:
    if not history.layers:
        raise ValueError("nothing was recorded by layer: train with nn.fit(..., record=True)")
    steps = thinned(list(map(float, history.steps)))
    mark = "o" if len(steps) == 1 else None
    colours = series_colours(len(history.layers))
    for (name, layer), line_colour in zip(history.layers.items(), colours, strict=True):
        numbers = getattr(layer, measure)[: len(history.steps)]
        logs = thinned([_log10(number) for number in numbers])
        axes.plot(steps, logs, color=line_colour, marker=mark, linewidth=1.2, label=safe(name))
    count_in_integers(axes, history.steps)


def thinned(series: list[float]) -> list[float]:
    """The series; where it is longer than `MOST_POINTS`, the medians of equal stretches of it."""
    length = -(-len(series) // MOST_POINTS)
    if length <= 1:
        return series
    stretches = [series[i : i + length] for i in range(0, len(series), length)]
    finite = [[number for number in stretch if math.isfinite(number)] for stretch in stretches]
    return [median(numbers) if numbers else math.nan for numbers in finite]


def _add_legend(axes: "Axes") -> None:
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _histograms(diagnostics: Diagnostics, measure: str, title: str) -> "Figure":
    layers = _with_outputs(diagnostics)
    if not layers:
        raise ValueError(f"no {title} to show: the model computes nothing with nn.Neuron")
    columns = min(4, len(layers))
    rows = -(-len(layers) // columns)
    figure = new_figure(max(3.4, 2.3 * columns), 0.5 + 1.9 * rows, f"Histograms of the {title}")
    figure.suptitle(title, fontsize=11)
    for position, layer in enumerate(layers):
        axes = figure.add_subplot(rows, columns, position + 1)
        numbers = [number for unit in getattr(layer, measure) for number in unit]
        shown = [number for number in numbers if abs(number) < LARGEST]
        is_flat = IS_FLAT.get(layer.activation) if measure == "outputs" else None
        flat = [number for number in shown if is_flat and is_flat(number)]
        steep = [number for number in shown if not (is_flat and is_flat(number))]
        axes.hist(
            [steep, flat], _bins(shown), stacked=True, histtype="stepfilled", color=COLOURS[:2]
        )
        style(axes)
        axes.set_axisbelow(True)
        axes.locator_params(axis="x", nbins=3)
        axes.ticklabel_format(axis="x", scilimits=(-2, 3))
        said = f"mean {mean(shown):.2g}, std {standard_deviation(shown):.2g}"
        if len(shown) < len(numbers):
            said += f", {len(numbers) - len(shown)} not finite"
        axes.set_title(f"{_title(layer)}\n{said}", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.xaxis.get_offset_text().set_fontsize(7)
        axes.set_yticks([])
    return figure


def _bins(numbers: list[float]) -> list[float]:
    """The edges of thirty bars; around one number a range of its own size."""
    low, high = min(numbers, default=0.0), max(numbers, default=0.0)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        reach = 0.5 * max(1.0, abs(low))
        low, high = low - reach, high + reach
    return [low + (high - low) * i / 30 for i in range(31)]


def _with_outputs(diagnostics: Diagnostics) -> list[LayerDiagnostics]:
    return [layer for layer in diagnostics.layers if layer.outputs]


def _saturation_in_words(layers: list[LayerDiagnostics]) -> str:
    said = [f"{layer.name} {layer.saturated:.0%}, {len(layer.dead)} dead" for layer in layers]
    return "Saturated outputs: " + ("; ".join(said) or "no layer has an activation that saturates")


def _name_rows(axes: "Axes", diagnostics: Diagnostics) -> None:
    axes.set_yticks(range(len(diagnostics.layers)), [_title(layer) for layer in diagnostics.layers])
    axes.set_ylim(len(diagnostics.layers) - 0.5, -0.5)


def _title(layer: LayerDiagnostics) -> str:
    return safe(f"{layer.name} · {layer.summary}")


def _log10(number: float) -> float:
    """The logarithm, nan (a gap in the picture) where there is none."""
    return math.log10(number) if 0.0 < number < math.inf else math.nan
