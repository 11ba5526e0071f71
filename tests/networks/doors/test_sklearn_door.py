"""Fitted networks of scikit-learn as models: they predict the same."""

import warnings

import pytest

import nn

np = pytest.importorskip("numpy")
pytest.importorskip("sklearn")
from sklearn.datasets import load_digits, make_multilabel_classification  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.neural_network import MLPClassifier, MLPRegressor  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3))


def fitted(estimator, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged
        return estimator.set_params(max_iter=20, random_state=0).fit(X, y)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_every_activation_and_every_kind_of_output(activation):
    two, three = (X[:, 0] > 0).astype(int), (X[:, 0] > 0) + (X[:, 1] > 0).astype(int)
    for y in (two, three):
        given = fitted(MLPClassifier((6, 5), activation=activation), X, y)
        model = nn.from_sklearn(given)
        wanted = given.predict_proba(X)
        wanted = wanted[:, 1] if len(given.classes_) == 2 else wanted
        np.testing.assert_allclose(model.predict(X), wanted, rtol=1e-12, atol=1e-15)
        assert [given.classes_[k] for k in model.predict_classes(X)] == list(given.predict(X))
    for y in (X[:, 0] * X[:, 1], X[:, :2]):
        given = fitted(MLPRegressor(hidden_layer_sizes=(6,), activation=activation), X, y)
        np.testing.assert_allclose(nn.from_sklearn(given).predict(X), given.predict(X), rtol=1e-11)


def test_numbers_are_kept_to_the_bit():
    given = fitted(MLPClassifier((7,)), *load_digits(return_X_y=True))
    model = nn.from_sklearn(given)
    for layer, weights, biases in zip(model.layers, given.coefs_, given.intercepts_, strict=True):
        W, b = layer.matrix()
        assert np.array_equal(W, weights.T)
        assert np.array_equal(b, biases)


def test_several_labels_at_once_are_several_sigmoids():
    given = fitted(MLPClassifier((6,)), *make_multilabel_classification(40, 5, random_state=0))
    rows = rng.normal(size=(4, 5))
    model = nn.from_sklearn(given)
    np.testing.assert_allclose(model.predict(rows), given.predict_proba(rows), rtol=1e-12)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (LogisticRegression(), "got LogisticRegression"),
        (MLPClassifier, "got MLPClassifier"),
        (MLPClassifier(), "has no weights yet: call fit"),
        (make_pipeline(StandardScaler(), MLPClassifier()), r"got Pipeline; take .*pipeline\[-1\]"),
    ],
    ids=["other", "class", "unfitted", "pipeline"],
)
def test_what_is_no_fitted_network_is_refused_by_name(given, said):
    with pytest.raises(nn.ConversionError, match=said):
        nn.from_sklearn(given)


def test_an_output_that_nn_has_not_is_refused_by_name():
    try:
        given = MLPRegressor(hidden_layer_sizes=(3,), loss="poisson")
    except TypeError:
        pytest.skip("this scikit-learn has no Poisson loss")
    with pytest.raises(nn.ConversionError, match="activation 'exp' is none of identity"):
        nn.from_sklearn(fitted(given, X, X[:, 0] ** 2))
