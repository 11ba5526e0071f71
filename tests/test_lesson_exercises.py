"""The exercises of the course: their solutions pass, and their checks name common mistakes."""

import re
import runpy
from pathlib import Path

import pytest

pytest.importorskip("nbclient")
matplotlib = pytest.importorskip("matplotlib")

FOLDER = Path(__file__).parent.parent / "notebooks"
if not (FOLDER / "make.py").exists():
    pytest.skip("the notebooks are not here", allow_module_level=True)
make = runpy.run_path(str(FOLDER / "make.py"))
CHECK = re.compile(r"^print\((check_\w+\(.*\))\)$", re.MULTILINE)
SOLUTION = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.slow

# By lesson: what of a solution is replaced, by what, and what the check says to it.
MISTAKES = {
    "01": [
        ("f(x - h)) / (2.0 * h)", "f(x)) / h", "one-sided"),
        ("/ (2.0 * h)", "/ h", "twice too large"),
        ("/ (2.0 * h)", "/ 2.0 * h", "brackets"),
        ("f(x + h) - f(x - h)", "f(x - h) - f(x + h)", "wrong sign"),
        ("(f(x + h) - f(x - h)) / (2.0 * h)", "2.0 * x", "wrong for sin"),
        ("nudged = point.copy()", "nudged = point", "the caller's point"),
        (
            "for index in range(len(point)):\n        nudged = point.copy()",
            "nudged = point.copy()\n    for index in range(len(point)):",
            "still nudged",
        ),
        ("(f(nudged) - before) / h", "f(nudged) - before", "divide by h"),
        ("f(nudged) - before", "f(nudged) - f(point)", "✓ right; with 7 calls"),
        ("0.00001 * (abs(nudged) + abs(claimed))", "0.0000001", "is innocent"),
        ("0.00001 *", "0.01 *", "got away"),
    ],
    "02": [
        (
            "w - learning_rate * slope for w, slope",
            "w + learning_rate * slope for w, slope",
            "uphill",
        ),
        ("    return weights\n", "        return weights\n", "one step only"),
        (
            (
                "slopes = slopes_by_nudging(cost, weights)\n"
                "        weights = [w - learning_rate * slope for w, slope in zip(weights, slopes)]"
            ),
            (
                "for i in range(len(weights)):\n"
                "            weights = weights.copy()\n"
                "            weights[i] -= learning_rate * slopes_by_nudging(cost, weights)[i]"
            ),
            "slopes first",
        ),
        ("weights = [w", "weights[:] = [w", "work on a copy"),
        ("weights = [w", "moved = [w", "no weight has moved"),
        (
            "(count_weights(inputs, sizes) + 1)",
            "2 * count_weights(inputs, sizes)",
            "once is enough",
        ),
        ("(count_weights(inputs, sizes) + 1)", "count_weights(inputs, sizes)", "compare them with"),
        ("+ 1) * samples", "+ 1)", "there are four"),
        ("(count_weights(inputs, sizes) + 1)", "14", "not for 2-16-16-1"),
        ("slope * d for", "slope for", "its own entry"),
        ("w - learning_rate * slope * d", "w + learning_rate * slope * d", "uphill"),
        ("    return [w", "    slopes_by_nudging(cost, weights)\n    return [w", "need two"),
    ],
    "03": [
        ("d_b = 11.0", "d_b = 6.0", "b also goes through the max gate"),
        ("d_b = 11.0", "d_b = 30.0", "added, not multiplied"),
        ("d_c = 3.0", "d_c = 5.0", "the other factor"),
        ("d_d = 0.0", "d_d = 5.0", "is it d?"),
        ("d_a = 9.0", "d_a = 8.5", "nudge it and see"),
        ("d_x += y * d_above", "d_x = y * d_above", "only the way above the line"),
        ("d_y += x * d_above", "d_y = x * d_above", "only the way above the line"),
        ("d_x = 2.0 * x * d_square", "d_x = x * d_square", "so 2 x"),
        ("-1.0 / (below * below)", "1.0 / (below * below)", "has a minus"),
        ("(1.0 - sigmoid_y) * sigmoid_y * d_sigmoid_y", "d_sigmoid_y", "slope of its own"),
        ("above = x * y", "above = x + y", "forward pass is off"),
        ("d_x = 2.0 * x * d_square", "d_x = 4.0 * d_square", "numbers where x and y"),
        ("return G @ X.T, W.T @ G", "return X @ G.T, W.T @ G", "transpose?"),
        ("G = 2.0 * (W @ X - T)", "G = W @ X - T", "is half"),
        ("G = 2.0 * (W @ X - T)", "G = 2.0 * (T - W @ X)", "wrong sign"),
        ("G = 2.0 * (W @ X - T)", "G = 2.0 * (W @ X)", "what comes from upstream"),
    ],
}
SOURCES = [source for source in make["sources"]() if source.stem[:2] in MISTAKES]


@pytest.fixture(scope="module", params=SOURCES, ids=lambda path: path.stem)
def lesson(request):
    """The number of a lesson, its names after it has run, and its checks with their solutions."""
    matplotlib.use("Agg")
    names, exercises = {}, []
    for kind, text in make["cells_of"](request.param):
        if kind == "code":
            exec(text, names)  # noqa: S102 - our own lessons
            exercises += [[check, ""] for check in CHECK.findall(text)]
        elif kind == "en" and exercises and not exercises[-1][1]:
            exercises[-1][1] = SOLUTION.search(text)[1]
    matplotlib.pyplot.close("all")
    return request.param.stem[:2], names, exercises


def answer(check, code, names):
    """What `check` says of `code`, with the names of the lesson."""
    scope = dict(names)
    exec(code, scope)  # noqa: S102 - ours
    return eval(check, scope)  # noqa: S307 - ours


def test_what_is_not_done_is_told_so(lesson):
    _, names, exercises = lesson
    assert len(exercises) >= 3
    for check, _ in exercises:
        assert answer(check, "", names).startswith("✗"), check


def test_solutions_pass(lesson):
    _, names, exercises = lesson
    for check, solution in exercises:
        assert answer(check, solution, names).startswith("✓"), check


def test_mistakes_are_named(lesson):
    number, names, exercises = lesson
    for right, wrong, says in MISTAKES[number]:
        ((check, solution),) = [exercise for exercise in exercises if right in exercise[1]]
        said = answer(check, solution.replace(right, wrong), names)
        assert says in said, (wrong, said)
