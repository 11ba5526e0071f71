"""no_grad, scope and detect_anomaly: what they change, and for whom."""

import asyncio
import math
import re
import sys
import threading
import types
from pathlib import Path

import pytest

import autograd
import nn
from autograd import Value, apply, detect_anomaly, no_grad, ops, scope
from autograd.errors import AnomalyError, GraphError
from autograd.support.modes import Modes, calling_line, current


@pytest.fixture(autouse=True)
def modes_are_put_back():
    yield
    assert current.get() == Modes()


# --- no_grad ---------------------------------------------------------------------


def test_no_grad_computes_without_recording(engine):
    x = engine.Value(3.0)
    with no_grad():
        out = (x * x).tanh()
    assert out.data == math.tanh(9.0)
    assert (out.parents, out.partials, out.op, out.requires_grad) == ((), (), "", False)
    with pytest.raises(GraphError, match="no_grad"):
        out.backward()


def test_no_grad_ends_with_its_block_and_after_an_error(engine):
    x = engine.Value(3.0)
    with pytest.raises(ZeroDivisionError), no_grad():
        x / 0.0
    assert (x * x).requires_grad


def test_no_grad_nests(engine):
    x = engine.Value(3.0)
    with no_grad():
        with no_grad():
            pass
        assert not (x * x).requires_grad


def test_no_grad_decorates_functions_again_and_again(engine):
    @no_grad()
    def evaluate(x):
        return x * x

    x = engine.Value(3.0)
    assert [evaluate(x).parents, evaluate(x).parents] == [(), ()]
    assert (x * x).parents == (x, x)


def test_a_leaf_made_under_no_grad_is_a_leaf_like_any_other(engine):
    with no_grad():
        x = engine.Value(3.0)
        x.data = 4.0
    (x * x).backward()
    assert x.grad == 8.0


def test_backward_works_under_no_grad(engine):
    x = engine.Value(3.0)
    out = x * x
    with no_grad():
        out.backward()
    assert x.grad == 6.0


# --- scope -----------------------------------------------------------------------


def test_scopes_nest_and_end(engine):
    with scope("mlp"):
        with scope("layer0"), scope("neuron3"):
            w = engine.Value(1.0)
        out = w * 2.0
    assert (w.scope, out.scope) == ("mlp/layer0/neuron3", "mlp")
    assert engine.Value(1.0).scope == ""


def test_a_scope_ends_after_an_error(engine):
    with pytest.raises(KeyError), scope("mlp"):
        raise KeyError
    assert engine.Value(1.0).scope == ""


def test_modes_do_not_disturb_each_other(engine):
    x = engine.Value(3.0)
    with scope("a"), no_grad(), scope("b"), detect_anomaly():
        out = x * x
        assert (out.scope, out.parents) == ("a/b", ())
        with pytest.raises(AnomalyError):
            x * math.inf


# --- detect_anomaly --------------------------------------------------------------


def line_of(function, offset):
    return f"{__file__}:{function.__code__.co_firstlineno + offset}"


def test_the_first_value_that_is_not_finite_is_named_with_its_line(engine):
    def forward():
        x = engine.Value(1e200, "x")
        y = x * 1e-100
        z = y * x  # 1e300
        return z * z

    with pytest.raises(AnomalyError, match=r"^mul\(1e\+300, 1e\+300\) = inf") as caught, \
            detect_anomaly():  # fmt: skip
        forward()
    assert str(caught.value).endswith(f"made at {line_of(forward, 4)}")


def test_labels_and_nan_are_named(engine):
    x = engine.Value(math.inf, "x")
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"^sub\(x=inf, x=inf\) = nan"):
        x - x


def test_the_first_gradient_that_is_not_finite_is_named_with_the_line_of_its_node(engine):
    def forward():
        x = engine.Value(0.0, "x")
        root = x.sqrt()
        return root * 2.0

    with detect_anomaly():
        out = forward()
        with pytest.raises(AnomalyError, match=r"^sqrt passes gradient inf to x=0\.0") as caught:
            out.backward()
    assert f"made at {line_of(forward, 2)}" in str(caught.value)


def by_hand(engine, x, number, gradient, partials=()):
    out = engine.Value(number, (x,), partials) if partials else engine.Value(number, (x,), "f")

    def closure():
        x.grad += gradient * out.grad

    if not partials:
        out._backward = closure
    return out


@pytest.mark.parametrize("partials", [(), (3.0,)])
def test_nodes_made_by_hand_pass_their_gradients_on_under_detect_anomaly(engine, partials):
    x = engine.Value(2.0, "x")
    with detect_anomaly():
        (by_hand(engine, x * 1.0, 6.0, 3.0, partials) * x).backward()
        assert x.grad == 12.0  # d (3 x) x / dx = 6 x
        own = type("Own", (engine.Value,), {"_backward": lambda v: engine.Value._backward(v)})(2.0)
        (own * own).backward()
        assert own.grad == 4.0


@pytest.mark.parametrize("partials", [(), (math.nan,)])
def test_anomalies_of_nodes_made_by_hand_are_found_at_their_lines(engine, partials):
    x = engine.Value(2.0, "x")
    name = "made by hand" if partials else "f"
    line = rf"; made at {re.escape(line_of(by_hand, 1))}$"
    with detect_anomaly():
        out = by_hand(engine, x, 6.0, math.nan, partials)
        with pytest.raises(AnomalyError, match=rf"^{name} passes gradient nan to x=2\.0.*{line}"):
            out.backward()
        with pytest.raises(AnomalyError, match=rf"^{name}\(x=2\.0\) = inf, made at "):
            by_hand(engine, x, math.inf, 1.0, partials)


def test_a_node_made_outside_is_said_to_be(engine):
    out = engine.Value(0.0).sqrt()
    with detect_anomaly(), pytest.raises(AnomalyError, match="a line outside detect_anomaly"):
        out.backward()


def test_a_gradient_that_is_not_finite_towards_a_constant_is_no_anomaly(engine):
    x = engine.Value(0.5)
    with detect_anomaly():
        out = 0.0**x
        out.backward()
    assert (out.partials, x.grad) == ((math.inf, 0.0), 0.0)


def test_infinities_pass_without_detect_anomaly(engine):
    x = engine.Value(0.0)
    x.sqrt().backward()
    assert x.grad == math.inf
    assert (engine.Value(1e200) * 1e200).data == math.inf


def test_finite_computations_are_left_alone(engine):
    x = engine.Value(3.0)
    with detect_anomaly():
        (x * x).backward()
    assert x.grad == 6.0


def test_the_calling_line_is_the_innermost_outside_the_package():
    def here():
        return calling_line()

    assert here() == line_of(here, 1)


def test_a_file_whose_name_begins_as_the_packages_folder_is_outside():
    """As autograd_lesson.py beside the folder autograd."""
    folder = sys.modules["autograd"].__path__[0]
    path = f"{folder}_lesson.py"
    lesson = types.ModuleType("lesson")
    source = "from autograd import Value\n\ndef overflow():\n    return Value(1e200) * 1e200\n"
    exec(compile(source, path, "exec"), lesson.__dict__)  # noqa: S102
    with detect_anomaly(), pytest.raises(AnomalyError, match=re.escape(f"{path}:4")):
        lesson.overflow()


LESSON = """\
import autograd, nn

def multiplied():
    return autograd.Value(1e200) * 1e200

def in_a_model():
    model = nn.MLP(1, [1], "identity", generator=0)
    model.load_state_dict({name: 1e200 for name in model.state_dict()})
    return model([1e200])

def under_a_transform():
    return autograd.grad(lambda x: x * x)(1e200)
"""


@pytest.mark.parametrize(
    "folder", ["home", "autograd", "nn", "nn/pictures", "chainrule/autograd/support"]
)
@pytest.mark.parametrize(
    ("name", "line"), [("multiplied", 4), ("in_a_model", 9), ("under_a_transform", 12)]
)
def test_the_line_of_the_user_is_named_wherever_the_file_lies(tmp_path, folder, name, line):
    path = str(tmp_path / folder / "lesson.py")
    lesson = types.ModuleType("lesson")
    exec(compile(LESSON, path, "exec"), lesson.__dict__)  # noqa: S102
    with detect_anomaly(), pytest.raises(AnomalyError, match=rf"made at {re.escape(path)}:{line}$"):
        getattr(lesson, name)()


def test_every_folder_of_the_packages_is_ours():
    source = "from autograd.support.modes import calling_line\ndef inner(): return calling_line()\n"
    folders = {
        path.parent
        for package in (autograd, nn)
        for path in Path(package.__file__).parent.rglob("*.py")
    }
    assert len(folders) > 10
    for folder in folders:
        inside = types.ModuleType("inside")
        exec(compile(source, str(folder / "any.py"), "exec"), inside.__dict__)  # noqa: S102

        def here(inside=inside):
            return inside.inner()

        assert here() == line_of(here, 1)


# --- threads and tasks -----------------------------------------------------------


def test_threads_do_not_see_each_others_modes():
    seen = {}

    def work():
        seen["thread"] = (Value(1.0) * 2.0).requires_grad, Value(1.0).scope

    with no_grad(), scope("mine"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        seen["here"] = (Value(1.0) * 2.0).requires_grad, Value(1.0).scope
    assert seen == {"thread": (True, ""), "here": (False, "mine")}


def test_tasks_do_not_see_each_others_modes():
    async def quiet(entered, leave):
        with no_grad():
            entered.set()
            await leave.wait()
            return apply(ops.neg, Value(1.0)).requires_grad

    async def loud(entered, leave):
        await entered.wait()
        requires_grad = apply(ops.neg, Value(1.0)).requires_grad
        leave.set()
        return requires_grad

    async def both():
        entered, leave = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(quiet(entered, leave), loud(entered, leave))

    assert asyncio.run(both()) == [False, True]
