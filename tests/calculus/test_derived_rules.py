"""Derived rules: functions whose values are the partials of others, and their names."""

import copy
import pickle

import pytest

from autograd import Value, apply, gradient, ops
from autograd.calculus.derived_rules import called_rule, derived_rule, sources
from autograd.calculus.formula import formula_for
from autograd.calculus.rule_names import DerivedName, Forgotten, rule_named
from autograd.errors import FormulaError, GraphError
from autograd.support.pickling import restored
from autograd.support.provenance import rule_of

OWN = (*ops.TABLE, *ops.PARTS)
SINGLE = [rule for rule in OWN if not formula_for(rule).sequence]


def test_sources():
    assert [source.operand for source in sources(ops.mul)] == [1, 0]
    assert [source.number for source in sources(ops.sub)] == [1.0, -1.0]
    assert [source.is_derived for source in sources(ops.pow)] == [True, True]


def test_a_derived_rule_is_made_once():
    assert derived_rule(ops.tanh, 0) is derived_rule(ops.tanh, 0)
    assert called_rule("tanh_x") is derived_rule(ops.tanh, 0)
    assert called_rule("pow_y_x").__name__ == "pow_y_x"


# --- names ------------------------------------------------------------------------------


def test_a_derivative_from_a_pickle_leads_to_its_rule():
    x = Value(0.5)
    slope = gradient(x.tanh(), x, create_graph=True)
    bend = gradient(slope, x, create_graph=True)
    assert rule_named(bend.op) is derived_rule(derived_rule(ops.tanh, 0), 0)
    for clone in (pickle.loads(pickle.dumps(bend)), copy.copy(bend), copy.deepcopy(bend)):
        assert rule_named(clone.op) is rule_named(bend.op)


def test_a_derivative_of_a_rule_of_ones_own_is_forgotten_with_it():
    def mine(x):
        return x * x * x, 3.0 * x * x

    x = Value(2.0)
    slope = gradient(apply(mine, x), x, create_graph=True)
    assert slope.op == "mine_x"
    clone = pickle.loads(pickle.dumps(slope))
    assert type(clone.op) is Forgotten
    with pytest.raises(GraphError, match="rule of mine_x is not known any more"):
        rule_of(clone)


def test_an_operation_that_a_later_version_has_no_more():
    pickled = pickle.dumps(derived_rule(ops.tanh, 0).__name__)
    name = pickle.loads(pickled.replace(b"\x8c\x04tanh", b"\x8c\x04gone"))
    assert (name, type(name)) == ("gone_x", Forgotten)


@pytest.mark.parametrize("name", ["tanh_x", "pow_y_x", "leaky_relu_slope"])
def test_an_old_pickle_holds_a_plain_text(name):
    """Until now the name of a derivative was written letter for letter."""
    x = Value(0.5)
    operands = (x,) if name == "tanh_x" else (x, Value(2.0))
    node = apply(called_rule(name), *operands)
    state = {"label": "", "requires_grad": True, "scope": "", "grad": 0.0}
    home = "autograd.engines.select"
    old = restored(home, node.data, name, operands, node.partials, state)
    assert type(old.op) is str
    assert rule_of(old) is called_rule(name)
    assert gradient(old, x) == node.partials[0]


def derivatives_of(rule):
    return [derived_rule(rule, position) for position in range(len(formula_for(rule).operands))]


def test_no_two_derivatives_of_ours_read_alike():
    """So that the text in an old pickle, and the names in C, say which is meant."""
    first = [
        derived_rule(rule, i) for rule in SINGLE for i in range(len(formula_for(rule).operands))
    ]
    second = [
        derived_rule(rule, i) for rule in first for i in range(len(formula_for(rule).operands))
    ]
    names = [rule.__name__ for rule in (*OWN, *first, *second)]
    assert len(set(names)) == len(names)
    for rule in (*first, *second):
        assert called_rule(str(rule.__name__)) is rule


def test_derived_names_lead_back_whatever_their_letters():
    """Operands with underscores: three rules, of which two derivatives read alike."""

    def mine(x, y_x):
        return x * y_x, y_x, x

    def mine_y(x):
        return x * x * x, 3.0 * x * x

    one, other = derived_rule(mine, 1), derived_rule(mine_y, 0)
    assert one.__name__ == other.__name__ == "mine_y_x"
    assert rule_named(one.__name__) is one
    assert rule_named(other.__name__) is other
    assert formula_for(one).name.operand == "y_x"
    assert formula_for(other).name.operand == "x"
    assert formula_for(other).name.base == "mine_y"
    x = Value(2.0)
    assert gradient(gradient(apply(mine_y, x), x, create_graph=True), x) == 12.0


def test_a_derived_name_says_from_what():
    name = DerivedName(DerivedName("pow", "x"), "y")
    assert (name, name.base, name.operand) == ("pow_x_y", "pow_x", "y")
    assert called_rule(name) is derived_rule(derived_rule(ops.pow, 0), 1)
    assert copy.deepcopy(name) is name
    clone = pickle.loads(pickle.dumps(name))
    assert (clone, clone.base.base, clone.operand) == ("pow_x_y", "pow", "y")


@pytest.mark.parametrize(
    "name",
    ["nothing", "tanh_z", "tanh_", "_x", "Value", "math", "LN2", "sum_x", Forgotten("tanh_x")],
)
def test_names_that_are_no_rules(name):
    with pytest.raises(FormulaError, match=name):
        called_rule(name)


@pytest.mark.parametrize("name", [DerivedName("tanh", "z"), DerivedName("sum", "x")])
def test_derived_names_of_no_rule(name):
    with pytest.raises(FormulaError, match=name):
        called_rule(name)
