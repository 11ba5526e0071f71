"""Loss and accuracy over the epochs: what the axes hold."""

import pytest
from rendering import rendered

import nn
from nn import plots

np = pytest.importorskip("numpy")


def test_curves_of_a_classification():
    history = nn.History(
        loss=[0.9, 0.5, 0.3],
        accuracy=[0.5, 0.75, 1.0],
        validation_loss=[1.0, 0.6, 0.7],
        validation_accuracy=[0.25, 0.5, 0.5],
    )
    figure = plots.training_curves(history)
    assert [axes.get_title() for axes in figure.axes] == ["loss", "accuracy"]
    expected = [
        [history.loss, history.validation_loss],
        [history.accuracy, history.validation_accuracy],
    ]
    for axes, (training, validation) in zip(figure.axes, expected, strict=True):
        lines = {line.get_label(): line for line in axes.get_lines()}
        assert list(lines) == ["training", "validation"]
        assert list(lines["training"].get_ydata()) == training
        assert list(lines["validation"].get_ydata()) == validation
        assert list(lines["training"].get_xdata()) == [1, 2, 3]
        assert list(lines["validation"].get_xdata()) == [1, 2, 3]
        assert [text.get_text() for text in axes.get_legend().get_texts()] == [
            "training",
            "validation",
        ]
        assert axes.get_xlabel() == "epoch"
        assert all(tick == int(tick) for tick in axes.get_xticks())
    assert rendered(figure)


def test_curves_of_a_regression_are_one_panel_without_legend():
    figure = plots.training_curves(nn.History(loss=[3.0, 1.0]))
    (axes,) = figure.axes
    assert axes.get_title() == "loss"
    assert len(axes.get_lines()) == 1
    assert axes.get_legend() is None
    assert rendered(figure)


def test_a_single_epoch_is_a_visible_point():
    figure = plots.training_curves(nn.History(loss=[3.0]))
    assert figure.axes[0].get_lines()[0].get_marker() == "o"
    assert rendered(figure)


def test_curves_of_an_interrupted_validation():
    history = nn.History(loss=[3.0, 1.0], validation_loss=[2.0])
    _, held_out = plots.training_curves(history).axes[0].get_lines()
    assert (list(held_out.get_xdata()), list(held_out.get_ydata())) == ([1], [2.0])


def test_curves_before_the_first_epoch_render():
    assert rendered(plots.training_curves(nn.History()))
