"""The animated boundary: its frames, its GIF, and a page that stays harmless and small."""

import base64
import io
import json
import re

import pytest

import nn
from autograd.errors import ShapeError

np = pytest.importorskip("numpy")
pytest.importorskip("matplotlib")
Image = pytest.importorskip("PIL.Image")

X, y = nn.data.moons(20, seed=0)
LOGITS = nn.binary_cross_entropy_with_logits


@pytest.fixture(scope="module")
def trained():
    """A model and the history of eight recorded epochs."""
    model = nn.MLP(2, [4, 1], "tanh", generator=0)
    optimizer = nn.Adam(model.parameters(), 0.1)
    return model, nn.fit(model, X, y, LOGITS, optimizer, 8, 8, record=True, progress=False)


@pytest.fixture(scope="module")
def film(trained):
    """Five frames of that training."""
    return nn.animate_boundary(trained[0], X, y, trained[1], frames=5, resolution=10)


def data_of(page):
    """The JSON in the page's script."""
    return json.loads(re.search(r"const data = (.*);", page)[1])


def test_frames_are_evenly_spaced_epochs_from_before_the_training(trained, film):
    _, history = trained
    expected = ["before the training"]
    expected += [f"epoch {epoch}, loss {history.loss[epoch - 1]:.3g}" for epoch in (2, 4, 6, 8)]
    assert list(film.captions) == expected
    sizes = {Image.open(io.BytesIO(frame)).size for frame in film.frames}
    assert sizes == {film.size}
    assert len(set(film.frames)) == 5


def test_all_states_are_drawn_where_there_are_few(trained):
    model, history = trained
    short = nn.History(loss=history.loss[:1], states=history.states[:2])
    film = nn.animate_boundary(model, X, y, short, resolution=5)
    assert len(film.frames) == 2


def test_the_model_stays_as_it_was(trained):
    model, history = trained
    before = [(p.data, p.grad) for p in model.parameters()]
    nn.animate_boundary(model, X, y, history, frames=2, resolution=3)
    with pytest.raises(ValueError, match="20 samples but 19 targets"):
        nn.animate_boundary(model, X, y[:-1], history, frames=2, resolution=3)
    cut = nn.History(loss=[1.0], states=[history.states[0], history.states[1][:-1]])
    with pytest.raises(ValueError, match="is shorter"):  # in the middle of the film
        nn.animate_boundary(model, X, y, cut, frames=2, resolution=3)
    assert [(p.data, p.grad) for p in model.parameters()] == before


def test_the_gif_plays_all_frames_for_ever_and_rests_on_the_last(film):
    gif = Image.open(io.BytesIO(film.gif))
    assert (gif.n_frames, gif.info["loop"], gif.size) == (5, 0, film.size)
    durations = []
    for frame in range(5):
        gif.seek(frame)
        durations.append(gif.info["duration"])
    assert durations == [150, 150, 150, 150, 1500]


def test_the_page_holds_everything_itself(film):
    page = film.html
    data = data_of(page)
    assert [base64.b64decode(frame) for frame in data["frames"]] == list(film.frames)
    assert data["captions"] == list(film.captions)
    assert 'max="4"' in page
    assert film.alt in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert "http" not in page.replace("http-equiv", "")


def test_captions_cannot_leave_the_page():
    hostile = "</script><img src=x onerror=alert(1)>\"'&"
    film = nn.Animation((b"", b""), (hostile, hostile), (10, 10))
    assert data_of(film.html)["captions"] == [hostile, hostile]
    assert "onerror=alert(1)>" not in film.html
    assert film.html.count("</script>") == 1


def test_it_is_saved_as_a_page_or_a_gif(film, tmp_path):
    assert film.save(tmp_path / "a.html").read_text(encoding="utf-8") == film.html
    assert film.save(str(tmp_path / "a.gif")).read_bytes() == film.gif
    with pytest.raises(ValueError, match=r"saved as \.html or \.gif, not '\.mp4'"):
        film.save(tmp_path / "a.mp4")


def test_a_notebook_shows_it_in_a_frame_of_its_own_or_as_a_gif(film):
    bundle = film._repr_mimebundle_()
    assert bundle["text/plain"] == f"<Animation of {film.alt}>"
    assert '<iframe sandbox="allow-scripts" srcdoc="' in bundle["text/html"]
    assert base64.b64encode(film.gif).decode() in bundle["text/html"]
    assert "<script>" not in bundle["text/html"]


@pytest.mark.parametrize(
    ("history", "frames", "error", "match"),
    [
        (nn.History(loss=[1.0]), 5, ShapeError, "record=True"),
        (None, 1, ValueError, "frames must be at least 2, got 1"),
    ],
)
def test_wrong_arguments_say_what_is_wrong(trained, history, frames, error, match):
    with pytest.raises(error, match=match):
        nn.animate_boundary(trained[0], X, y, history or trained[1], frames=frames)


@pytest.mark.parametrize(("frames", "captions"), [((), ()), ((b"",), ())])
def test_frames_and_captions_must_fit(frames, captions):
    with pytest.raises(ShapeError, match="one caption for each frame"):
        nn.Animation(frames, captions, (1, 1))
