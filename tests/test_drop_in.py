"""Code written for other engines runs unchanged and computes the same, to rounding."""

import math
import random

import pytest

# --- micrograd -------------------------------------------------------------------


class MicrogradValue:
    """The engine that the code below was written for, in micrograd's own way."""

    def __init__(self, data, _children=(), _op="", label=""):
        self.data = data
        self.grad = 0
        self._backward = lambda: None
        self._prev = set(_children)
        self._op = _op
        self.label = label

    def __add__(self, other):
        other = other if isinstance(other, MicrogradValue) else MicrogradValue(other)
        out = MicrogradValue(self.data + other.data, (self, other), "+")

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, MicrogradValue) else MicrogradValue(other)
        out = MicrogradValue(self.data * other.data, (self, other), "*")

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def _unary(self, data, slope, op):
        out = MicrogradValue(data, (self,), op)

        def _backward():
            self.grad += slope * out.grad

        out._backward = _backward
        return out

    def __pow__(self, other):
        return self._unary(self.data**other, other * self.data ** (other - 1), f"**{other}")

    def relu(self):
        return self._unary(max(0, self.data), float(self.data > 0), "ReLU")

    def tanh(self):
        t = (math.exp(2 * self.data) - 1) / (math.exp(2 * self.data) + 1)
        return self._unary(t, 1 - t**2, "tanh")

    def exp(self):
        return self._unary(math.exp(self.data), math.exp(self.data), "exp")

    def backward(self):
        topo, visited = [], set()

        def build_topo(v):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build_topo(child)
                topo.append(v)

        build_topo(self)
        self.grad = 1
        for v in reversed(topo):
            v._backward()

    def __neg__(self):
        return self * -1

    def __radd__(self, other):
        return self + other

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return other + (-self)

    def __rmul__(self, other):
        return self * other

    def __truediv__(self, other):
        return self * other**-1

    def __rtruediv__(self, other):
        return other * self**-1


def micrograd_training(Value, steps=12):
    """micrograd's nn.py and the training loop of its demo: ((loss, accuracy)s, parameters)."""

    class Module:
        def zero_grad(self):
            for p in self.parameters():
                p.grad = 0

        def parameters(self):
            return []

    class Neuron(Module):
        def __init__(self, nin, nonlin=True):
            self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
            self.b = Value(0)
            self.nonlin = nonlin

        def __call__(self, x):
            act = sum((wi * xi for wi, xi in zip(self.w, x)), self.b)  # noqa: B905
            return act.relu() if self.nonlin else act

        def parameters(self):
            return [*self.w, self.b]

        def __repr__(self):
            return f"{'ReLU' if self.nonlin else 'Linear'}Neuron({len(self.w)})"

    class Layer(Module):
        def __init__(self, nin, nout, **kwargs):
            self.neurons = [Neuron(nin, **kwargs) for _ in range(nout)]

        def __call__(self, x):
            out = [n(x) for n in self.neurons]
            return out[0] if len(out) == 1 else out

        def parameters(self):
            return [p for n in self.neurons for p in n.parameters()]

    class MLP(Module):
        def __init__(self, nin, nouts):
            sz = [nin, *nouts]
            self.layers = [
                Layer(sz[i], sz[i + 1], nonlin=i != len(nouts) - 1) for i in range(len(nouts))
            ]

        def __call__(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

        def parameters(self):
            return [p for layer in self.layers for p in layer.parameters()]

    random.seed(1337)
    X = [[random.uniform(-1, 1), random.uniform(-1, 1)] for _ in range(12)]
    y = [1 if a * b > 0 else -1 for a, b in X]
    model = MLP(2, [6, 4, 1])
    history = []
    for k in range(steps):
        inputs = [list(map(Value, xrow)) for xrow in X]
        scores = list(map(model, inputs))
        # svm "max-margin" loss
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(y, scores)]  # noqa: B905
        data_loss = sum(losses) * (1.0 / len(losses))
        # L2 regularization
        alpha = 1e-4
        reg_loss = alpha * sum(p * p for p in model.parameters())
        total_loss = data_loss + reg_loss
        accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(y, scores)]  # noqa: B905
        # backward
        model.zero_grad()
        total_loss.backward()
        # update (sgd)
        learning_rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= learning_rate * p.grad
        history.append((total_loss.data, sum(accuracy) / len(accuracy)))
    return history, model.parameters()


def test_micrograds_network_trains_to_the_same_losses_and_weights(engine):
    expected_history, expected_parameters = micrograd_training(MicrogradValue)
    history, parameters = micrograd_training(engine.Value)
    assert history[-1][0] < 0.7 * history[0][0]
    for step, expected in zip(history, expected_history, strict=True):
        assert step == pytest.approx(expected, rel=1e-12, abs=0)
    assert [p.data for p in parameters] == pytest.approx(
        [p.data for p in expected_parameters], rel=1e-10, abs=0
    )
    assert [p.grad for p in parameters] == pytest.approx(
        [p.grad for p in expected_parameters], rel=1e-10, abs=1e-12
    )


def trace(root):
    """The helper of micrograd's draw_dot."""
    nodes, edges = set(), set()

    def build(v):
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)

    build(root)
    return nodes, edges


def micrograd_neuron(Value):
    """The lecture's neuron, every node named: {label: node}."""
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    b = Value(6.8813735870195432, label="b")
    x1w1 = x1 * w1
    x1w1.label = "x1*w1"
    x2w2 = x2 * w2
    x2w2.label = "x2*w2"
    x1w1x2w2 = x1w1 + x2w2
    x1w1x2w2.label = "x1*w1 + x2*w2"
    n = x1w1x2w2 + b
    n.label = "n"
    e = (2 * n).exp()
    o = (e - 1) / (e + 1)
    o.label = "o"
    t = n.tanh()
    t.label = "t"
    return {v.label: v for v in (x1, x2, w1, w2, b, x1w1, x2w2, x1w1x2w2, n, o, t)}


def test_trace_finds_nodes_and_edges(engine):
    nodes, edges = trace(micrograd_neuron(engine.Value)["t"])
    labels = ["x1", "x2", "w1", "w2", "b", "x1*w1", "x2*w2", "x1*w1 + x2*w2", "n", "t"]
    assert sorted(node.label for node in nodes) == sorted(labels)
    assert {(child.label, node.label) for child, node in edges} == {
        ("x1", "x1*w1"),
        ("w1", "x1*w1"),
        ("x2", "x2*w2"),
        ("w2", "x2*w2"),
        ("x1*w1", "x1*w1 + x2*w2"),
        ("x2*w2", "x1*w1 + x2*w2"),
        ("x1*w1 + x2*w2", "n"),
        ("b", "n"),
        ("n", "t"),
    }
    assert {node.label: node._op for node in nodes if node._op} == {
        "x1*w1": "*",
        "x2*w2": "*",
        "x1*w1 + x2*w2": "+",
        "n": "+",
        "t": "tanh",
    }
    assert all(isinstance(node._prev, set) for node in nodes)
    square = engine.Value(3.0)
    assert (square * square)._prev == {square}
    assert engine.Value(1.0)._op == ""
    assert engine.Value(1.0).relu()._op == "ReLU"


LECTURE = {"x1": -1.5, "w1": 1.0, "x2": 0.5, "w2": 0.0}  # tanh(n)**2 is 1/2


def test_backward_by_hand_as_in_the_lecture(engine):
    v = micrograd_neuron(engine.Value)
    v["t"].grad = 1.0
    for label in ["t", "n", "b", "x1*w1 + x2*w2", "x2*w2", "x1*w1"]:
        v[label]._backward()
    assert {name: v[name].grad for name in LECTURE} == pytest.approx(LECTURE, rel=1e-12, abs=0)


def test_tanh_in_pieces_has_the_gradients_of_tanh(engine):
    v = micrograd_neuron(engine.Value)
    v["o"].backward()
    assert v["o"].data == pytest.approx(math.sqrt(0.5), rel=1e-12, abs=0)
    assert {name: v[name].grad for name in LECTURE} == pytest.approx(LECTURE, rel=1e-12, abs=0)


# --- microgpt --------------------------------------------------------------------


class MicrogptValue:
    """The engine of microgpt: children and local gradients in tuples."""

    __slots__ = ("_children", "_local_grads", "data", "grad")

    def __init__(self, data, children=(), local_grads=()):
        self.data = data
        self.grad = 0
        self._children = children
        self._local_grads = local_grads

    def __add__(self, other):
        other = other if isinstance(other, MicrogptValue) else MicrogptValue(other)
        return MicrogptValue(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other):
        other = other if isinstance(other, MicrogptValue) else MicrogptValue(other)
        return MicrogptValue(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, other):
        return MicrogptValue(self.data**other, (self,), (other * self.data ** (other - 1),))

    def log(self):
        return MicrogptValue(math.log(self.data), (self,), (1 / self.data,))

    def exp(self):
        return MicrogptValue(math.exp(self.data), (self,), (math.exp(self.data),))

    def relu(self):
        return MicrogptValue(max(0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self):
        return self * -1

    def __radd__(self, other):
        return self + other

    def __sub__(self, other):
        return self + (-other)

    def __rmul__(self, other):
        return self * other

    def __truediv__(self, other):
        return self * other**-1

    def backward(self):
        topo, visited = [], set()

        def build_topo(v):
            if v not in visited:
                visited.add(v)
                for child in v._children:
                    build_topo(child)
                topo.append(v)

        build_topo(self)
        self.grad = 1
        for v in reversed(topo):
            for child, local_grad in zip(v._children, v._local_grads):  # noqa: B905
                child.grad += local_grad * v.grad


def microgpt_training(Value, steps=3):  # noqa: PLR0915
    """A transformer of microgpt's kind (one layer, one head) with its Adam: (losses, weights)."""
    random.seed(42)
    vocab_size, n_embd, block_size = 5, 4, 4

    def matrix(nout, nin, std=0.3):
        return [[Value(random.gauss(0, std)) for _ in range(nin)] for _ in range(nout)]

    state_dict = {"wte": matrix(vocab_size, n_embd), "wpe": matrix(block_size, n_embd)}
    state_dict |= {name: matrix(n_embd, n_embd) for name in ("wq", "wk", "wv", "wo")}
    state_dict |= {"fc1": matrix(4 * n_embd, n_embd), "fc2": matrix(n_embd, 4 * n_embd)}
    state_dict["lm_head"] = matrix(vocab_size, n_embd)
    params = [p for mat in state_dict.values() for row in mat for p in row]

    def linear(x, w):
        return [sum(wi * xi for wi, xi in zip(wo, x)) for wo in w]  # noqa: B905

    def softmax(logits):
        max_val = max(val.data for val in logits)
        exps = [(val - max_val).exp() for val in logits]
        total = sum(exps)
        return [e / total for e in exps]

    def rmsnorm(x):
        ms = sum(xi * xi for xi in x) / len(x)
        scale = (ms + 1e-5) ** -0.5
        return [xi * scale for xi in x]

    def gpt(token_id, pos_id, keys, values):
        pairs = zip(state_dict["wte"][token_id], state_dict["wpe"][pos_id])  # noqa: B905
        x = rmsnorm([t + p for t, p in pairs])
        x_residual = x
        x = rmsnorm(x)
        q = linear(x, state_dict["wq"])
        keys.append(linear(x, state_dict["wk"]))
        values.append(linear(x, state_dict["wv"]))
        attn_logits = [
            sum(q[j] * k[j] for j in range(n_embd)) / n_embd**0.5 for k in keys
        ]  # fmt: skip
        attn_weights = softmax(attn_logits)
        head_out = [
            sum(attn_weights[t] * values[t][j] for t in range(len(values))) for j in range(n_embd)
        ]
        x = linear(head_out, state_dict["wo"])
        x = [a + b for a, b in zip(x, x_residual)]  # noqa: B905
        x_residual = x
        x = linear(rmsnorm(x), state_dict["fc1"])
        x = [xi.relu() for xi in x]
        x = linear(x, state_dict["fc2"])
        x = [a + b for a, b in zip(x, x_residual)]  # noqa: B905
        return linear(x, state_dict["lm_head"])

    learning_rate, beta1, beta2, eps_adam = 0.01, 0.85, 0.99, 1e-8
    m, v = [0.0] * len(params), [0.0] * len(params)
    tokens, history = [4, 0, 2, 1, 4], []
    for step in range(steps):
        keys, values, losses = [], [], []
        for pos_id in range(block_size):
            probs = softmax(gpt(tokens[pos_id], pos_id, keys, values))
            losses.append(-probs[tokens[pos_id + 1]].log())
        loss = (1 / block_size) * sum(losses)
        loss.backward()
        lr_t = learning_rate * (1 - step / steps)
        for i, p in enumerate(params):
            m[i] = beta1 * m[i] + (1 - beta1) * p.grad
            v[i] = beta2 * v[i] + (1 - beta2) * p.grad**2
            m_hat = m[i] / (1 - beta1 ** (step + 1))
            v_hat = v[i] / (1 - beta2 ** (step + 1))
            p.data -= lr_t * m_hat / (v_hat**0.5 + eps_adam)
            p.grad = 0
        history.append(loss.data)
    return history, [p.data for p in params]


def test_microgpt_trains_to_the_same_losses_and_weights(engine):
    expected_losses, expected_weights = microgpt_training(MicrogptValue)
    losses, weights = microgpt_training(engine.Value)
    assert losses[-1] < losses[0]
    assert losses == pytest.approx(expected_losses, rel=1e-12, abs=0)
    assert weights == pytest.approx(expected_weights, rel=1e-10, abs=0)
