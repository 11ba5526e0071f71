"""scikit-learn: a fitted MLPClassifier or MLPRegressor as a model."""

from typing import Any

from nn.doors.steps import ConversionError, Step, model_of, package
from nn.layers import MLP

_ACTIVATIONS = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}


def from_sklearn(fitted: Any) -> MLP:
    """The MLP that a fitted ``MLPClassifier`` or ``MLPRegressor`` of scikit-learn is.

    Every number is kept to the bit. Of a classifier it gives what ``predict_proba`` does: with
    two classes one output, the probability of the second, else one for each; a class that
    `predict_classes` gives is a position in ``fitted.classes_``. ConversionError, by name,
    for any other estimator and for one that was not fitted.

    >>> import nn
    >>> from sklearn.neural_network import MLPClassifier
    >>> X, y = nn.data.moons(40, seed=0)
    >>> nn.from_sklearn(MLPClassifier([8], solver="lbfgs", random_state=0).fit(X, y))
    MLP(2 -> 8 relu -> 1 sigmoid, 33 parameters)
    """
    network = package("sklearn.neural_network", "from_sklearn", "scikit-learn")
    if not isinstance(fitted, network.MLPClassifier | network.MLPRegressor):
        kind = fitted.__name__ if isinstance(fitted, type) else type(fitted).__name__
        hint = ""
        if hasattr(fitted, "named_steps") or hasattr(fitted, "best_estimator_"):
            hint = (
                "; take the network out of it (pipeline[-1], search.best_estimator_), and do "
                "to the inputs what stands before it"
            )
        raise ConversionError(
            f"from_sklearn takes a fitted MLPClassifier or MLPRegressor, got {kind}{hint}"
        )
    if not hasattr(fitted, "coefs_"):
        raise ConversionError(
            f"from_sklearn: this {type(fitted).__name__} has no weights yet: call fit(X, y) first"
        )
    last = len(fitted.coefs_) - 1
    steps = []
    for position, (weights, biases) in enumerate(
        zip(fitted.coefs_, fitted.intercepts_, strict=True)
    ):
        name = fitted.out_activation_ if position == last else fitted.activation
        matrix, vector = weights.T.astype(float).tolist(), biases.astype(float).tolist()
        if name == "softmax":
            steps.append(Step(matrix, vector, together=name))
        elif name in _ACTIVATIONS:
            steps.append(Step(matrix, vector, _ACTIVATIONS[name]))
        else:
            raise ConversionError(
                f"from_sklearn: the activation {name!r} is none of {', '.join(_ACTIVATIONS)}"
            )
    return model_of(steps)
