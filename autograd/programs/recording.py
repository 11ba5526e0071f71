"""From a graph of Values to a tape."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.calculus.rule_names import rule_named
from autograd.engines.numbers import as_value
from autograd.engines.select import topological_order
from autograd.programs.tape import Tape, tape_of


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
    rules: dict[str, Any] = {
        node.op: rule_named(node.op) for node in nodes if type(node.op) is not str
    }
    fixed = [place[node] for node in nodes if not node.requires_grad]
    tape = tape_of(
        len(inputs), len(captured), [float.fromhex(number) for number in constants],
        [(node.op, tuple([place[parent] for parent in node.parents])) for node in nodes],
        [place[root] for root in roots], fixed, rules,
    )  # fmt: skip
    return Recording(tape, list(captured))


def _bits(number: float) -> str:
    """A key that tells 0.0 from -0.0, and knows nan again."""
    return number.hex()
