"""From a graph of Values to a tape."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.calculus.rule_names import RuleName, rule_named
from autograd.engines.numbers import as_value
from autograd.engines.select import topological_order
from autograd.programs.tape import LOG_SOFTMAX, MATRIX, Tape, tape_of

_TAKEN = {MATRIX, LOG_SOFTMAX}  # names of instructions that are no rules


class Recording(NamedTuple):
    """A tape, and the Values from outside that it reads: its leaves, in their order."""

    tape: Tape
    leaves: list[Any]


def recorded(outputs: Sequence[Any], inputs: Sequence[Any], since: int = 0) -> Recording:
    """The tape of `outputs`, Values or numbers, as functions of the leaves `inputs`.

    Leaves and nodes made before the serial number `since` are captured: their data is read
    at every call. Leaves made later are constants.
    """
    place = {value: slot for slot, value in enumerate(inputs)}
    roots = [as_value(out) for out in outputs]
    order: list[Any] = []
    seen = set(inputs)
    for root in roots:
        if root not in seen:
            fresh = [node for node in topological_order(root, since) if node not in seen]
            order += fresh
            seen.update(fresh)
    nodes = [node for node in order if node.parents]
    captured: dict[Any, None] = {}
    made_inside: dict[Any, float] = {}
    for node in (*nodes, *(root for root in roots if not root.parents)):
        for leaf in node.parents or (node,):
            if leaf in place or leaf in captured or leaf in made_inside:
                continue
            if leaf._serial < since or (not since and leaf.requires_grad and not leaf.parents):
                captured[leaf] = None
            elif not leaf.parents:
                made_inside[leaf] = leaf.data
    constants = list(dict.fromkeys(map(_bits, made_inside.values())))
    slot_of = {number: slot for slot, number in enumerate(constants, len(inputs) + len(captured))}
    place |= {leaf: slot for slot, leaf in enumerate(captured, len(inputs))}
    place |= {leaf: slot_of[_bits(number)] for leaf, number in made_inside.items()}
    first = len(inputs) + len(captured) + len(constants)
    place |= {node: slot for slot, node in enumerate(nodes, first)}
    rules: dict[str, Any] = {}
    names = _names_of([node.op for node in nodes], rules)
    fixed = [place[node] for node in nodes if not node.requires_grad]
    tape = tape_of(
        len(inputs), len(captured), [float.fromhex(number) for number in constants],
        [
            (name, tuple([place[parent] for parent in node.parents]))
            for name, node in zip(names, nodes, strict=True)
        ],
        [place[root] for root in roots], fixed, rules,
    )  # fmt: skip
    return Recording(tape, list(captured))


def _names_of(found: list[str], rules: dict[str, Any]) -> list[str]:
    """What a tape calls the operations `found`; `rules` gets those that are not in `ops`.

    Two rules may have the same name, and one of yours that of an operation of `ops` or of an
    instruction: in a tape, where passes go by names, a rule that comes later is numbered.
    """
    own: dict[Any, str] = {}
    for key in dict.fromkeys([(op, rule_named(op)) for op in found if type(op) is not str]):
        text, rule = key
        name, number = text, 2
        while name in rules or str(name) in _TAKEN or rule_named(str(name)) is not None:
            name, number = f"{text}_{number}", number + 1
        if rule is not None and name is not text:
            name = RuleName(name)
            name.rule = rule
        own[key] = name
        rules[name] = rule
    if not own:
        return found
    return [op if type(op) is str else own[op, rule_named(op)] for op in found]


def _bits(number: float) -> str:
    """A key that tells 0.0 from -0.0, and knows nan again."""
    return number.hex()
