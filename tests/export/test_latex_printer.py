"""LaTeX that a TeX parser accepts (matplotlib's), whatever the labels hold."""

import ast
import inspect
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd import ops
from autograd.calculus.readable import partial_at, partial_in_cases
from autograd.export.latex_printer import LatexPrinter, derivative, escaped

NUMBERS = [1.5, 0.5, 2.5]


@pytest.fixture(scope="module")
def parse():
    """Parses LaTeX math, or fails."""
    mathtext = pytest.importorskip("matplotlib.mathtext")
    parser = mathtext.MathTextParser("path")
    return lambda text: parser.parse(f"${text}$")


def written(text, **options):
    return LatexPrinter(**options)(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("x + y", "x + y"),
        ("x * y", r"x \, y"),
        ("2.0 * x", "2 x"),
        ("2 * 3", r"2 \cdot 3"),
        ("2 * 3 ** x", r"2 \cdot 3^{x}"),
        ("x * (1 - x)", r"x \, \left(1 - x\right)"),
        ("-x / y", r"-\frac{x}{y}"),
        ("(x + 1) / (x - 1)", r"\frac{x + 1}{x - 1}"),
        ("(x / y) ** 2", r"\left(\frac{x}{y}\right)^{2}"),
        ("x ** (y - 1)", "x^{y - 1}"),
        ("exp(-x)", "e^{-x}"),
        ("sqrt(x)", r"\sqrt{x}"),
        ("cbrt(x)", r"\sqrt[3]{x}"),
        ("abs(x)", r"\left|x\right|"),
        ("tanh(x) ** 2", r"\tanh^{2}\left(x\right)"),
        ("sigmoid(x)", r"\sigma\left(x\right)"),
        ("relu(x)", r"\operatorname{relu}\left(x\right)"),
        ("leaky_relu(x, y)", r"\operatorname{leaky\_relu}\left(x, y\right)"),
        ("log(x) / LN2", r"\frac{\ln\left(x\right)}{\ln\left(2\right)}"),
        ("1e-05", r"1 \cdot 10^{-5}"),
        ("math.inf", r"\infty"),
        ("prod(a, b, c, d, f, g, h)", r"a \, b \, c \cdots h"),
        (
            "1 if x > 0 else 0",
            r"\begin{cases} 1 & x > 0 \\ 0 & \mathrm{otherwise} \end{cases}",
        ),
    ],
)
def test_written(expression, wanted):
    assert written(expression) == wanted


@pytest.mark.parametrize(
    ("label", "wanted"),
    [
        ("w1", "w_{1}"),
        ("w_1", "w_{1}"),
        ("w11", "w_{11}"),
        ("w[0][1]", "w_{0,1}"),
        ("alpha", r"\alpha"),
        ("sigma2", r"\sigma_{2}"),
        ("loss", r"\mathit{loss}"),
        ("my_loss", r"\mathrm{my\_loss}"),
        ("50% of $x", r"\mathrm{50\%\ of\ \$x}"),
        ("\\input{x}", r"\mathrm{\backslash{}input\{x\}}"),
        ("<script>", r"\mathrm{{<}script{>}}"),
        ("a\nb\x00", r"\mathrm{a?b?}"),
    ],
)
def test_labels(label, wanted):
    assert written("v", labels=lambda name: label) == wanted


def test_spelled_labels_are_upright():
    assert written("v", labels=lambda name: "alpha_1", spelled=True) == r"\mathrm{alpha\_1}"


def balanced(text):
    depth = 0
    for before, character in zip(" " + text, text, strict=False):
        if before != "\\":
            depth += (character == "{") - (character == "}")
            assert depth >= 0
    return depth == 0


@example("\\", "}")
@example("$$", "\\end{aligned}")
@example("%", "\\\\")
@given(st.text(min_size=1, max_size=12), st.text(max_size=4))
def test_no_label_breaks_out(label, more):
    text = escaped(label + more)
    plain = text.replace(r"\backslash{}", "").replace(r"\ ", "")
    assert balanced(plain)
    for special in "$%#&_":
        assert plain.count(special) == plain.count("\\" + special)
    assert "<" not in text.replace("{<}", "")
    assert all(unicodedata.category(c) not in ("Cc", "Cs") for c in text)


# Without "&", which matplotlib alone cannot escape.
@pytest.mark.parametrize("label", ["50%_$x\\{ }^~#<b>'\"`", "a b", "''", "\\frac{", "größe 2"])
def test_hostile_labels_parse(parse, label):
    parse(written("v ** 2 + v", labels=lambda name: label))
    parse(written("f(v)", labels=lambda name: label))


@pytest.mark.parametrize("name", [rule.__name__ for rule in ops.TABLE])
def test_every_operation_and_its_partials_parse(parse, name):
    rule = getattr(ops, name)
    parameters = inspect.signature(rule).parameters.values()
    sequence = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    count = 4 if sequence else len(parameters)
    numbers = [0.5, 0.25, 0.75, 0.5][:count]
    if name == "acosh":
        numbers = [1.5]
    operands = [ast.Name(f"x{i}", ast.Load()) for i in range(count)]
    parse(LatexPrinter()(ast.Call(ast.Name(name, ast.Load()), operands, [])))
    for position in range(count):
        partial = partial_at(rule, position, numbers, operands, ast.Name("h", ast.Load()))
        parse(LatexPrinter()(partial))
        if not sequence:  # matplotlib knows no cases: parse each on its own
            todo = [partial_in_cases(rule, position)]
            while todo:
                expression = todo.pop()
                if isinstance(expression, ast.IfExp):
                    todo += [expression.body, expression.orelse]
                else:
                    parse(LatexPrinter()(expression))


def test_derivatives(parse):
    assert derivative("L", "w_{1}") == r"\frac{\partial L}{\partial w_{1}}"
    assert derivative("L", "a", "(2)") == r"\frac{\partial L}{\partial a^{(2)}}"
    parse(derivative("L", "w_{1}", "(2)"))
