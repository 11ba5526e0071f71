"""Numbers that textbooks and courses print, or that a page of arithmetic gives."""

import math

import mpmath
import pytest

from autograd import Value, dot, gradcheck, maximum, numerical_gradient, parse, zero_grad
from autograd import max as largest


def gradients(*values):
    return tuple(value.grad for value in values)


# --- the circuit f = (x + y) z (cs231n, "Intuitive understanding of backpropagation") --------


def test_the_circuit():
    x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
    q = x + y
    f = q * z
    f.backward()
    assert (q.data, f.data) == (3.0, -12.0)
    assert gradients(x, y, z, q, f) == (-4.0, -4.0, 3.0, -4.0, 1.0)


def test_a_step_along_the_gradient_raises_the_output():
    """With step 0.01, -12 becomes (-2.04 + 4.96) * -3.97."""
    x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
    ((x + y) * z).backward()
    for value in (x, y, z):
        value.data += 0.01 * value.grad
    assert ((x + y) * z).data == pytest.approx(-11.5924, rel=1e-14, abs=0)


# --- the sigmoid neuron (cs231n) -------------------------------------------------

NEURON = {"w0": 2.0, "w1": -3.0, "w2": -3.0, "x0": -1.0, "x1": -2.0}
NEURON_GRADIENTS = {
    "w0": -0.19661193,
    "w1": -0.39322387,
    "w2": 0.19661193,
    "x0": 0.39322387,
    "x1": -0.58983580,
}


@pytest.mark.parametrize(
    "sigmoid", [lambda s: s.sigmoid(), lambda s: 1 / (1 + (-s).exp())], ids=["whole", "in pieces"]
)
def test_the_sigmoid_neuron(sigmoid):
    v = {name: Value(number, name) for name, number in NEURON.items()}
    out = sigmoid(v["w0"] * v["x0"] + v["w1"] * v["x1"] + v["w2"])
    out.backward()
    assert out.data == pytest.approx(0.7310585786300049, rel=1e-15, abs=0)
    assert {name: value.grad for name, value in v.items()} == pytest.approx(
        NEURON_GRADIENTS, abs=5e-9
    )


def test_the_sigmoid_neuron_as_text():
    out = parse("1/(1 + exp(-(w0*x0 + w1*x1 + w2)))", **NEURON)
    assert out.data == pytest.approx(0.7310585786300049, rel=1e-15, abs=0)


def test_the_forward_pass_of_the_sigmoid_neuron_gate_by_gate():
    """The picture of the course, rounded to two places there."""
    s = Value(1.0)
    minus = -s
    power = minus.exp()
    below = power + 1
    out = 1 / below
    out.backward()
    assert [round(node.data, 2) for node in (minus, power, below, out)] == [-1, 0.37, 1.37, 0.73]
    assert [round(node.grad, 2) for node in (out, below, power, minus, s)] == [
        1.0,
        -0.53,
        -0.53,
        -0.2,
        0.2,
    ]


# --- gates -----------------------------------------------------------------------


def test_the_add_gate_distributes():
    x, y = Value(3.0), Value(-7.0)
    (x + y).backward(5.0)
    assert gradients(x, y) == (5.0, 5.0)


@pytest.mark.parametrize("gate", [maximum, lambda x, y: largest([x, y])])
def test_the_max_gate_routes(gate):
    x, y = Value(3.0), Value(-7.0)
    gate(x, y).backward(5.0)
    assert gradients(x, y) == (5.0, 0.0)


def test_the_mul_gate_switches():
    x, y = Value(3.0), Value(-7.0)
    (x * y).backward(5.0)
    assert gradients(x, y) == (5.0 * -7.0, 5.0 * 3.0)


def test_the_three_gates_together():
    """cs231n: 2 (x y + max(z, w)) at x = 3, y = -4, z = 2, w = -1."""
    x, y, z, w = Value(3.0), Value(-4.0), Value(2.0), Value(-1.0)
    out = 2 * (x * y + maximum(z, w))
    out.backward()
    assert out.data == -20.0
    assert gradients(x, y, z, w) == (-8.0, 6.0, 2.0, 0.0)


def test_staged_computation_in_fifty_digits():
    """The same circuit: the course's code gives 1.5456448841066441, mpmath the derivatives."""

    def circuit(x, y):
        return (x + mp.sigmoid(y)) / (mp.sigmoid(x) + (x + y) ** 2)

    mp = mpmath.mp.clone()
    mp.dps = 50
    mp.sigmoid = lambda x: 1 / (1 + mp.exp(-x))
    v, w = Value(3.0), Value(-4.0)
    out = (v + w.sigmoid()) / (v.sigmoid() + (v + w) ** 2)
    out.backward()
    assert out.data == pytest.approx(1.5456448841066441, rel=3e-16, abs=0)
    assert out.data == pytest.approx(float(circuit(3, -4)), rel=3e-16, abs=0)
    slopes = [mp.diff(circuit, (3, -4), order) for order in ((1, 0), (0, 1))]
    assert gradients(v, w) == pytest.approx(list(map(float, slopes)), rel=1e-14, abs=0)


def test_staged_computation():
    """cs231n: (x + sigmoid(y)) / (sigmoid(x) + (x + y)**2) at x = 3, y = -4, backward by hand."""
    x, y = 3.0, -4.0
    sigy = 1.0 / (1 + math.exp(-y))
    num = x + sigy
    sigx = 1.0 / (1 + math.exp(-x))
    xpy = x + y
    den = sigx + xpy**2
    invden = 1.0 / den
    dnum = invden
    dden = -1.0 / den**2 * num
    dsigx = dden
    dxpy = 2 * xpy * dden
    dx = dxpy + (1 - sigx) * sigx * dsigx + dnum
    dy = dxpy + (1 - sigy) * sigy * dnum
    v, w = Value(x), Value(y)
    out = (v + w.sigmoid()) / (v.sigmoid() + (v + w) ** 2)
    out.backward()
    assert out.data == pytest.approx(num * invden, rel=1e-14, abs=0)
    assert gradients(v, w) == pytest.approx((dx, dy), rel=1e-14, abs=0)


# --- a 2-2-1 sigmoid network, by hand --------------------------------------------

INPUT, TARGET = (0.35, 0.9), 0.5
WEIGHTS = {"w11": 0.1, "w12": 0.8, "b1": 0.05, "w21": 0.4, "w22": 0.6, "b2": -0.1} | {
    "v1": 0.3,
    "v2": 0.9,
    "c": 0.2,
}


def network(w, sigmoid, square):
    """The squared error of the network, on whatever numbers `w` holds."""
    x1, x2 = INPUT
    h1 = sigmoid(w["w11"] * x1 + w["w12"] * x2 + w["b1"])
    h2 = sigmoid(w["w21"] * x1 + w["w22"] * x2 + w["b2"])
    out = sigmoid(w["v1"] * h1 + w["v2"] * h2 + w["c"])
    return square(out - TARGET)


def by_hand():
    """The loss and its gradients, rule by rule with nothing but arithmetic and exp."""
    w, (x1, x2) = WEIGHTS, INPUT
    h1 = 1 / (1 + math.exp(-(w["w11"] * x1 + w["w12"] * x2 + w["b1"])))
    h2 = 1 / (1 + math.exp(-(w["w21"] * x1 + w["w22"] * x2 + w["b2"])))
    out = 1 / (1 + math.exp(-(w["v1"] * h1 + w["v2"] * h2 + w["c"])))
    # d loss / d out = 2 (out - target); sigmoid' = s (1 - s)
    delta = 2 * (out - TARGET) * out * (1 - out)  # d loss / d (v1 h1 + v2 h2 + c)
    delta1 = delta * w["v1"] * h1 * (1 - h1)  # d loss / d (w11 x1 + w12 x2 + b1)
    delta2 = delta * w["v2"] * h2 * (1 - h2)
    return (out - TARGET) ** 2, {
        "w11": delta1 * x1,
        "w12": delta1 * x2,
        "b1": delta1,
        "w21": delta2 * x1,
        "w22": delta2 * x2,
        "b2": delta2,
        "v1": delta * h1,
        "v2": delta * h2,
        "c": delta,
    }


def on_values():
    w = {name: Value(number, name) for name, number in WEIGHTS.items()}
    return w, lambda: network(w, lambda s: s.sigmoid(), lambda d: d * d)


def test_the_network_by_the_chain_rule_is_the_network_by_hand():
    loss_by_hand, by_name = by_hand()
    w, loss = on_values()
    out = loss()
    out.backward()
    assert out.data == pytest.approx(loss_by_hand, rel=1e-14, abs=0)
    assert {name: value.grad for name, value in w.items()} == pytest.approx(
        by_name, rel=1e-14, abs=0
    )


@pytest.mark.parametrize(
    ("method", "step", "tolerance"),
    [
        ("forward", 1e-4, 1e-5),  # off by h/2 times the second derivative, which is below 0.2
        ("central", 1e-4, 1e-9),  # off by h**2/6 times the third
        ("forward", None, 1e-7),
        ("central", None, 1e-10),
    ],
)
def test_the_network_by_nudging_is_the_network_by_hand(method, step, tolerance):
    w, loss = on_values()
    slopes = numerical_gradient(loss, list(w.values()), method=method, step=step)
    _, by_name = by_hand()
    assert dict(zip(w, slopes, strict=True)) == pytest.approx(by_name, abs=tolerance, rel=0)


def test_the_forward_nudge_is_the_one_on_plain_numbers():
    """(loss(w + h) - loss(w)) / h with h = 1e-4, without this package."""
    h = 1e-4

    def loss(numbers):
        return network(numbers, lambda s: 1 / (1 + math.exp(-s)), lambda d: d * d)

    nudged = [
        (loss(WEIGHTS | {name: number + h}) - loss(WEIGHTS)) / h for name, number in WEIGHTS.items()
    ]
    w, loss_of_values = on_values()
    slopes = numerical_gradient(loss_of_values, list(w.values()), method="forward", step=h)
    assert slopes == pytest.approx(nudged, abs=1e-11)


def test_the_network_passes_the_gradient_check():
    w, loss = on_values()
    report = gradcheck(loss, list(w.values()), tolerance=1e-9)
    assert [entry.name for entry in report.entries] == list(WEIGHTS)


def test_one_step_of_gradient_descent_lowers_the_loss_as_predicted():
    w, loss = on_values()
    before = loss()
    before.backward()
    length = sum(value.grad**2 for value in w.values())
    for value in w.values():
        value.data -= 1e-3 * value.grad
    assert loss().data - before.data == pytest.approx(-1e-3 * length, rel=1e-3, abs=0)


# --- the README of micrograd -----------------------------------------------------


def test_the_example_of_micrograds_readme():
    """github.com/karpathy/micrograd prints 24.7041, 138.8338 and 645.5773."""
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    numbers = (g.data, a.grad, b.grad)
    assert [f"{x:.4f}" for x in numbers] == ["24.7041", "138.8338", "645.5773"]
    # By hand: b + a < 0 < b - a, so e = 4a + 3b + 3 - 12ab - 12b^3 = -7, g = e^2/2 + 10/e^2.
    slope = -7 + 20 / 343  # dg/de
    by_hand = (49 / 2 + 10 / 49, slope * (4 - 12 * 2), slope * (3 - 12 * -4 - 36 * 2**2))
    assert numbers == pytest.approx(by_hand, rel=1e-14, abs=0)


# --- Mazur's worked network ------------------------------------------------------
# Matt Mazur (2015), "A Step by Step Backpropagation Example": 2-2-2 sigmoid units, two biases
# that are not trained, learning rate 0.5.

MAZUR = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)
UPDATED = (0.149780716, 0.19956143, 0.24975114, 0.29950229,
           0.35891648, 0.408666186, 0.511301270, 0.561370121)  # fmt: skip


def mazurs_error(w, sigmoid):
    """The total error of the network, on whatever numbers `w` holds."""
    h1 = sigmoid(w[0] * 0.05 + w[1] * 0.10 + 0.35)
    h2 = sigmoid(w[2] * 0.05 + w[3] * 0.10 + 0.35)
    o1 = sigmoid(w[4] * h1 + w[5] * h2 + 0.60)
    o2 = sigmoid(w[6] * h1 + w[7] * h2 + 0.60)
    return 0.5 * (0.01 - o1) ** 2 + 0.5 * (0.99 - o2) ** 2


def mazurs_network():
    """The weights as Values, and one round: the error before the update."""
    w = [Value(number) for number in MAZUR]

    def round_of_training():
        error = mazurs_error(w, lambda x: x.sigmoid())
        zero_grad(w)
        error.backward()
        for weight in w:
            weight.data -= 0.5 * weight.grad
        return error.data

    return w, round_of_training


def test_mazurs_network_after_one_round():
    w, round_of_training = mazurs_network()
    assert round_of_training() == pytest.approx(0.298371109, abs=5e-10, rel=0)
    assert [weight.data for weight in w] == pytest.approx(UPDATED, abs=5e-9, rel=0)


def test_mazurs_second_error_is_misprinted():
    """He prints 0.291027924; from his own updated weights, plain arithmetic gives 0.291027774."""
    _, round_of_training = mazurs_network()
    round_of_training()
    second = round_of_training()
    assert second == pytest.approx(0.291027774, abs=5e-10, rel=0)
    plain = mazurs_error(UPDATED, lambda x: 1 / (1 + math.exp(-x)))
    assert second == pytest.approx(plain, abs=1e-9, rel=0)
    assert abs(plain - 0.291027924) > 1e-7


def test_mazurs_network_after_ten_thousand_rounds():
    """The error of round 10,000 is his 0.0000351085, cut there; the update takes it to 3.5102e-5.

    The plain arithmetic beside it is his derivation, rule by rule.
    """
    w, round_of_training = mazurs_network()
    errors = [round_of_training() for _ in range(10_000)]
    assert f"{errors[-1] * 1e5:.4f}" == "3.5109"
    after = mazurs_error([weight.data for weight in w], lambda x: 1 / (1 + math.exp(-x)))
    assert f"{after * 1e5:.4f}" == "3.5102"
    assert [weight.data for weight in w] == pytest.approx(mazurs_weights_by_hand(10_000), rel=1e-11)


def mazurs_weights_by_hand(rounds):
    w = list(MAZUR)
    for _ in range(rounds):
        h1 = 1 / (1 + math.exp(-(w[0] * 0.05 + w[1] * 0.10 + 0.35)))
        h2 = 1 / (1 + math.exp(-(w[2] * 0.05 + w[3] * 0.10 + 0.35)))
        o1 = 1 / (1 + math.exp(-(w[4] * h1 + w[5] * h2 + 0.60)))
        o2 = 1 / (1 + math.exp(-(w[6] * h1 + w[7] * h2 + 0.60)))
        delta1, delta2 = (o1 - 0.01) * o1 * (1 - o1), (o2 - 0.99) * o2 * (1 - o2)
        hidden1 = (delta1 * w[4] + delta2 * w[6]) * h1 * (1 - h1)
        hidden2 = (delta1 * w[5] + delta2 * w[7]) * h2 * (1 - h2)
        slopes = (hidden1 * 0.05, hidden1 * 0.10, hidden2 * 0.05, hidden2 * 0.10)
        slopes += (delta1 * h1, delta1 * h2, delta2 * h1, delta2 * h2)
        w = [weight - 0.5 * slope for weight, slope in zip(w, slopes, strict=True)]
    return w


# --- the 2-3-1 network that rounds as it goes ------------------------------------
# Steven Miller (2015), "Mind: How to Build a Neural Network": inputs (1, 1), target 0, hidden
# results written down as 0.73, 0.79, 0.69, so the output's sum is printed as 1.235.

HIDDEN, OUTPUT = ((0.8, 0.2), (0.4, 0.9), (0.3, 0.5)), (0.3, 0.5, 0.9)


def test_the_sum_printed_as_1_235_is_1_2332():
    x = (Value(1.0), Value(1.0))
    hidden = [(a * x[0] + b * x[1]).sigmoid() for a, b in HIDDEN]
    assert [round(h.data, 2) for h in hidden] == [0.73, 0.79, 0.69]
    total = dot(OUTPUT, hidden)
    printed = 0.3 * 0.73 + 0.5 * 0.79 + 0.9 * 0.69
    assert printed == pytest.approx(1.235, abs=1e-15)
    by_hand = [1 / (1 + math.exp(-z)) for z in (1.0, 1.3, 0.8)]
    exact = 0.3 * by_hand[0] + 0.5 * by_hand[1] + 0.9 * by_hand[2]
    assert total.data == pytest.approx(exact, rel=1e-15, abs=0)
    assert f"{total.data:.4f}" == "1.2332"


def test_its_delta_at_the_rounded_sum():
    """The slope of the sigmoid at 1.235 times the rounded error -0.77: printed as -0.1344."""
    total = Value(1.235)
    out = total.sigmoid()
    assert f"{out.data:.2f}" == "0.77"
    out.backward(-0.77)
    s = 1 / (1 + math.exp(-1.235))
    assert total.grad == pytest.approx(-0.77 * s * (1 - s), rel=1e-15, abs=0)
    assert f"{total.grad:.4f}" == "-0.1344"
