"""The compiled engine against the reference: the same to the last bit, errors included.

Every program (a random graph, or one operation on nasty numbers) runs on both engines, side by
side in this process; what can be seen of it afterwards must be the same.
"""

import contextlib
import inspect
import itertools
import math
import operator
import random
import struct
import sys
from array import array
from fractions import Fraction
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference import is_sequence_rule

import nn.updates
from autograd import Value, detect_anomaly, errors, no_grad, ops
from autograd.calculus.derived_rules import derived_rule, sources
from autograd.calculus.formula import read_formulas
from autograd.support import pickling
from autograd.support.arguments import as_float
from autograd.support.modes import scope

if find_spec("autograd.engines.compiled") is None:
    pytest.skip(
        "autograd.engines.compiled was not built: there is nothing to compare",
        allow_module_level=True,
    )

PURE, COMPILED = import_module("autograd.value"), import_module("autograd.engines.compiled")
COMPILED_UPDATES = import_module("nn._updates")
REFERENCE_SWEEPS = import_module("autograd.engines.sweeps")
RULES = {rule.__name__: rule for rule in ops.TABLE}
INF, NAN, LARGEST = math.inf, math.nan, sys.float_info.max
POSITIVE = [
    *(0.0, 5e-324, 1e-310, sys.float_info.min, 1e-200, 1e-8, 0.5, 1 - 2**-53, 1.0, 1 + 2**-52),
    *(2.0, 3.0, 27.5, 710.0, 1e8, 1e200, LARGEST, INF),
]
SPECIAL = [*POSITIVE, *(-x for x in POSITIVE), NAN]
# Of 25, all pairs and triples are tried.
NASTY = [x for x in SPECIAL if abs(x) not in (1e-310, 1 - 2**-53, 1 + 2**-52, 3.0, 1e-8, 1e8)]


def bits(number):
    """What a number is to the last bit, its type included; nan equals nan."""
    if type(number) is not float:
        return repr(number), type(number).__name__
    return "nan" if math.isnan(number) else struct.pack("<d", number)


def outcome(work):
    """What `work` gives, or the error it raises as (type, text)."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - whichever it is, both must raise it
        text = str(error) if isinstance(error, errors.ChainruleError) else ""
        return type(error).__name__, text.replace("autograd.value.", "autograd.")


def seen(nodes, engine):
    """All that can be seen of `nodes` and of everything below, in terms both engines share."""
    names, waiting = {}, list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if node not in names:
            names[node] = len(names)
            waiting += reversed(node.parents)
    facts = [
        (
            bits(node.data),
            bits(node.grad),
            [bits(partial) for partial in node.partials],
            [bits(x) for x in node.local_gradient(1.5)],
            [names[parent] for parent in node.parents],
            (node.op, node._op, node.label, node.scope, node.requires_grad, node._reached),
            repr(node),
        )
        for node in names
    ]
    orders = [[names[node] for node in engine.topological_order(root)] for root in nodes[-3:]]
    return facts, orders


# --- random programs ---------------------------------------------------------------


def cube(x):
    """A user's rule of one operand."""
    return x * x * x, 3.0 * x * x


def blend(x, y, share):
    """A user's rule of three."""
    return share * x + (1.0 - share) * y, share, 1.0 - share, x - y


def root_of_sum(*x):
    """A user's rule over a sequence, which refuses some operands."""
    out = math.sqrt(math.fsum(x))
    return out, *[0.5 / out] * len(x)


def one_partial(*x):
    """A user's rule that gives one partial, however many it owes."""
    return 1.0, 0.5


USER_RULES = [cube, blend, root_of_sum, one_partial]
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow,
             operator.lt, operator.le, operator.gt, operator.ge]  # fmt: skip
METHODS = sorted(name for name in RULES if name in vars(PURE.Value))
METHODS += ["arcsin", "arctan2", "arctanh", "__neg__", "__abs__", "__pos__", "detach", "zero_grad"]

tame = st.floats(-4.0, 4.0)
floats = st.one_of(tame, tame, st.sampled_from(SPECIAL), st.floats())
numbers = st.one_of(
    floats,
    st.integers(-5, 5),
    st.sampled_from([True, False, Fraction(1, 3), np.float64(0.7), np.float32(1.5), np.int64(3)]),
)
misfits = st.sampled_from(["1.0", None, 1j, [1.0], 10**400, b"", np.array([1.0, 2.0])])
positions = st.integers(0, 60)  # of a node made before
nodes = st.tuples(st.just("node"), positions)
plain = st.tuples(st.just("number"), st.one_of(*[numbers] * 19, misfits))
operands = st.one_of(nodes, nodes, nodes, plain)


def sizes(rule):
    return (2, 4, 6, 3) if rule is ops.dot else (1, 2, 3, 5) if is_sequence_rule(rule) else None


@st.composite
def applications(draw):
    rule = draw(st.sampled_from([*RULES.values(), *USER_RULES]))
    count = rule.__code__.co_argcount
    if not count:
        count = draw(st.sampled_from(sizes(rule)) if draw(st.booleans()) else st.integers(0, 80))
    elif draw(st.integers(0, 30)) == 0:
        count += 1  # one too many
    return "apply", rule, draw(st.lists(operands, min_size=count, max_size=count))


@st.composite
def calls(draw):
    name = draw(st.sampled_from(METHODS))
    rule = RULES.get(name)
    most = rule.__code__.co_argcount - 1 if rule else 0
    least = most - len(rule.__defaults__ or ()) if rule else 0
    count = draw(st.integers(least, most))
    return "call", name, draw(st.lists(operands, min_size=count + 1, max_size=count + 1))


leaves = st.tuples(
    st.just("leaf"),
    numbers,
    st.sampled_from(["", "", "x", "w 1"]),
    st.sampled_from([True] * 4 + [False]),
)
expressions = st.tuples(
    st.just("operate"), st.sampled_from(OPERATORS), st.tuples(operands, operands)
)
steps = st.tuples(
    st.one_of(leaves, applications(), applications(), calls(), expressions, expressions),
    st.sampled_from([None] * 12 + [no_grad, lambda: scope("layer"), lambda: scope("neuron")]),
)
programs = st.lists(steps, min_size=1, max_size=25)


def run(engine, program, made):
    """Run the steps of a program; `made` collects the Values, the result lists all outcomes."""
    outcomes = []
    for step, mode in program:
        with mode() if mode else contextlib.nullcontext():
            result = outcome(lambda step=step: do(engine, made, *step))
        if type(result) is engine.Value:
            made.append(result)
            result = bits(result.data)
        outcomes.append(result)
    return outcomes


def do(engine, made, kind, what, *rest):
    def resolved(operand):
        kind, x = operand
        return made[x % len(made)] if kind == "node" and made else 0.5 if kind == "node" else x

    if kind == "leaf":
        label, requires_grad = rest
        return engine.Value(what, label, requires_grad=requires_grad)
    given = [resolved(operand) for operand in rest[0]]
    if kind == "apply":
        return engine.apply(what, *given)
    if not any(type(x) is engine.Value for x in given):
        given[0] = engine.Value(0.75)
    if kind == "operate":
        result = what(*given)
        return repr(result) if type(result) is np.ndarray else result
    if type(given[0]) is not engine.Value:
        given[0] = engine.Value(-0.25, "self")
    return getattr(given[0], what)(*given[1:])


starts = st.one_of(st.just(1.0), numbers, misfits)


@settings(max_examples=1000, suppress_health_check=list(HealthCheck))
@given(programs, st.lists(st.tuples(positions, starts), min_size=1, max_size=3), st.booleans())
def test_any_program_gives_the_same_on_both_engines(program, backwards, look_first):
    results = []
    for engine in (PURE, COMPILED):
        made = [engine.Value(0.5, "a"), engine.Value(-1.25), engine.Value(2.0)]
        shown = [run(engine, program, made)]
        if look_first:  # or only later, when numbers are still no Values
            shown.append(seen(made, engine))
        for position, start in [(len(made) - 1, 1.0), *backwards]:
            root = made[position % len(made)]
            shown += [
                (bits(root.data), outcome(lambda root=root, start=start: root.backward(start))),
                [bits(value.grad) for value in made],
            ]
        shown.append(seen(made, engine))
        made[-1].zero_grad()
        shown.append(outcome(made[-1].backward))
        engine.zero_grad(made[::2])
        shown.append(seen(made, engine))
        results.append(shown)
    assert results[0] == results[1]


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(programs, starts)
def test_detect_anomaly_says_the_same_on_both_engines(program, start):
    results = []
    for engine in (PURE, COMPILED):
        made = [engine.Value(0.5, "a"), engine.Value(-1.25), engine.Value(1e200, "big")]
        with detect_anomaly():
            shown = [run(engine, program, made)]
            shown += [
                outcome(lambda root=root: root.backward(start)) for root in [made[-1], *made[:6]]
            ]
        shown.append([getattr(value, "_made_at", "nowhere") for value in made])
        shown.append(seen(made, engine))
        results.append(shown)
    assert results[0] == results[1]


def test_detect_anomaly_names_the_backward_step_in_the_same_words():
    messages = []
    for engine in (PURE, COMPILED):
        x, y = engine.Value(0.0, "x"), engine.Value(3.0, "y")
        with detect_anomaly(), pytest.raises(errors.AnomalyError) as caught:
            (engine.apply(ops.sqrt, x) * y).backward()
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert "sqrt passes gradient inf to x=0.0" in messages[0]


# --- every operation on nasty numbers --------------------------------------------------


def one_step(engine, rule, given, are_values):
    """Data, partials and gradients of one application, or its error."""
    made = [
        engine.Value(x, "xyz"[i : i + 1]) if is_value else x
        for i, (x, is_value) in enumerate(zip(given, are_values, strict=True))
    ]
    out = engine.apply(rule, *made)
    if out.requires_grad:
        out.backward(-1.5)
    grads = [bits(x.grad) for x, is_value in zip(made, are_values, strict=True) if is_value]
    return bits(out.data), [bits(x) for x in out.partials], grads, repr(out), out.op


def disagreements(rule, samples):
    found = []
    for x in samples:
        count = len(x)
        kinds = itertools.product((True, False), repeat=count) if count < 3 else ((True,) * count,)
        for kind in kinds:
            pure, compiled = (
                outcome(lambda e=e, x=x, kind=kind: one_step(e, rule, x, kind))
                for e in (PURE, COMPILED)
            )
            if pure != compiled:
                found.append((x, kind, pure, compiled))
    return found


def nasty_operands(rule):
    if not is_sequence_rule(rule):
        count = rule.__code__.co_argcount
        return list(itertools.product(SPECIAL if count == 1 else NASTY, repeat=count))
    rng = random.Random(rule.__name__)
    longer = [[rng.choice(NASTY) for _ in range(rng.randrange(3, 9))] for _ in range(1500)]
    longer += [[rng.uniform(-9.0, 9.0) for _ in range(n)] for n in (63, 64, 65, 66, 200)]
    return [(), *itertools.product(NASTY, repeat=1), *itertools.product(NASTY, repeat=2), *longer]


@pytest.mark.parametrize("name", RULES)
def test_every_operation_agrees_on_nasty_operands(name):
    assert disagreements(RULES[name], nasty_operands(RULES[name]))[:5] == []


@pytest.mark.parametrize("name", RULES)
def test_every_operation_agrees_in_its_domain(name):
    rule, rng = RULES[name], random.Random(name)
    domain = ops.TABLE[rule].domain
    samples = []
    for _ in range(500):
        count = rng.choice(sizes(rule) or (rule.__code__.co_argcount,))
        ends = [*domain, *domain[-1:] * count][:count]
        samples.append(tuple(rng.uniform(low, high) for low, high in ends))
    assert disagreements(rule, samples)[:5] == []


@pytest.mark.parametrize("name", RULES)
def test_numbers_in_give_the_number_or_the_error_of_the_node(name):
    rule = RULES[name]
    for x in nasty_operands(rule)[:: 1 if rule.__code__.co_argcount == 1 else 7]:
        got = outcome(lambda x=x: bits(COMPILED.evaluate(rule, *x)))
        expected = outcome(lambda x=x: bits(PURE.apply(rule, *x).data))
        assert got == expected, x


SOME = [0.0, -0.0, 5e-324, 0.5, -1.0, 3.0, 710.0, -1e200, LARGEST, INF, -INF, NAN, 2, True]


@pytest.mark.parametrize("function", OPERATORS)
def test_every_operator_agrees_with_numbers_on_both_sides(function):
    for x, y in itertools.product(SOME, repeat=2):
        results = []
        for engine in (PURE, COMPILED):
            left, right = engine.Value(x, "x"), engine.Value(y)
            programs = [(left, right), (left, y), (x, right), (left, left)]
            results.append([outcome(lambda p=p: show(function(*p))) for p in programs])
        assert results[0] == results[1], (x, y)


def show(result):
    if isinstance(result, bool):
        return result
    return bits(result.data), [bits(p) for p in result.partials], result.op, len(result.parents)


# --- the surface -------------------------------------------------------------------


def test_the_two_classes_have_the_same_attributes():
    private = {"__slots__", "__module__", "__weakref__", "__dict__", "__reduce_cython__"}
    private |= {"__setstate_cython__", "__pyx_vtable__", "__annotations__"}
    private |= {"_label", "_name", "_parents", "_local_gradient", "_required", "_scope"}  # slots
    # The compiled class keeps a descriptor for each name that someone has set on a Value.
    private |= {n for n, x in vars(COMPILED.Value).items() if type(x).__name__ == "Attribute"}
    assert set(dir(PURE.Value)) - set(dir(COMPILED.Value)) - private - {"_grad"} == set()
    assert set(dir(COMPILED.Value)) - set(dir(PURE.Value)) - private == set()
    assert COMPILED.Value.__doc__ == PURE.Value.__doc__
    assert COMPILED.Value.__name__ == PURE.Value.__name__


def both(work):
    """What `work` gives on each of the engines."""
    return [outcome(lambda engine=engine: work(engine)) for engine in (PURE, COMPILED)]


def test_a_node_without_operands_is_a_leaf_on_both():
    def work(engine):
        out = engine.apply(ops.sum)
        out.data = 3.0
        return out.data, out.parents, out.partials, out.requires_grad, out.op

    pure, compiled = both(work)
    assert pure == compiled == (3.0, (), (), False, "sum")


def test_a_scope_set_later_is_that_of_the_node_alone():
    def work(engine):
        out = engine.Value(1.0) * 2.0
        out.scope = "later"
        return out.scope, [parent.scope for parent in out.parents]

    pure, compiled = both(work)
    assert pure == compiled


@pytest.mark.parametrize("name", ["tanh", "relu", "clip", "maximum", "sqrt"])
def test_methods_take_numpys_out_of_none(name):
    def work(engine):
        others = [0.0, 1.0][: RULES[name].__code__.co_argcount - 1]
        return bits(getattr(engine.Value(0.5), name)(*others, out=None).data)

    pure, compiled = both(work)
    assert pure == compiled
    assert type(pure) is bytes


@pytest.mark.parametrize(
    "result",
    [
        (1, 0),
        (True, 2.0),
        (np.float64(2.0), np.float32(1.5)),
        ("1.0", 1.0),
        (None, 1.0),
        (1.0, None),
    ],
)
def test_a_users_rule_may_give_other_numbers_than_floats(result):
    def rule(x):
        return result

    def work(engine):
        x = engine.Value(3.0)
        out = engine.apply(rule, x)
        out.backward()
        return repr(out), type(out.data), [type(p) for p in out.partials], bits(x.grad)

    pure, compiled = both(work)
    assert pure == compiled


@pytest.mark.parametrize(
    "raised", [ValueError("v"), ZeroDivisionError("z"), OverflowError("o"), ArithmeticError("a")]
)
def test_a_users_rule_that_refuses_is_named_in_the_same_words(raised):
    def picky(*x):
        raise raised

    for count in (1, 2, 3, 8):
        pure, compiled = both(
            lambda engine, n=count: engine.apply(picky, engine.Value(1.0, "a"), *[2.5] * (n - 1))
        )
        assert pure == compiled
        assert "picky(a=1.0" in pure[1]


@pytest.mark.parametrize("raised", [KeyError("k"), TypeError("t"), KeyboardInterrupt()])
def test_other_errors_of_a_users_rule_come_through(raised):
    def broken(x):
        raise raised

    for engine in (PURE, COMPILED):
        with pytest.raises(type(raised)) as caught:
            engine.apply(broken, engine.Value(1.0))
        assert caught.value is raised


@pytest.mark.parametrize("clone", [lambda v: pickling.restored(*v.__reduce__()[1])])
def test_what_a_pickle_holds_is_the_same(clone):
    def work(engine):
        with scope("s"):
            x = engine.Value(0.3, "x")
            out = (x * 2.0 + x).tanh()
        out.backward()
        twin = clone(out)
        return repr(twin), twin.op, twin.scope, twin.requires_grad, [bits(p) for p in twin.partials]

    pure, compiled = both(work)
    assert pure == compiled


@given(numbers | misfits)
def test_data_grad_and_constructor_take_and_refuse_the_same(number):
    def work(engine):
        x = engine.Value(1.0)
        shown = []
        for action in (
            lambda: setattr(x, "data", number),
            lambda: setattr(x, "grad", number),
            lambda: setattr(x * 2.0, "data", number),
            lambda: engine.Value(number),
            lambda: engine.Value(x),
            lambda: bits(engine.constant(number).data),
            lambda: x < number,
            lambda: round(x, 2),
            lambda: f"{x:.3f} {x}",
            lambda: float(x),
            lambda: bool(x),
            lambda: as_float(x),
        ):
            result = outcome(action)
            shown.append(repr(result))
            shown.append((bits(x.data), bits(x.grad), x._reached))
        return shown

    pure, compiled = both(work)
    assert pure == compiled


# --- sweeps, and the rules derived from ours ---------------------------------------------

DERIVED = {
    derived_rule(rule, operand): rule
    for rule in RULES.values()
    if not is_sequence_rule(rule)
    for operand, source in enumerate(sources(rule))
    if source.is_derived
}


@pytest.mark.parametrize("rule", DERIVED, ids=lambda rule: rule.__name__)
def test_every_derived_rule_agrees_on_nasty_operands(rule):
    """Where the rule it comes from has a value: elsewhere there is no node to differentiate."""
    samples = nasty_operands(rule)
    accepted = [x for x in samples if type(outcome(lambda x=x: DERIVED[rule](*x))[0]) is not str]
    assert disagreements(rule, accepted[:: 1 if len(accepted) < 5000 else 13])[:5] == []


tangents_of_leaves = st.lists(floats, min_size=3, max_size=3)


def swept(sweeps, root, leaves, others, tangents):
    """What the four sweeps give below `root`."""
    return [
        outcome(lambda: list(map(bits, sweeps.reverse_sweep(root, 1.5, [*leaves, *others])))),
        outcome(lambda: list(map(bits, sweeps.forward_sweep(root, leaves, tangents, others)))),
        outcome(lambda: [list(map(bits, x)) for x in sweeps.second_sweep(root, leaves, tangents)]),
        outcome(lambda: sweeps.uses_others(root, leaves[:2])),
    ]


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(programs, positions, tangents_of_leaves, st.booleans())
def test_the_sweeps_agree_on_any_program(program, position, tangents, look_first):
    results = []
    for engine, sweeps in ((PURE, REFERENCE_SWEEPS), (COMPILED, COMPILED)):
        made = [engine.Value(0.5, "a"), engine.Value(-1.25), engine.Value(2.0)]
        leaves, shown = made[:3], []
        run(engine, program, made)
        if look_first:
            seen(made, engine)
        for value in made:
            value.grad = 0.25
        differentiable = [value for value in made if value.requires_grad]
        for root in (differentiable[-1], differentiable[position % len(differentiable)]):
            below = engine.topological_order(root)[-4:]
            shown.append(swept(sweeps, root, leaves, below, tangents))
            shown.append(seen(made, engine))
        results.append(shown)
    assert results[0] == results[1]


def test_a_second_sweep_leaves_operands_that_are_numbers_alone():
    # Where C gives no finite number Python is asked, which looks at the operands.
    x = COMPILED.Value(-3.0)
    y = COMPILED.apply(ops.pow, x, 2.0)
    for _ in range(3):
        assert COMPILED.second_sweep(y, [x], [1.0]) == ([-6.0], [2.0])
    assert [parent.data for parent in y.parents] == [-3.0, 2.0]
    assert len(y.local_gradient(1.0)) == 2


@pytest.mark.parametrize("sweep", ["reverse", "second", "backward"])
def test_hooks_may_look_at_operands_during_a_sweep(sweep):
    x = COMPILED.Value(-3.0)
    y = COMPILED.apply(ops.pow, x, 2.0)
    root = y * y
    y.register_hook(lambda gradient: y.parents and None)
    for _ in range(3):
        if sweep == "reverse":
            assert COMPILED.reverse_sweep(root, 1.0, [x]) == [-108.0]
        elif sweep == "second":
            COMPILED.second_sweep(root, [x], [1.0])
        else:
            root.backward()
    assert [parent.data for parent in y.parents] == [-3.0, 2.0]


# --- optimisers: formulas over many parameters ---------------------------------------

FORMULAS = {
    # name: (numbers remembered, strategies of its settings)
    "sgd": (2, [st.floats(0, 2), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.booleans()]),
    "adagrad": (1, [st.floats(0, 2), st.floats(0, 1), st.floats(1e-12, 1)]),
    "rmsprop": (3, [st.floats(0, 2), st.floats(0, 1), st.floats(1e-12, 1), st.floats(0, 1),
                    st.floats(0, 1), st.booleans()]),
    "adam": (2, [st.floats(0, 2), st.floats(1e-4, 1), st.floats(0, 1), st.floats(0, 1),
                 st.floats(1e-12, 1), st.floats(0, 1), st.floats(0, 1)]),
    "amsgrad": (3, [st.floats(0, 2), st.floats(1e-4, 1), st.floats(0, 1), st.floats(0, 1),
                    st.floats(1e-12, 1), st.floats(0, 1), st.floats(0, 1)]),
}  # fmt: skip


def test_every_formula_of_the_optimisers_is_compared():
    assert set(FORMULAS) == set(read_formulas(inspect.getsource(nn.updates)))


def trained(monkeypatch, compiled, formula, numbers, steps, settings, state):
    """Data, memory and outcome after each of some steps of an optimiser's formula."""
    monkeypatch.setattr(nn.updates, "_compiled", compiled)
    parameters = [COMPILED.Value(x, requires_grad=wanted) for x, wanted in numbers]
    shown = []
    for gradients in steps:
        for parameter, gradient in zip(parameters, gradients, strict=False):
            parameter.grad = gradient
        result = outcome(lambda: nn.updates.update(formula, parameters, state, settings))
        shown += [result, [bits(p.data) for p in parameters], [list(map(bits, s)) for s in state]]
    return shown


@pytest.mark.parametrize("name", FORMULAS)
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_optimisers_agree_over_many_parameters(name, data):
    memory, strategies = FORMULAS[name]
    count = data.draw(st.integers(1, 40))
    frozen = data.draw(st.sampled_from([True] * 3 + [False]))
    wanted = st.just(True) if frozen else st.booleans()
    numbers = data.draw(st.lists(st.tuples(floats, wanted), min_size=count, max_size=count))
    gradients = st.lists(floats, min_size=count, max_size=count)
    steps = data.draw(st.lists(gradients, min_size=1, max_size=4))
    values = tuple(data.draw(st.tuples(*strategies)))
    results = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        for compiled in (None, COMPILED_UPDATES):
            state = [array("d", bytes(8 * count)) for _ in range(memory)]
            formula = getattr(nn.updates, name)
            results.append(trained(monkeypatch, compiled, formula, numbers, steps, values, state))
    assert results[0] == results[1]


def compare(monkeypatch, formula, memory, numbers, gradients, values):
    results = []
    for compiled in (None, COMPILED_UPDATES):
        state = [array("d", bytes(8 * len(numbers))) for _ in range(memory)]
        results.append(trained(monkeypatch, compiled, formula, numbers, gradients, values, state))
    return results


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("adagrad", (0.1, 0.0, 0.0)),
        ("rmsprop", (0.1, 0.9, 0.0, 0.0, 0.0, 0.0)),
        ("adam", (0.1, 0.5, 0.9, 0.99, 0.0, 0.0, 1.0)),
        ("adam", (0.1, 0.0, 0.9, 0.99, 1e-8, 0.0, 1.0)),
    ],
)
def test_optimisers_agree_where_a_formula_divides_by_zero(monkeypatch, name, values):
    formula, memory = getattr(nn.updates, name), FORMULAS[name][0]
    numbers = [(1.0, True), (2.0, True), (3.0, True)]
    pure, compiled = compare(monkeypatch, formula, memory, numbers, [[1.0, 0.0, 1.0]], values)
    assert pure == compiled


def test_an_optimiser_refuses_a_parameter_that_comes_twice():
    # One loop changes it twice, one pass over arrays once: neither is what anyone wants.
    x = Value(1.0)
    with pytest.raises(ValueError, match="twice"):
        nn.SGD([x, x])


def own(x, g, rate):
    """A user's formula."""
    return (x - rate * (1.0 if g > 0.0 else -1.0),)


def another_sgd(x, g, velocity, started, learning_rate, *others):
    """A user's formula that bears the name of one of ours."""
    return x + learning_rate * g, velocity, started


another_sgd.__name__ = "sgd"


@pytest.mark.parametrize(
    ("formula", "memory", "values", "expected"),
    [(own, 0, (0.25,), 0.75), (another_sgd, 2, (0.25, 0.0, 0.0, 0.0, 0.0), 1.5)],
)
def test_a_users_own_formula_works_with_the_compiled_engine(
    monkeypatch, formula, memory, values, expected
):
    pure, compiled = compare(monkeypatch, formula, memory, [(1.0, True)], [[2.0]], values)
    assert pure == compiled
    assert compiled[1] == [bits(expected)]
