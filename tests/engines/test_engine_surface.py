"""The whole surface of the two engines, side by side: attributes, lifecycles, words of errors."""

import contextlib
import copy
import pickle
from importlib import import_module
from importlib.util import find_spec

import pytest

from autograd import detect_anomaly, no_grad, ops
from autograd.support import modes
from autograd.support.modes import Modes, current

if find_spec("autograd.engines.compiled") is None:
    pytest.skip("autograd.engines.compiled was not built", allow_module_level=True)

PURE, COMPILED = import_module("autograd.value"), import_module("autograd.engines.compiled")
SCOPES = {PURE: modes.scope, COMPILED: COMPILED.scope}


def plain(thing, engine):
    """What can be compared of a result: Values and classes by what they show."""
    if isinstance(thing, engine.Value):
        names = ("data", "grad", "label", "op", "partials", "scope", "requires_grad", "_reached")
        shown = {name: repr(getattr(thing, name)) for name in names}
        own = plain(vars(thing), engine)
        return type(thing).__name__, shown, own, [plain(x, engine) for x in thing.parents]
    if isinstance(thing, dict):
        return {name: plain(x, engine) for name, x in thing.items()}
    if isinstance(thing, set):
        return "set", sorted((plain(x, engine) for x in thing), key=str)
    if isinstance(thing, list | tuple):
        return type(thing).__name__, [plain(x, engine) for x in thing]
    if callable(thing):
        return "callable"
    return repr(thing)


def outcome(engine, work):
    """The result of `work`, or its error, word for word; Python calls compiled classes in full."""
    try:
        return plain(work(engine), engine)
    except Exception as error:  # noqa: BLE001 - whichever it is, both must raise it
        # From 3.13 on Python says the module of a class, where it writes the words itself.
        words = str(error).replace("autograd.value.", "autograd.").replace(f"{__name__}.", "")
        words = words.removesuffix(" and no __dict__ for setting new attributes")  # of a float, too
        return type(error).__name__, words.replace("autograd.Value", "Value")


def agreed(work):
    pure, compiled = (outcome(engine, work) for engine in (PURE, COMPILED))
    assert pure == compiled
    return pure


def kinds(engine):
    """Values of every kind: leaves, results, made by hand, detached, of a subclass."""
    x, y = engine.Value(0.5, "x"), engine.Value(2.0, requires_grad=False)
    with SCOPES[engine]("inside"):
        product = x * y
    by_hand = engine.Value(1.0, (x, y), (2.0, 3.0))
    closure = engine.Value(1.0, (x,), "f", "c")
    closure._backward = lambda: None
    own = engine.Value(1.0)
    own.colour = "red"
    subclass = type("Mine", (engine.Value,), {})(1.5, "mine")
    with no_grad():
        blind = x * y
    return {
        "leaf": x, "constant": y, "number beside": x * 3.0, "result": product, "tanh": x.tanh(),
        "many": engine.apply(ops.sum, x, y, 1.0), "by hand": by_hand, "closure": closure,
        "unknown": engine.Value(1.0, {x}), "own": own, "subclass": subclass,
        "of subclass": subclass * x, "detached": product.detach(), "blind": blind,
        "new": engine.Value.__new__(engine.Value), "no operands": engine.apply(ops.sum),
    }  # fmt: skip


KINDS = list(kinds(PURE))
ENGINES_OWN = {"_data", "_hooks", "_reached", "_arrived", "_serial", "_made_at", "_attributes"}
PRIVATE = {"_data", "_grad", "_name", "_parents", "_local_gradient", "_label", "_scope",
           "_required"}  # fmt: skip
PYTHONS = {"__slots__", "__module__", "__weakref__", "__dict__", "__doc__", "__class__", "__new__"}
NAMES = sorted(
    {name for name in dir(PURE.Value) if not name.startswith("__")} - PRIVATE
    | {"colour", "lable", "_data", "__dict__"}
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_attribute_is_read_the_same(kind):
    for name in NAMES:
        if name not in ("__dict__", "_attributes", "_serial"):  # the serial counts batches in one
            agreed(lambda engine, name=name: getattr(kinds(engine)[kind], name))
    agreed(lambda engine: vars(kinds(engine)[kind]).keys() - {"_backward"})


SET_TO = [1.5, 3, True, None, "text", (), {"a": 1}, float("nan")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_attribute_is_set_the_same(kind):
    for name in NAMES:
        if name in ENGINES_OWN:
            continue
        for new in SET_TO:

            def work(engine, name=name, new=new):
                value = kinds(engine)[kind]
                setattr(value, name, new)
                return [value, getattr(value, name), repr(value)]

            agreed(work)


@pytest.mark.parametrize("kind", KINDS)
def test_every_attribute_is_deleted_the_same(kind):
    for name in NAMES:
        if name in ENGINES_OWN | {"__dict__"}:
            continue

        def work(engine, name=name):
            value = kinds(engine)[kind]
            delattr(value, name)
            return value

        agreed(work)


def test_deleting_what_every_value_has_is_a_clean_error():
    assert agreed(lambda engine: delattr(engine.Value(1.0), "data"))[0] == "AttributeError"


CALLS = {
    "__init__ again": lambda engine, v: [v.__init__(3.0, "again"), v],
    "__init__ with children": lambda engine, v: [v.__init__(3.0, (engine.Value(1.0),), (2.0,)), v],
    "__init__ of nothing": lambda engine, v: v.__init__(),
    "copy": lambda engine, v: copy.copy(v),
    "deepcopy": lambda engine, v: copy.deepcopy(v),
    "pickle": lambda engine, v: pickle.loads(pickle.dumps(v)) if vars(v) == {} else None,
    "backward": lambda engine, v: [v.backward(2.0), v],
    "backward, torch": lambda engine, v: [v.backward(retain_graph=True), v],
    "create_graph": lambda engine, v: v.backward(create_graph=True),
    "inputs": lambda engine, v: v.backward(inputs=[v]),
    "_backward": lambda engine, v: [v._backward(), v],
    "item": lambda engine, v: v.item(),
    "repr": lambda engine, v: [repr(v), str(v), f"{v}", f"{v:.3f}", f"{v:>9}"],
    "format": lambda engine, v: f"{v:q}",
    "percent f": lambda engine, v: "%.4f".__mod__(v),
    "percent d": lambda engine, v: "%d".__mod__(v),
    "int": lambda engine, v: int(v),
    "float": lambda engine, v: float(v),
    "complex": lambda engine, v: complex(v),
    "index": lambda engine, v: [1, 2][v],
    "len": lambda engine, v: len(v),
    "iter": lambda engine, v: list(v),
    "call": lambda engine, v: v(),
    "subscript": lambda engine, v: v[0],
    "contains": lambda engine, v: 1.0 in v,
    "plus text": lambda engine, v: v + "1",
    "plus None": lambda engine, v: None + v,
    "plus object": lambda engine, v: (v + Odd(), Odd() * v),
    "modulo object": lambda engine, v: v % Odd(),
    "less": lambda engine, v: v < "1",
    "equal": lambda engine, v: [v == 1.5, v != 1.5, v == "x", v == v, v in [1.0, v]],  # noqa: PLR0124
    "pow three": lambda engine, v: pow(v, 2, 3),
    "matmul": lambda engine, v: v @ v,
    "shift": lambda engine, v: v << 1,
    "divmod": lambda engine, v: divmod(v, 2.0),
    "bool": lambda engine, v: bool(v),
    "hash": lambda engine, v: hash(v) == object.__hash__(v),
    "round": lambda engine, v: [round(v), round(v, 1)] if v.data == v.data else None,
    "hook": lambda engine, v: [bool(v.register_hook(lambda g: 2 * g)), v.backward(), v],
    "not a hook": lambda engine, v: v.register_hook(3),
    "class": lambda engine, v: setattr(v, "__class__", int),
    "dir": lambda engine, v: sorted(set(dir(v)) - PRIVATE - PYTHONS - COMPILEDS),
}
COMPILEDS = {"__reduce_cython__", "__setstate_cython__", "__pyx_vtable__", "__annotations__"}


class Odd:
    """No number, and nothing that knows what to do with one."""


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_use_ends_the_same(kind, name):
    if (kind, name) == ("subclass", "pickle") or (kind, name) == ("of subclass", "pickle"):
        return  # a class of a function is found by no pickle: see test_made_by_hand
    agreed(lambda engine: CALLS[name](engine, kinds(engine)[kind]))


MADE = {
    "nothing": lambda V: V(),
    "text": lambda V: V("1"),
    "Value": lambda V: V(V(1.0)),
    "label": lambda V: V(1.0, 2.0),
    "None label": lambda V: V(1.0, label=None),
    "two labels": lambda V: V(1.0, "a", label="b"),
    "keyword": lambda V: V(1.0, colour="red"),
    "data twice": lambda V: V(2.0, data=1.0),
    "data by name": lambda V: V(data=1.0, label="x"),
    "children": lambda V: V(1.0, (V(1.0), 2.0), (1.0, 2.0)),
    "children, label": lambda V: V(1.0, [V(1.0)], label="x", requires_grad=False),
    "too many": lambda V: V(1.0, (V(1.0),), (1.0,), "x", "y"),
    "unequal": lambda V: V(1.0, (V(1.0),), (1.0, 1.0)),
    "leaf": lambda V: V(1.0, ()),
    "by name": lambda V: V(1.0, _children=(V(2.0, "c"),), _op="g", label="x"),
    "huge": lambda V: V(10**400),
    "requires": lambda V: V(1.0, requires_grad=0),
    "abc": lambda V: type("Odd", (V, int), {}),
    "slots": lambda V: type("Odd", (V,), {"__slots__": ("a",)})(1.0) * 2,
    "no init": lambda V: type("Odd", (V,), {"__init__": lambda self, a: None})(1.0),
    "unbound": lambda V: V.tanh(V(1.0)),
    "unbound number": lambda V: V.tanh(1.0).data,
    **{
        f"{name} of a number": lambda V, name=name: getattr(V, name)(1.5)
        for name in ("backward", "_backward", "zero_grad", "detach")
    },
    "own __setattr__": lambda V: rounding(V)(1.26),
    "own __getattr__": lambda V: answering(V),
    "own __eq__": lambda V: type("Odd", (V,), {"__eq__": lambda v, w: v.data == w.data}),
    "own __eq__ further up": lambda V: type("Odd", (Comparing, V), {}),
    "no attributes any more": lambda V: without_attributes(V),
}


def rounding(V):
    class Rounding(V):
        def __setattr__(self, name, new):
            super().__setattr__(name, round(new, 1) if name in ("data", "m") else new)

        def __delattr__(self, name):
            super().__delattr__(name)

    def make(number):
        v = Rounding(0.0)
        v.data, v.m = number, 2.34
        seen = v.data, v.m
        del v.m
        return seen, hasattr(v, "m")

    return make


def answering(V):
    v = type("Answering", (V,), {"__getattr__": lambda self, name: 7.0})(3.0)
    v.register_hook(lambda gradient: 10.0 * gradient)
    (v * v).backward()
    return v.grad, v.anything


def without_attributes(V):
    v = V(1.0)
    v.m = 2.0
    del v.__dict__
    return hasattr(v, "m"), vars(v)


class Comparing:
    """Equal to all."""

    def __eq__(self, other):
        return True

    __hash__ = object.__hash__


@pytest.mark.parametrize("name", MADE)
def test_every_way_of_making_a_value_ends_the_same(name):
    agreed(lambda engine: MADE[name](engine.Value))


def test_a_value_that_was_never_given_a_number_is_nan_and_needs_no_gradient():
    new = agreed(lambda engine: engine.Value.__new__(engine.Value))
    assert (new[1]["data"], new[1]["requires_grad"]) == ("nan", "False")


def test_subclasses_set_attributes_and_answer_for_missing_ones():
    assert agreed(lambda engine: rounding(engine.Value)(1.26)) == agreed(
        lambda _: ((1.3, 2.3), False)
    )
    # d v*v / dv = 2 * 3 at v = 3, times 10 from the hook.
    assert agreed(lambda engine: answering(engine.Value)) == agreed(lambda _: (60.0, 7.0))


@pytest.mark.parametrize("name", ["own __eq__", "own __eq__ further up"])
def test_a_subclass_that_compares_values_by_number_is_refused(name):
    kind, words = agreed(lambda engine: MADE[name](engine.Value))
    assert kind == "TypeError"
    assert "graphs tell Values apart by identity" in words


def init_again(engine, *given, **named):
    v = engine.Value(1.0, "a")
    with contextlib.suppress(TypeError, ValueError):
        v.__init__(*given, **named)
    return v


@pytest.mark.parametrize("engine", [PURE, COMPILED])
def test_an_init_that_is_refused_changes_nothing(engine):
    x = engine.Value(2.0)
    for v in (
        init_again(engine, 5.0, 3),
        init_again(engine, 5.0, label=3),
        init_again(engine, 5.0, (x,), (1.0, 2.0)),
        init_again(engine, 5.0, colour="red"),
    ):
        assert (v.data, v.label, v.op, v.parents, v.partials) == (1.0, "a", "", (), ())


def own_dict_grows(engine):
    v = engine.Value(1.0)
    vars(v)[5] = "no attribute"
    v.__dict__ |= {"mass": 2.0}
    return v.mass, v.__dict__, hasattr(engine.Value(1.0), "mass")


def test_the_dict_of_a_value_is_one():
    assert agreed(own_dict_grows)[1][::2] == ["2.0", "False"]
    assert 5 not in dir(engine_value := COMPILED.Value(1.0))
    assert "mass" not in dir(engine_value)


@pytest.mark.parametrize("engine", [PURE, COMPILED])
def test_an_attribute_named_as_a_method_of_every_object_is_that_of_one_value(engine):
    v, other = engine.Value(1.0), engine.Value(2.0)
    v.__sizeof__ = v.__init_subclass__ = v.__reduce_ex__ = "mine"
    assert v.__sizeof__ == v.__init_subclass__ == v.__reduce_ex__ == "mine"
    assert other.__sizeof__() == object.__sizeof__(other)
    assert copy.copy(other).data == 2.0
    assert type("Sub", (engine.Value,), {})(3.0).data == 3.0


def test_help_says_the_same():
    for name in ("backward", "zero_grad", "detach", "tanh", "item", "register_hook", "_backward"):
        documented = getattr(PURE.Value, name).__doc__
        assert documented
        assert getattr(COMPILED.Value, name).__doc__ == documented
    for name in ("apply", "constant", "topological_order", "zero_grad"):
        assert getattr(COMPILED, name).__doc__ == getattr(PURE, name).__doc__


# --- scopes ------------------------------------------------------------------------


def exit_alone(scope):
    scope("a").__exit__(None, None, None)


def twice(scope):
    one = scope("a")
    with one:
        with one:
            inside = current.get().scope
        middle = current.get().scope
    return inside, middle, current.get().scope


def by_hand(scope):
    one = scope("a")
    one.__enter__()
    inside = current.get().scope
    one.__exit__(None, None, None)
    return inside, current.get().scope


def after_an_error(scope):
    with contextlib.suppress(KeyError), scope("a"):
        raise KeyError
    return current.get().scope


def in_a_stack(scope):
    with contextlib.ExitStack() as stack:
        stack.enter_context(scope("a"))
        stack.enter_context(scope("b"))
        inside = current.get().scope
    return inside, current.get().scope


def dropped(scope):
    scope("a").__enter__()
    return current.get().scope


def decorated(scope):
    @scope("a")
    def function():
        return current.get().scope

    return function(), function(), function.__name__, current.get().scope


def over_steps(scope):
    @scope("a")
    def steps():
        for _ in range(2):
            yield current.get().scope

    return [(step, current.get().scope) for step in steps()]


LIFES = {
    "exit alone": exit_alone, "twice": twice, "by hand": by_hand, "error": after_an_error,
    "stack": in_a_stack, "dropped": dropped, "decorated": decorated, "steps": over_steps,
    "number": lambda scope: scope(3), "none": lambda scope: scope(None),
    "value": lambda scope: scope(PURE.Value(1.0)), "nothing": lambda scope: scope(),
    "decorates a number": lambda scope: scope("a")(3),
}  # fmt: skip


@pytest.mark.parametrize("name", LIFES)
def test_every_life_of_a_scope_is_the_same(name):
    pure = agreed(lambda engine: words_of(LIFES[name], SCOPES[engine]))
    assert current.get() == Modes()
    expected = {
        "twice": ("tuple", ["'a/a'", "'a'", "''"]), "by hand": ("tuple", ["'a'", "''"]),
        "dropped": "''", "stack": ("tuple", ["'a/b'", "''"]), "error": "''",
    }  # fmt: skip
    assert expected.get(name, pure) == pure
    if name in ("exit alone", "number", "none", "value"):
        assert pure[0] in ("GraphError", "LabelError")


def words_of(work, scope):
    """Python says what is missing in its own words for functions of C: only that, not how."""
    try:
        return work(scope)
    except TypeError as error:
        if "argument" in str(error):
            return "TypeError"
        raise


@pytest.mark.parametrize("mode", [no_grad, detect_anomaly])
def test_the_other_modes_live_as_scopes_do(mode):
    for life in (twice, by_hand, after_an_error, in_a_stack, decorated, over_steps):
        life(lambda _: mode())
        assert current.get() == Modes()
    with pytest.raises(RuntimeError, match="is not entered"):
        mode().__exit__(None, None, None)
