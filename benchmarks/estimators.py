"""Our estimators against scikit-learn's own: ``python benchmarks/estimators.py``.

The same networks, solver, batches and number of epochs; one thread each. They take turns;
figures are medians and ratios of them, accuracies those of the last run.
"""

import statistics
import time
import warnings
from typing import Any

from sklearn.datasets import load_digits, make_moons
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from nn.estimators import ChainruleClassifier

ROUNDS = 5
WORKS: dict[str, tuple[Any, dict[str, Any], float]] = {
    "digits, 64-32-10, 40 epochs": (
        load_digits(return_X_y=True),
        {"hidden_layer_sizes": (32,), "batch_size": 32, "max_iter": 40},
        2.0,
    ),
    "two moons, 2-16-16-1, 200 epochs": (
        make_moons(400, noise=0.15, random_state=0),
        {"hidden_layer_sizes": (16, 16), "batch_size": 100, "max_iter": 200},
        1.0,
    ),
}


def main() -> None:
    """Print a line for each work."""
    warnings.simplefilter("ignore")
    threadpool_limits(1)
    for work, ((samples, classes), settings, bound) in WORKS.items():
        scale = abs(samples).max() if samples.shape[1] > 2 else 1.0
        X, X_test, y, y_test = train_test_split(
            samples / scale, classes, test_size=0.25, random_state=0, stratify=classes
        )
        common = {
            **settings, "activation": "relu", "solver": "adam", "learning_rate_init": 0.005,
            "n_iter_no_change": 1000, "tol": 0.0, "random_state": 0,
        }  # fmt: skip
        seconds: dict[str, list[float]] = {"chainrule": [], "scikit-learn": []}
        scores = {}
        for _ in range(ROUNDS):
            for name, kind in (("chainrule", ChainruleClassifier), ("scikit-learn", MLPClassifier)):
                estimator = kind(**common)
                started = time.perf_counter()
                estimator.fit(X, y)
                seconds[name].append(time.perf_counter() - started)
                scores[name] = estimator.score(X_test, y_test)
        ours, theirs = (statistics.median(seconds[name]) for name in seconds)
        verdict = "met" if ours <= bound * theirs else "NOT MET"
        print(
            f"{work}: chainrule {ours:.3f} s ({scores['chainrule']:.1%}), scikit-learn "
            f"{theirs:.3f} s ({scores['scikit-learn']:.1%}), ratio {ours / theirs:.2f}, "
            f"bound {bound:g}: {verdict}"
        )


if __name__ == "__main__":
    main()
