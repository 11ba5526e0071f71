"""The chain rule written out: the textbook's network, and every path of others."""
# ruff: noqa: RUF001 - mathematics has signs and letters of its own

import io
import math
import random
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value, dot
from autograd.errors import GraphError
from autograd.visual.explanation.as_text import WIDEST
from autograd.visual.explanation.explanation import explain

WEIGHTS = [(0.8, 0.2), (0.4, 0.9), (0.3, 0.5)]
OUTPUT_WEIGHTS = (0.3, 0.5, 0.9)


def textbook():
    """Inputs (1, 1), target 0, a 2-3-1 sigmoid network with squared error."""
    x = [Value(1.0, f"x{i}", requires_grad=False) for i in (1, 2)]
    w = [[Value(n, f"w{j}_{i}") for i, n in enumerate(row, 1)] for j, row in enumerate(WEIGHTS, 1)]
    u = [Value(n, f"u{j}") for j, n in enumerate(OUTPUT_WEIGHTS, 1)]
    h = []
    for j, row in enumerate(w, 1):
        z = dot(row, x)
        z.label = f"z{j}"
        h.append(z.sigmoid())
        h[-1].label = f"h{j}"
    s = dot(u, h)
    s.label = "s"
    y = s.sigmoid()
    y.label = "y"
    loss = autograd.square(y - 0.0)
    return loss, w


def sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x))


def textbook_loss(first_weight):
    hidden = [sigmoid(a + b) for a, b in [(first_weight, 0.2), *WEIGHTS[1:]]]
    return sigmoid(sum(u * h for u, h in zip(OUTPUT_WEIGHTS, hidden, strict=True))) ** 2


TEXTBOOK = """\
∂L/∂w₁,₁ = 0.01596

w₁,₁ → z₁ → h₁ → s → y → L
    ∂L/∂y · ∂y/∂s     · ∂s/∂h₁ · ∂h₁/∂z₁     · ∂z₁/∂w₁,₁
  = 2v₁   · y·(1 − y) · u₁     · h₁·(1 − h₁) · x₁
  = 1.549 · 0.1747    · 0.3    · 0.1966      · 1
  = 0.01596

where
"""
EVERY_OPERATION = """\
∂L/∂w₁,₁ = 0.01596

w₁,₁ → z₁ → h₁ → s → y → v₁ → L
    ∂L/∂v₁ · ∂v₁/∂y · ∂y/∂s     · ∂s/∂h₁ · ∂h₁/∂z₁     · ∂z₁/∂w₁,₁
  = 2v₁    · 1      · y·(1 − y) · u₁     · h₁·(1 − h₁) · x₁
  = 1.549  · 1      · 0.1747    · 0.3    · 0.1966      · 1
  = 0.01596

where
"""


def test_the_textbook_case():
    loss, w = textbook()
    explanation = explain(loss, w[0][0])
    assert explanation.text.startswith(TEXTBOOK)
    assert explain(loss, w[0][0], simplify=False).text.startswith(EVERY_OPERATION)
    for line in (
        "  u₁   = 0.3",
        "  h₂   = 0.7858",
        "  w₁,₁ = 0.8",
        "  z₁   = w₁,₁·x₁ + w₁,₂·x₂     = 1",
        "  h₁   = σ(z₁)                 = 0.7311",
        "  s    = u₁·h₁ + u₂·h₂ + u₃·h₃ = 1.233",
        "  L    = v₁²                   = 0.5997",
    ):
        assert line in explanation.text.splitlines()
    nudged = (textbook_loss(0.8001) - textbook_loss(0.8)) / 0.0001
    assert explanation.gradient == pytest.approx(nudged, rel=1e-4)
    y, h = loss.data**0.5, sigmoid(1.0)
    by_hand = 2.0 * y * y * (1.0 - y) * 0.3 * h * (1.0 - h) * 1.0
    assert explanation.gradient == pytest.approx(by_hand, rel=1e-14)


def test_it_is_what_backward_gives_and_touches_no_gradient():
    loss, w = textbook()
    weights = [weight for row in w for weight in row]
    found = [explain(loss, weight).gradient for weight in weights]
    assert all(weight.grad == 0.0 for weight in weights)
    loss.backward()
    assert found == [weight.grad for weight in weights]


def test_it_is_what_torch_gives():
    torch = pytest.importorskip("torch")
    loss, w = textbook()
    rows = torch.tensor(WEIGHTS, dtype=torch.float64, requires_grad=True)
    hidden = torch.sigmoid(rows @ torch.ones(2, dtype=torch.float64))
    (torch.sigmoid(hidden @ torch.tensor(OUTPUT_WEIGHTS, dtype=torch.float64)) ** 2).backward()
    found = [[explain(loss, weight).gradient for weight in row] for row in w]
    assert found == [pytest.approx(row, rel=1e-13) for row in rows.grad.tolist()]


def test_several_paths_and_their_sum():
    model = nn.MLP(2, [3, 2, 1], "tanh", "sigmoid", generator=1)
    loss = nn.squared_error(model([1.0, 1.0]), 0.0)
    w = model.layers[0].neurons[0].w[0]
    explanation = explain(loss, w, simplify=False)
    assert explanation.count == 2
    products = [path.product for path in explanation.paths]
    assert abs(products[0]) >= abs(products[1])
    assert sum(products) == pytest.approx(explanation.gradient)
    for path in explanation.paths:
        assert math.prod(step.number for step in path.steps) == pytest.approx(path.product)
    assert "path 2: w₀,₀,₀ → " in explanation.text
    assert "∂v₁/∂w₀,₀,₀" in explanation.text
    where = explanation.text.split("where\n")[1].splitlines()
    names = [line.split()[0] for line in where]
    # What is met along the first path, then along the second; results last.
    parameters = ["w₀,₀,₀", "w₀,₀,₁", "b₀,₀"]
    assert names[:3] == parameters
    assert len(names) == len(set(names))
    assert [name for name in names if name[0] in "wb"] == names[: names.index("v₁")]
    assert any(re.match(r"  v₁ += w₀,₀,₀·1 \+ w₀,₀,₁·1 ", line) for line in where)
    assert any(re.match(r"  w₁,₁,₂ += .*  \(in mlp/layer1/neuron1\)", line) for line in where)
    assert r"\partial w_{0,0,0}" in explanation.latex


def test_equal_operands_are_told_apart():
    a = Value(3.0, "a")
    explanation = explain(a * a, a)
    assert (explanation.count, explanation.gradient) == (2, 6.0)
    assert "∂L/∂a⁽¹⁾" in explanation.text
    assert "∂L/∂a⁽²⁾" in explanation.text
    assert "\na⁽²⁾ is a where it stands as the second operand" in explanation.text


def test_sixty_doublings_answer_at_once():
    v = first = Value(1.0, "v")
    for _ in range(60):
        v = v + v
    explanation = explain(v, first, most=2)
    assert (explanation.count, explanation.gradient) == (2**60, 2.0**60)
    assert "1,152,921,504,606,846,974 more paths, together 1.153e+18" in explanation.text
    assert "… 46 more factors …" in explanation.text
    assert "1152921504606846974" in explanation.latex


def test_a_long_chain_is_shortened_and_says_so():
    v = first = Value(1.0, "x")
    for _ in range(5000):
        v = v * 1.0
    text = explain(v, first).text
    assert "… 4,986 more factors …" in text
    assert len(text.splitlines()) < 60


def test_the_four_factors_of_the_first_weight_of_a_textbook():
    """Error, slope of the output, slope of the hidden neuron and its weight, input: by hand."""
    x, w = Value(1.0, "x", requires_grad=False), Value(0.3, "w11")
    h = w * x + 0.2
    h.label = "h11"
    a = h.sigmoid()
    a.label = "a11"
    y = (a * Value(-0.4, "v1") + 0.1).sigmoid()
    y.label = "y"
    cost = (y - 0.0) ** 2
    cost.label = "C"
    text = explain(cost, w).text
    assert text.splitlines()[2] == "w₁₁ → h₁₁ → a₁₁ → y → C"
    line = text.splitlines()[5].removeprefix("  = ").replace("\N{MINUS SIGN}", "-")
    factors = [float(part.strip(" ()")) for part in line.split("·")]
    hidden = sigmoid(0.5)
    out = sigmoid(-0.4 * hidden + 0.1)
    assert factors == pytest.approx(
        [2 * out, out * (1 - out) * -0.4, hidden * (1 - hidden), 1.0], rel=1e-3
    )


def test_a_symbol_means_its_path_and_no_other():
    x = Value(0.7, "x")
    unnamed = x * 2.0
    both = (unnamed + x * 3.0).tanh()  # two ways from x up to it
    both.label = "both"
    out = both * 2.0
    out.label = "out"
    text = explain(out, x).text
    assert "∂both/∂x" not in text
    assert text.count("∂out/∂both") == 2


@pytest.mark.parametrize("seed", range(20))
def test_simplified_paths_have_the_products_of_all_factors(seed):
    rng = random.Random(seed)
    values = [Value(rng.uniform(0.5, 1.5), f"x{i}") for i in range(3)]
    for i in range(12):
        one, other = rng.choice(values[-5:]), rng.choice(values)
        made = rng.choice([one + other, one * other, (one + 1.0).tanh(), one - other])
        if rng.random() < 0.4:
            made.label = f"n{i}"
        values.append(made)
    short, long = (explain(values[-1], values[0], simplify=s) for s in (True, False))
    assert [path.product for path in short.paths] == [path.product for path in long.paths]
    for path in short.paths:
        factors = math.prod(step.number for step in path.steps)
        assert factors == pytest.approx(path.product, rel=1e-12)


def test_wide_products_are_written_one_factor_to_a_line():
    v = first = Value(0.5, "x")
    for _ in range(12):
        v = v.sigmoid()
    text = explain(v, first).text
    assert re.search(r"\n  · ∂v₁/∂x += v₁·\(1 − v₁\) += 0\.235\n", text)
    assert max(map(len, text.splitlines())) <= WIDEST


def test_the_value_itself():
    w = Value(2.0, "w")
    explanation = explain(w, w)
    assert (explanation.gradient, explanation.count) == (1.0, 1)
    assert explanation.text == "∂w/∂w = 1: a value by itself"
    assert r"\frac{\partial w}{\partial w} &= 1" in explanation.latex


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda w: Value(1.0, "b") * 2.0, "L does not depend on w"),
        (lambda w: (w * 2.0).detach(), "a leaf, detached, or under no_grad"),
        (lambda w: w.detach() * Value(1.0), "L does not depend on w"),
    ],
)
def test_no_path_and_why(build, reason):
    explanation = explain(build(Value(3.0, "w")), Value(3.0, "w"))
    assert (explanation.gradient, explanation.count) == (0.0, 0)
    assert reason in explanation.text
    assert reason in explanation.html
    assert explanation.latex


def test_constants_say_that_they_are():
    x = Value(2.0, "x", requires_grad=False)
    explanation = explain(Value(3.0) * x, x)
    assert explanation.text == "∂L/∂x = 0: x is a constant: it requires no gradient"


def test_interior_values_can_be_asked_for():
    w = Value(0.5, "w")
    h = w.tanh()
    explanation = explain(h * h + h, h)
    assert explanation.gradient == pytest.approx(2.0 * math.tanh(0.5) + 1.0)
    assert explanation.text.startswith("∂L/∂v₁ = 1.924, the sum over 3 paths")


def test_names_of_variables():
    weights = [Value(1.0), Value(2.0)]
    out = weights[0] * weights[1]
    assert explain(out, weights[1], names={"w": weights, "out": out}).text.startswith(
        "∂out/∂w₁ = 1"
    )


def test_values_changed_since_are_refused_instead_of_a_false_equation():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    y = x * x
    z = y + w.square()
    w.data = 1.0
    assert explain(z, x).gradient == 4.0  # w is on no path from x
    x.data = 5.0  # 5² is not 4
    for output in (y, z):
        with pytest.raises(GraphError, match=r"mul has computed 4\.0.*\(5\.0, 5\.0\).*again"):
            explain(output, x)
    assert explain(y, y).gradient == 1.0


def test_a_partial_that_changed_is_refused_as_well():
    x, w = Value(0.0, "x"), Value(3.0, "w")
    y = x * w
    w.data = 4.0  # the product is 0 as before, its derivative was 3
    with pytest.raises(GraphError, match="mul has computed 0"):
        explain(y, x)


def test_own_operations_are_explained():
    @autograd.op
    def soft_ratio(x):
        below = 1.0 + math.fabs(x)
        return x / below, 1.0 / (below * below)

    x = Value(1.0, "x")
    text = explain(soft_ratio(x), x).text
    assert "  = 1/(1 + |x|)²\n  = 0.25" in text
    assert "L = soft_ratio(x) = 0.5" in text


def test_own_operations_may_read_the_names_around_them():
    steepness = 3.0

    @autograd.op
    def ramp(x):
        return steepness * x if x > 0.0 else 0.0, steepness if x > 0.0 else 0.0

    x = Value(1.0, "x")
    assert "  = steepness\n  = 3" in explain(ramp(x), x).text


def test_derivatives_are_explained_as_well():
    x = Value(0.5, "x")
    (slope,) = autograd.gradient(x.tanh(), [x], create_graph=True)
    explanation = explain(slope, x)
    t = math.tanh(0.5)
    assert explanation.gradient == pytest.approx(-2.0 * t * (1.0 - t * t))
    assert "= −2L·tanh(x)" in explanation.text


def test_wrong_arguments():
    x = Value(1.0)
    with pytest.raises(TypeError, match=r"output is float 1\.0"):
        explain(1.0, x)
    with pytest.raises(TypeError, match="input is str 'x'"):
        explain(x, "x")
    with pytest.raises(ValueError, match=r"from 1 to 1000, got 0"):
        explain(x, x, most=0)


def test_representations():
    loss, w = textbook()
    explanation = explain(loss, w[0][0])
    assert repr(explanation) == "<Explanation of L by w1_1: 0.01596 over 1 path>"
    assert str(explanation) == explanation.text
    bundle = explanation._repr_mimebundle_()
    assert sorted(bundle) == ["text/html", "text/latex", "text/plain"]
    assert bundle["text/latex"] == f"$$\n{explanation.latex}\n$$"


# --- LaTeX and HTML ----------------------------------------------------------------


def test_latex_of_the_textbook_case():
    loss, w = textbook()
    text = explain(loss, w[0][0]).latex
    assert text.startswith(r"\begin{aligned} \frac{\partial L}{\partial w_{1,1}} &= ")
    assert (
        r"2 v_{1} \cdot y \, \left(1 - y\right) \cdot u_{1} \cdot h_{1} \, "
        r"\left(1 - h_{1}\right) \cdot x_{1}"
    ) in text
    assert r"h_{1} & = \sigma\left(z_{1}\right) = 0.7311" in text


def test_every_cell_of_the_latex_parses():
    mathtext = pytest.importorskip("matplotlib.mathtext")
    parser = mathtext.MathTextParser("path")
    model = nn.MLP(2, [3, 2, 1], "tanh", "sigmoid", generator=1)
    loss = nn.squared_error(model([1.0, 1.0]), 0.0)
    text = explain(loss, model.layers[0].neurons[0].w[0]).latex
    body = text.removeprefix(r"\begin{aligned} ").removesuffix(r" \end{aligned}")
    for row in body.replace(r"\\[1.5ex]", r"\\").split(r"\\"):
        left, _, right = row.partition("&")
        parser.parse(f"${left.strip() or '.'} {right}$")


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.texts, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def read(html):
    page = Page()
    page.feed(html)
    page.close()
    assert not page.open
    return page


def test_html_shows_what_the_text_shows():
    loss, w = textbook()
    texts = read(explain(loss, w[0][0]).html).texts
    for cell in ("∂L/∂y", "2v₁", "y·(1 − y)", "0.1747", "∂z₁/∂w₁,₁", "0.01596", "= σ(z₁)", "h₁"):
        assert cell in texts


@given(st.text(max_size=60), st.text(max_size=10))
def test_no_label_gets_into_the_markup(label, other):
    w, x = Value(2.0, label), Value(3.0, other)
    page = read(explain(w * x + w, w).html)
    assert {tag for tag, _ in page.tags} <= {"div", "p", "b", "span", "table", "tr", "td", "br"}
    assert all(set(attrs) <= {"style", "class"} for _, attrs in page.tags)


@pytest.mark.parametrize(("page", "text"), [("#ffffff", "#000000"), ("#111111", "#ffffff")])
def test_colours_can_be_read_on_light_and_on_dark_pages(page, text):
    loss, w = textbook()
    html = explain(loss, w[0][0]).html
    plain = set(re.findall(r"color:(#\w{6});", html))
    bright = set(re.findall(r"color-mix\(in srgb, (#\w{6}) 65%, currentColor\)", html))
    assert len(plain) == len(bright) == 3  # data, local derivatives, the gradient
    assert all(contrast(colour, "#ffffff") >= 4.5 for colour in plain)
    for colour in bright:
        channels = zip(bytes.fromhex(colour[1:]), bytes.fromhex(text[1:]), strict=True)
        mixed = "#" + "".join(f"{round(0.65 * a + 0.35 * b):02x}" for a, b in channels)
        assert contrast(mixed, page) >= 4.5


def contrast(one, other):
    """https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio"""
    sizes = []
    for colour in (one, other):
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        sizes.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
    return max(sizes) / min(sizes)


def test_labels_that_are_markup_are_shown_as_they_are():
    w = Value(2.0, "<script>alert(1)</script>")
    explanation = explain(w * 3.0, w)
    assert "<script" not in explanation.html
    assert "∂L/∂<script>alert(1)</script>" in "".join(read(explanation.html).texts)
    assert "<script" not in explanation.latex


# --- bounds ---------------------------------------------------------------------------


@pytest.mark.parametrize("most", [0, -1, 1001, 10**9, 2.0, True, "3", None])
def test_how_many_paths_is_a_whole_number(most):
    x = Value(1.0)
    with pytest.raises(ValueError, match=rf"from 1 to 1000, got {re.escape(repr(most))}"):
        explain(x * x, x, most=most)


def test_paths_beyond_printing_are_rounded():
    x = v = Value(1.0, "x")
    for _ in range(4000):
        v = (v + v) * 0.5
    explanation = explain(v, x, most=2)
    assert "= 1, the sum over more than 10^999 paths" in explanation.text
    assert r"\mathrm{more\ than\ 10^{999}\ more\ paths}" in explanation.latex
    assert "more than 10^999 paths" in repr(explanation)
    assert "more than 10^999 paths" in explanation.html


# --- terminals ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "first", "product"),
    [
        ("utf-8", "∂L/∂λ = 14", "∂L/∂v₂ · ∂v₂/∂v₁ · ∂v₁/∂λ"),
        ("ascii", "dL/dlambda = 14", "dL/dv2 * dv2/dv1 * dv1/dlambda"),
        ("cp1252", "dL/dlambda = 14", "dL/dv2 · dv2/dv1 · dv1/dlambda"),
    ],
)
def test_printing_where_mathematics_has_no_signs(monkeypatch, encoding, first, product):
    x = Value(2.0, "lambda")
    explanation = explain((x * 3.5).square() * (1 / 3.5), x)
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr("sys.stdout", out)
    print(explanation)
    out.flush()
    written = out.buffer.getvalue().decode(encoding)
    assert written.startswith(first)
    assert product in written
    assert explanation.text.startswith("∂L/∂λ")


def test_exponents_and_marks_stay_exponents(monkeypatch):
    a = Value(2.0, "α")
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    text = str(explain(a**12 * a.sqrt(), a))
    assert "12alpha^11" in text
    assert "sqrt alpha" in text


def test_a_wide_operation_is_explained_by_its_numbers():
    """Of 256 operands the partials are formulas, of more they are numbers."""
    x, y = Value(2.0, "x"), Value(3.0, "y")
    narrow, wide = (
        explain(autograd.dot([x] * n, [y] * n), x, most=1).paths[0].steps[0] for n in (128, 129)
    )
    assert (narrow.formula is None, narrow.number, narrow.mark) == (False, 3.0, "(1)")
    assert (wide.formula, wide.number, wide.mark) == (None, 3.0, "(1)")


def test_the_marks_count_equal_operands():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    explanation = explain(autograd.sum([y, x, y, x, x]), x)
    assert sorted(path.steps[0].mark for path in explanation.paths) == ["(1)", "(2)", "(3)"]
