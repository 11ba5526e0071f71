"""The exercises of the lessons: their solutions pass, and a mistake is called by its name."""

import re
import runpy
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")

FOLDER = Path(__file__).parent.parent / "notebooks"
if not (FOLDER / "make.py").exists():
    pytest.skip("the notebooks are not here", allow_module_level=True)
make = runpy.run_path(str(FOLDER / "make.py"))
CHECK = re.compile(r"^print\((check_\w+)\((\w+)\)\)$", re.MULTILINE)  # ends an exercise
SOURCES = [
    source
    for source in make["sources"]()
    if CHECK.search(source.read_text("utf-8")) and source.stem > "06"  # see test_lesson_exercises
]

TRAIN = """
def train(model, X, y, rate, steps):
    history = []
    for _ in range(steps):
        loss = nn.squared_error([model(x) for x in X], y)
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= rate * p.grad
        history.append(loss.data)
    return history
"""
# By check: what is wrong, and words of what is said of it.
MISTAKES = {
    "check_train": [
        (TRAIN.replace("p.data -= rate * p.grad", "p = p - rate * p.grad"), "no weight has moved"),
        (TRAIN.replace("-=", "+="), "uphill"),
        (TRAIN.replace("        model.zero_grad()\n", ""), "zero_grad before backward"),
        (TRAIN.replace("loss.data", "loss"), "holds Values"),
        (TRAIN.replace("], y)", "], y, 'sum')"), "the mean over all four"),
        (TRAIN.replace("return history", "return history[1:]"), "200 losses"),
    ],
    "check_softmax": [
        ("def softmax(s):\n    return [math.exp(x) for x in s]", "divide by the sum"),
        ("def softmax(s):\n    return [x / sum(s) for x in s]", "not exponentials"),
        (
            "def softmax(s):\n    e = [math.exp(x) for x in s]\n    return [x / sum(e) for x in e]",
            "exp(1003)",
        ),
    ],
    "check_border": [("border = 0.3", "too careful"), ("border = 0.5", "too bold")],
    "check_patience": [
        ("def stop(losses, patience):\n    return losses.index(min(losses)) + 1, len(losses)", "✗"),
        ("def stop(losses, patience):\n    return 3, 3", "it is (3, 6)"),
    ],
    "check_swish": [
        ("def swish(x):\n    return x * x, 2.0 * x", "the value was right"),
        ("def swish(x):\n    return x", "two numbers"),
    ],
    "check_init": [
        ("def init(fan_in, fan_out, generator):\n    return 0.0", "all weights 0"),
        (
            "def init(fan_in, fan_out, generator):\n    return generator.gauss(0.0, 1.0)",
            "too large",
        ),
        (
            "def init(fan_in, fan_out, generator):\n    return generator.gauss(0.0, fan_in**-0.5)",
            "too small",
        ),
    ],
    "check_saliency": [
        ("saliency = pixel_gradients", "the gradient itself"),
        (
            (
                "def saliency(model, image, label):\n"
                "    return -np.reshape(image, (8, 8)) * pixel_gradients(model, image, label)"
            ),
            "sign",
        ),
        (
            (
                "def saliency(model, image, label):\n"
                "    return np.reshape(image, (8, 8)) * pixel_gradients(model, image, label)"
            ),
            "left gradients",
        ),
        (
            (
                "def saliency(model, image, label):\n"
                "    return np.reshape(image, (8, 8)) * pixel_gradients(model, image, label - 1)"
            ),
            "other numbers",
        ),
    ],
    "check_leaky": [
        ("def leaky(x):\n    return x", "leaky(-2.0) is -0.2"),
        ("def leaky(x):\n    return max(x, 0.1 * x)", "not to be traced"),
        (
            "def leaky(x):\n    return x if getattr(x, 'data', x) > 0.0 else 0.1 * x",
            "not to be traced",
        ),
    ],
    "check_confusions": [
        ("def most(table):\n    return 0, 0", "no confusion"),
        ("def most(table):\n    return 0, 1", "other way round"),
        ("def most(table):\n    return 2, 1", "the answer is (1, 0)"),
    ],
    "check_deciding": [
        ("def decide(s, least):\n    return s.index(max(s))", "only 58 %"),
        (
            (
                "def decide(s, least):\n"
                "    best = max(s)\n"
                "    return s.index(best) if best / sum(s) >= least and best > 1.0 else None"
            ),
            "softmax first",
        ),
    ],
    "check_times": [
        ("def times(a, b):\n    return math.exp(b - a)", "upside down"),
        ("def times(a, b):\n    return 2 ** (a - b)", "bits"),
        ("times = 2.0", "a function"),
    ],
    "check_norm": [
        ("def norm(x):\n    return [a - sum(x) / len(x) for a in x]", "mean square"),
        (
            (
                "def norm(x):\n"
                "    mean = sum(x) / len(x)\n"
                "    mean = getattr(mean, 'data', mean)\n"
                "    return rms_norm([a - mean for a in x])"
            ),
            ".data",
        ),
    ],
    "check_likeliest": [
        ("def draw(s, k, g):\n    return s.index(max(s))", "never came"),
        ("def draw(s, k, g):\n    return g.choice(range(len(s)))", "only {1} may come"),
        (
            "def draw(s, k, g):\n    return s.index(g.choice(sorted(s)[-k:]))",
            "not 95 %",
        ),
    ],
}


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # what Jupyter's own packages warn of is not ours
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_solutions_pass_and_mistakes_are_named(source, tmp_path):
    notebook = make["notebook_of"](source, "en")
    expected = {}
    for place, cell in enumerate(notebook.cells):
        found = CHECK.search(cell.source) if cell.cell_type == "code" else None
        if not found:
            continue
        check, name = found.groups()
        solution = re.search(r"```python\n(.*?)```", notebook.cells[place + 1].source, re.DOTALL)[1]
        codes = [(solution, name, "✓")]
        codes += [(code, named(code), words) for code, words in MISTAKES[check]]
        cell.source = "\n".join(f"{code}\nprint({check}({what}))" for code, what, _ in codes)
        expected[place] = [words for *_, words in codes]
    make["execute"](notebook, tmp_path)
    assert expected
    for place, words in expected.items():
        printed = "".join(output.text for output in notebook.cells[place].outputs)
        said = printed.strip().splitlines()
        assert len(said) == len(words)
        assert [s for s, wanted in zip(said, words, strict=True) if wanted not in s] == []
        assert all(s.startswith("✗") for s in said[1:])


def named(code):
    """What the code defines."""
    return re.match(r"\s*(?:def )?(\w+)", code)[1]
