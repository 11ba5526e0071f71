"""Rules as JavaScript: run by node, they give what Python gives, and refuse what it refuses."""

import itertools
import json
import math
import shutil
import subprocess
import sys

import mpmath
import pytest
from reference import is_sequence_rule, same

from autograd import errors, ops
from autograd.calculus.derived_rules import derived_rule
from autograd.calculus.formula import FormulaError, formula_for
from autograd.export.javascript_printer import javascript_function, rules_script

NODE = shutil.which("node") or shutil.which("nodejs")
needs_node = pytest.mark.skipif(NODE is None, reason="node was not found")

INF, NAN = math.inf, math.nan
# Round numbers, the ends of floats, and where erf and exp change their ways.
NASTY = [0.0, 1e-300, 1e-9, 0.3, 0.49999, 0.5, 0.99, 1.0, 1.5, 2.0, 3.0, 5.9, 27.0, 29.0, 700.0,
         711.0, 1e8, 1e200, sys.float_info.max, INF]  # fmt: skip
NUMBERS = [*NASTY, *(-x for x in NASTY), NAN]

# Numbers that JSON has no word for travel as text.
RUNNER = """
const plain = (x) => Array.isArray(x) ? x.map(plain) : (Number.isFinite(x) ? x : String(x));
const answer = ([name, sequence, operands]) => {
  const x = operands.map(Number);
  try {
    const result = sequence ? rules[name](x) : rules[name](...x);
    return plain(sequence ? [result[0], ...result[1]] : result);
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    return refusal.kind;
  }
};
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(asked.map(answer)));
"""
KINDS = {ZeroDivisionError: "division", OverflowError: "range", ValueError: "domain"}


def run(script, cases):
    """What node gives for ``(rule, operands)`` cases: results as floats, or the kind of refusal."""
    asked = [
        (rule.__name__, is_sequence_rule(rule), [repr(x).replace("inf", "Infinity") for x in given])
        for rule, given in cases
    ]
    done = subprocess.run(
        [NODE, "-e", script + RUNNER],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert not done.stderr, done.stderr
    return [
        answer if isinstance(answer, str) else [float(x) for x in answer]
        for answer in json.loads(done.stdout)
    ]


def in_python(rule, operands):
    try:
        return list(rule(*operands))
    except tuple(KINDS) as error:
        return next(kind for raised, kind in KINDS.items() if isinstance(error, raised))


def close(got, expected):
    """Equal but for the last digits."""
    if isinstance(got, str) or isinstance(expected, str):
        return got == expected
    return len(got) == len(expected) and all(
        same(a, b) or math.isclose(a, b, rel_tol=2e-13, abs_tol=1e-307)
        for a, b in zip(got, expected, strict=True)
    )


def samples(rule, low_and_high, count=41):
    low, high = low_and_high
    return [low + (high - low) * i / (count - 1) for i in range(count)]


def cases_of(rule):
    domain = ops.TABLE[rule].domain
    if is_sequence_rule(rule):
        lists = [[0.5, -2.0, 3.0, 1.5], [2.0, 2.0], [-1.0, -1.0, 0.0, 0.0], [0.0, 3.0, 0.0, 1.0]]
        lists += [[INF, 1.0], [-INF, -INF], [NAN, 1.0], [1e308, 1e308], [1000.0, -1000.0]]
        single = [] if rule is ops.dot else [[7.0]]
        return [(rule, x) for x in [*lists, *single]]
    count = rule.__code__.co_argcount
    domain += domain[-1:] * (count - len(domain))
    inside = itertools.product(*(samples(rule, d, 41 if count == 1 else 9) for d in domain[:count]))
    outside = itertools.product(NUMBERS[:: 1 if count < 3 else 4], repeat=count)
    return [(rule, list(x)) for x in [*inside, *outside]]


@needs_node
def test_every_rule_gives_what_python_gives_inside_its_domain_and_out():
    cases = [case for rule in ops.TABLE for case in cases_of(rule)]
    answers = run(rules_script(ops.TABLE), cases)
    wrong = [
        (rule.__name__, x, got, in_python(rule, x))
        for (rule, x), got in zip(cases, answers, strict=True)
        if not close(got, in_python(rule, x))
    ]
    assert not wrong, f"{len(wrong)} of {len(cases)}: {wrong[:10]}"


@needs_node
def test_erf_and_erfc_against_fifty_digits():
    numbers = [x / 16 for x in range(-96, 97)] + [x / 4 for x in range(24, 105)]
    cases = [(rule, [x]) for rule in (ops.erf, ops.erfc) for x in numbers]
    with mpmath.workdps(50):
        for (rule, [x]), answer in zip(cases, run(rules_script(ops.TABLE), cases), strict=True):
            expected = float(getattr(mpmath, rule.__name__)(x))
            assert math.isclose(answer[0], expected, rel_tol=1e-14), (rule.__name__, x)


def test_the_javascript_reads_as_the_rule_does():
    printed = javascript_function(formula_for(ops.logsigmoid), {}, {"softplus"})
    assert printed == (
        "function rule_logsigmoid(x) {\n"
        "  let [out, slope] = rule_softplus(-x);\n"
        "  return [-out, slope];\n"
        "}\n"
    )


def test_a_script_holds_what_its_rules_call_and_no_more():
    script = rules_script([ops.silu])
    assert "function rule_sigmoid(" in script
    assert "function rule_silu(" in script
    assert "function rule_tanh(" not in script
    assert script.endswith("const rules = {\n  silu: rule_silu,\n};\n")


STEEPNESS = 3.0


def steep(function, new):  # both words of JavaScript
    """A user's rule with a constant of its own, a step and a rule of ours."""
    let = STEEPNESS * function
    out, slope = ops_tanh(let)
    return out * new, STEEPNESS * slope * new, out


ops_tanh = ops.tanh


@needs_node
def test_a_users_rule_runs_too():
    def doubled(*x):
        return 2.0 * _total(x), *[2.0 for _ in x]

    cases = [(steep, [0.25, -2.0]), (steep, [-1.0, 0.5]), (doubled, [1.0, 2.5])]
    first, second, third = run(rules_script([steep, doubled]), cases)
    for (rule, x), got in zip(cases[:2], [first, second], strict=True):
        assert close(got, in_python(rule, x))
    assert third == [7.0, 2.0, 2.0]


_total = ops._total


def test_two_rules_of_one_name_are_refused():
    def make(slope):
        def line(x):
            return slope * x, slope

        return line

    with pytest.raises(FormulaError, match="two rules are called line"):
        rules_script([make(2.0), make(3.0)])


def tanh_x(x):
    """A rule that reads as the derivative of our tanh does."""
    return 7.0 * x, 7.0


def test_a_derived_rule_calls_ours_whatever_a_user_calls_so():
    def mine(x):
        out = math.tanh(x)
        return out * out, 2.0 * out * (1.0 - out * out)

    script = rules_script([derived_rule(derived_rule(mine, 0), 0)])
    assert "let out__x__x = rule_tanh_x(x).at(1);" in script
    assert "function rule_tanh_x(x) {\n  let [slope, _] = rule_tanh_slope(x);" in script
    assert "rule_tanh_x(x) {\n  return [7 * x, 7];" in rules_script([tanh_x])


def test_what_has_no_javascript_says_so():
    def lengthy(*x):
        return x[0] if len(x) > 1 else 0.0, *[str(a) for a in x]

    with pytest.raises(FormulaError, match=r"lengthy: no JavaScript for str\(a\)"):
        rules_script([lengthy])

    def unknown(x):
        return x * nowhere, nowhere  # noqa: F821

    with pytest.raises(errors.FormulaError, match="unknown: nowhere is not known"):
        rules_script([unknown])


def test_the_name_of_a_rule_cannot_become_code():
    def rule(x):
        return x, 1.0

    rule.__name__ = "f() {} alert(1); function g"
    with pytest.raises(FormulaError, match="no name for a function"):
        rules_script([rule])
