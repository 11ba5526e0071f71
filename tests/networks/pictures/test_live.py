"""fit(watch=True): how often it draws, what it shows, and what happens outside a notebook."""

import base64
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import nn
from autograd.errors import AnomalyError
from nn.pictures import live

pytest.importorskip("matplotlib")
LOGITS = nn.binary_cross_entropy_with_logits


class Clock:
    """A clock that only the test moves."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def simulate(cost, seconds, epoch=0.1):
    """The times at which pictures of so much cost are drawn in a training of so many seconds."""
    clock, drawn, trained = Clock(), [], 0.0

    def draw():
        clock.now += cost
        return b"picture"

    pictures = live.Pictures(draw, lambda content: drawn.append(clock.now), clock)
    while trained < seconds:
        clock.now += epoch
        trained += epoch
        pictures.update()
    pictures.finish()
    return drawn


@pytest.mark.parametrize("cost", [0.05, 0.3, 2.0])
@pytest.mark.parametrize("seconds", [60.0, 600.0])
def test_drawing_takes_no_more_than_its_share(cost, seconds):
    drawn = simulate(cost, seconds)
    # The first picture costs what nobody knew before; all others are paid for.
    assert (len(drawn) - 1) * cost <= live.SHARE * seconds + cost
    assert len(drawn) * cost >= 0.5 * min(live.SHARE * seconds, 2 * cost)


def test_cheap_pictures_come_often():
    drawn = simulate(0.01, 30.0)
    assert len(drawn) > 100
    assert drawn[0] < live.FIRST / live.SHARE * 2.0 + 1.0


def test_a_short_training_is_drawn_once_at_its_end():
    assert len(simulate(0.3, 1.0)) == 1


@pytest.fixture
def notebook(monkeypatch):
    """A notebook whose display keeps what it was shown: (display_id, bundle), in order."""
    display = pytest.importorskip("IPython.display")
    shown = []

    def show(bundle, *, raw, display_id):
        assert raw is True
        shown.append(bundle)
        return SimpleNamespace(update=lambda bundle, raw: shown.append(bundle))

    monkeypatch.setattr(display, "display", show)
    monkeypatch.setattr(live, "in_notebook", lambda: True)
    return shown


def fit(**options):
    X, y = nn.data.moons(20, seed=0)
    model = nn.MLP(2, [3, 1], "tanh", generator=0)
    options = {"epochs": 2, "progress": False, "watch": True} | options
    rate = options.pop("rate", 0.05)
    return model, nn.fit(model, X, y, LOGITS, nn.Adam(model.parameters(), rate), **options)


def test_a_notebook_shows_one_display_and_the_last_picture_in_it(notebook):
    _, history = fit()
    assert history.steps == [1, 2]
    first, *pictures = notebook
    assert list(first) == ["text/plain"]
    assert pictures[-1]["image/png"].startswith(b"\x89PNG")
    assert "text/plain" in pictures[-1]


def test_pictures_follow_the_epochs(notebook, monkeypatch):
    epochs = []
    monkeypatch.setattr(live, "SHARE", 1e9)
    monkeypatch.setattr(live, "png", lambda figure, compression: b"picture")
    monkeypatch.setattr(
        live, "overview", lambda history, model, samples: epochs.append(history.epochs)
    )
    fit(epochs=4)
    assert epochs == [1, 2, 3, 4, 4]


def test_the_last_picture_is_of_the_weights_that_stay(notebook, monkeypatch):
    seen = []
    monkeypatch.setattr(live, "png", lambda figure, compression: b"picture")
    monkeypatch.setattr(
        live, "overview", lambda history, model, samples: seen.append(model.state_dict())
    )
    X, y = nn.data.moons(20, seed=1)
    model, history = fit(epochs=30, rate=3.0, early_stopping=1, validation=(X, y))
    assert history.stopped == "early stopping"
    assert seen[-1] == model.state_dict()


def test_an_interrupted_training_shows_what_was_reached(notebook):
    def interrupt(history, model):
        raise KeyboardInterrupt

    _, history = fit(callbacks=[interrupt])
    assert history.stopped == "interrupted"
    assert "image/png" in notebook[-1]


def test_a_training_that_fails_shows_what_was_reached_and_raises(notebook):
    def spoil(history, model):
        model.parameters()[0].data = float("nan")

    with pytest.raises(AnomalyError, match="loss became nan"):
        fit(callbacks=[spoil])
    assert "image/png" in notebook[-1]


def test_the_training_is_the_same_watched_or_not(notebook):
    runs = [fit(epochs=3, watch=watched) for watched in (False, True)]
    assert runs[0][0].state_dict() == runs[1][0].state_dict()
    assert runs[0][1].loss == runs[1][1].loss


def titles(figure):
    return [axes.get_title() for axes in figure.axes]


def test_the_overview_has_a_panel_for_all_there_is():
    X, y = nn.data.moons(20, seed=0)
    model, history = fit(watch=False, record=True)
    layers = ["mean |gradient|", "update-to-data ratio"]
    assert titles(live.overview(history, model)) == ["loss", "accuracy", *layers]
    figure = live.overview(history, model, (X, y))
    assert titles(figure) == ["loss", "accuracy", "", *layers]
    assert figure._repr_png_().startswith(b"\x89PNG")
    history.accuracy.clear()
    assert titles(live.overview(history, model)) == ["loss", *layers]


def test_a_regression_in_the_plane_has_no_boundary(notebook, monkeypatch):
    seen = []
    monkeypatch.setattr(live, "png", lambda figure, compression: b"picture")
    monkeypatch.setattr(live, "overview", lambda *given: seen.append(given[2]))
    X, y = [[0.0, 1.0], [1.0, 0.0]], [0, 1]
    for loss in (nn.squared_error, LOGITS):
        model = nn.MLP(2, [1], generator=0)
        optimizer = nn.SGD(model.parameters(), 0.1)
        nn.fit(model, X, y, loss, optimizer, 1, progress=False, watch=True)
    assert [samples and samples[:2] for samples in seen] == [None, (X, y)]
    assert seen[1][2].scale == "logit"


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # what Jupyter's own packages warn of is not ours
def test_a_real_kernel_shows_the_pictures():
    nbclient, nbformat = map(pytest.importorskip, ("nbclient", "nbformat"))
    pytest.importorskip("ipykernel")
    code = (
        "import nn\n"
        "X, y = nn.data.xor(8, seed=0)\n"
        "model = nn.MLP(2, [1])\n"
        "loss = nn.binary_cross_entropy_with_logits\n"
        "nn.fit(model, X, y, loss, nn.SGD(model.parameters()), 2, watch=True, progress=False);"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    root = Path(__file__).parents[3]
    nbclient.NotebookClient(
        notebook, timeout=1200, resources={"metadata": {"path": root}}
    ).execute()
    shown = [output for output in notebook.cells[0].outputs if output.output_type != "stream"]
    assert [output.output_type for output in shown] == ["display_data"]
    assert base64.b64decode(shown[0].data["image/png"]).startswith(b"\x89PNG")


def test_outside_a_notebook_a_line_says_so_and_the_training_goes_on(capsys):
    _, history = fit()
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "watch=True shows pictures in a notebook; here is none\n"
    assert history.epochs == 2
    assert history.layers


def test_ipython_is_not_needed_and_not_loaded():
    code = (
        "import sys; sys.modules['IPython'] = None\n"
        "import nn\n"
        "X, y = nn.data.xor(8, seed=0)\n"
        "model = nn.MLP(2, [1])\n"
        "loss = nn.binary_cross_entropy_with_logits\n"
        "nn.fit(model, X, y, loss, nn.SGD(model.parameters()), 1, progress=False, watch=True)\n"
        "assert 'matplotlib' not in sys.modules\n"
    )
    command = [sys.executable, "-c", code]
    subprocess.run(command, cwd=Path(__file__).parents[3], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("shell", "expected"),
    [(None, False), (SimpleNamespace(), False), (SimpleNamespace(kernel=object()), True)],
)
def test_a_kernel_makes_the_notebook(monkeypatch, shell, expected):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert live.in_notebook() is expected
