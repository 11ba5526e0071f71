"""What ``chainrule demo`` trains: handwritten digits, and four sets in the plane."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import autograd
from autograd import Drawing, Value, no_grad
from autograd.errors import DotMissingError, PackageMissingError
from nn import data, plots, schedules
from nn.class_losses import cross_entropy
from nn.history import History
from nn.layers import MLP
from nn.losses import binary_cross_entropy_with_logits
from nn.metrics import predicted_class
from nn.optim import Adam
from nn.pictures.reports import report
from nn.storage import save
from nn.training import fit

Say: TypeAlias = Callable[[str], None]
REPORT = "report.html"
# What a demo may write.
RESULTS = ("model.json", "training.png", "misread.png", "boundary.png", REPORT, "neuron.svg")


@dataclass(frozen=True)
class Demo:
    """A data set with the network and the training that suit it."""

    summary: str
    sizes: tuple[int, ...]
    activation: str
    learning_rate: float
    epochs: int
    make_data: Callable[[int], tuple[list[list[float]], list[int]]]  # from the seed
    batch_size: int = 16

    inputs: int = 2

    @property
    def loss(self) -> Callable[..., Any]:
        """Cross-entropy of the one or the many logits."""
        return binary_cross_entropy_with_logits if self.sizes[-1] == 1 else cross_entropy


def _digits(seed: int) -> tuple[list[list[float]], list[int]]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    return (digits.data / 16.0).tolist(), digits.target.tolist()


DEMOS = {
    "digits": Demo("1,797 handwritten digits", (32, 10), "relu", 0.01, 15, _digits, 32, inputs=64),
    "moons": Demo(
        "two half moons", (16, 16, 1), "relu", 0.02, 30, lambda seed: data.moons(200, 0.15, seed)
    ),
    "circles": Demo(
        "one circle in another", (16, 16, 1), "relu", 0.02, 30,
        lambda seed: data.circles(200, 0.08, seed),
    ),
    "spiral": Demo(
        "three spiral arms", (24, 24, 3), "tanh", 0.02, 60,
        lambda seed: data.spiral(240, 0.03, seed),
    ),
    "xor": Demo(
        "corners, two against two", (8, 8, 1), "tanh", 0.03, 30,
        lambda seed: data.xor(200, seed=seed),
    ),
}  # fmt: skip


def run(name: str, out: Path, epochs: int | None, seed: int, say: Say) -> None:
    """Train the demo `name`, print a summary through `say`, write its results into `out`."""
    demo = DEMOS[name]
    X, y = demo.make_data(seed)
    X_train, X_test, y_train, y_test = data.train_test_split(X, y, 0.2, seed)
    out.mkdir(parents=True, exist_ok=True)
    init = "kaiming" if demo.activation == "relu" else "xavier"
    model = MLP(len(X[0]), demo.sizes, demo.activation, init=init, generator=seed)
    say(f"{name}: {demo.summary}, {len(y_test)} of them held out as a test")
    say(f"{model}, engine: {autograd.engine}")
    epochs = epochs or demo.epochs
    started = time.perf_counter()
    history = fit(
        model,
        X_train,
        y_train,
        demo.loss,
        Adam(model.parameters(), demo.learning_rate),
        epochs,
        demo.batch_size,
        validation=(X_test, y_test),
        schedule=schedules.cosine(demo.learning_rate, epochs, demo.learning_rate / 50),
        seed=seed,
        record=True,
    )
    seconds = time.perf_counter() - started
    if history.stopped:
        say(f"{history.stopped} in epoch {history.epochs + 1}; what was learned is kept")
    with no_grad():
        predictions = [predicted_class(model(x)) for x in X_test]
    say("")
    say(_summary(model, history, seconds, y_test, predictions, len(y_train)))
    say("")
    say(_class_table(y_test, predictions))
    say("")
    say(f"writing to {out}{'' if str(out).endswith('/') else '/'}")
    for file, what in _write(name, demo, out, model, history, X_test, y_test, predictions):
        say(f"  {file:<14}{what}")
    say("")
    say(f"open {out / REPORT} first")


def _summary(
    model: MLP,
    history: History,
    seconds: float,
    targets: list[int],
    predictions: list[int],
    trained_on: int,
) -> str:
    rights = sum(map(int.__eq__, targets, predictions))
    epochs = _counted(history.epochs, "epoch")
    lines = [
        f"accuracy    {rights / len(targets):.1%} on the test split ({rights} of {len(targets)})",
        f"parameters  {len(model.parameters()):,}",
        f"time        {seconds:.1f} s for {epochs} of {trained_on:,} samples",
    ]
    if history.accuracy:
        lines.insert(1, f"training    {history.accuracy[-1]:.1%}, loss {history.loss[-1]:.4f}")
    return "\n".join(lines)


def _class_table(targets: list[int], predictions: list[int]) -> str:
    lines = ["class  samples  found  precision  most often misread as"]
    for label in sorted(set(targets)):
        read_as = [p for t, p in zip(targets, predictions, strict=True) if t == label]
        found = read_as.count(label)
        claimed = predictions.count(label)
        precision = f"{found / claimed:.0%}" if claimed else "-"
        wrong = [p for p in read_as if p != label]
        worst = max(wrong, key=wrong.count) if wrong else None
        misread = "-" if worst is None else f"{worst} ({wrong.count(worst)})"
        share = f"{found / len(read_as):.0%}"
        lines.append(f"{label:>5}  {len(read_as):>7}  {share:>5}  {precision:>9}  {misread}")
    return "\n".join(lines)


def _write(
    name: str,
    demo: Demo,
    out: Path,
    model: MLP,
    history: History,
    X: list[list[float]],
    y: list[int],
    predictions: list[int],
) -> Iterator[tuple[str, str]]:
    """Write the results; (file name, what it is) of each, as soon as it is there."""
    for file, what, save_as in _results(name, demo, model, history, X, y, predictions):
        with naming(out / file):
            save_as(out / file)
        yield file, what


def _results(
    name: str,
    demo: Demo,
    model: MLP,
    history: History,
    X: list[list[float]],
    y: list[int],
    predictions: list[int],
) -> Iterator[tuple[str, str, Callable[[Path], Any]]]:
    """(File name, what it is, how it is saved) of each result."""
    yield "model.json", "the trained model, for nn.load", lambda path: save(model, path)
    if history.epochs:
        figure = plots.training_curves(history)
        yield "training.png", "loss and accuracy over the epochs", figure.savefig
    if name == "digits":
        figure = plots.misread_images(X, y, predictions)
        yield "misread.png", "the digits it misread", figure.savefig
    else:
        figure = plots.decision_boundary(model, X, y)
        yield "boundary.png", "what it predicts where, with the test samples", figure.savefig
    settings = {"optimizer": "Adam", "batch size": demo.batch_size, "data": demo.summary}
    title = f"chainrule demo: {name}"
    page = report(history, model, X, y, demo.loss, title=title, settings=settings)
    yield REPORT, "all there is to see of the training, as a page", page.save
    drawing = autograd.draw(neuron_loss(model, X[0], y[0], demo.loss))
    yield "neuron.svg", "the loss of one sample through one output neuron", drawing.save


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """An OSError that names no file, as of a full disk, names `path`."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def neuron_loss(model: MLP, x: list[float], target: int, loss: Callable[..., Any]) -> Value:
    """The loss of one sample as a graph through one output neuron, small enough to look at.

    The neuron is that of the target class. Its four largest products of weight
    and input are drawn, the others are summed into one number, and so are the
    logits of the other neurons: the loss and the gradients shown are the real ones.
    """
    with no_grad():
        hidden = x
        for layer in model.layers[:-1]:
            hidden = [value.data for value in layer(hidden)]
        logits = model.layers[-1](hidden)
    position = target if len(logits) > 1 else 0
    neuron = model.layers[-1].neurons[position]
    by_size = sorted(
        range(len(hidden)), key=lambda i: abs(neuron.w[i].data * hidden[i]), reverse=True
    )
    drawn, others = sorted(by_size[:4]), by_size[4:]
    total: Any = Value(neuron.b.data, "b")
    if others:
        rest = sum(neuron.w[i].data * hidden[i] for i in others)
        total = total + Value(rest, f"{len(others)} other inputs", requires_grad=False)
    for i in drawn:
        # Without gradient: that of an input goes through the other output neurons too.
        given = Value(hidden[i], f"h{i}", requires_grad=False)
        total = total + Value(neuron.w[i].data, f"w{i}") * given
    total.label = "logit"
    out: Any = neuron.activation(total)
    if len(logits) == 1:
        result: Value = loss(out, target)
    else:
        for i, logit in enumerate(logits):
            logit.label = f"logit {i}"
        out.label = f"logit {position}"
        result = loss([*logits[:position], out, *logits[position + 1 :]], target)
    result.label = "loss"
    result.backward()
    return result


def save_drawing(drawing: Drawing, path: Path) -> tuple[Path, str]:
    """Save as `path`, or as SVG beside it where what it takes is missing, with a hint to say."""
    try:
        return drawing.save(path), ""
    except (DotMissingError, PackageMissingError) as error:
        return drawing.save(path.with_suffix(".svg")), f"\n{error}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
