"""Estimators in scikit-learn's own hands: its checks, pipelines, searches, weights, pickles."""

import pickle
import warnings

import pytest

import nn

np = pytest.importorskip("numpy")
sklearn = pytest.importorskip("sklearn", minversion="1.6")
base, datasets, exceptions, model_selection, neural_network, pipelines, preprocessing, checking = (
    pytest.importorskip(f"sklearn.{name}")
    for name in ("base", "datasets", "exceptions", "model_selection", "neural_network", "pipeline",
                 "preprocessing", "utils.estimator_checks")
)  # fmt: skip
ChainruleClassifier = nn.estimators.ChainruleClassifier
ChainruleRegressor = nn.estimators.ChainruleRegressor
load_iris, make_moons = datasets.load_iris, datasets.make_moons

SETTINGS = {"hidden_layer_sizes": (12,), "learning_rate_init": 0.02, "max_iter": 60}
QUICK = {**SETTINGS, "activation": "tanh", "tol": 0.0, "random_state": 0}


@pytest.fixture(autouse=True)
def no_convergence_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
        yield


def names(check):
    estimator, function = check
    return f"{type(estimator).__name__}-{getattr(function, 'func', function).__name__}"


def checks():
    for kind in (ChainruleClassifier, ChainruleRegressor):
        counted = {}
        for estimator, check in checking.estimator_checks_generator(kind(**SETTINGS)):
            name = names((estimator, check))
            counted[name] = counted.get(name, 0) + 1
            yield pytest.param(estimator, check, id=f"{name}-{counted[name]}")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_scikit_learn_finds_nothing_wrong(estimator, check):
    check(estimator)


def moons():
    X, y = make_moons(120, noise=0.1, random_state=0)
    return X, np.array(["low", "high"])[y]


def test_two_classes_with_names():
    X, y = moons()
    found = ChainruleClassifier(**{**QUICK, "max_iter": 300}, n_iter_no_change=300).fit(X, y)
    assert found.score(X, y) > 0.95
    assert found.classes_.tolist() == ["high", "low"]
    proba = found.predict_proba(X)
    assert proba.shape == (120, 2)
    assert np.allclose(proba.sum(axis=1), 1.0)
    assert np.allclose(np.log(proba), found.predict_log_proba(X))
    assert ((found.decision_function(X) > 0) == (found.predict(X) == "low")).all()
    assert len(found.loss_curve_) == found.n_iter_ == found.history_.epochs
    assert found.loss_curve_[-1] < 0.5 * found.loss_curve_[0]


def test_the_numbers_are_those_of_the_layers():
    X, y = load_iris(return_X_y=True)
    found = ChainruleClassifier((5, 4), "tanh", max_iter=5, random_state=1).fit(X, y)
    signal = X
    for i, (weights, biases) in enumerate(zip(found.coefs_, found.intercepts_, strict=True)):
        signal = signal @ weights + biases
        signal = np.tanh(signal) if i < 2 else signal
    powers = np.exp(signal)
    assert np.allclose(found.predict_proba(X), powers / powers.sum(axis=1, keepdims=True))
    assert (found.n_layers_, found.n_outputs_) == (4, 3)
    first = found.model_(X[0].tolist())
    assert np.allclose([logit.data for logit in first], found.decision_function(X)[0])


def test_pipelines_searches_clones_and_pickles():
    X, y = load_iris(return_X_y=True)
    pipeline = pipelines.make_pipeline(preprocessing.StandardScaler(), ChainruleClassifier(**QUICK))
    assert model_selection.cross_val_score(pipeline, X, y, cv=3).mean() > 0.9
    search = model_selection.GridSearchCV(
        pipeline, {"chainruleclassifier__activation": ["tanh", "relu"]}, cv=2
    ).fit(X, y)
    assert search.best_score_ > 0.85
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    assert np.array_equal(again.predict_proba(X), search.predict_proba(X))
    again[-1].partial_fit(again[0].transform(X), y)  # its optimiser came along
    fresh = base.clone(pipeline[-1])
    with pytest.raises(exceptions.NotFittedError):
        fresh.predict(X)
    assert "ChainruleClassifier" in pipeline._repr_html_()


def test_the_same_state_is_the_same_training():
    X, y = moons()
    one, two = (ChainruleClassifier(**QUICK).fit(X, y) for _ in range(2))
    other = ChainruleClassifier(**{**QUICK, "random_state": 1}).fit(X, y)
    assert np.array_equal(one.predict_proba(X), two.predict_proba(X))
    assert not np.array_equal(one.predict_proba(X), other.predict_proba(X))


def test_early_stopping_holds_out_by_class_and_keeps_the_best():
    X, y = load_iris(return_X_y=True)
    found = ChainruleClassifier(
        **{**QUICK, "max_iter": 200, "early_stopping": True, "validation_fraction": 0.2,
           "n_iter_no_change": 15}
    ).fit(X, y)  # fmt: skip
    assert len(found.validation_scores_) == found.n_iter_ < 200
    assert found.score(X, y) > 0.9


def test_weights_count_as_repetitions():
    X, y = load_iris(return_X_y=True)
    X, y = X[::4], y[::4]
    weights = np.arange(len(X)) % 3
    settings = {**QUICK, "shuffle": False, "max_iter": 10, "batch_size": 1000}
    weighted = ChainruleClassifier(**settings).fit(X, y, sample_weight=weights)
    repeated = ChainruleClassifier(**settings).fit(np.repeat(X, weights, 0), np.repeat(y, weights))
    assert np.allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-9)


def test_one_epoch_at_a_time():
    X, y = load_iris(return_X_y=True)
    found = ChainruleClassifier(**QUICK)
    with pytest.raises(ValueError, match="classes="):
        found.partial_fit(X, y)
    for _ in range(40):
        found.partial_fit(X, y, classes=[0, 1, 2])
    assert found.score(X, y) > 0.9
    assert found.n_iter_ == 40
    with pytest.raises(ValueError, match="not there before"):
        found.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="first call"):
        found.partial_fit(X, y, classes=[0, 1])


def test_names_of_features():
    pandas = pytest.importorskip("pandas")
    X, y = moons()
    table = pandas.DataFrame(X, columns=["height", "width"])
    found = ChainruleClassifier(**QUICK).fit(table, y)
    assert found.feature_names_in_.tolist() == ["height", "width"]
    with pytest.raises(ValueError, match="feature names"):
        found.predict(table.rename(columns={"width": "depth"}))


def test_regression_of_one_and_of_several_numbers():
    X = np.linspace(-1.0, 1.0, 60).reshape(-1, 1)
    y = np.column_stack([np.sin(3 * X[:, 0]), X[:, 0] ** 2])
    settings = {**QUICK, "hidden_layer_sizes": (16,), "max_iter": 300, "batch_size": 20}
    both = ChainruleRegressor(**settings, n_iter_no_change=300).fit(X, y)
    assert both.predict(X).shape == (60, 2)
    assert both.score(X, y) > 0.97
    one = ChainruleRegressor(**settings, n_iter_no_change=300).fit(X, y[:, 0])
    assert one.predict(X).shape == (60,)
    assert one.partial_fit(X, y[:, 0]).score(X, y[:, 0]) > 0.97
    with pytest.raises(ValueError, match="columns"):
        one.partial_fit(X, y)


def test_a_step_is_that_of_scikit_learn():
    """One epoch of full-batch SGD from the same weights: the same loss and the same weights."""
    X = np.random.default_rng(0).normal(size=(30, 3))
    y = X @ [1.0, -2.0, 0.5]
    common = {
        "hidden_layer_sizes": (4,), "activation": "tanh", "solver": "sgd", "momentum": 0.0,
        "alpha": 0.1, "batch_size": 30, "learning_rate_init": 0.1, "max_iter": 1, "shuffle": False,
        "random_state": 0,
    }  # fmt: skip
    theirs = neural_network.MLPRegressor(**common, nesterovs_momentum=False)
    ours = ChainruleRegressor(**common).fit(X, y)
    theirs.fit(X, y)
    for own, layer in zip(theirs.coefs_, ours.model_.layers, strict=True):
        for k, neuron in enumerate(layer.neurons):
            for w, number in zip(neuron.w, own[:, k], strict=True):
                w.data = float(number)
    for own, layer in zip(theirs.intercepts_, ours.model_.layers, strict=True):
        for neuron, number in zip(layer.neurons, own, strict=True):
            neuron.b.data = float(number)
    assert np.allclose(ours.predict(X), theirs.predict(X), rtol=1e-12)
    theirs.partial_fit(X, y)
    ours.partial_fit(X, y)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-12)
    for mine, own in zip(ours.coefs_, theirs.coefs_, strict=True):
        assert np.allclose(mine, own, rtol=1e-10)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"solver": "lbfgs"}, "solver is one of"),
        ({"activation": "softmix"}, "activation is one of"),
        ({"max_iter": 0}, "max_iter"),
        ({"batch_size": 0}, "batch_size"),
        ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes"),
        ({"alpha": -1.0}, "alpha"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
    ],
)
def test_settings_are_checked_where_it_is_fitted(setting, words):
    X, y = moons()
    with pytest.raises(ValueError, match=words):
        ChainruleClassifier(**setting).fit(X, y)


def test_one_class_alone_is_refused():
    with pytest.raises(ValueError, match="one class"):
        ChainruleClassifier(**QUICK).fit([[0.0], [1.0]], ["a", "a"])
