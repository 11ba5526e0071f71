"""The decision boundary as it moved during the training: a page with controls, or a GIF."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd.errors import ShapeError
from autograd.visual.page import base64_text, document, framed, image, script_json
from nn.arguments.settings import as_count
from nn.class_reading.reading import Reading
from nn.class_reading.which_reading import default_reading
from nn.module import Module
from nn.pictures.boundary import boundary_size, draw_boundary, samples_in_the_plane
from nn.pictures.figure import load_matplotlib, new_figure, whole

if TYPE_CHECKING:
    from nn.history import History


@dataclass(frozen=True)
class Animation:
    """Frames (PNG) with a caption each; shows itself in a notebook, with controls."""

    frames: tuple[bytes, ...]
    captions: tuple[str, ...]
    size: tuple[int, int]  # in pixels, at 120 an inch
    milliseconds: int = 150

    def __post_init__(self) -> None:
        if not self.frames or len(self.frames) != len(self.captions):
            given = f"{len(self.frames)} frames and {len(self.captions)} captions"
            raise ShapeError(f"an animation has one caption for each frame, got {given}")

    @property
    def alt(self) -> str:
        """The animation in words."""
        return f"{len(self.frames)} frames from {self.captions[0]} to {self.captions[-1]}"

    @property
    def shown(self) -> tuple[int, int]:
        """The size in a page, of 96 pixels an inch."""
        width, height = self.size
        return width * 96 // 120, height * 96 // 120

    @property
    def gif(self) -> bytes:
        """The frames as an endless GIF that rests on the last one."""
        from PIL import Image

        first, *others = [Image.open(io.BytesIO(frame)) for frame in self.frames]
        file = io.BytesIO()
        durations = [self.milliseconds] * len(others) + [10 * self.milliseconds]
        first.save(file, "GIF", save_all=True, append_images=others, duration=durations, loop=0)
        return file.getvalue()

    @property
    def html(self) -> str:
        """A page of its own, with everything in it."""
        last = len(self.frames) - 1
        body = (
            f'<main style="max-width:{self.shown[0]}px">'
            f"{image(self.frames[-1], 'image/png', whole(self.alt))}\n"
            '<div class="controls"><button id="play">Play</button>\n'
            f'<input id="slider" type="range" min="0" max="{last}" value="{last}" '
            'aria-label="epoch"></div></main>'
        )
        data = {
            "frames": [base64_text(frame) for frame in self.frames],
            "captions": self.captions,
            "milliseconds": self.milliseconds,
        }
        script = f"const data = {script_json(data)};\n{SCRIPT}"
        title, background = "Decision boundary", "transparent"
        return document(body, title=title, style=STYLE, script=script, background=background)

    def save(self, path: str | Path) -> Path:
        """Write an ``.html`` page or a ``.gif``; returns the path."""
        path = Path(path)
        if path.suffix == ".html":
            path.write_text(self.html, encoding="utf-8")
        elif path.suffix == ".gif":
            path.write_bytes(self.gif)
        else:
            raise ValueError(f"an animation is saved as .html or .gif, not {path.suffix!r}")
        return path

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        title, height = whole(self.alt), self.shown[1] + 70
        still = image(self.gif, "image/gif", title, self.shown[0])
        return {
            "text/plain": f"<Animation of {self.alt}>",
            "text/html": framed(self.html, still, title=title, height=height),
        }


def animate_boundary(
    model: Module,
    X: Sequence[Sequence[float]],
    y: Sequence[Any],
    history: "History",
    *,
    frames: int = 30,
    resolution: int = 40,
    loss: Callable[..., Any] | None = None,
    threshold: float | None = None,
) -> Animation:
    """The decision boundary of `model` over the epochs of ``nn.fit(..., record=True)``.

    At most `frames` epochs are drawn, evenly spaced, the state before the
    training first. `loss` and `threshold` say how a single output is read, as for
    ``nn.plots.decision_boundary``. The parameters are afterwards as they were. A
    history without recorded parameters raises ShapeError.
    """
    if not history.states:
        raise ShapeError("the history has no path: train with nn.fit(..., record=True)")
    frames, resolution = as_count("frames", frames, 2), as_count("resolution", resolution, 2)
    X, y = samples_in_the_plane(X, y)
    last = len(history.states) - 1
    count = min(frames, last + 1)
    epochs = sorted({round(i * last / max(1, count - 1)) for i in range(count)})
    captions = [
        f"epoch {epoch}, loss {history.loss[epoch - 1]:.3g}" if epoch else "before the training"
        for epoch in epochs
    ]
    reading = default_reading(model, X, y, loss, threshold)
    parameters = model.parameters()
    kept = [parameter.data for parameter in parameters]
    images = []
    try:
        for epoch, caption in zip(epochs, captions, strict=True):
            for parameter, number in zip(parameters, history.states[epoch], strict=True):
                parameter.data = number
            images.append(_frame(model, X, y, caption, resolution, reading))
    finally:
        for parameter, number in zip(parameters, kept, strict=True):
            parameter.data = number
    return Animation(tuple(map(_small_png, images)), tuple(captions), images[0].size)


def _frame(
    model: Module,
    X: Sequence[Sequence[float]],
    y: Sequence[Any],
    caption: str,
    resolution: int,
    reading: Reading,
) -> Any:
    load_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    width, height = boundary_size(X)
    # The same layout for all frames; one that adapts would take half of the time.
    figure = new_figure(width, height + 0.2, layout=None)
    axes = figure.add_axes((0.12, 0.07, 0.86, 0.86))
    draw_boundary(axes, model, X, y, resolution, reading)
    axes.legend(loc="upper right", fontsize=8)  # the best place may change
    axes.set_title(caption, fontsize=11)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.frombuffer("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba()))


def _small_png(image: Any) -> bytes:
    """64 colours are enough for two classes and their shades, at a third of the size."""
    file = io.BytesIO()
    image.convert("RGB").quantize(64).save(file, "PNG", optimize=True)
    return file.getvalue()


STYLE = """\
:root { color-scheme: light dark; }
main { font: 15px/1.4 system-ui, sans-serif; margin: 8px auto; }
img { width: 100%; background: #fff; border-radius: 6px; display: block; }
.controls { display: flex; gap: 10px; align-items: center; margin-top: 8px; }
button { font: inherit; width: 5em; padding: 3px 0; }
input { flex: 1; }
"""

SCRIPT = """\
const frame = document.querySelector("img"), slider = document.getElementById("slider");
const button = document.getElementById("play");
const kind = frame.src.slice(0, frame.src.indexOf(",") + 1);
let timer = null;
function show(position) {
  slider.value = position;
  frame.src = kind + data.frames[position];
  frame.alt = data.captions[position];
  slider.setAttribute("aria-valuetext", data.captions[position]);
}
function pause() { clearInterval(timer); timer = null; button.textContent = "Play"; }
function play() {
  if (+slider.value === data.frames.length - 1) show(0);
  button.textContent = "Pause";
  timer = setInterval(() => {
    show(+slider.value + 1);
    if (+slider.value === data.frames.length - 1) pause();
  }, data.milliseconds);
}
button.onclick = () => timer ? pause() : play();
slider.oninput = () => { pause(); show(+slider.value); };
document.addEventListener("keydown", event => {
  if (event.key === " " && event.target !== button) { event.preventDefault(); button.click(); }
});
show(data.frames.length - 1);
if (!matchMedia("(prefers-reduced-motion: reduce)").matches) play();
"""
