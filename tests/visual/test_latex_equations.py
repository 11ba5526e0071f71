"""Values printed as LaTeX: right brackets, right names, and no line too long to read."""

import pytest

import autograd
import nn
from autograd import Value
from autograd.errors import GraphError
from autograd.visual.explanation.latex_equations import MOST, Latex, latex


@pytest.fixture
def leaves():
    return Value(3.0, "a"), Value(-2.0, "b_1")


@pytest.mark.parametrize(
    ("build", "wanted"),
    [
        (lambda a, b: a + b, "a + b_{1}"),
        (lambda a, b: a - (b - a), r"a - \left(b_{1} - a\right)"),
        (lambda a, b: (a + b) * (a - b), r"\left(a + b_{1}\right) \, \left(a - b_{1}\right)"),
        (lambda a, b: a * a, "a^{2}"),
        (lambda a, b: a**2, "a^{2}"),
        (lambda a, b: 2 * a**b, "2 a^{b_{1}}"),
        (lambda a, b: (a / b) ** 2, r"\left(\frac{a}{b_{1}}\right)^{2}"),
        (lambda a, b: 1 / (1 + (-a).exp()), r"\frac{1}{1 + e^{-a}}"),
        (lambda a, b: (a * b).tanh(), r"\tanh\left(a \, b_{1}\right)"),
        (lambda a, b: a.sqrt() * b.abs(), r"\sqrt{a} \, \left|b_{1}\right|"),
        (lambda a, b: autograd.mean([a, b, 1.0]), r"\frac{a + b_{1} + 1}{3}"),
        (lambda a, b: autograd.dot([a, b], [b, a]), r"a \, b_{1} + b_{1} \, a"),
        (lambda a, b: autograd.logsumexp([a, b]), r"\ln\left(e^{a} + e^{b_{1}}\right)"),
        (lambda a, b: autograd.maximum(a, b), r"\max\left(a, b_{1}\right)"),
        (lambda a, b: a, "a"),
    ],
)
def test_symbols(leaves, build, wanted):
    assert latex(build(*leaves)) == wanted


def test_numbers_and_their_result(leaves):
    a, b = leaves
    assert latex((a - b) * a, substitute="numbers") == (
        r"\left(3 - \left(-2\right)\right) \cdot 3 = 15"
    )
    assert latex(b**2, substitute="numbers") == r"\left(-2\right)^{2} = 4"


def test_numbers_that_do_not_follow_from_each_other_are_refused():
    x = Value(2.0, "x")
    y = x * x
    x.data = 5.0  # 5² is not 4
    with pytest.raises(GraphError, match=r"mul has computed 4\.0.*again"):
        latex(y, substitute="numbers")
    assert latex(y) == "x^{2}"


def test_every_factor_of_a_dot_product_is_seen():
    w = [Value(0.5, "w1"), Value(-2.0, "w2")]
    out = autograd.dot(w, [1.0, -1.0])
    assert latex(out) == r"w_{1} \cdot 1 + w_{2} \, \left(-1\right)"
    assert latex(out, substitute="numbers") == (
        r"0.5 \cdot 1 + \left(-2 \, \left(-1\right)\right) = 2.5"
    )


def test_parameters_of_neurons_are_told_apart():
    text = latex(nn.MLP(2, [2, 1], "tanh", generator=0)([1.0, -1.0]))
    assert all(name in text for name in ("w_{0,1,0}", "b_{0,1}", "w_{1,0,1}", "b_{1,0}"))
    spelled = latex(nn.MLP(2, [2, 1], generator=0)([1.0, -1.0]), substitute="labels")
    assert r"\mathrm{w}_{0,1,0}" in spelled
    assert spelled.isascii()


def test_labels_letter_for_letter(leaves):
    a, b = leaves
    assert latex(a + b, substitute="labels") == r"\mathrm{a} + \mathrm{b\_1}"


def test_variables_give_names(leaves):
    weights = [Value(1.0), Value(2.0)]
    out = weights[0] * weights[1]
    assert latex(out, names={"w": weights}) == r"w_{0} \, w_{1}"
    assert latex(out, names={"w": weights, "out": out}) == r"\mathit{out} = w_{0} \, w_{1}"


def test_what_is_used_twice_is_a_step_with_its_label(leaves):
    a, b = leaves
    d = a + b
    d.label = "d"
    text = latex(d * d + d.sin())
    assert text == (
        r"\begin{aligned} d &= a + b_{1} \\ L &= d^{2} + \sin\left(d\right) \end{aligned}"
    )


def test_long_expressions_are_broken_into_steps():
    values = [Value(float(i), f"x{i}") for i in range(40)]
    total = values[0]
    for value in values[1:]:
        total = total + value.tanh()
    lines = latex(total).split(r"\\")
    assert len(lines) >= 3
    assert max(len(line) for line in lines) < 400
    for i in range(40):
        assert sum(f"x_{{{i}}}" in line for line in lines) == 1


def test_deep_graphs_are_no_problem_up_to_the_limit_and_refused_beyond():
    x = Value(1.0, "x")
    deep = x
    for _ in range(MOST - 1):
        deep = deep.tanh()
    assert latex(deep).startswith(r"\begin{aligned}")
    with pytest.raises(GraphError, match=f"at most {MOST}"):
        latex(deep.tanh())


def test_a_network_can_be_printed():
    model = nn.MLP(2, [3, 1], "tanh", generator=0)
    text = latex(nn.squared_error(model([1.0, -1.0]), 0.5))
    assert text.count(r"\tanh") == 3
    assert "\\sigma" not in text


def test_derivatives_are_spelled_out_at_every_order():
    x = Value(0.3, "x")
    derivatives = [x.erf()]
    for _ in range(3):
        derivatives += autograd.gradient(derivatives[-1], [x], create_graph=True)
    assert [latex(derivative) for derivative in derivatives[1:]] == [
        r"\frac{2 e^{-x^{2}}}{\sqrt{\pi}}",
        r"-\frac{4 x \, e^{-x^{2}}}{\sqrt{\pi}}",
        r"\frac{2 \, \left(4 e^{-x^{2}} \, x^{2} - 2 e^{-x^{2}}\right)}{\sqrt{\pi}}",
    ]


def test_notebooks_show_it_typeset(leaves):
    text = latex(leaves[0] * 2)
    assert isinstance(text, Latex)
    assert text._repr_latex_() == r"$\displaystyle a \cdot 2$"


def test_wrong_arguments():
    with pytest.raises(TypeError, match="takes a Value, got float"):
        latex(1.0)
    with pytest.raises(ValueError, match="'symbols', 'labels' or 'numbers'"):
        latex(Value(1.0), substitute="words")


@pytest.mark.parametrize("label", ["\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}", "mu"])
def test_every_spelling_of_mu_is_mu(label):
    x = Value(1.0, label)
    assert latex(x * 2.0) == r"\mu \cdot 2"
    assert latex(Value(1.0) * 2.0, names={"y": x}) != r"\mu \cdot 2"
