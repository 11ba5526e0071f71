"""What a playground starts with where it is given less than everything."""

from collections.abc import Callable
from typing import Any, NamedTuple

from nn import class_losses, data, losses
from nn.arguments.rows import RowsError, as_rows, opened
from nn.class_reading.output_origins import output_of
from nn.class_reading.target_kinds import targets_kind, without_brackets
from nn.layers import MLP
from nn.optim import Adam
from nn.optimizer import Optimizer
from nn.pictures.playgrounds.reading_models import check_model


class Parts(NamedTuple):
    """Everything that a playground needs."""

    model: MLP
    X: Any
    y: Any
    loss: Callable[..., Any]
    optimizer: Optimizer


def completed(
    model: MLP | None, X: Any, y: Any, loss: Callable[..., Any] | None, optimizer: Any
) -> Parts:
    """What is given, and for the rest what suits it."""
    if (X is None) != (y is None):
        missing, given = ("X", "y") if X is None else ("y", "X")
        raise RowsError(f"playground got {given} without {missing}: give both, or neither")
    if X is None:
        X, y = data.moons(200, 0.15, seed=0)
    else:
        X, y = as_rows(X, "X"), as_rows(y, "y")
    if model is None:
        model = _model_for(X, y, loss)
    check_model(model)
    if loss is None:
        loss = _loss_for(model, y)
    if optimizer is None:
        optimizer = Adam(model.parameters(), 0.03)
    return Parts(model, X, y, loss, optimizer)


def _model_for(X: list[Any], y: list[Any], loss: Callable[..., Any] | None) -> MLP:
    """Two hidden layers, and an output that the loss can read."""
    target, kind = opened(y[0]) if y else 0.0, targets_kind(without_brackets(y))
    outputs = len(target) if isinstance(target, list) else 1
    if kind == "classes" and loss is not losses.squared_error:
        outputs = int(max(without_brackets(y))) + 1
    output = "sigmoid" if loss is losses.binary_cross_entropy else "identity"
    row = opened(X[0]) if X else [0.0]
    inputs = len(row) if isinstance(row, list) else 1
    return MLP(inputs, [8, 8, outputs], "tanh", output, generator=0)


def _loss_for(model: MLP, y: list[Any]) -> Callable[..., Any]:
    made_by, outputs = output_of(model, ())
    kind = targets_kind(without_brackets(y))
    if outputs > 1 and kind in ("two", "ones", "classes", "one-hot"):
        known: dict[str, Callable[..., Any]] = {
            "softmax": class_losses.categorical_cross_entropy,
            "log_softmax": class_losses.negative_log_likelihood,
        }
        return known.get(made_by, class_losses.cross_entropy)
    if outputs == 1 and kind in ("two", "ones"):
        if made_by == "sigmoid":
            return losses.binary_cross_entropy
        if made_by == "identity":
            return losses.binary_cross_entropy_with_logits
    return losses.squared_error
