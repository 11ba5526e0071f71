"""Formulas: what `formula.py` reads of a rule is what the rule computes, or FormulaError."""

import ast
import inspect
import itertools
import math
import operator
import random

import pytest
from reference import identical, is_sequence_rule

import nn.updates
from autograd import ops
from autograd.calculus.formula import formula_for, formula_of, read_formulas
from autograd.errors import FormulaError

RULES = {rule.__name__: rule for rule in ops.TABLE}
SCALAR_RULES = [name for name, rule in RULES.items() if not is_sequence_rule(rule)]
FORMULAS = read_formulas(inspect.getsource(ops))
NAMESPACE = {name: thing for name, thing in vars(ops).items() if not isinstance(thing, dict)}
BINARY = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
          ast.Div: operator.truediv, ast.Pow: operator.pow}  # fmt: skip
COMPARE = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge}


def interpreted(formula, operands):
    """The results of a formula by the smallest interpreter there can be."""
    names = dict(zip(formula.operands, [operands] if formula.sequence else operands, strict=True))
    for targets, expression in formula.steps:
        value = evaluated(expression, names, formula)
        names |= zip(targets, value if len(targets) > 1 else [value], strict=True)
    results = []
    for tree in formula.results:
        if isinstance(tree, ast.Starred):
            results += evaluated(tree.value, names, formula)
        else:
            results.append(evaluated(tree, names, formula))
    return tuple(results)


def evaluated(tree, names, formula):
    def of(tree):
        return evaluated(tree, names, formula)

    match tree:
        case _ if formula.sequence:  # slices and loops: Python itself evaluates the tree
            code = compile(ast.fix_missing_locations(ast.Expression(tree)), "formula", "eval")
            return eval(code, NAMESPACE | names)  # noqa: S307 - our own rules
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return names[name] if name in names else getattr(ops, name)
        case ast.Attribute(value=ast.Name(id="math"), attr=name):
            return getattr(math, name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -of(operand)
        case ast.BinOp(left=left, op=op, right=right):
            return BINARY[type(op)](of(left), of(right))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return COMPARE[type(op)](of(left), of(right))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return of(body) if of(test) else of(orelse)
        case ast.Call(func=function, args=arguments, keywords=[]):
            return of(function)(*map(of, arguments))
    raise AssertionError(ast.dump(tree))


def samples(name):
    """Operands inside the domain of a rule: seeded ones, and the corners."""
    rule, rng = RULES[name], random.Random(name)
    for count in (2, 4, 6) if is_sequence_rule(rule) else (rule.__code__.co_argcount,):
        domain = ops.TABLE[rule].domain
        domain = [*domain, *domain[-1:] * count][:count]
        yield from itertools.product(*domain)
        yield from (tuple(rng.uniform(*ends) for ends in domain) for _ in range(50))


def read(source):
    (function,) = ast.parse(source).body
    return formula_of(function)


# --- what is read ------------------------------------------------------------------


@pytest.mark.parametrize("name", SCALAR_RULES)
def test_every_scalar_rule_has_a_formula(name):
    formula = FORMULAS[name]
    code = RULES[name].__code__
    assert formula.name == name
    assert formula.operands == code.co_varnames[: code.co_argcount]
    assert not formula.sequence
    assert len(formula.results) == 1 + code.co_argcount


def test_every_rule_has_a_formula_and_nothing_else():
    parts = [rule.__name__ for rule in ops.PARTS]
    assert list(FORMULAS) == [*RULES, *parts]  # no helper is taken for a rule
    for name, rule in RULES.items():
        assert ast.dump(formula_for(rule).results[0]) == ast.dump(FORMULAS[name].results[0])


def double(x):
    """A rule of a user, with steps."""
    twice = x + x
    return twice, 2.0


def test_the_formula_of_a_users_rule_is_read_from_its_file():
    formula = formula_for(double)
    assert (formula.name, formula.operands, interpreted(formula, (3.0,))) == (
        "double", ("x",), (6.0, 2.0))  # fmt: skip
    assert formula_for(double) is formula
    with pytest.raises(FormulaError, match="no function defined with def"):
        formula_for(lambda x: (x, 1.0))
    found = {}
    exec("def rule(x):\n    return x, 1.0", found)  # noqa: S102 - our own
    with pytest.raises(FormulaError, match="source of rule rule cannot be read"):
        formula_for(found["rule"])


@pytest.mark.parametrize("name", RULES)
def test_the_trees_compute_what_the_rule_computes(name):
    for operands in samples(name):
        expected, got = RULES[name](*operands), interpreted(FORMULAS[name], operands)
        assert len(got) == len(expected)
        assert all(map(identical, got, expected)), (operands, got, expected)


def test_every_formula_of_the_optimisers_is_read():
    formulas = read_formulas(inspect.getsource(nn.updates))
    assert set(formulas) == {"sgd", "adagrad", "rmsprop", "adam", "amsgrad"}
    rng = random.Random(0)
    for name, formula in formulas.items():
        for _ in range(50):
            operands = [rng.uniform(0.1, 0.9) for _ in formula.operands]
            expected = getattr(nn.updates, name)(*operands)
            assert all(map(identical, interpreted(formula, operands), expected))


def test_a_docstring_and_defaults_are_no_part_of_a_formula():
    formula = read('def rule(x, slope=0.5):\n    """Words."""\n    return slope * x, slope, x')
    assert formula.operands == ("x", "slope")
    assert interpreted(formula, (3.0, 2.0)) == (6.0, 2.0, 3.0)


def test_several_names_take_several_expressions():
    formula = read("def rule(x, y):\n    a, b = x * y, x + y\n    return a, b, a / b")
    assert interpreted(formula, (3.0, 1.0)) == (3.0, 4.0, 0.75)


def test_names_that_swap_swap_or_are_refused():
    source = "def rule(x, y):\n    x, y = y, x\n    return x - y, -1.0, 1.0"
    try:
        formula = read(source)
    except FormulaError as error:
        assert "rule, line 2" in str(error)  # noqa: PT017 - or else it must be right
    else:
        assert interpreted(formula, (3.0, 1.0)) == (-2.0, -1.0, 1.0)


# --- what goes beyond -----------------------------------------------------------------

BEYOND = {
    "a loop": (3, "a = x\n    for i in x: a = a + i\n    return a, 1.0"),
    "a while": (2, "while x > 0.0: x = x - 1.0\n    return x, 1.0"),
    "an if": (2, "if x > 0.0: x = 1.0\n    return x, 1.0"),
    "==": (2, "return x if x == 0.0 else 1.0, 1.0"),
    "!=": (2, "return x if x != 0.0 else 1.0, 1.0"),
    "is": (2, "return x if x is None else 1.0, 1.0"),
    "not": (2, "return 1.0 if not x else x, 1.0"),
    "and": (2, "return 1.0 if x > 0.0 and x < 1.0 else x, 1.0"),
    "modulo": (3, "y = x\n    return x % y, 1.0"),
    "floor division": (2, "return x // 2.0, 1.0"),
    "a lambda": (2, "return (lambda a: a)(x), 1.0"),
    "a walrus": (2, "return (y := x), y"),
    "a list": (2, "a = [x]\n    return x, 1.0"),
    "a comprehension": (3, "y = x\n    z = [a for a in y]\n    return y, 1.0"),
    "a subscript": (2, "return x[0], 1.0"),
    "an f-string": (2, "return f'{x}', 1.0"),
    "await": (2, "y = yield x\n    return y, 1.0"),
    "augmented assignment": (2, "x += 1.0\n    return x, 1.0"),
    "annotated assignment": (2, "y: float = x\n    return y, 1.0"),
    "two targets": (2, "y = z = x\n    return y, z"),
    "an attribute as target": (2, "x.y = 1.0\n    return x, 1.0"),
    "an item as target": (2, "x[0] = 1.0\n    return x, 1.0"),
    "nested targets": (2, "(a, (b, c)) = rule(x)\n    return a, b"),
    "a starred target": (2, "a, *b = rule(x)\n    return a, 1.0"),
    "an attribute among targets": (2, "a, x.b = rule(x)\n    return a, 1.0"),
    "unpacking a name": (2, "a, b = x\n    return a, b"),
    "unpacking too little": (2, "a, b, c = x, 1.0\n    return a, b"),
    "a starred result": (2, "return x, *x"),
    "no tuple": (2, "return x"),
    "no return": (2, "y = x"),
    "an empty return": (2, "return"),
    "only a docstring": (1, "'Words.'"),
    "code after the return": (2, "return x, 1.0\n    y = x"),
    "an import": (2, "from math import exp\n    return x, 1.0"),
    "an assertion": (2, "assert x > 0.0\n    return x, 1.0"),
    "a function inside": (2, "def f(a): return a\n    return f(x), 1.0"),
    "try": (2, "try: y = x\n    finally: z = x\n    return y, z"),
    "with": (2, "with x: y = x\n    return x, y"),
}
HEADS = {
    "a keyword-only argument": "def rule(x, *, y=1.0):",
    "keywords": "def rule(x, **y):",
    "an operand before the sequence": "def rule(y, *x):",
    "a sequence and a keyword": "def rule(*x, y=1.0):",
}


@pytest.mark.parametrize("what", BEYOND)
def test_what_goes_beyond_a_formula_is_refused_by_function_and_line(what):
    line, body = BEYOND[what]
    with pytest.raises(FormulaError, match=r"^rule, line \d+: ") as caught:
        read(f"def rule(x):\n    {body}")
    assert str(caught.value).startswith(f"rule, line {line}: ")


@pytest.mark.parametrize("what", HEADS)
def test_operands_that_go_beyond_a_formula_are_refused(what):
    with pytest.raises(FormulaError, match=r"^rule, line 1: "):
        read(f"{HEADS[what]}\n    return x, 1.0")


def test_positional_only_operands_are_operands_or_refused():
    try:
        formula = read("def rule(x, /, y):\n    return x * y, y, x")
    except FormulaError as error:
        assert "rule, line 1" in str(error)  # noqa: PT017 - or else it must be right
    else:
        assert formula.operands == ("x", "y")


def test_what_has_no_formula_is_left_out_and_the_rest_is_read():
    source = """
import math
LIMIT = 3.0
def _private(x): return x, 1.0
def loop(x):
    for _ in range(3): x = x
    return x, 1.0
def good(x): return x * x, x + x
class Thing:
    def method(self): return 1.0, 2.0
def words():
    'Only words.'
"""
    assert list(read_formulas(source)) == ["good"]
