"""Make the pictures of the README and the gallery: ``python docs/make_pictures.py``.

The comparison of the two layouts needs Graphviz's program ``dot``, the player
needs Playwright and Chromium.
"""

import runpy
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nn
from autograd import Drawing, Value, draw, play, reverse_network, tanh

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HERE = Path(__file__).parent


def textbook() -> Value:
    """f = (x + y) * z after backward."""
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    f = q * z
    q.label, f.label = "q", "f"
    f.backward()
    return f


def neuron() -> Value:
    """The squared error of one neuron after backward."""
    w, x, b = Value(0.5, "w"), Value(2.0, "x", requires_grad=False), Value(-1.25, "b")
    out = (w * x + b).tanh()
    loss = (out - 1.0) ** 2
    out.label, loss.label = "out", "loss"
    loss.backward()
    return loss


def branches() -> tuple[Value, Value]:
    """A value used three times, after backward."""
    a, b, c = Value(2.0, "a"), Value(-4.0, "b"), Value(1.5, "c")
    out = a * b + a * c + a.tanh()
    out.label = "out"
    out.backward()
    return out, a


def network() -> tuple[Value, Value]:
    """The loss of a 2-3-1 sigmoid network at inputs (1, 1), target 0, and a first weight."""
    model = nn.MLP(2, [3, 1], activation="sigmoid", output="sigmoid", generator=1)
    loss = nn.squared_error(model([1.0, 1.0]), 0.0)
    loss.label = "loss"
    loss.backward()
    return loss, model.layers[0].neurons[0].w[0]


def batch() -> Value:
    """The loss of 100 samples: some ten thousand values."""
    model = nn.MLP(2, [16, 16, 1], activation="relu", init="kaiming", generator=0)
    X, y = nn.data.moons(100, noise=0.1, seed=0)
    loss = nn.binary_cross_entropy_with_logits([model(x) for x in X], y)
    loss.label = "loss"
    loss.backward()
    return loss


def troubles() -> Value:
    """One of each: a gradient that vanishes, one that explodes, one that is 0, one infinite."""
    x = Value(1.0, "x")
    small = ((x * Value(1e-4, "w1")).tanh() * Value(1e-4, "w2")).tanh()
    large = Value(0.5, "u") * 2e7
    off = (Value(-2.0, "v") * 3.0).relu()
    out = small + large + off + Value(0.0, "t").sqrt()
    out.label = "out"
    out.backward()
    return out


def named() -> Drawing:
    """Values without labels, named by the variables that hold them."""
    weights, bias = [Value(0.5), Value(-1.0)], Value(0.25)
    hidden = weights[0] * 2.0 + weights[1] * 3.0 + bias
    score = hidden.tanh()
    score.backward()
    return draw(score, names=locals())


def pictures() -> Iterator[tuple[str, Drawing]]:
    """Every picture of the gallery, with the name of its file."""
    f, loss = textbook(), neuron()
    out, a = branches()
    error, first = network()
    yield "textbook", draw(f)
    yield "from-top", draw(f, rankdir="TB", number_format="+.1f")
    yield "dark", draw(f, theme="dark")
    yield "colour-blind", draw(f, theme="colour-blind")
    yield "local", draw(loss, edges="local")
    yield "flow", draw(out, edges="flow")
    yield "highlight", draw(error, highlight=first)
    yield "highlight-paths", draw(out, highlight=a)
    yield "neurons", draw(error, collapse="neuron")
    yield "layers", draw(error, collapse="layer")
    yield "batch", draw(batch())
    yield "troubles", draw(troubles())
    yield "names", named()
    yield "network", nn.network(nn.MLP(2, [4, 3, 1], "tanh", generator=0))
    yield "reverse-network", reverse_network(neuron()).draw()
    small = nn.MLP(2, [2, 2, 2], "sigmoid", "sigmoid", generator=1)
    cost = nn.squared_error(small([Value(1.0, "x1"), Value(0.5, "x2")]), [0.0, 1.0])
    yield "reverse-neurons", reverse_network(cost, {"C": cost}, level="neuron").draw()
    graphs = runpy.run_path(str(HERE.parent / "benchmarks" / "layout.py"))["GRAPHS"]
    for number, build in enumerate(graphs.values()):
        root = build()
        root.backward()
        for layout in ("layered", "dot"):
            yield f"{layout}-{number}", draw(root, layout=layout)


def training_pictures() -> Iterator[tuple[str, "Figure"]]:
    """What is shown of a training on two moons."""
    X, y = nn.data.moons(100, noise=0.1, seed=0)
    model = nn.MLP(2, [8, 8, 1], activation="tanh", init="xavier", generator=0)
    loss = nn.binary_cross_entropy_with_logits
    history = nn.fit(
        model, X, y, loss, nn.Adam(model.parameters(), 0.05), epochs=30, record=True, progress=False
    )
    diagnostics = nn.diagnose(model, X, y, loss)
    yield "training-curves", nn.plots.training_curves(history)
    yield "decision-boundary", nn.plots.decision_boundary(model, X, y)
    yield "gradient-flow", nn.plots.gradient_flow(diagnostics)
    yield "saturation", nn.plots.saturation(diagnostics)
    yield "update-ratios", nn.plots.update_ratios(history)
    yield "activations", nn.plots.activation_histograms(diagnostics)
    yield "loss-surface", nn.plots.loss_surface(nn.loss_surface(model, X, y, loss, history=history))
    yield "derivatives", nn.plots.function_and_derivatives(tanh, -4.0, 4.0, order=2)


def player_pictures(folder: Path) -> None:
    """The player in a browser: forward, backward, and one of the classic mistakes."""
    from playwright.sync_api import sync_playwright

    a = Value(3.0, "a")
    b = a + a
    c = b + b
    b.label, c.label = "b", "c"
    shots = [
        ("player", play(textbook()), 5, "light"),
        ("player-network", play(network()[0], collapse=None), 16, "light"),
        ("player-mistake", play(c, bugs="overwrite"), 5, "dark"),
    ]
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as pages:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, player, steps, scheme in shots:
            page = browser.new_page(
                viewport={"width": 1000, "height": 640},
                color_scheme=scheme,
                reduced_motion="reduce",
            )
            page.goto(player.save(Path(pages) / "player.html").as_uri())
            for _ in range(steps):
                page.keyboard.press("ArrowRight")
            page.screenshot(path=folder / f"{name}.png")
            print(folder / f"{name}.png")


def playground_pictures(folder: Path) -> None:
    """The playground after some epochs: two classes, and three in the dark."""
    from playwright.sync_api import sync_playwright

    X, y = nn.data.spiral(240, 0.03, seed=0)
    spiral = nn.MLP(2, [8, 8, 3], "tanh", init="xavier", generator=0)
    shots = [
        ("playground", nn.playground(), 20, "light"),
        ("playground-classes", nn.playground(spiral, X, y), 25, "dark"),
    ]
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as pages:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, playground, epochs, scheme in shots:
            page = browser.new_page(viewport={"width": 1280, "height": 760}, color_scheme=scheme)
            page.goto(playground.save(Path(pages) / "playground.html").as_uri())
            for _ in range(epochs):
                page.click("#epoch")
            page.locator("#circles button.neuron").nth(7).click()
            page.screenshot(path=folder / f"{name}.png", full_page=True)
            print(folder / f"{name}.png")


def film_pictures(folder: Path) -> None:
    """A film, a comparison and a descent, each at its end."""
    from playwright.sync_api import sync_playwright

    X, y = nn.data.moons(100, noise=0.15, seed=0)
    loss = nn.binary_cross_entropy_with_logits

    def trained(optimizer: Any, *arguments: Any, **named: Any) -> tuple[nn.MLP, nn.History]:
        model = nn.MLP(2, *arguments, **named, generator=1)
        made = optimizer(model.parameters())
        return model, nn.fit(model, X, y, loss, made, 25, record=True, progress=False)

    makers = {
        "SGD": lambda p: nn.SGD(p, 0.3),
        "momentum": lambda p: nn.SGD(p, 0.1, momentum=0.9),
        "Adam": lambda p: nn.Adam(p, 0.03),
    }
    found = {name: trained(made, [8, 8, 1], "tanh") for name, made in makers.items()}
    start = nn.MLP(2, [8, 8, 1], "tanh", generator=1)
    deep = {
        "sigmoid": trained(makers["SGD"], [8, 8, 8, 8, 1], "sigmoid"),
        "tanh, Xavier": trained(makers["SGD"], [8, 8, 8, 8, 1], "tanh", init="xavier"),
    }
    valley = {
        "SGD": lambda p: nn.SGD(p, 0.01),
        "momentum": lambda p: nn.SGD(p, 0.004, momentum=0.9),
        "Adam": lambda p: nn.Adam(p, 0.08),
    }
    histories = {name: history for name, (_, history) in found.items()}
    flows = {name: history for name, (_, history) in deep.items()}
    models = {name: model for name, (model, _) in deep.items()}
    shots = [
        ("film", nn.film(flows, models, X), "light"),
        ("compare", nn.compare(histories, start, X, y, loss), "light"),
        ("descend", nn.descend(rosenbrock, (-1.2, 1.0), valley, steps=150), "dark"),
    ]
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as pages:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, film, scheme in shots:
            page = browser.new_page(viewport={"width": 1100, "height": 660}, color_scheme=scheme)
            page.goto(film.save(Path(pages) / "film.html").as_uri())
            page.keyboard.press("End")
            page.screenshot(path=folder / f"{name}.png", full_page=True)
            print(folder / f"{name}.png")


def rosenbrock(x: Value, y: Value) -> Value:
    """The curved valley, not as steep as usual."""
    return (1.0 - x) ** 2 + 10.0 * (y - x * x) ** 2


def main() -> None:
    """Write all of them."""
    w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(-1.25, "b")
    out = (w * x + b).tanh()
    out.label = "out"
    out.backward()
    print(draw(out).save(HERE / "out.svg"))
    folder = HERE / "gallery"
    folder.mkdir(exist_ok=True)
    for name, picture in pictures():
        print(picture.save(folder / f"{name}.svg"))
    for name, figure in training_pictures():
        figure.savefig(folder / f"{name}.png", dpi=100)
        print(folder / f"{name}.png")
    if shutil.which("chromium"):
        player_pictures(folder)
        playground_pictures(folder)
        film_pictures(folder)


if __name__ == "__main__":
    main()
