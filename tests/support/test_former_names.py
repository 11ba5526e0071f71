"""Pickles, model files and imports of before the modules moved.

`pickled_before.json` was written by this file, which says so itself: it was run in the trees of
two former states of the project, by both engines, as

    python -c "import test_former_names as t; t.write('pickled_before.json', 'generation')"

It holds what `everything()` could make there, as base64 of a compressed pickle, or as the
text of a model file.
"""

import base64
import contextlib
import importlib.util
import json
import math
import os
import pickle
import subprocess
import sys
import tempfile
import warnings
import zlib
from importlib import import_module, reload
from pathlib import Path

import pytest

import autograd
import nn
from autograd import Value

with contextlib.suppress(ImportError):  # in the trees of before
    from autograd.support.former_names import FORMER_NAMES

HERE = Path(__file__).parent
BEFORE = HERE / "pickled_before.json"


# --- what was pickled ------------------------------------------------------------------


with contextlib.suppress(TypeError):  # the first generation had no subclasses

    class Celsius(Value):
        __slots__ = ("where",)


class Line(nn.Module):
    def __init__(self):
        self.w, self.b = Value(2.0, label="w"), Value(-1.0, label="b")

    def __call__(self, row):
        return self.w * row[0] + self.b


@autograd.op
def cube(x):
    return x * x * x, 3.0 * x * x


def leaf():
    with autograd.scope("mlp"), autograd.scope("layer0"):
        x = Value(2.5, label="a")
    x.grad = -0.5
    return x


def frozen():
    return Value(1e-300, requires_grad=False)


def graph():
    x, y = Value(3.0, label="x"), Value(-2.0, label="y")
    out = (x * y + 2.0) * x.exp() / 4.0
    out.label = "out"
    out.backward()
    return out


def choice():
    x, y = Value(1.0, label="x"), Value(1.0, label="y")
    return autograd.maximum(x, y) + autograd.where(x, x, y) + autograd.relu(y)


def sequence():
    xs = [Value(float(i), label=f"x{i}") for i in range(5)]
    return autograd.logsumexp(xs) + autograd.dot(xs, xs[::-1])


def own_attribute():
    x = Value(3.0, label="x")
    x.colour, x.friends = "red", [1, {"two": 2}]
    return x * x


def subclass():
    x = Celsius(20.0, label="t")
    x.where = "kitchen"
    return x + 1.0


def made_by_hand():
    x, y = Value(3.0, label="x"), Value(2.0, label="y")
    return Value(6.0, (x, y), (2.0, 3.0))


def named_by_hand():
    x, y = Value(3.0, label="x"), Value(2.0, label="y")
    return Value(6.0, children=(x, y), local_gradients=(2.0, 3.0), op="times")


def own_operation():
    return cube(Value(2.0, label="x"))


def derived():
    x, y = Value(0.5, label="x"), Value(3.0, label="y")
    [by_x, by_y] = autograd.gradient(x.sigmoid() * y.atan() / x, [x, y], create_graph=True)
    return by_x + by_y


def report_of_gradcheck():
    return autograd.gradcheck(lambda x, y: x * y.exp(), (Value(1.0), Value(2.0)))


def explanation():
    out = graph()
    return autograd.explain(out, autograd.topological_order(out)[0])


def equations():
    return autograd.latex(graph())


def model():
    return nn.MLP(2, [3, 1], generator=1)


def own_model():
    return Line()


DATA = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0]


def trained(kind):
    network = model()
    optimizer = kind(network.parameters(), 0.1)
    loss = nn.squared_error
    return network, optimizer, nn.fit(network, *DATA, loss, optimizer, epochs=2, record=True)


def sgd():
    return trained(nn.SGD)[1]


def adam():
    return trained(nn.Adam)[1]


def history():
    made = trained(nn.Adam)[2]
    made.seconds = [0.25, 0.5]
    return made


def diagnostics():
    return nn.diagnose(model(), *DATA, nn.squared_error)


def early_stopping():
    return nn.EarlyStopping(patience=3)


def surface():
    return nn.loss_surface(model(), *DATA, nn.squared_error, resolution=3)


def animation():
    return nn.Animation((b"a picture",), ("epoch 1",), (640, 480))


def report():
    return nn.Report("<p>a page</p>")


def drawing():
    return autograd.draw(Value(2.0, label="x") * 3.0)


def player():
    return autograd.Player("<p>a page</p>", "<svg/>", 3, "title")


def network_backwards():
    return autograd.reverse_network(Value(2.0, label="x") * 3.0)


MADE = {
    function.__name__: function
    for function in (
        *(leaf, frozen, graph, choice, sequence, own_attribute, subclass, made_by_hand),
        *(named_by_hand, own_operation, derived, report_of_gradcheck, explanation, equations),
        *(model, own_model, sgd, adam, history, diagnostics, early_stopping, surface, animation),
        *(report, drawing, player, network_backwards),
    )
}


def everything():
    """All that can be made and pickled here, and the text of a model file."""
    found = {}
    for name, make in MADE.items():
        try:
            found[name] = base64.b64encode(zlib.compress(pickle.dumps(make()), 9)).decode()
        except (NameError, TypeError, AttributeError) as error:  # that came later
            print(f"not {name}: {error}")
    path = Path(tempfile.mkdtemp()) / "model.json"
    nn.save(model(), path)
    found["file"] = path.read_text(encoding="utf-8")
    return found


def write(path, generation):
    path = Path(path)
    written = json.loads(path.read_text()) if path.exists() else {}
    written[f"{generation}, {autograd.engine}"] = everything()
    path.write_text(json.dumps(written, indent=1) + "\n")


# --- what it must be ---------------------------------------------------------------------


def check(name, thing):
    """`thing` is what the function `name` made, by numbers that are worked out here."""
    globals()[f"check_{name}"](thing)


def check_leaf(x):
    assert (x.data, x.grad, x.label, x.scope) == (2.5, -0.5, "a", "mlp/layer0")
    assert (type(x), x.requires_grad, x.parents, x.op) == (Value, True, (), "")


def check_frozen(x):
    assert (type(x), x.data, x.requires_grad) == (Value, 1e-300, False)


def leaves_of(out):
    return {x.label: x for x in autograd.topological_order(out) if x.label and not x.parents}


def check_graph(out):
    x, y = leaves_of(out)["x"], leaves_of(out)["y"]
    e = math.exp(3.0)
    slope = -2.0 * e / 4.0 - e
    assert (type(out), out.label, out.data, out.grad) == (Value, "out", -e, 1.0)
    assert (x.grad, y.grad) == pytest.approx((slope, 3.0 * e / 4.0))
    out.backward()
    assert x.grad == pytest.approx(2.0 * slope)
    [by_x] = autograd.gradient(out, [x], create_graph=True)
    assert autograd.gradient(by_x, y) == pytest.approx(e)  # (x e^x + e^x) / 4


def check_choice(out):
    assert out.data == 3.0
    out.backward()
    assert {name: x.grad for name, x in leaves_of(out).items()} == {"x": 1.5, "y": 1.5}


def check_sequence(out):
    out.backward()
    total = sum(map(math.exp, range(5)))
    assert out.data == pytest.approx(math.log(total) + 10.0)
    for i in range(5):
        expected = math.exp(i) / total + 2.0 * (4 - i)
        assert leaves_of(out)[f"x{i}"].grad == pytest.approx(expected)


def check_own_attribute(out):
    x = leaves_of(out)["x"]
    assert (out.data, x.colour, x.friends) == (9.0, "red", [1, {"two": 2}])


def check_subclass(out):
    assert (type(out), out.data) == (Celsius, 21.0)
    assert (type(out.parents[0]), out.parents[0].where) == (Celsius, "kitchen")


def check_made_by_hand(out, op="made by hand"):
    assert (type(out), out.data, out.partials) == (Value, 6.0, (2.0, 3.0))
    out.backward(2.0)
    assert {name: x.grad for name, x in leaves_of(out).items()} == {"x": 4.0, "y": 6.0}
    assert isinstance(out.op, import_module("autograd.calculus.rule_names").ByHand)


def check_named_by_hand(out):
    check_made_by_hand(out)
    assert out.op == "times"


def check_own_operation(out):
    out.backward()
    assert (out.op, out.data, out.parents[0].grad) == ("cube", 8.0, 12.0)


def check_derived(out):
    x, y = leaves_of(out)["x"], leaves_of(out)["y"]
    s, a = 1.0 / (1.0 + math.exp(-0.5)), math.atan(3.0)
    by_x = a * (s * (1.0 - s) / 0.5 - s / 0.25)
    assert out.data == pytest.approx(by_x + s / 0.5 / 10.0)
    by_y = (s * (1.0 - s) / 0.5 - s / 0.25) / 10.0 + s / 0.5 * (-6.0 / 100.0)
    assert autograd.gradient(out, y) == pytest.approx(by_y)
    assert x.data == 0.5


def check_report_of_gradcheck(report):
    assert type(report).__name__ == "GradcheckReport"
    assert report
    assert [entry.analytic for entry in report.entries] == pytest.approx([math.e**2, math.e**2])


def check_explanation(shown):
    assert type(shown) is autograd.Explanation
    assert "out" in str(shown)


def check_equations(text):
    assert type(text) is autograd.Latex
    assert text == autograd.latex(graph())


def check_model(network):
    assert repr(network) == "MLP(2 -> 3 relu -> 1 identity, 13 parameters)"
    assert [x.data for x in network.parameters()] == [x.data for x in model().parameters()]
    assert network(DATA[0][1]).data == model()(DATA[0][1]).data


def check_own_model(line):
    assert (type(line), line([3.0]).data, len(line.parameters())) == (Line, 5.0, 2)


def check_sgd(optimizer):
    assert (type(optimizer), optimizer.learning_rate, optimizer.steps) == (nn.SGD, 0.1, 2)
    before = [x.data for x in optimizer.parameters]
    for x in optimizer.parameters:
        x.grad = 1.0
    optimizer.step()
    expected = [x - 0.1 for x in before]
    assert [x.data for x in optimizer.parameters] == pytest.approx(expected, rel=1e-15)


def check_adam(optimizer):
    assert (type(optimizer), optimizer.learning_rate, optimizer.steps) == (nn.Adam, 0.1, 2)
    assert len(optimizer.parameters) == 13
    optimizer.step()
    assert optimizer.steps == 3


def check_history(history):
    assert (type(history), history.epochs, history.seconds) == (nn.History, 2, [0.25, 0.5])
    assert [type(layer).__name__ for layer in history.layers.values()] == ["LayerHistory"] * 2
    assert len(history.states) == 3


def check_diagnostics(found):
    assert (type(found), len(found.layers)) == (nn.Diagnostics, 2)
    assert "loss 0.2768 on 4 samples" in repr(found)


def check_early_stopping(stopping):
    assert (type(stopping), stopping.patience) == (nn.EarlyStopping, 3)


def check_surface(surface):
    assert (type(surface), len(surface.losses)) == (nn.LossSurface, 3)


def check_animation(animation):
    assert (type(animation), animation.size) == (nn.Animation, (640, 480))


def check_report(report):
    assert (type(report), report.html) == (nn.Report, "<p>a page</p>")


def check_drawing(drawing):
    assert type(drawing) is autograd.Drawing
    assert "<svg" in drawing.svg


def check_player(player):
    assert (type(player), repr(player)) == (autograd.Player, "<Player of 3 values>")


def check_network_backwards(network):
    assert type(network) is autograd.ReverseNetwork
    assert (network.norm.data, "<svg" in network.draw().svg) == (3.0, True)


def check_file(text):
    path = Path(tempfile.mkdtemp()) / "model.json"
    path.write_text(text, encoding="utf-8")
    check_model(nn.load(path))


def loaded(name, text):
    if name == "file":
        return text
    with warnings.catch_warnings():  # Python 3.13 says so of a formula that 3.11 has pickled
        warnings.filterwarnings("ignore", r"\w+\.__init__ missing", DeprecationWarning)
        return pickle.loads(zlib.decompress(base64.b64decode(text)))


KEPT = json.loads(BEFORE.read_text(encoding="utf-8")) if BEFORE.exists() else {}
CASES = [(generation, name) for generation, things in KEPT.items() for name in things]


def test_the_last_generation_could_make_everything():
    for engine in ("compiled", "pure"):
        assert set(KEPT[f"2026-11-26, {engine}"]) == {*MADE, "file"}
        assert len(KEPT[f"2026-11-25, {engine}"]) > 20


@pytest.mark.parametrize(("generation", "name"), CASES)
def test_a_pickle_of_before_opens(generation, name):
    check(name, loaded(name, KEPT[generation][name]))


def python(code, **environment):
    """What `code` prints in a fresh process, where nothing is imported yet."""
    path = os.pathsep.join((str(Path(autograd.__file__).parents[1]), str(HERE)))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


OTHER = "1" if autograd.engine == "compiled" else "0"


def test_the_other_engine_opens_all_of_them_too():
    code = "import test_former_names as t; [t.check(name, t.loaded(name, t.KEPT[g][name]))"
    code += " for g, name in t.CASES]; print(len(t.CASES), t.autograd.engine)"
    assert python(code, AUTOGRAD_PURE=OTHER)[0] == str(len(CASES))


@pytest.mark.parametrize("name", ["graph", "subclass", "named_by_hand", "model"])
def test_a_pickle_opens_on_either_engine(name):
    code = f"import test_former_names as t, pickle; print(pickle.dumps(t.{name}()).hex())"
    for pure in "01":
        [printed] = python(code, AUTOGRAD_PURE=pure)
        check(name, pickle.loads(bytes.fromhex(printed)))


def test_a_pickle_alone_opens():
    """Where nobody has imported anything, `pickle` does it by the names of before."""
    for name in ("report_of_gradcheck", "surface", "player"):
        text = KEPT["2026-11-26, compiled"][name]
        code = "import base64, pickle, zlib; "
        code += f"print(type(pickle.loads(zlib.decompress(base64.b64decode({text!r})))).__module__)"
        [module] = python(code)
        assert module == type(loaded(name, text)).__module__


# --- imports ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMER_NAMES)
def test_a_module_answers_to_its_former_name(name):
    module = import_module(name)
    for room in map(import_module, FORMER_NAMES[name]):
        for own, thing in vars(room).items():
            if own == "__annotate__":  # since 3.14 every module has its own
                continue
            if getattr(thing, "__module__", "") == room.__name__:
                assert getattr(module, own) is thing
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'nonsense'"):
        _ = module.nonsense


def test_imports_of_before():
    code = """
from autograd.functional import grad
from autograd.visual import Drawing, draw
from autograd.visual.player import play, Player
from autograd.gradcheck import GradcheckReport, gradcheck
from autograd.partials import derived_rule, rule_of
from nn.surface import loss_surface
import autograd.functional, autograd.gradcheck, nn.picture
import autograd, nn
assert grad is autograd.grad is autograd.functional.grad
assert (draw, play, Player) == (autograd.draw, autograd.play, autograd.Player)
assert Drawing is autograd.Drawing and not hasattr(autograd.visual, "nonsense")
from autograd.visual.drawing import draw
assert draw is autograd.draw
assert autograd.gradcheck is gradcheck, "the function, and no module"
assert loss_surface is nn.loss_surface
assert type(autograd.gradcheck(lambda x: x * x, [3.0])) is GradcheckReport
from autograd.checks import *
assert as_float(2) == 2.0 and isinstance(as_float(2), float)
"""
    assert python(code) == []


def test_a_public_name_stays_what_it_is():
    missing = {"estimators"} if importlib.util.find_spec("sklearn") is None else set()
    public = {
        (package, name): getattr(package, name)
        for package in (autograd, nn)
        for name in dir(package)
        if name not in missing
    }
    for name in FORMER_NAMES:
        import_module(name)
    assert {key: getattr(*key) for key in public} == public


def test_a_former_module_is_a_module_of_its_own():
    former, real = (
        import_module("autograd.functional"),
        import_module("autograd.transforms.functional"),
    )
    assert (former.__spec__.name, real.__spec__.name) == (former.__name__, real.__name__)
    before = real.grad
    assert reload(former) is former
    assert former.grad is real.grad is before
    gradcheck = import_module("autograd.gradcheck")
    assert reload(gradcheck) is gradcheck
    assert importlib.util.find_spec("autograd.gradcheck").name == "autograd.gradcheck"
    assert importlib.util.find_spec("autograd.nonsense") is None
    assert callable(autograd.gradcheck)


def test_looking_through_all_modules_imports_none():
    code = """
import sys, autograd
before = set(sys.modules)
for module in list(sys.modules.values()):
    hasattr(module, "__file__"), hasattr(module, "__path__"), hasattr(module, "__warningregistry__")
print(*set(sys.modules) - before)
"""
    assert python(code) == []
