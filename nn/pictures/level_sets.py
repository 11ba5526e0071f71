"""The loss in a plane through the parameters, as level sets."""

from typing import TYPE_CHECKING

from nn.pictures.figure import COLOURS, load_matplotlib, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nn.pictures.surface import LossSurface


def loss_surface(surface: "LossSurface") -> "Figure":
    """The level sets of the loss in a plane through the parameters, and the training's path."""
    load_matplotlib()
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(5.1, 4.2, surface.description)
    axes = figure.add_subplot()
    losses = np.ma.masked_invalid(surface.losses)
    if losses.count():
        low, high = float(losses.min()), float(losses.max())
        wide = low > 0.0 and high > 20.0 * low
        levels = np.geomspace(low, high, 20) if wide else MaxNLocator(18).tick_values(low, high)
        norm = "log" if wide else "linear"
        filled = axes.contourf(
            surface.xs, surface.ys, losses, np.unique(levels), cmap="viridis_r", norm=norm
        )
        figure.colorbar(filled, ax=axes, label="loss", format="%.3g" if wide else None)
        axes.contour(
            surface.xs, surface.ys, losses, np.unique(levels), colors="white", linewidths=0.3
        )
    if surface.path:
        columns = list(zip(*surface.path, strict=True))
        axes.plot(*columns, color=COLOURS[1], linewidth=1.5, marker="o", markersize=3, label="path")
        for point, mark, label in ((0, "s", "start"), (-1, "*", "end")):
            axes.plot(
                *surface.path[point], mark, color=COLOURS[1], markersize=11,
                markeredgecolor="white", label=label,
            )  # fmt: skip
        axes.legend(fontsize=8)
    else:
        axes.plot(0.0, 0.0, "*", color=COLOURS[1], markersize=11, markeredgecolor="white")
    axes.set(xlabel=surface.names[0], ylabel=surface.names[1])
    return figure
