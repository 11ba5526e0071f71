"""Code in the shapes of public lessons on scalar engines runs after changing the import alone.

The numbers are worked by hand, or are those of the same code on an engine of its own kind (see
test_drop_in.py for whole trainings).
"""

import copy
import math
import os
import pickle
import random
import subprocess
import sys

import pytest
from test_drop_in import MicrogradValue

import autograd
from autograd import errors

# --- nodes made by hand, as in the lecture on micrograd ------------------------------


def plus(Value, a, b):
    out = Value(a.data + b.data, (a, b), "+")

    def _backward():
        a.grad += 1.0 * out.grad
        b.grad += 1.0 * out.grad

    out._backward = _backward
    return out


def times(Value, a, b):
    out = Value(a.data * b.data, _children=(a, b), _op="*", label="product")

    def _backward():
        a.grad += b.data * out.grad
        b.grad += a.data * out.grad

    out._backward = _backward
    return out


def squashed(Value, x):
    t = (math.exp(2 * x.data) - 1) / (math.exp(2 * x.data) + 1)
    out = Value(t, (x,), "tanh")

    def _backward():
        x.grad += (1 - t**2) * out.grad

    out._backward = _backward
    return out


def neuron(Value, by_hand):
    """The lecture's neuron; of which the nodes named in `by_hand` are made by hand."""
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    b = Value(6.8813735870195432, label="b")
    add = (lambda a, b: plus(Value, a, b)) if "+" in by_hand else lambda a, b: a + b
    mul = (lambda a, b: times(Value, a, b)) if "*" in by_hand else lambda a, b: a * b
    n = add(add(mul(x1, w1), mul(x2, w2)), b)
    o = squashed(Value, n) if "tanh" in by_hand else n.tanh()
    return o, (x1, w1, x2, w2, b)


@pytest.mark.parametrize("by_hand", ["", "+", "*", "tanh", "+ *", "+ * tanh"])
def test_hand_made_nodes_and_ours_in_one_graph(engine, by_hand):
    """x1.grad = w1 / 2, w1.grad = x1 / 2 ...: the bias is chosen so that tanh has slope 1/2."""
    o, leaves = neuron(engine.Value, by_hand)
    for count in (1, 2):  # leaves add up, the nodes between start from zero
        o.backward()
        assert [leaf.grad for leaf in leaves] == pytest.approx(
            [count * slope for slope in (-1.5, 1.0, 0.5, 0.0, 0.5)], rel=1e-12
        )
    assert o.grad == 1.0


def test_a_loop_of_ones_own_over_prev_and_backward(engine):
    o, leaves = neuron(engine.Value, "+ *")
    theirs, their_leaves = neuron(MicrogradValue, "+ *")
    for root in (o, theirs):
        topo, visited = [], set()

        def build_topo(v, topo=topo, visited=visited):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build_topo(child)
                topo.append(v)

        build_topo(root)
        root.grad = 1.0
        for node in reversed(topo):
            node._backward()
        assert len(topo) == 10
    assert [x.grad for x in leaves] == pytest.approx([x.grad for x in their_leaves], rel=1e-12)


def test_visited_nodes_kept_in_a_list(engine):
    o, _ = neuron(engine.Value, "*")
    visited = []

    def build(v):
        if v not in visited:
            visited.append(v)
            for child in v._children:
                build(child)

    build(o)
    assert len(visited) == len(set(visited)) == 10


@pytest.mark.parametrize("container", [tuple, list, set, frozenset])
def test_children_in_any_container(engine, container):
    a, b = engine.Value(2.0), engine.Value(3.0)
    out = engine.Value(5.0, container((a, b)), "+", "sum")
    assert out._prev == {a, b}
    assert set(out.parents) == {a, b}
    assert (out._op, out.op, out.label, out.data) == ("+", "+", "sum", 5.0)
    assert out.requires_grad


def test_a_hand_made_leaf_is_a_leaf(engine):
    for leaf in (engine.Value(2.0, ()), engine.Value(2.0, (), "", "x"), engine.Value(2, set(), "")):
        assert (leaf.data, leaf.parents, leaf.op, leaf.requires_grad) == (2.0, (), "", True)
        leaf._backward = lambda: None
        (leaf * 3.0).backward()
        assert leaf.grad == 3.0


def test_a_closure_that_adds_to_the_parents_of_parents(engine):
    x = engine.Value(3.0)
    square = x * x
    out = engine.Value(18.0, (square,), "twice")

    def _backward():
        square.grad += 2.0 * out.grad
        x.grad += 100.0

    out._backward = _backward
    (out * 1.0).backward()
    assert (square.grad, x.grad) == (2.0, 100.0 + 2.0 * 6.0)


def test_a_backward_of_ones_own_takes_the_place_of_ours(engine):
    x = engine.Value(3.0)
    out = x * x
    out._backward = lambda: setattr(x, "grad", x.grad - out.grad)
    (out + x).backward()
    assert x.grad == 0.0
    del out._backward
    x.grad = None
    (out + x).backward()
    assert x.grad == 7.0


def test_none_as_backward_stands_for_ours(engine):
    x = engine.Value(3.0)
    x._backward = None  # as some engines write it in their leaves
    y = x * x
    y._backward = None
    y.backward()
    assert x.grad == 6.0
    unknown = engine.Value(9.0, (x,))
    unknown._backward = None
    with pytest.raises(errors.GraphError, match="made by hand"):
        unknown.backward()


def test_an_init_put_on_the_class_is_called_in_every_form(engine, monkeypatch):
    ours = engine.Value.__init__

    def counting(self, *given, **named):
        ours(self, *given, **named)
        self.made_with = len(given) + len(named)

    monkeypatch.setattr(engine.Value, "__init__", counting)
    made = engine.Value(1.0), engine.Value(1.0, "a"), engine.Value(1.0, label="a")
    frozen = engine.Value(1.0, label="a", requires_grad=False)
    assert [v.made_with for v in (*made, frozen)] == [1, 2, 2, 3]
    assert [v.label for v in made] == ["", "a", "a"]
    monkeypatch.undo()
    assert not hasattr(engine.Value(1.0, label="b"), "made_with")
    assert (frozen.requires_grad, made[2].requires_grad) == (False, True)


def test_a_backward_put_on_the_class_is_called_at_every_node(engine, monkeypatch):
    seen, ours = [], engine.Value._backward

    def spying(self):
        seen.append(self.op)
        ours(self)

    x = engine.Value(3.0)
    product = times(engine.Value, x, x)  # what is assigned to a node wins over the class
    y = product.tanh() * 2.0
    monkeypatch.setattr(engine.Value, "_backward", spying)
    y.backward()
    assert seen[:2] == ["mul", "tanh"]
    assert x.grad == pytest.approx(12.0 / math.cosh(9.0) ** 2, rel=1e-13)


def test_an_error_in_a_closure_leaves_the_sums_of_before(engine):
    x = engine.Value(3.0)
    out = engine.Value(3.0, (x,), "f")
    out._backward = lambda: 1 / 0
    x.grad = 5.0
    with pytest.raises(ZeroDivisionError):
        (out + x).backward()
    assert x.grad == 6.0  # that of before, and what x itself got: out is passed on last
    out._backward = 3
    with pytest.raises(TypeError, match="not callable"):
        out.backward()


def test_a_gradient_is_reached_even_where_a_closure_adds_zero(engine):
    x = engine.Value(3.0)
    out = engine.Value(3.0, (x,), "f")

    def _backward():
        x.grad += 0.0

    out._backward = _backward
    out.backward()
    assert x._reached
    x.grad = None
    assert not x._reached


def test_without_partials_and_closure_a_gradient_cannot_pass(engine):
    x = engine.Value(3.0, "x")
    out = engine.Value(9.0, (x,), "square", "s")
    with pytest.raises(errors.GraphError, match=r"^s = 9\.0 was made by hand, without local grad"):
        (out * 2.0).backward()
    with pytest.raises(errors.GraphError, match="made by hand"):
        out._backward()
    assert (x.grad, out.data) == (0.0, 9.0)


def test_under_no_grad_nothing_is_recorded(engine):
    x = engine.Value(3.0)
    with autograd.no_grad():
        out = engine.Value(9.0, (x,), (6.0,))
    assert (out.parents, out.requires_grad) == ((), False)
    constant = engine.Value(1.0, requires_grad=False)
    assert not engine.Value(9.0, (constant,), (6.0,)).requires_grad
    assert not engine.Value(9.0, (x,), (6.0,), requires_grad=False).requires_grad


# --- local gradients, as in microgpt ---------------------------------------------------


def microgpt_style(Value):
    """A loss of a softmax, by nodes with local gradients, and a topological loop of its own."""

    def add(a, b):
        return Value(a.data + b.data, (a, b), (1, 1))

    def mul(a, b):
        return Value(a.data * b.data, (a, b), (b.data, a.data))

    def exp(a):
        return Value(math.exp(a.data), (a,), (math.exp(a.data),))

    def log(a):
        return Value(math.log(a.data), (a,), (1 / a.data,))

    def power(a, n):
        return Value(a.data**n, (a,), (n * a.data ** (n - 1),))

    w = [Value(x) for x in (0.5, -1.25, 2.0)]
    exps = [exp(mul(a, Value(0.7))) for a in w]
    total = add(add(exps[0], exps[1]), exps[2])
    loss = mul(log(mul(exps[1], power(total, -1))), Value(-1.0))
    topo, visited = [], set()

    def build_topo(v):
        if v not in visited:
            visited.add(v)
            for child in v._children:
                build_topo(child)
            topo.append(v)

    build_topo(loss)
    return w, loss, topo


def test_microgpts_loop_gives_the_gradients_of_softmax(engine):
    w, loss, topo = microgpt_style(engine.Value)
    loss.grad = 1
    for v in reversed(topo):
        for child, local_grad in zip(v._children, v._local_grads, strict=True):
            child.grad += local_grad * v.grad
    weights = [math.exp(0.7 * x.data) for x in w]
    expected = [0.7 * (p / sum(weights) - (i == 1)) for i, p in enumerate(weights)]
    assert [x.grad for x in w] == pytest.approx(expected, rel=1e-12)
    by_loop = [x.grad for x in w]
    for x in topo:
        x.grad = None
    loss.backward()
    assert [x.grad for x in w] == by_loop


@pytest.mark.parametrize("names", [("children", "local_grads"), ("_children", "_local_grads")])
def test_local_gradients_by_name(engine, names):
    a, b = engine.Value(2.0), engine.Value(3.0)
    out = engine.Value(6.0, **dict(zip(names, ((a, b), (3, 2)), strict=True)))
    out.backward(10)
    assert (a.grad, b.grad, out.partials, out._children) == (30.0, 20.0, (3.0, 2.0), (a, b))
    assert out.op == "made by hand"


def test_first_derivatives_go_through_local_gradients_and_second_ones_say_no():
    def function(x):
        return autograd.Value(x.data**2, (x,), (2.0 * x.data,)) * x

    assert autograd.jvp(function, (3.0,), (1.0,)) == (27.0, 27.0)
    assert autograd.jacobian(lambda v: [function(v[0])])([3.0]) == [[27.0]]
    for transform in (autograd.hessian, lambda f: autograd.derivative(f, 2)):
        with pytest.raises(errors.GraphError, match=r"made by hand.*@autograd\.op"):
            transform(function)(3.0)


BLIND = {
    "gradient": lambda out, x: autograd.gradient(out, x),
    "create_graph": lambda out, x: autograd.gradient(out, x, create_graph=True),
    "explain": autograd.explain,
    "play": lambda out, x: autograd.play(out),
    "highlight": lambda out, x: autograd.draw(out, highlight=x),
    "reverse_network": lambda out, x: autograd.reverse_network(out),
    "pickle": lambda out, x: pickle.dumps(out),
    "deepcopy": lambda out, x: copy.deepcopy(out),
}


@pytest.mark.parametrize("name", BLIND)
def test_what_cannot_see_through_a_closure_says_so(name):
    x = autograd.Value(3.0, "x")
    by_hand = times(autograd.Value, x, x)
    replaced = x * x
    replaced._backward = lambda: None
    for node in (by_hand, replaced):
        with pytest.raises(errors.GraphError, match="made by hand"):
            BLIND[name](node * 2.0, x)


@pytest.mark.parametrize(
    "transform",
    [
        lambda f: autograd.grad(f)(3.0),
        lambda f: autograd.jvp(f, (3.0,), (1.0,)),
        lambda f: autograd.hessian(f)(3.0),
        lambda f: autograd.hvp(f, (3.0,), (1.0,)),
        lambda f: autograd.derivative(f, 3)(3.0),
        lambda f: autograd.vjp(f, 3.0)[1](1.0),
    ],
)
def test_no_transform_gives_a_wrong_number(transform):
    with pytest.raises(errors.GraphError, match="made by hand"):
        transform(lambda x: times(autograd.Value, x, x) + x)


@pytest.mark.parametrize("engine_name", ["compiled", "pure"])
def test_a_closure_is_not_said_to_have_partials(engine_name):
    code = """if True:
        import autograd
        x = autograd.Value(3.0)
        out = autograd.Value(9.0, (x,), "square")
        out._backward = lambda: None
        try:
            autograd.gradient(out * x, [x], create_graph=True)
        except autograd.errors.GraphError as error:
            print(error)
    """
    environment = {**os.environ, "AUTOGRAD_PURE": str(int(engine_name == "pure"))}
    said = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert "in a _backward of its own" in said
    assert "a sweep of a transform cannot see through it" in said


def test_comparing_with_torch_says_so():
    pytest.importorskip("torch")
    with pytest.raises(errors.GraphError):
        autograd.compare_torch(lambda x: times(autograd.Value, x, x) + x, [3.0])


def test_nodes_made_by_hand_are_drawn_and_explained():
    x, y = autograd.Value(2.0, "x"), autograd.Value(3.0, "y")
    out = autograd.Value(6.0, (x, y), (3.0, 2.0), label="m") * x
    out.backward()
    assert "made by hand" in autograd.draw(out).svg
    text = autograd.explain(out, x).text
    assert "m = made by hand(x, y) = 6" in text
    assert "= 12" in text
    closure = times(autograd.Value, x, y)
    closure.backward()
    for edges in ("flow", "local"):
        assert "by hand" in autograd.draw(closure, edges=edges).svg


CLONES = [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))]


@pytest.mark.parametrize("clone", CLONES)
def test_a_node_with_local_gradients_survives_a_copy(engine, clone):
    a, b = engine.Value(2.0, "a"), engine.Value(3.0)
    twin = clone(engine.Value(6.0, (a, b), (3.0, 2.0)))
    twin.backward()
    assert (twin.partials, twin.op, twin.parents[0].grad) == ((3.0, 2.0), "made by hand", 3.0)
    assert twin._op == ""
    assert twin.parents[0].label == "a"


def test_what_fits_no_form_is_refused_and_told_the_forms(engine):
    a = engine.Value(1.0)
    refused = {
        (3,): "a label is a text, got int 3",
        (None,): "a label is a text, got NoneType None",
        ((a, "b"),): "expected one real number, got str",
        ((a,), (1.0, 2.0)): "2 local_gradients for 1 children",
        ((a,), ("1",)): "expected one real number",
        ((a,), 2.0): "one number for each child",
        ((a,), "+", 3): "a label is a text, got int 3",
        ((a,), (1.0,), "+"): "takes one of these forms",
        ("x", (a,)): "takes one of these forms",
    }
    for given, message in refused.items():
        with pytest.raises((TypeError, ValueError), match=message):
            engine.Value(1.0, *given)
    with pytest.raises(TypeError, match="a set has no order"):
        engine.Value(1.0, {a, engine.Value(2.0)}, (1.0, 2.0))
    with pytest.raises(TypeError, match="unexpected keyword argument 'lable'"):
        engine.Value(1.0, lable="x")
    with pytest.raises(TypeError, match="its label twice"):
        engine.Value(1.0, "x", label="y")
    with pytest.raises(TypeError, match="without children"):
        engine.Value(1.0, local_grads=(1.0,))
    with pytest.raises(errors.LabelError):
        a.label = 3
    assert a.label == ""


# --- attributes, methods and subclasses ---------------------------------------------


def test_moments_of_adam_kept_on_the_parameters(engine):
    """Three steps of Adam on x**2 from 1.0, learning rate 0.1, against the formula on floats."""
    p = engine.Value(1.0, "p")
    p.m = p.v = 0.0
    x, m, v = 1.0, 0.0, 0.0
    for step in range(1, 4):
        p.grad = 0
        (p * p).backward()
        p.m = 0.9 * p.m + 0.1 * p.grad
        p.v = 0.999 * p.v + 0.001 * p.grad**2
        p.data -= 0.1 * (p.m / (1 - 0.9**step)) / ((p.v / (1 - 0.999**step)) ** 0.5 + 1e-8)
        m, v = 0.9 * m + 0.1 * 2 * x, 0.999 * v + 0.001 * 4 * x * x
        x -= 0.1 * (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)) ** 0.5 + 1e-8)
    assert (p.data, p.m, p.v) == (x, m, v)


def test_attributes_of_ones_own(engine):
    x, y = engine.Value(1.0), engine.Value(2.0)
    x.colour, x.__dict__["size"] = "red", 3
    assert (x.colour, x.size, vars(x)) == ("red", 3, {"colour": "red", "size": 3})
    assert not hasattr(y, "colour")
    assert (x * y).parents[0].colour == "red"
    x.colour = "blue"
    del x.size
    assert vars(x) == {"colour": "blue"}
    with pytest.raises(AttributeError):
        del x.size
    with pytest.raises(AttributeError, match="colour"):
        y.colour
    with pytest.raises(AttributeError, match="colour"):
        engine.Value.colour
    x.tanh = "a name that methods have too"
    assert x.tanh == "a name that methods have too"
    assert y.tanh().data == math.tanh(2.0)
    del x.tanh
    assert x.tanh().data == math.tanh(1.0)
    x.__dict__ = {"other": 1}
    assert (x.other, vars(x)) == (1, {"other": 1})
    with pytest.raises(TypeError):
        x.__dict__ = None


@pytest.mark.parametrize("clone", [copy.copy, *CLONES])
def test_attributes_survive_copies(engine, clone):
    x = engine.Value(1.0, "x")
    x.colour, x.twin = "red", x
    twin = clone(x)
    assert (twin.colour, twin.label) == ("red", "x")
    assert twin.twin is (x if clone is copy.copy else twin)


def test_methods_added_to_the_class(engine):
    x = engine.Value(0.5)
    try:
        engine.Value.sigmoid2 = lambda self: 1 / (1 + (-self).exp())
        engine.Value.half = property(lambda self: self * 0.5)
        engine.Value.__matmul__ = lambda self, other: self * other
        assert x.sigmoid2().data == 1 / (1 + math.exp(-0.5))
        assert (x.half.data, (x @ 3.0).data, (x * 2).half.data) == (0.25, 1.5, 0.5)
        x.sigmoid2().backward()
        assert x.grad == pytest.approx(x.sigmoid().partials[0], rel=1e-15)
    finally:
        del engine.Value.sigmoid2, engine.Value.half, engine.Value.__matmul__
    assert not hasattr(x, "sigmoid2")


def node_class(engine):
    class Node(engine.Value):
        """A Value with an operation of its own, as a lesson adds it."""

        def __init__(self, data, name=""):
            super().__init__(data, label=name)
            self.name = name

        def cube(self):
            return self**3

        def twice(self):
            out = type(self).__new__(type(self))
            engine.Value.__init__(out, 2 * self.data, (self,), (2.0,))
            return out

    return Node


def test_results_are_of_the_subclass_of_their_operands(engine):
    Node = node_class(engine)
    x, y = Node(2.0, "x"), engine.Value(3.0)
    results = [
        *(x + y, y + x, x * 2, 2 * x, x - 1, 1 - x, x / y, x**2, 2**x, -x, abs(x), x % 3, 7 // x),
        *(x.tanh(), x.clip(0, 1), x.maximum(y), y.maximum(x), engine.apply(autograd.ops.sum, y, x)),
        *(x.cube().cube(), x.twice().cube(), (x * y).cube()),
    ]
    assert {type(out) for out in results} == {Node}
    assert type(y * 2) is engine.Value
    assert type(x.detach()) is engine.Value
    total = sum(results)
    total.backward()
    assert x.grad != 0.0
    assert isinstance(x, engine.Value)
    assert (x.name, x.label, repr(x)[:5]) == ("x", "x", "Value")


def test_the_most_derived_of_two_subclasses_wins(engine):
    Node = node_class(engine)
    Further = type("Further", (Node,), {})
    a, b = Node(1.0), Further(2.0)
    assert {type(a * b), type(b * a), type(engine.Value(1.0) * b)} == {Further}


def test_subclasses_work_everywhere():
    Node = node_class(autograd.engines.select)
    x, y = Node(0.5, "x"), Node(-2.0, "y")
    out = autograd.tanh(x) * autograd.dot([x, y], [1.0, y]) + autograd.sum([x, y, 1.0])
    out = out + autograd.where(x > 0, x, y) + autograd.logsumexp([x, y]) + autograd.hypot(x, 1.0)
    assert type(out) is Node
    plain = [autograd.Value(0.5), autograd.Value(-2.0)]
    (a, b), same = plain, None
    same = autograd.tanh(a) * autograd.dot([a, b], [1.0, b]) + autograd.sum([a, b, 1.0])
    same = same + autograd.where(a > 0, a, b) + autograd.logsumexp([a, b]) + autograd.hypot(a, 1.0)
    out.backward()
    same.backward()
    assert (out.data, x.grad, y.grad) == (same.data, a.grad, b.grad)
    assert autograd.gradient(out, [x, y]) == [a.grad, b.grad]
    assert "x" in autograd.draw(out).svg
    assert autograd.hessian(lambda v: Node(1.0) * v * v * v)(2.0) == 12.0
    autograd.zero_grad([x, y])
    assert (x.grad, autograd.topological_order(out)[-1]) == (0.0, out)


def test_parameters_of_a_subclass_are_found_and_trained():
    import nn

    Node = node_class(autograd.engines.select)

    class Line(nn.Module):
        def __init__(self):
            self.slope, self.offset = Node(0.0), Node(0.0)

        def __call__(self, x):
            return self.slope * x + self.offset

    line = Line()
    assert len(line.parameters()) == 2
    optimizer = nn.SGD(line.parameters(), learning_rate=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        sum((line(x) - (2 * x + 1)) ** 2 for x in (-1.0, 0.0, 1.0)).backward()
        optimizer.step()
    assert (line.slope.data, line.offset.data) == pytest.approx((2.0, 1.0), abs=1e-6)


@pytest.mark.parametrize("clone", CLONES)
def test_a_subclass_survives_a_copy(engine, clone):
    x = Kept[engine.__name__](3.0)
    x.extra, x.slot = [1], "s"
    twin = clone(x * x)
    assert type(twin) is type(x)
    assert (twin.data, twin.parents[0].extra, twin.parents[0].slot) == (9.0, [1], "s")
    assert twin.parents[0] is twin.parents[1]


def kept(module):
    engine = pytest.importorskip(module)
    kind = type("Kept", (engine.Value,), {"__slots__": ("slot",), "__module__": __name__})
    kind.__qualname__ = f"{module.rpartition('.')[2]}Kept"
    globals()[kind.__qualname__] = kind
    kind.__name__ = kind.__qualname__
    return kind


Kept = {}
for _module in ("autograd.value", "autograd.engines.compiled"):
    try:
        Kept[_module] = kept(_module)
    except pytest.skip.Exception:
        continue


def test_a_subclass_may_pass_its_gradient_on_itself(engine):
    class Straight(engine.Value):
        """As the straight-through estimator: what comes is passed on unchanged."""

        def _backward(self):
            for parent in self.parents:
                parent.grad += self.grad

    x = Straight(0.3)
    out = x.floor()
    out.backward()
    assert (out.data, x.grad) == (0.0, 1.0)


# --- nudging, resetting and PyTorch's words --------------------------------------------


def test_an_intermediate_nudged_in_place(engine):
    """The lecture's check: nudge a node between, and compute what follows again."""
    a, b, c, f = (engine.Value(x) for x in (2.0, -3.0, 10.0, -2.0))
    e = a * b
    L = (e + c) * f
    L.backward()
    e.data += 0.001
    again = (e + c) * f
    assert (again.data - L.data) / 0.001 == pytest.approx(e.grad, rel=1e-9)
    assert (L.data, e.grad, a.grad) == (-8.0, -2.0, 6.0)
    e.backward()
    assert a.grad == 6.0 - 3.0  # what it held, and d e / d a = b


def test_pictures_mark_what_is_out_of_date():
    a, b = autograd.Value(2.0, "a"), autograd.Value(3.0, "b")
    e = a * b
    out = e + a
    assert "out of date" not in autograd.draw(out).svg
    e.data = 7.0
    assert "out of date" in autograd.draw(out).svg
    for work in (lambda out: autograd.explain(out, a), autograd.play):
        with pytest.raises(errors.GraphError, match="data was assigned since"):
            work(out)
    with pytest.raises(errors.GraphError, match="other data"):
        autograd.gradient(e * e, a, create_graph=True)
    assert autograd.gradient(out, [a, b]) == [4.0, 2.0]


def test_words_of_pytorch(engine):
    x = engine.Value(3.0)
    out = x * x
    out.backward(retain_graph=True)
    out.backward(gradient=2.0, retain_graph=False)
    assert (x.grad, x.item(), out.item()) == (18.0, 3.0, 9.0)
    x.grad = None
    assert (x.grad, x._reached) == (0.0, False)
    for options in ({"create_graph": True}, {"inputs": [x]}):
        with pytest.raises(errors.GraphError, match=r"autograd\.gradient\(output, inputs"):
            out.backward(**options)


def test_many_nodes_made_by_hand_train(engine):
    """A line fitted by hand-made operations, against the same on floats."""
    rng = random.Random(0)
    rows = [(x, 2.0 * x - 1.0) for x in (rng.uniform(-1, 1) for _ in range(20))]
    w, b = engine.Value(0.0), engine.Value(0.0)
    for _ in range(200):
        w.grad = b.grad = 0
        for x, y in rows:
            error = plus(engine.Value, times(engine.Value, w, engine.Value(x)), b) - y
            (times(engine.Value, error, error) / len(rows)).backward()
        w.data, b.data = w.data - 0.3 * w.grad, b.data - 0.3 * b.grad
    assert (w.data, b.data) == pytest.approx((2.0, -1.0), abs=1e-4)
