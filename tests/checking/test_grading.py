"""Grading: planted mistakes are called by their names, right classes are never blamed."""

import math
import subprocess
import sys

import pytest

import autograd
from autograd import grade

RIGHT = """
import math

class MyValue:
    def __init__(self, data, parents=()):
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self._backward = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, MyValue) else MyValue(other)
        out = MyValue(self.data + other.data, (self, other))
        def _backward():
            self.grad += out.grad  # add 1
            other.grad += out.grad  # add 2
        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, MyValue) else MyValue(other)
        out = MyValue(self.data * other.data, (self, other))
        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out

    def __sub__(self, other):
        other = other if isinstance(other, MyValue) else MyValue(other)
        out = MyValue(self.data - other.data, (self, other))
        def _backward():
            self.grad += out.grad  # sub 1
            other.grad -= out.grad  # sub 2
        out._backward = _backward
        return out

    def __truediv__(self, other):
        other = other if isinstance(other, MyValue) else MyValue(other)
        out = MyValue(self.data / other.data, (self, other))
        def _backward():
            self.grad += out.grad / other.data
            other.grad += -self.data / other.data**2 * out.grad
        out._backward = _backward
        return out

    def __pow__(self, n):
        out = MyValue(self.data**n, (self,))
        def _backward():
            self.grad += n * self.data ** (n - 1) * out.grad
        out._backward = _backward
        return out

    def unary(self, data, slope):
        out = MyValue(data, (self,))
        def _backward():
            self.grad += slope * out.grad
        out._backward = _backward
        return out

    def exp(self):
        return self.unary(math.exp(self.data), math.exp(self.data))

    def log(self):
        return self.unary(math.log(self.data), 1.0 / self.data)

    def tanh(self):
        t = math.tanh(self.data)
        return self.unary(t, 1.0 - t * t)

    def sigmoid(self):
        s = 1.0 / (1.0 + math.exp(-self.data))
        return self.unary(s, s * (1.0 - s))

    def relu(self):
        return self.unary(max(0.0, self.data), 1.0 if self.data > 0.0 else 0.0)

    def __neg__(self):
        return self.unary(-self.data, -1.0)

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return MyValue(other) - self

    def __rtruediv__(self, other):
        return MyValue(other) / self

    def sorted_nodes(self):
        order, visited = [], set()
        def visit(node):
            if node not in visited:
                visited.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)
        visit(self)
        return order

    def backward(self):
        order = self.sorted_nodes()
        for node in order:
            if node.parents:
                node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            node._backward()
"""


def of(source):
    """The class that a text defines, as a student's notebook would."""
    names = {}
    exec(source, names)  # noqa: S102 - ours
    return names["MyValue"]


def with_mistake(*changes):
    """The right class with texts replaced by others, each of which must be there."""
    source = RIGHT
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert old in source, old
        source = source.replace(old, new)
    return of(source)


def without(*methods):
    kind = of(RIGHT)
    for name in methods:
        delattr(kind, name)
    return kind


BACKWARD = RIGHT[RIGHT.index("    def backward(self)") :]
SORTED = RIGHT[RIGHT.index("    def sorted_nodes(self)") : RIGHT.index("    def backward(self)")]
INIT = "        self._backward = lambda: None"


def backward(*lines):
    """What stands in place of `backward`."""
    return (BACKWARD, "\n".join(["", *(f"    {line}" for line in lines), ""]))


FROM_THE_ROOT = (
    "def backward(self):",
    "    self.grad, seen, waiting = 1.0, {self}, [self]",
    "    while waiting:",
    "        node = waiting.pop(WHICH)",
    "        node._backward()",
    "        for parent in node.parents:",
    "            if parent not in seen:",
    "                seen.add(parent)",
    "                waiting.append(parent)",
)

BY_NUMBER = """
    def __eq__(self, other):
        return self.data == other.data
    def __hash__(self):
        return hash(self.data)
"""
PLANTED = {
    # --- where gradients meet, and in which order -------------------------------------
    "= in every operation": ("overwrites at branches", ".grad += ", ".grad = "),
    "= in one operand of a product": (
        "overwrites at branches",
        "other.grad += self.data * out.grad", "other.grad = self.data * out.grad",
    ),
    "= in functions of one operand": (
        "overwrites at branches", "self.grad += slope", "self.grad = slope",
    ),
    "operands in a set": (
        "keeps a repeated operand once", "self.parents = parents", "self.parents = set(parents)",
        "            self.grad += out.grad  # add 1\n            other.grad += out.grad  # add 2",
        "            for p in out.parents:\n                p.grad += out.grad",
    ),
    "no set of visited nodes": ("visits a node twice", "if node not in visited", "if True"),
    "recursion into every parent": (
        "visits a node twice",
        *backward(
            "def backward(self, first=True):", "    if first:", "        self.grad = 1.0",
            "    self._backward()", "    for p in self.parents:", "        p.backward(False)",
        ),
    ),
    "breadth first": (
        "passes a gradient on too early",
        *backward(*[line.replace("WHICH", "0") for line in FROM_THE_ROOT]),
    ),
    "depth first, as found": (
        "passes a gradient on too early",
        *backward(*[line.replace("WHICH", "") for line in FROM_THE_ROOT]),
    ),
    "a record of all nodes": (
        "sorts by creation, not by dependency",
        "class MyValue:", "TAPE = []\n\nclass MyValue:", INIT, f"{INIT}\n        TAPE.append(self)",
        "order = self.sorted_nodes()", "order = list(TAPE)",
        "            if node.parents:\n                node.grad = 0.0\n", "            pass\n",
    ),
    "not reversed": ("stops after one step", "in reversed(order)", "in order"),
    "one step only": (
        "stops after one step",
        *backward("def backward(self):", "    self.grad = 1.0", "    self._backward()"),
    ),
    "no start": ("does not start with 1", "self.grad = 1.0\n", "pass\n"),
    "_backward not kept": ("passes nothing on", "        out._backward = _backward\n", ""),
    "compared by number": (
        "takes two nodes with the same number for one",
        "    def __neg__", f"{BY_NUMBER}\n    def __neg__",
    ),
    # --- the next pass ----------------------------------------------------------------
    "a list made once": (
        "goes through an earlier graph again",
        "def sorted_nodes(self):\n        order, visited = [], set()",
        "def sorted_nodes(self, order=[], visited=set()):",
        "            if node.parents:\n                node.grad = 0.0\n", "            pass\n",
    ),
    "marks that stay": (
        "never visits a node again",
        "if node not in visited:\n                visited.add(node)",
        "if not hasattr(node, 'visited'):\n                node.visited = True",
    ),
    # --- slopes ------------------------------------------------------------------------
    "x' of x * y is x": (
        "gives each factor its own value",
        "self.grad += other.data * out.grad\n            other.grad += self.data * out.grad",
        "self.grad += self.data * out.grad\n            other.grad += other.data * out.grad",
    ),
    "minus of x - y": (
        "forgets the minus of d/dy of x - y", "other.grad -= out.grad", "other.grad += out.grad",
    ),
    "no d/dy of x/y": (
        "forgets d/dy of x/y", "            other.grad += -self.data / other.data**2 * out.grad\n",
        "",
    ),
    "minus of d/dy of x/y": (
        "forgets the minus of d/dy of x/y",
        "-self.data / other.data**2", "self.data / other.data**2",
    ),
    "one y in d/dy of x/y": (
        "divides once where twice belongs", "/ other.data**2", "/ other.data",
    ),
    "no n of x**n": ("forgets the factor n", "n * self.data ** (n - 1)", "self.data ** (n - 1)"),
    "n stays n": ("keeps the exponent", "n * self.data ** (n - 1)", "n * self.data ** n"),
    "tanh of the input": (
        "takes the input where the output belongs", "1.0 - t * t", "1.0 - self.data**2",
    ),
    "sigmoid of the input": (
        "takes the input where the output belongs",
        "s * (1.0 - s)", "self.data * (1.0 - self.data)",
    ),
    "exp as a power": (
        "takes exp for a power",
        "self.unary(math.exp(self.data), math.exp(self.data))",
        "self.unary(math.exp(self.data), self.data * math.exp(self.data - 1.0))",
    ),
    "ReLU open": (
        "lets a gradient through a closed ReLU", "1.0 if self.data > 0.0 else 0.0", "1.0",
    ),
    "nothing from above": (
        "forgets the gradient from above",
        "self.grad += slope * out.grad", "self.grad += slope",
    ),
    "plus what is above": (
        "adds the gradient from above",
        "self.grad += slope * out.grad", "self.grad += slope + (out.grad if out.grad != 1 else 0)",
    ),
    "minus of -x": ("forgets the minus of -x", "unary(-self.data, -1.0)", "unary(-self.data, 1.0)"),
    "a slope nobody knows": ("gives a wrong slope", "1.0 - t * t", "0.123"),
    # --- numbers -----------------------------------------------------------------------
    "2 - x turned around": (
        "turns 2 - x around", "return MyValue(other) - self", "return self - other",
    ),
    "2 / x turned around": (
        "turns 2 / x around", "return MyValue(other) / self", "return self / other",
    ),
    "wrong tanh": ("computes a wrong number", "t = math.tanh(self.data)", "t = 0.9"),
    "plain result": (
        "loses the graph", "return self.unary(t, 1.0 - t * t)", "return t",
    ),
    "changed operand": (
        "changes its operand", "out = MyValue(self.data + other.data, (self, other))",
        "out = MyValue(self.data + other.data, (self, other)); self.data = out.data",
    ),
    "None at first": ("starts from None", "        self.grad = 0.0", "        self.grad = None"),
    "1 at first": (
        "does not start from 0",
        "self.data = data\n        self.grad = 0.0", "self.data = data\n        self.grad = 1.0",
    ),
    "no data": ("keeps no data", "self.data = data", "self.number = data"),
    "- calls -": (
        "calls itself without end", "return self.unary(-self.data, -1.0)", "return -self",
    ),
    "a name that is not there": ("raises an error", "s * (1.0 - s)", "s * (1.0 - t)"),
}  # fmt: skip


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_mistake_is_called_by_its_name(planted):
    name, *changes = PLANTED[planted]
    report = grade(with_mistake(*changes))
    assert not report
    assert [mistake.name for mistake in report.mistakes] == [name]
    assert str(report).startswith("MyValue: 1 mistake; ")
    assert f"\n\n{name}\n  " in str(report)


def test_what_goes_wrong_in_larger_graphs_alone_is_found():
    """A class that gives up after five nodes is right in every graph that has a name."""
    report = grade(with_mistake("in reversed(order)", "in reversed(order[-5:])"))
    assert [mistake.name for mistake in report.mistakes] == ["goes wrong in a larger graph"]


def test_one_mistake_in_many_operations_is_told_once():
    report = grade(with_mistake(".grad += slope", ".grad = slope"))
    [mistake] = report.mistakes
    assert mistake.seen == "(-x) + x at x = 3: the gradient of x is 0, MyValue gives -1."
    assert mistake.also == ("x.exp()", "x.tanh()", "x.relu()", "x.sigmoid()", "x.log()")


def test_several_mistakes_are_all_told():
    report = grade(with_mistake("1.0 - t * t", "1.0 - t", "s * (1.0 - s)", "0.123"))
    assert [m.name for m in report.mistakes] == [
        "forgets the square in 1 - tanh²",
        "gives a wrong slope",
    ]
    assert "2 mistakes" in str(report)


# --- right ones ------------------------------------------------------------------------


def micrograd():
    return pytest.importorskip("micrograd.engine").Value


def by_local_gradients():
    """microgpt's form: operands and local gradients in tuples, no closures."""
    return of(
        "class MyValue:\n"
        "    __slots__ = ('data', 'grad', 'kids', 'slopes')\n"
        "    def __init__(self, data, kids=(), slopes=()):\n"
        "        self.data, self.grad, self.kids, self.slopes = data, 0, kids, slopes\n"
        "    def __add__(self, other):\n"
        "        other = other if isinstance(other, MyValue) else MyValue(other)\n"
        "        return MyValue(self.data + other.data, (self, other), (1, 1))\n"
        "    def __mul__(self, other):\n"
        "        other = other if isinstance(other, MyValue) else MyValue(other)\n"
        "        return MyValue(self.data * other.data, (self, other), (other.data, self.data))\n"
        "    def backward(self):\n"
        "        topo, seen = [], set()\n"
        "        def build(v):\n"
        "            if v not in seen:\n"
        "                seen.add(v)\n"
        "                [build(kid) for kid in v.kids]\n"
        "                topo.append(v)\n"
        "        build(self)\n"
        "        self.grad = 1\n"
        "        for v in reversed(topo):\n"
        "            for kid, slope in zip(v.kids, v.slopes):\n"
        "                kid.grad += slope * v.grad\n"
    )


def by_every_path():
    """Pushes each contribution all the way down: right, and slow."""
    return of(
        "class MyValue:\n"
        "    def __init__(self, data, kids=(), slopes=()):\n"
        "        self.data, self.grad, self.kids, self.slopes = data, 0.0, kids, slopes\n"
        "    def __add__(self, other):\n"
        "        return MyValue(self.data + other.data, (self, other), (1.0, 1.0))\n"
        "    def __mul__(self, other):\n"
        "        return MyValue(self.data * other.data, (self, other), (other.data, self.data))\n"
        "    def backward(self, upstream=1.0):\n"
        "        self.grad += upstream\n"
        "        for kid, slope in zip(self.kids, self.slopes):\n"
        "            kid.backward(upstream * slope)\n"
    )


def by_creation_numbers():
    """Sorted by the number of creation among what the root depends on: that is a right order."""
    return with_mistake(
        "class MyValue:", "import itertools\nNUMBERS = itertools.count()\n\nclass MyValue:",
        INIT, f"{INIT}\n        self.number = next(NUMBERS)",
        "        return order", "        return sorted(order, key=lambda node: node.number)",
    )  # fmt: skip


def all_from_zero():
    return with_mistake(
        "            if node.parents:\n                node.grad = 0.0",
        "            node.grad = 0.0",
    )


def in_single_precision():
    numpy = pytest.importorskip("numpy")
    kind = of(RIGHT.replace("self.data = data", "self.data = as_number(data)"))
    kind.__init__.__globals__["as_number"] = numpy.float32
    return kind


def refuses_powers_of_values():
    return with_mistake("def __pow__(self, n):", "def __pow__(self, n):\n        assert n > 0, 'n'")


RIGHT_ONES = {
    "the one above": lambda: of(RIGHT),
    "micrograd's": micrograd,
    "operands and local gradients": by_local_gradients,
    "every path": by_every_path,
    "sorted by creation": by_creation_numbers,
    "all from zero": all_from_zero,
    "single precision": in_single_precision,
    "no interior reset": lambda: with_mistake("node.grad = 0.0", "pass"),
    "without division": lambda: without("__truediv__", "__rtruediv__"),
    "without functions": lambda: without("exp", "log", "tanh", "sigmoid", "relu"),
    "without numbers before": lambda: without("__radd__", "__rmul__", "__rsub__", "__rtruediv__"),
    "positive powers alone": refuses_powers_of_values,
    "no plain numbers": lambda: with_mistake(
        "        other = other if isinstance(other, MyValue) else MyValue(other)\n", ""
    ),
    "a subclass of ours": lambda: type("MyValue", (autograd.Value,), {}),
}


@pytest.mark.parametrize("right", RIGHT_ONES)
def test_a_right_class_is_not_blamed(right):
    report = grade(RIGHT_ONES[right]())
    assert report.mistakes == ()
    assert report
    assert "nothing is wrong" in str(report)


def test_our_own_value_is_right(engine):
    report = grade(engine.Value)
    assert report
    assert (report.mistakes, report.remarks, report.missing) == ((), (), ())


def test_pytorch_and_hand_agree_that_the_class_above_is_right():
    """The class that mistakes are planted in is itself right where nobody grades it."""
    kind = of(RIGHT)
    x, y = kind(0.5), kind(-2.0)
    (x / y + (x * y).tanh() * x).backward()
    t = math.tanh(-1.0)
    assert x.grad == pytest.approx(-0.5 + t + 0.5 * (1.0 - t * t) * -2.0)
    assert y.grad == pytest.approx(-0.5 / 4.0 + 0.5 * (1.0 - t * t) * 0.5)


def test_what_is_not_there_yet_is_said_and_not_blamed():
    report = grade(without("__truediv__", "__rtruediv__", "tanh"))
    assert report.missing == ("x / y", "x / 2", "2 / x", "x.tanh()")
    assert str(report).endswith("Not there yet: x / y, x / 2, 2 / x, x.tanh()")


@pytest.mark.parametrize(
    ("methods", "missing"),
    [(("backward",), "backward()"), (("__add__",), "x + y"), (("__mul__",), "x * y")],
)
def test_what_cannot_be_done_without_is_no_pass(methods, missing):
    report = grade(without(*methods))
    assert not report
    assert report.mistakes == ()
    assert missing in report.missing


def test_an_empty_class():
    report = grade(type("MyValue", (), {}))
    assert [mistake.name for mistake in report.mistakes] == ["raises an error"]


def test_a_method_that_is_not_written_yet_is_not_there():
    report = grade(with_mistake("t = math.tanh(self.data)", "raise NotImplementedError"))
    assert report
    assert report.missing == ("x.tanh()",)


# --- remarks ----------------------------------------------------------------------------


def remarks_of(kind):
    return [remark.name for remark in grade(kind).remarks]


def test_old_interior_gradients_are_remarked():
    kept = with_mistake("node.grad = 0.0", "pass")
    assert remarks_of(kept) == ["keeps old interior gradients", "cannot go deep"]
    assert "keeps old interior gradients" in remarks_of(micrograd())


def test_every_path_is_remarked_with_the_calls_it_takes():
    names = remarks_of(by_every_path())
    assert "follows every path by itself" in names


def test_gradients_that_start_anew_are_remarked():
    assert "starts from zero at every backward" in remarks_of(all_from_zero())


# --- the report -------------------------------------------------------------------------


def test_an_error_names_the_line():
    report = grade(with_mistake("s * (1.0 - s)", "s * (1.0 - t)"))
    assert "NameError: name 't' is not defined" in report.mistakes[0].seen


def test_grade_takes_a_class():
    with pytest.raises(TypeError, match=r"the class itself, as in grade\(MyValue\), got Value"):
        grade(autograd.Value(1.0))


def test_what_a_class_prints_is_its_own(capsys):
    grade(of(RIGHT))
    assert capsys.readouterr().out == ""


def test_grading_loads_with_the_standard_library_alone():
    script = "import sys, autograd; autograd.grade; print('numpy' in sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert said.stdout == "False\n"
