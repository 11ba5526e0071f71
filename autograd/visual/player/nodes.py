"""What the page of the player is told of every value: its name, its operation, its rule."""

import math
from collections.abc import Mapping
from typing import Any

from autograd import errors, ops
from autograd.calculus.rule_names import rule_named
from autograd.engines.select import Value
from autograd.export.javascript_printer import rules_script
from autograd.export.notation import typeset
from autograd.visual.graph.boxes import SYMBOLS
from autograd.visual.naming import Naming
from autograd.visual.player.local_derivatives import formula_of, local_derivatives
from autograd.visual.texts import number_text, printable

Node = dict[str, Any]


def nodes_of(naming: Naming) -> tuple[list[Node], str, str]:
    """The nodes, the script of their rules, and what stands in the way of editing, if anything."""
    order = naming.order
    rules = {value: rule_named(value.op) for value in order if value.parents}
    script, obstacle = _script(rules)
    place = {value: position for position, value in enumerate(order)}
    nodes = []
    for value in order:
        name = _shown_name(value, naming)
        node: Node = {
            "name": name,
            "named": bool(naming.own(value)),
            "scope": printable(value.scope),
            "data": _number(value.data),
            "trained": value.requires_grad,
        }
        label = typeset(naming.own(value))
        if label not in ("", name):  # another value took the label
            node["label"] = label
        if value.parents:
            node |= _operation(value, rules[value])
            node["parents"] = [place[parent] for parent in value.parents]
            node["local"] = local_derivatives(value, rules[value], naming)
            if obstacle:
                node["partials"] = [_number(partial) for partial in value.partials]
        nodes.append(node)
    return nodes, script, obstacle


def _operation(value: Value, rule: ops.Rule | None) -> Node:
    """What is told of the operation that made `value`."""
    formula = formula_of(rule)
    symbol = ops.SYMBOLS.get(value.op, value.op) if rule in ops.TABLE else value.op
    told = {
        "op": printable(value.op),
        "rule": rule.__name__ if rule else "",
        "sequence": formula is not None and formula.sequence,
        "symbol": printable(SYMBOLS.get(symbol, symbol)),
        "said": ops.TABLE[rule].said if rule in ops.TABLE else "",
    }
    chosen = ops.chooses(value.op)
    return told | ({"chooses": [i in chosen for i in range(len(value.parents))]} if chosen else {})


def _shown_name(value: Value, naming: Naming) -> str:
    """What `value` is called, or a constant's number."""
    if naming.is_plain_number(value):
        return number_text(value.data)
    return naming.typeset(value)


def _script(rules: Mapping[Value, ops.Rule | None]) -> tuple[str, str]:
    """The JavaScript of the rules; without it, what stands in the way."""
    for value, rule in rules.items():
        if rule is None:
            return rules_script([]), f"the rule of {printable(value.op)} is not known"
    try:
        return rules_script(dict.fromkeys(filter(None, rules.values()))), ""
    except errors.FormulaError as error:
        return rules_script([]), printable(str(error), 200)


def _number(number: float) -> float | str:
    """A number as JSON, which has no word for nan and infinity."""
    return number if math.isfinite(number) else repr(number).replace("inf", "Infinity")
