"""Networks as scikit-learn has them: `ChainruleClassifier` and `ChainruleRegressor`.

Settings and attributes are called as those of its ``MLPClassifier``. The loss of one sample is
written with plain Values, traced once, and replayed by a Program. Needs scikit-learn.
"""

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar, Self

try:
    import numpy as np
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import LabelBinarizer
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets, type_of_target
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "nn.estimators needs scikit-learn 1.6 or later: pip install 'chainrule[demo]'",
        name=error.name,
    ) from None

import autograd
from autograd.errors import ShapeError
from nn.history import History
from nn.layers import ACTIVATIONS, MLP
from nn.optim import SGD, Adam, AdamW, RMSProp
from nn.optimizer import Optimizer

SOLVERS: dict[str, type[Optimizer]] = {
    "adam": Adam, "adamw": AdamW, "rmsprop": RMSProp, "sgd": SGD,
}  # fmt: skip
MOST_SEED = 2**31 - 1
BATCH = 200  # samples of a step where batch_size="auto", as scikit-learn has it


class _Network(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both have in common: settings, the loop, and what is kept of a training."""

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] | int = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate_init: float = 0.001,
        momentum: float = 0.9,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        warm_start: bool = False,
        verbose: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.momentum = momentum
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.verbose = verbose

    # --- what the two differ in ---------------------------------------------------------------

    def _targets(self, y: Any, *, first: bool) -> Any:
        """`y` as rows of numbers, one for each output."""
        raise NotImplementedError

    @staticmethod
    def _loss(outputs: Any, target: Any) -> Any:
        raise NotImplementedError

    # --- training -----------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on samples `X` and targets `y`, each counted as often as its weight says."""
        self._check_settings()
        fresh = not (self.warm_start and hasattr(self, "model_"))
        X, y = self._checked(X, y, reset=fresh)
        targets = self._targets(y, first=fresh)
        weights = _weights(sample_weight, X)
        random = check_random_state(self.random_state)
        held_out = None
        if self.early_stopping:
            X, held_out, targets, held_targets, weights, _, y, _ = self._held_out(
                X, targets, weights, y, random
            )
        if fresh:
            self._start(X, targets, random)
        best, best_state, waited = np.inf, None, 0
        for epoch in range(self.max_iter):
            loss = self._epoch(X, targets, weights, random)
            if self.early_stopping:
                score = self._score_of(held_out, held_targets)
                self.validation_scores_.append(score)
                measured = -score
            else:
                measured = loss
            if self.verbose:
                print(f"epoch {epoch + 1}: loss {loss:.6g}")
            if measured < best - self.tol:
                waited = 0
            else:
                waited += 1
            if measured < best:
                best = measured
                if self.early_stopping:
                    best_state = [p.data for p in self._parameters]
            if waited >= self.n_iter_no_change:
                break
        else:
            warnings.warn(
                f"{self.max_iter} epochs are over, and the loss was still falling: raise max_iter",
                ConvergenceWarning,
                stacklevel=2,
            )
        if best_state is not None:
            for parameter, number in zip(self._parameters, best_state, strict=True):
                parameter.data = number
        self._wrap_up()
        return self

    def _one_epoch(self, X: Any, y: Any, sample_weight: Any) -> Self:
        self._check_settings()
        first = not hasattr(self, "model_")
        X, y = self._checked(X, y, reset=first)
        targets = self._targets(y, first=first)
        random = check_random_state(self.random_state)
        if first:
            self._start(X, targets, random)
        self._epoch(X, targets, _weights(sample_weight, X), random)
        self._wrap_up()
        return self

    def _start(self, X: Any, targets: Any, random: Any) -> None:
        """A new network, its optimiser, and nothing written down yet."""
        hidden = np.atleast_1d(self.hidden_layer_sizes).tolist() if _sizes(self) else []
        outputs = targets.shape[1]
        self.model_ = MLP(
            X.shape[1], [*map(int, hidden), outputs], self.activation,
            init="kaiming" if self.activation == "relu" else "xavier",
            generator=int(random.randint(MOST_SEED)),
        )  # fmt: skip
        named = {"momentum": self.momentum} if self.solver == "sgd" else {}
        solver: Any = SOLVERS[self.solver]
        self._optimizer = solver(self.model_.parameters(), self.learning_rate_init, **named)
        self.loss_curve_: list[float] = []
        self.validation_scores_: list[float] = []
        self.n_iter_, self.t_ = 0, 0
        self.__dict__.pop("_program", None)
        self._forward = autograd.compile(self.model_, exact=False)

    @property
    def _parameters(self) -> list[Any]:
        return list(self._optimizer.parameters)

    def _traced(self) -> Any:
        """The loss of one sample, to which a share of the penalty on the weights is added."""
        if "_program" not in self.__dict__:
            model, loss_of = self.model_, type(self)._loss  # nothing that changes while it trains
            weights = [w for layer in model.layers for neuron in layer.neurons for w in neuron.w]

            def loss(x: Any, target: Any, weight: Any, penalty: Any) -> Any:
                out = model(x)
                found = weight * loss_of(out if isinstance(out, list) else [out], target)
                return found + penalty * autograd.dot(weights, weights)

            self._program = autograd.compile(loss, exact=False)
        return self._program

    def _epoch(self, X: Any, targets: Any, weights: Any, random: Any) -> float:
        """One pass over all samples; the mean loss."""
        count = len(X)
        size = min(BATCH, count) if self.batch_size == "auto" else min(int(self.batch_size), count)
        order = random.permutation(count) if self.shuffle else np.arange(count)
        X, targets, weights = X[order], targets[order], weights[order]
        optimizer, program, total = self._optimizer, self._traced(), 0.0
        for start in range(0, count, size):
            part = slice(start, min(start + size, count))
            own = weights[part]
            counted = own.sum()
            if counted <= 0.0:
                continue  # nobody of them counts
            optimizer.zero_grad()
            mean = program.batch_backward(
                X[part], targets[part], own * (len(own) / counted),
                np.full(len(own), 0.5 * self.alpha / counted),
            )  # fmt: skip
            optimizer.step()
            total += mean * len(own)
            self.t_ += len(own)
        self.n_iter_ += 1
        self.loss_curve_.append(total / count)
        return total / count

    def _wrap_up(self) -> None:
        self.loss_, self.best_loss_ = self.loss_curve_[-1], min(self.loss_curve_)
        self.n_layers_ = len(self.model_.layers) + 1
        self.n_outputs_ = len(self.model_.layers[-1].neurons)
        self.history_ = History(loss=list(self.loss_curve_), compiled=True)

    def _held_out(self, X: Any, targets: Any, weights: Any, y: Any, random: Any) -> Any:
        return train_test_split(
            X, targets, weights, y, test_size=self.validation_fraction, random_state=random,
            stratify=self._strata(y),
        )  # fmt: skip

    def _strata(self, y: Any) -> Any:
        return None

    def _score_of(self, X: Any, targets: Any) -> float:
        raise NotImplementedError

    # --- predictions --------------------------------------------------------------------------

    def _outputs(self, X: Any) -> Any:
        """What the network gives for each row, as an array with a column for each output."""
        check_is_fitted(self)
        return self._raw_outputs(validate_data(self, X, dtype=np.float64, reset=False))

    def _raw_outputs(self, X: Any) -> Any:
        return np.asarray(self._forward.batch(X)).reshape(len(X), -1)

    @property
    def coefs_(self) -> list[Any]:
        """The weights of each layer, a row for each input."""
        check_is_fitted(self)
        return [
            np.array([[w.data for w in neuron.w] for neuron in layer.neurons]).T
            for layer in self.model_.layers
        ]

    @property
    def intercepts_(self) -> list[Any]:
        """The biases of each layer."""
        check_is_fitted(self)
        return [np.array([n.b.data for n in layer.neurons]) for layer in self.model_.layers]

    # --- what is checked ----------------------------------------------------------------------

    def _checked(self, X: Any, y: Any, *, reset: bool) -> Any:
        return validate_data(
            self, X, y, dtype=np.float64, multi_output=True, y_numeric=self._numeric, reset=reset
        )

    _numeric: ClassVar[bool] = False

    def _check_settings(self) -> None:
        if self.solver not in SOLVERS:
            raise ValueError(f"solver is one of {', '.join(SOLVERS)}, got {self.solver!r}")
        if self.activation not in ACTIVATIONS:
            raise ValueError(
                f"activation is one of {', '.join(ACTIVATIONS)}, got {self.activation!r}"
            )
        for name, least in (("max_iter", 1), ("n_iter_no_change", 1)):
            given = getattr(self, name)
            if isinstance(given, bool) or not isinstance(given, int | np.integer) or given < least:
                raise ValueError(f"{name} is a whole number from {least} up, got {given!r}")
        if self.batch_size != "auto" and not (
            isinstance(self.batch_size, int | np.integer) and self.batch_size > 0
        ):
            raise ValueError(f'batch_size is "auto" or from 1 up, got {self.batch_size!r}')
        if any(size < 1 for size in _sizes(self)):
            raise ValueError(f"hidden_layer_sizes are from 1 up, got {self.hidden_layer_sizes!r}")
        for name in ("alpha", "tol"):
            if not getattr(self, name) >= 0.0:
                raise ValueError(f"{name} is from 0 up, got {getattr(self, name)!r}")
        if not 0.0 < self.validation_fraction < 1.0:
            raise ValueError(
                f"validation_fraction lies between 0 and 1, got {self.validation_fraction!r}"
            )

    def __getstate__(self) -> dict[str, Any]:
        """Without the Programs, which are traced again."""
        state = dict(super().__getstate__())
        for name in ("_program", "_forward"):
            state.pop(name, None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if hasattr(self, "model_"):
            self._forward = autograd.compile(self.model_, exact=False)


class ChainruleClassifier(ClassifierMixin, _Network):  # type: ignore[misc]
    """A network that tells classes apart, with the settings of scikit-learn's ``MLPClassifier``.

    Two classes have one output, a logit; more have one each, under a softmax.

    Args:
        hidden_layer_sizes: neurons of each hidden layer.
        activation: one of `nn.layers.ACTIVATIONS`.
        solver: ``"adam"``, ``"adamw"``, ``"rmsprop"`` or ``"sgd"``, which takes `momentum`.
        alpha: the size of the penalty on squared weights.
        batch_size: samples of a step; "auto" takes 200, or all if there are fewer.
        learning_rate_init: the learning rate.
        momentum: that of ``solver="sgd"``.
        max_iter: epochs at most; ConvergenceWarning where that was too few.
        shuffle: whether samples are drawn in a new order in each epoch.
        random_state: where weights, order and hold-out come from.
        tol: what the loss has to fall, or the score of the hold-out to rise, in
            `n_iter_no_change` epochs.
        early_stopping: whether to hold out `validation_fraction` of the samples, stratified by
            class, and to keep the weights that were best on them.
        validation_fraction: the share held out.
        n_iter_no_change: epochs without progress before it ends.
        warm_start: whether `fit` goes on from where the last one ended.
        verbose: whether each epoch prints its loss.

    >>> from nn.estimators import ChainruleClassifier
    >>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ["even", "odd", "odd", "even"]
    >>> found = ChainruleClassifier((8,), "tanh", learning_rate_init=0.05, random_state=0).fit(X, y)
    >>> found.predict(X).tolist()
    ['even', 'odd', 'odd', 'even']

    """

    def _targets(self, y: Any, *, first: bool) -> Any:
        if first:
            check_classification_targets(y)
            if type_of_target(y).startswith("multilabel") or np.ndim(y) > 1:
                y = _column(y)
            self._binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._binarizer.classes_
            if len(self.classes_) < 2:
                raise ValueError(
                    "ChainruleClassifier can't tell classes apart: the data has one class, "
                    f"{self.classes_.tolist()}"
                )
        else:
            y = _column(y) if np.ndim(y) > 1 else y
            unknown = np.setdiff1d(y, self.classes_)
            if len(unknown):
                raise ValueError(
                    f"y has classes that were not there before: {unknown.tolist()}; known are "
                    f"{self.classes_.tolist()}"
                )
        return self._binarizer.transform(y).astype(np.float64)

    @staticmethod
    def _loss(outputs: Any, target: Any) -> Any:
        if len(outputs) == 1:
            return autograd.softplus(outputs[0]) - target[0] * outputs[0]
        return -autograd.dot(target, autograd.log_softmax(outputs))

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """One more epoch over these samples; the first call has to know all `classes`."""
        if not hasattr(self, "model_"):
            if classes is None:
                raise ValueError("the first call of partial_fit takes classes=, all there will be")
            self._targets(np.asarray(classes), first=True)
            X, y = self._checked(X, y, reset=True)
            self._check_settings()
            targets = self._targets(y, first=False)
            random = check_random_state(self.random_state)
            self._start(X, targets, random)
            self._epoch(X, targets, _weights(sample_weight, X), random)
            self._wrap_up()
            return self
        if classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(
                f"classes={list(classes)} are not those of the first call, {self.classes_.tolist()}"
            )
        return self._one_epoch(X, y, sample_weight)

    def decision_function(self, X: Any) -> Any:
        """The logits: one for each sample of two classes, else one for each class."""
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def predict_proba(self, X: Any) -> Any:
        """The probability of each class, by row."""
        return _probabilities(self._outputs(X))

    def predict_log_proba(self, X: Any) -> Any:
        """The logarithms of `predict_proba`."""
        outputs = self._outputs(X)
        if outputs.shape[1] == 1:
            outputs = np.concatenate([np.zeros_like(outputs), outputs], axis=1)
        return outputs - np.logaddexp.reduce(outputs, axis=1, keepdims=True)

    def predict(self, X: Any) -> Any:
        """The most probable class of each row."""
        check_is_fitted(self)
        return self.classes_[_most_probable(self._outputs(X))]

    def _strata(self, y: Any) -> Any:
        return y

    def _score_of(self, X: Any, targets: Any) -> float:
        found = _most_probable(self._raw_outputs(X))
        meant = targets[:, 0] > 0.5 if targets.shape[1] == 1 else targets.argmax(axis=1)
        return float(np.mean(found == meant))


class ChainruleRegressor(RegressorMixin, _Network):  # type: ignore[misc]
    """A network that predicts numbers, with the settings of scikit-learn's ``MLPRegressor``.

    The loss is half the squared error, the mean over outputs; see `ChainruleClassifier` for the
    settings. Several targets are several outputs.

    >>> from nn.estimators import ChainruleRegressor
    >>> X = [[i / 10] for i in range(-10, 11)]
    >>> found = ChainruleRegressor((16,), "tanh", learning_rate_init=0.02, max_iter=300,
    ...     n_iter_no_change=300, tol=0.0, random_state=0)
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     found = found.fit(X, [x * x for [x] in X])
    >>> found.score(X, [x * x for [x] in X]) > 0.98
    True
    """

    _numeric: ClassVar[bool] = True

    def _targets(self, y: Any, *, first: bool) -> Any:
        targets = np.asarray(y, dtype=np.float64)
        self_columns = targets.shape[1] if targets.ndim > 1 else 0
        if first:
            self._columns = self_columns
        elif self_columns != self._columns:
            raise ShapeError(f"y has {self_columns} columns, before it had {self._columns}")
        return targets.reshape(len(targets), -1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """One more epoch over these samples."""
        return self._one_epoch(X, y, sample_weight)

    @staticmethod
    def _loss(outputs: Any, target: Any) -> Any:
        gaps = [out - wanted for out, wanted in zip(outputs, target, strict=True)]
        return autograd.dot(gaps, gaps) * (0.5 / len(gaps))

    def predict(self, X: Any) -> Any:
        """The number, or the row of numbers, predicted for each row."""
        outputs = self._outputs(X)
        return outputs if self._columns else outputs[:, 0]

    def _score_of(self, X: Any, targets: Any) -> float:
        gaps = self._raw_outputs(X) - targets
        return -float(np.mean(gaps * gaps))


def _sizes(estimator: _Network) -> list[int]:
    return [int(size) for size in np.ravel(estimator.hidden_layer_sizes)]


def _weights(sample_weight: Any, X: Any) -> Any:
    return _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)


def _column(y: Any) -> Any:
    """A column as what it is, with a warning, as scikit-learn has it."""
    from sklearn.utils import column_or_1d

    return column_or_1d(y, warn=True)


def _probabilities(outputs: Any) -> Any:
    if outputs.shape[1] == 1:
        outputs = np.concatenate([np.zeros_like(outputs), outputs], axis=1)
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _most_probable(outputs: Any) -> Any:
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > 0.0).astype(int)
    return outputs.argmax(axis=1)
