"""Formulas as C: compiled by the system's compiler, they give what Python gives, bit for bit."""

import ast
import ctypes
import inspect
import itertools
import math
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from reference import identical, is_sequence_rule

import nn.updates
from autograd import ops
from autograd.calculus.derived_rules import called_rule, sources
from autograd.calculus.formula import formula_for, formula_of, read_formulas
from autograd.calculus.tangents import tangents_of_partials
from autograd.errors import FormulaError
from autograd.export.c_headers import rules_header, updates_header
from autograd.export.c_printer import c_function, c_update

ROOT = Path(__file__).parents[2]
COMPILER = os.environ.get("CC") or next(filter(shutil.which, ("cc", "gcc", "clang")), None)
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C compiler was found")
# As in setup.py.
FLAGS = ["-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-builtin-sin", "-fno-builtin-cos"]

RULES = {rule.__name__: rule for rule in ops.TABLE}
CONSTANTS = {name: x for name, x in vars(ops).items() if isinstance(x, float)}
FORMULAS = read_formulas(inspect.getsource(ops))
WITHOUT_C = {"atan2", "asinh", "hypot", "norm", "prod"}  # of math.hypot, and of loops
# The engine calls the rules of three operands and more.
IN_PYTHON = WITHOUT_C | {name for name, x in RULES.items() if x.__code__.co_argcount > 2}
PARTS = {rule.__name__ for rule in ops.PARTS} - {"direction"}  # of hypot, so without C
WITH_C = [name for name in RULES if name not in IN_PYTHON]
INF, NAN = math.inf, math.nan
LARGEST = sys.float_info.max
NASTY = [
    *(0.0, -0.0, 5e-324, -5e-324, 1e-310, 1e-8, 0.5, -0.5, 1.0, -1.0, 2.0, -3.0, 27.5, 710.0),
    *(-745.0, 1e8, 1e200, -1e200, LARGEST, -LARGEST, INF, -INF, NAN),
]
doubles = ctypes.POINTER(ctypes.c_double)

RULES_C = """
#include "_rules.h"
int count(void) { return rule_count; }
const char *name(int id) { return rule_names[id]; }
char kind(int id) { return rule_kinds[id]; }
double unary(int id, double x, double *p) { return unary_rule(id, x, p); }
double binary(int id, double x, double y, double *p) { return binary_rule(id, x, y, p, p + 1); }
double sequence(int id, const double *x, ptrdiff_t n, double *p)
{ return sequence_rule(id, x, n, p); }
int own_count(void) { return own_rule_count; }
int derived(int id, int operand) { return derived_rules[id][operand]; }
int tangent(int id, const double *x, const double *x_dot, ptrdiff_t n, double *changes)
{ return sequence_tangent(id, x, x_dot, n, changes); }
"""
UPDATES_C = """
#include "_updates.h"
int count(void) { return update_count; }
const char *name(int id) { return update_names[id]; }
int memory(int id) { return update_memory[id]; }
void update(int id, ptrdiff_t n, double *x, double *g, double **state, double *settings)
{ update_functions[id](n, x, g, state, settings); }
"""


def library(folder, header, text, source):
    """The shared library of a printed header and the C that opens it to ctypes."""
    (folder / header).write_text(text)
    (folder / "it.c").write_text(source)
    made = folder / "it.so"
    subprocess.run(
        [*COMPILER.split(), "-shared", "-fPIC", *FLAGS, "-I.", "it.c", "-o", str(made), "-lm"],
        cwd=folder,
        check=True,
        timeout=600,
    )
    loaded = ctypes.CDLL(str(made))
    loaded.name.restype = ctypes.c_char_p
    loaded.count.restype = ctypes.c_int
    return loaded


class Rules:
    """The rules of some source, compiled."""

    def __init__(self, folder, source, constants):
        it = library(folder, "_rules.h", rules_header(source, constants), RULES_C)
        it.kind.restype = ctypes.c_char
        it.unary.restype = it.binary.restype = it.sequence.restype = ctypes.c_double
        it.unary.argtypes = [ctypes.c_int, ctypes.c_double, doubles]
        it.binary.argtypes = [ctypes.c_int, ctypes.c_double, ctypes.c_double, doubles]
        it.sequence.argtypes = [ctypes.c_int, doubles, ctypes.c_ssize_t, doubles]
        self.it = it
        self.numbers = {it.name(i).decode(): i for i in range(1, it.count() + 1)}
        self.kinds = {name: it.kind(i).decode() for name, i in self.numbers.items()}

    def __call__(self, name, operands):
        count = len(operands)
        partials = (ctypes.c_double * (count + 1))()
        number = self.numbers[name]
        if self.kinds[name] == "s":
            # One more number than there are operands, which no rule may look at.
            given = (ctypes.c_double * (count + 1))(*operands, 1e99)
            value = self.it.sequence(number, given, count, partials)
        else:
            call = self.it.unary if self.kinds[name] == "u" else self.it.binary
            value = call(number, *operands, partials)
        return (value, *partials[:count])


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    if COMPILER is None:
        pytest.skip("no C compiler was found")
    return Rules(tmp_path_factory.mktemp("rules"), inspect.getsource(ops), CONSTANTS)


def counts(rule):
    return (1, 2, 4, 6, 7) if is_sequence_rule(rule) else (rule.__code__.co_argcount,)


def points(name):
    """Operands inside the domain of a rule, and nasty ones."""
    rule, rng = RULES[name], random.Random(name)
    for count in counts(rule):
        domain = ops.TABLE[rule].domain
        domain = [*domain, *domain[-1:] * count][:count]
        yield from (tuple(rng.uniform(*ends) for ends in domain) for _ in range(1000))
        yield from itertools.islice(itertools.product(*domain), 64)
        if count <= 2:
            yield from itertools.product(NASTY, repeat=count)
        else:
            yield from (tuple(rng.choices(NASTY, k=count)) for _ in range(1000))


HEADERS = {
    "_rules.h": rules_header(inspect.getsource(ops), CONSTANTS, ops.CHOICES),
    "_updates.h": updates_header(inspect.getsource(nn.updates)),
}


@needs_compiler
@pytest.mark.parametrize("header", HEADERS)
def test_a_header_needs_nothing_but_the_c_library(tmp_path, header):
    (tmp_path / header).write_text(HEADERS[header])
    assert set(re.findall("#include (.*)", HEADERS[header])) <= {
        *("<math.h>", "<stddef.h>", "<stdlib.h>")
    }
    strict = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c"]
    done = subprocess.run(
        [*COMPILER.split(), *strict, str(tmp_path / header)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_flags_are_those_of_setup():
    setup = ROOT / "setup.py"
    if not setup.exists():
        pytest.skip("setup.py is not beside the tests")
    (flags,) = [
        ast.literal_eval(node.value)
        for node in ast.parse(setup.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FLAGS"
    ]
    assert flags == FLAGS


# --- rules ----------------------------------------------------------------------------


def test_every_rule_of_one_or_two_operands_or_a_sequence_is_in_the_table(compiled):
    own = compiled.it.own_count()
    assert set(list(compiled.numbers)[:own]) == set(WITH_C) | PARTS
    for name in WITH_C:
        count = RULES[name].__code__.co_argcount
        assert compiled.kinds[name] == {0: "s", 1: "u", 2: "b"}[count]


def test_after_them_come_the_derived_rules(compiled):
    """Each partial that is no number, no operand and not the value itself."""
    scalar = [name for name in WITH_C if compiled.kinds[name] != "s"]
    expected = {
        f"{name}_{formula_for(RULES[name]).operands[position]}"
        for name in scalar
        for position, source in enumerate(sources(RULES[name]))
        if source.is_derived
    }
    own = compiled.it.own_count()
    derived = set(list(compiled.numbers)[own:])
    # The slopes of a difference are numbers.
    expected |= {f"{name}_x" for name in PARTS} - {"difference_x"}
    assert derived <= expected
    # Of hypot there is no C, and atan2, asinh and hypot itself are not in the table.
    assert expected - derived == set()
    assert compiled.it.count() < 256  # what the engine has room for


def test_the_table_says_where_a_partial_comes_from(compiled):
    number, itself, first, second = -1, -2, -3, -4
    names = {i: name for name, i in compiled.numbers.items()}

    def how(name):
        return [
            compiled.it.derived(compiled.numbers[name], operand)
            for operand in range(RULES[name].__code__.co_argcount)
        ]

    assert how("add") == [number, number]
    assert how("mul") == [second, first]
    assert how("exp") == [itself]
    assert [names[i] for i in how("pow")] == ["pow_x", "pow_y"]
    assert [names[i] for i in how("tanh")] == ["tanh_x"]


@pytest.mark.parametrize("name", [n for n in WITH_C if not is_sequence_rule(RULES[n])])
def test_c_gives_what_the_derived_rules_give(compiled, name):
    wrong, checked = [], 0
    for operand, source in enumerate(sources(RULES[name])):
        called = f"{name}_{formula_for(RULES[name]).operands[operand]}"
        if not source.is_derived:
            continue
        rule = called_rule(called)
        for operands in itertools.islice(points(name), 0, None, 5):
            try:
                expected = rule(*operands)
            except (ValueError, ArithmeticError):
                expected = (NAN,)
            got = compiled(called, operands)
            # Where C gives no finite number the engine asks Python.
            if all(map(math.isfinite, got)) and not all(map(identical, got, expected)):
                wrong.append((called, operands, got, expected))
            checked += 1
    assert wrong[:5] == []
    assert checked or not any(source.is_derived for source in sources(RULES[name]))


@pytest.mark.parametrize("name", [n for n in WITH_C if is_sequence_rule(RULES[n])])
def test_c_gives_the_tangents_of_the_partials_of_a_sequence(compiled, name):
    rule, rng = RULES[name], random.Random(name)
    for count in counts(rule):
        for _ in range(100):
            x = [rng.uniform(0.0 if name == "entropy" else -4.0, 4.0) for _ in range(count)]
            tangents = [rng.choice((0.0, rng.uniform(-1.0, 1.0))) for _ in range(count)]
            changes = (ctypes.c_double * (count + 1))()
            done = compiled.it.tangent(
                compiled.numbers[name],
                (ctypes.c_double * count)(*x),
                (ctypes.c_double * count)(*tangents),
                ctypes.c_ssize_t(count),
                changes,
            )
            assert done == (2 if name in ("sum", "mean") else 1)  # 2: they are always 0
            assert all(map(identical, changes[:count], tangents_of_partials(rule, x, tangents)))
            assert changes[count] == 0.0


@pytest.mark.parametrize("name", WITH_C)
def test_c_gives_what_the_rule_gives(compiled, name):
    """Where the rule refuses, or gives no finite number, C must not give one: Python decides."""
    wrong = []
    for operands in points(name):
        try:
            expected = RULES[name](*operands)
        except (ValueError, ArithmeticError):
            expected = None
        got = compiled(name, operands)
        if all(map(math.isfinite, got)):
            if expected is None or not all(map(identical, got, expected)):
                wrong.append((operands, got, expected))
        elif expected is not None and all(map(math.isfinite, expected)):
            wrong.append((operands, got, expected))
    assert wrong[:5] == []


@pytest.mark.parametrize("name", ["clip", "where"])
def test_rules_of_three_operands_have_c_too(name):
    c = c_function(FORMULAS[name], CONSTANTS, ())
    assert c.startswith(f"static inline double rule_{name}(double ")


@pytest.mark.parametrize("name", sorted(WITHOUT_C & set(FORMULAS)))
def test_where_math_does_something_of_its_own_there_is_no_c(name):
    with pytest.raises(FormulaError, match=rf"^{name}: no C for .*(hypot|_products)"):
        c_function(FORMULAS[name], CONSTANTS, set(FORMULAS))


def own(source):
    function = ast.parse(source).body[-1]
    return formula_of(function)


NO_C = {
    "a chained comparison": "def rule(x): return 1.0 if 0.0 < x < 1.0 else x, 1.0",
    "an unknown function": "def rule(x): return unknown(x), 1.0",
    "an unknown function of math": "def rule(x): return math.gamma(x), 1.0",
    "a function of another module": "def rule(x): return cmath.sin(x), 1.0",
    "an unknown name": "def rule(x): return x * UNKNOWN, 1.0",
    "an unknown rule": "def rule(x):\n    a, b = unknown(x)\n    return a, b",
    "a text": "def rule(x): return 'x', 1.0",
    "nothing": "def rule(x): return None, 1.0",
    "an imaginary number": "def rule(x): return x * 1j, 1.0",
    "a keyword": "def rule(x): return math.sin(x=x), 1.0",
    "a logarithm to a base": "def rule(x): return math.log(x, 10.0), 1.0",
    "a condition in a comprehension": "def rule(*x): return _total([a for a in x if a]), *x",
    "an item": "def rule(*x): return x[0], *x",
    "a step": "def rule(*x):\n    y = x[::2]\n    return _total(y), *x",
    "a sum inside of a loop": "def rule(*x): return _total([a / _total(x) for a in x]), *x",
    "a single partial": "def rule(*x): return _total(x), 1.0",
}


@pytest.mark.parametrize("what", NO_C)
def test_what_has_no_c_is_refused_by_name(what):
    with pytest.raises(FormulaError, match=r"^rule"):
        c_function(own(NO_C[what]), {"LN2": ops.LN2}, ())


# Each is legal Python: C must compute the same, or be refused so that Python computes it.
TRICKY = {
    "an operand called double": "def rule(double): return double * 2.0, 2.0",
    "an operand called default": "def rule(x, default): return x - default, 1.0, -1.0",
    "a step called like its function": "def rule(x):\n    exp = math.exp(x)\n    return exp, exp",
    "a step called I": "def rule(x):\n    I = x * x\n    return I, 2.0 * x",
    "a step called INFINITY": "def rule(x):\n    INFINITY = x\n    return INFINITY, 1.0",
    "a swap": "def rule(x, y):\n    x, y = y, x\n    return x - y, -1.0, 1.0",
    "an infinite constant": "def rule(x): return 1e400 if x > 9.0 else x, 1.0",
    "an infinite name": "def rule(x): return LIMITLESS if x > 9.0 else x, 1.0",
    "a huge int": f"def rule(x): return x / {10**30}, 1.0",
    "a negative zero of ints": "def rule(x): return x * -0, 1.0",
    "a power of ints": "def rule(x): return x * 2 ** 3, 8.0",
    "a power of a power": "def rule(x): return 2.0 ** x ** 0.5, 1.0",
    "minus a power": "def rule(x): return -x ** 2.0, -2.0 * x",
    "a comparison as a number": "def rule(x): return (x > 0.75) * x, (x > 0.75) * 1.0",
    "a number as a condition": "def rule(x): return 2.0 if x else 3.0, 0.0",
    "a nan as a condition": "def rule(x): return 2.0 if x * math.nan else 3.0, 0.0",
    "an operand set anew": "def rule(x):\n    x = x * 2.0\n    x = x + 1.0\n    return x, 2.0",
    "a logarithm to a base": "def rule(x): return math.log(x, 10.0), 1.0",
    "a length divided down": "def rule(*x): return _total(x) * (len(x) // 2), *x",
    "a slice longer than the sequence": "def rule(*x):\n    y = x[:5]\n    return _total(y), *x",
    "a slice of the rest": "def rule(*x):\n    y = x[1:]\n    return _total(y), *x",
    "a slice from far behind": "def rule(*x):\n    y = x[5:]\n    return _total(y), *x",
}


@needs_compiler
@pytest.mark.parametrize("what", TRICKY)
def test_tricky_rules_are_right_in_c_or_refused(tmp_path, what):
    source, constants = TRICKY[what], {"LIMITLESS": INF}
    try:
        c_function(own(source), constants, ())
    except FormulaError:
        return
    rules = Rules(tmp_path, source, constants)
    namespace = {"math": math, "_total": ops._total, "LIMITLESS": INF}
    exec(source, namespace)  # noqa: S102 - from the table above
    rule = namespace["rule"]
    for count in (1, 2, 3, 6) if is_sequence_rule(rule) else (rule.__code__.co_argcount,):
        for operands in itertools.islice(itertools.product((0.5, 3.0, 1.0), repeat=count), 30):
            expected = rule(*operands)
            got = rules("rule", operands)
            assert [float(x).hex() for x in got] == [float(x).hex() for x in expected], operands


# --- formulas of the optimisers ----------------------------------------------------------

UPDATES = read_formulas(inspect.getsource(nn.updates))


@pytest.fixture(scope="module")
def updates(tmp_path_factory):
    if COMPILER is None:
        pytest.skip("no C compiler was found")
    text = updates_header(inspect.getsource(nn.updates))
    return library(tmp_path_factory.mktemp("updates"), "_updates.h", text, UPDATES_C)


@pytest.mark.parametrize("name", UPDATES)
def test_updates_in_c_give_what_the_formula_gives(updates, name):
    formula, rng, count = getattr(nn.updates, name), random.Random(name), 37
    (number,) = [i for i in range(updates.count()) if updates.name(i).decode() == name]
    memory = updates.memory(number)
    assert memory == len(UPDATES[name].results) - 1
    for _ in range(40):
        amount = len(UPDATES[name].operands) - 2 - memory
        settings = [rng.choice((rng.uniform(0.01, 0.99), 1.0)) for _ in range(amount)]
        x, g = ([rng.uniform(-9.0, 9.0) for _ in range(count)] for _ in range(2))
        state = [[rng.uniform(0.0, 2.0) for _ in range(count)] for _ in range(memory)]
        numbers = (ctypes.c_double * count)(*x)
        arrays = [(ctypes.c_double * count)(*row) for row in state]
        updates.update(
            number,
            ctypes.c_ssize_t(count),
            numbers,
            (ctypes.c_double * count)(*g),
            (doubles * max(memory, 1))(*[ctypes.cast(row, doubles) for row in arrays]),
            (ctypes.c_double * amount)(*settings),
        )
        expected = [formula(*row, *settings) for row in zip(x, g, *state, strict=True)]
        got = list(zip(numbers, *arrays, strict=True))
        for one, other in zip(got, expected, strict=True):
            assert all(map(identical, one, other))


def test_an_update_that_has_no_c_is_refused_by_name():
    formula = own("def rule(x, g, rate): return (x - rate * math.hypot(x, g),)")
    with pytest.raises(FormulaError, match=r"^rule: no C for math\.hypot"):
        c_update(formula)
