"""Texts become graphs through a whitelist: all else is refused, and nothing is evaluated."""

import math
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograd import Value, ops, parse, topological_order
from autograd.errors import ChainruleError, DivisionError, DomainError, ExpressionError, RangeError
from autograd.expressions.parser import LONGEST

# --- what is read ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1.0),
        ("-1", -1.0),
        ("+2.5", 2.5),
        ("1e3 + .5", 1000.5),
        ("0x10", 16.0),
        ("1_000", 1000.0),
        ("x", 3.0),
        ("-x", -3.0),
        ("--x", 3.0),
        ("x + y*x - y/x", 3.0 + 6.0 - 2.0 / 3.0),
        ("(x + y)*x", 15.0),
        ("x**2**y", 81.0),
        ("x^y", 9.0),
        ("-x^2", -9.0),
        ("2^-1", 0.5),
        ("tanh(x)", math.tanh(3.0)),
        ("sin(x)**2 + cos(x)**2", math.sin(3.0) ** 2 + math.cos(3.0) ** 2),
        ("atan2(y, x)", math.atan2(2.0, 3.0)),
        ("clip(x, 0, 1)", 1.0),
        ("leaky_relu(-x)", -0.03),
        ("where(x, y, 1)", 2.0),
        ("sum(x, y, 1)", 6.0),
        ("max(x, y)", 3.0),
        ("mean(x, y)", 2.5),
        ("norm(x, 4)", 5.0),
        ("log(e)", 1.0),
        ("cos(pi)", -1.0),
        ("  x\n", 3.0),
        ("(x +\n y)", 5.0),
    ],
)
def test_expressions_mean_what_they_say(text, expected):
    out = parse(text, **named(text))
    assert type(out) is Value
    assert out.data == pytest.approx(expected, rel=1e-15, abs=0)


def named(text, **numbers):
    """The numbers for the names that occur in `text`."""
    words = "".join(c if c.isalnum() or c == "_" else " " for c in text).split()
    return {name: x for name, x in (numbers or {"x": 3, "y": 2}).items() if name in words}


def test_every_operation_but_dot_can_be_called():
    for rule, facts in ops.TABLE.items():
        if rule is not ops.dot:
            count = rule.__code__.co_argcount or 3
            domain = [*facts.domain, *facts.domain[-1:] * count][:count]
            numbers = [low + 0.6 * (high - low) for low, high in domain]
            out = parse(f"{rule.__name__}({', '.join(map(repr, numbers))})")
            assert out.op == rule.__name__
            assert out.data == rule(*numbers)[0]


def test_each_name_is_one_leaf_with_its_label():
    out = parse("w*x + w", w=0.5, x=2)
    leaves = [node for node in topological_order(out) if not node.parents]
    assert [(leaf.label, leaf.data) for leaf in leaves] == [("w", 0.5), ("x", 2.0)]
    out.backward()
    assert [leaf.grad for leaf in leaves] == [3.0, 0.5]


def test_numbers_and_known_constants_need_no_gradient():
    out = parse("2*x + pi", x=1.0)
    leaves = {node.label or node.data: node for node in topological_order(out) if not node.parents}
    assert {key: leaf.requires_grad for key, leaf in leaves.items()} == {
        2.0: False,
        "x": True,
        "pi": False,
    }


def test_pi_and_e_can_be_given():
    assert parse("pi + e", pi=3, e=2).data == 5.0


@pytest.mark.parametrize("name", ["text", "self", "numbers", "x1", "_", "tanh", "λ"])
def test_any_identifier_can_be_a_name(name):
    assert parse(f"2*{name}", **{name: 3}).data == 6.0


# --- what is refused -------------------------------------------------------------

REFUSED = {
    "attribute": "x.data",
    "dunder attribute": "x.__class__",
    "attribute of a number": "(1).real",
    "method": "x.tanh()",
    "subscript": "x[0]",
    "slice": "x[1:2]",
    "lambda": "lambda: x",
    "list": "[x]",
    "tuple": "x, x",
    "empty tuple": "()",
    "set": "{x}",
    "dict": "{x: x}",
    "list comprehension": "[x for x in (1,)]",
    "generator": "sum(x for x in (1,))",
    "string": "'x'",
    "string argument": "tanh('x')",
    "bytes": "b'x'",
    "f-string": "f'{x}'",
    "import": "__import__('os')",
    "call of a call": "tanh(x)(x)",
    "eval": "eval(x)",
    "exec": "exec(x)",
    "open": "open(x)",
    "builtin print": "print(x)",
    "keyword argument": "clip(x, low=0, high=1)",
    "star": "sum(*x)",
    "double star": "tanh(**x)",
    "walrus": "(y := x)",
    "assignment": "y = x",
    "statement": "import os",
    "two statements": "x; x",
    "two lines": "x\nx",
    "comparison": "x > 1",
    "equality": "x == 1",
    "boolean operator": "x and x",
    "not": "not x",
    "conditional": "x if x else x",
    "modulo": "x % 2",
    "floor division": "x // 2",
    "matrix product": "x @ x",
    "bit and": "x & 1",
    "shift": "x << 2",
    "invert": "~x",
    "await": "await x",
    "yield": "(yield x)",
    "true": "True",
    "false": "False",
    "minus true": "-True",
    "plus true": "+True",
    "none": "None",
    "ellipsis": "...",
    "imaginary": "1j",
    "minus imaginary": "-1j",
    "complex": "x + 2j",
    "empty": "",
    "blank": "  \t ",
    "comment only": "# x",
    "unknown name": "x + z",
    "unknown operation": "foo(x)",
    "dot": "dot(x, x)",
    "softmax": "softmax(x, x)",
    "too few operands": "clip(x)",
    "too many operands": "tanh(x, x)",
    "no operands": "tanh()",
    "operation without call": "x + tanh",
    "unclosed": "(x",
    "unopened": "x)",
    "no operand": "x +",
    "two operands": "x x",
    "no operator": "2 x",
    "glued": "2x",
    "dollar": "$x",
    "question": "x?",
    "backslash": "x\\",
    "null byte": "x\0",
    "null byte inside": "x\0+x",
    "surrogate": "\ud800",
    "surrogate inside": "x + \udfff",
    "control": "x\x01",
    "indented": "x\n  x",
    "unterminated string": "'x",
    "bad escape": "'\\d'",
    "bad number": "1__0",
    "octal": "0123",
    "number and keyword": "1if x else x",
}


# Python itself warns of some texts that it reads, as "1if x else x".
python_warns = pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")


@python_warns
@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_all_else_is_refused(text):
    with pytest.raises(ExpressionError) as caught:
        parse(text, **named(text))
    assert "given, but not in" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 500 + "x" + ")" * 500,
        "(" * 90 + "x" + ")" * 90 + ".data",
        "-" * 1500 + "x",
        "+" * 1999 + "x",
        "tanh(" * 300 + "x" + ")" * 300,
        "x**" * 600 + "x",
        "x+" * 950 + "x",
        "[" * 1000,
        "(" * 1999,
        "not " * 499 + "x",
        "lambda:" * 280 + "x",
        "x if x else " * 160 + "x",
    ],
    ids=lambda text: text[:12],
)
def test_deep_nesting_is_refused_or_read_but_never_crashes(text):
    try:
        out = parse(text, x=0.5)
    except (ExpressionError, RangeError):
        return
    assert type(out) is Value


def test_nesting_as_deep_as_a_person_writes_is_read():
    assert parse("(" * 30 + "x" + ")" * 30, x=2.0).data == 2.0
    assert parse("tanh(" * 30 + "x" + ")" * 30, x=0.0).data == 0.0
    assert parse("+".join(["x"] * 100), x=2.0).data == 200.0


def test_a_text_too_long_is_refused_before_it_is_read():
    assert parse("x".ljust(LONGEST), x=2.0).data == 2.0
    for text in ("x".ljust(LONGEST + 1), "(" * 10**6, "9" * 10**7):
        with pytest.raises(ExpressionError, match="characters"):
            parse(text, x=2.0)


def test_large_powers_take_no_time():
    with pytest.raises(RangeError):
        parse("9**9**9**9**9")
    with pytest.raises(RangeError):
        parse("9" * 1000)


@pytest.mark.parametrize(
    ("text", "numbers", "message"),
    [
        ("x + y", {"x": 1}, "no number is given for 'y'; add y=1.5"),
        ("x", {"x": 1, "y": 2, "a": 3}, "a, y given, but not in 'x'"),
        ("tahn(x)", {"x": 1}, "no operation is called 'tahn': did you mean tan"),
        ("qqq(x)", {"x": 1}, "no operation is called 'qqq': add, sub, mul"),
        ("x.data + 1", {"x": 1}, "'x.data' is not allowed"),
        ("x +", {"x": 1}, "cannot read 'x +': "),
        ("clip(x)", {"x": 1}, "clip"),
    ],
)
def test_a_refusal_repeats_the_text_and_says_what_is_wrong(text, numbers, message):
    with pytest.raises(ExpressionError, match=re.escape(message)):
        parse(text, **numbers)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("log(x)", DomainError, r"^log\(x=-1\.0\)"),
        ("1/(x + 1)", DivisionError, r"^div\(1\.0, 0\.0\)"),
        ("exp(1000*x*x)", RangeError, r"^exp\(1000\.0\)"),
        ("x**0.5", DomainError, r"^pow\(x=-1\.0, 0\.5\)"),
        ("mean()", ChainruleError, "empty"),
    ],
)
def test_mathematics_refuses_as_everywhere(text, kind, message):
    with pytest.raises(kind, match=message):
        parse(text, **named(text, x=-1.0))


@pytest.mark.parametrize("number", ["1", None, [1.0], 1j])
def test_a_name_stands_for_one_real_number(number):
    with pytest.raises(TypeError, match="expected one real number"):
        parse("x", x=number)


# --- any text --------------------------------------------------------------------


def reads_or_refuses(text):
    try:
        out = parse(text, **named(text, x=0.5, y=-2.0))
    except ChainruleError:
        return
    assert type(out) is Value


@given(st.text(st.characters(codec=None, categories=None)))
@example("\ud800")
@example("x*y\\\n")
@example("x*y\f")
@settings(max_examples=500)
@python_warns
def test_any_text_is_read_or_refused(text):
    reads_or_refuses(text)


WORDS = "x y pi 1 2.5 1e308 0 1j True lambda if else for in not and await data".split()  # noqa: SIM905
MARKS = "' \" ( ) [ ] { } + - * / ** ^ % // @ ~ < := = . , : ; \\ # f' ...".split()  # noqa: SIM905
CALLS = "tanh( log( sum( max( exp( where( clip( __import__( eval(".split()  # noqa: SIM905
PIECES = st.sampled_from([*WORDS, *MARKS, *CALLS, " ", "\n", "\t", "\0"])


@given(st.lists(PIECES, max_size=12).map("".join))
@settings(max_examples=1500)
@python_warns
def test_any_text_made_of_pythons_pieces_is_read_or_refused(text):
    reads_or_refuses(text)
    reads_or_refuses(f"x*y+({text})")


EXPRESSIONS = st.recursive(
    st.sampled_from(["x", "y", "1", "2.5", "pi"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map("({0[0]} {0[1]} {0[2]})".format),
        inner.map("(-{})".format),
        st.tuples(st.sampled_from(["sin", "cos", "tanh", "erf"]), inner).map(
            "{0[0]}({0[1]})".format
        ),
    ),
    max_leaves=12,
)


@given(EXPRESSIONS)
def test_an_expression_has_the_value_that_python_gives_it(text):
    names = {"x": 0.5, "y": -2.0}
    python = {name: getattr(math, name) for name in ("sin", "cos", "tanh", "erf", "pi")}
    expected = eval(text, {"__builtins__": {}}, python | names)  # noqa: S307
    assert parse(text, **named(text, **names)).data == expected


# --- one name in several spellings -------------------------------------------------

MICRO, MU = "\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}"


@pytest.mark.parametrize("written", [MICRO, MU])
@pytest.mark.parametrize("given", [MICRO, MU])
def test_the_mu_of_a_keyboard_is_the_greek_one(written, given):
    """As in Python, whose identifiers are compared in Unicode's form NFKC."""
    out = parse(f"{written}*x + {written}", **{given: 2.0, "x": 3.0})
    assert out.data == 8.0
    assert [leaf.label for leaf in topological_order(out) if leaf.label] == [MU, "x"]


def test_a_name_given_in_two_spellings_is_given_twice():
    with pytest.raises(ExpressionError, match=rf"{MU} is given twice: '{MU}' is the same name"):
        parse(f"{MU}*x", **{MICRO: 1.0, MU: 2.0, "x": 3.0})


def test_a_spare_name_is_told_as_it_is_read():
    with pytest.raises(ExpressionError, match=rf"{MU} given, but not in 'x'"):
        parse("x", **{MICRO: 1.0, "x": 3.0})
