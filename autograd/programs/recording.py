"""From a graph of Values to a tape."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from autograd.calculus.rule_names import RuleName, rule_named
from autograd.engines import select
from autograd.engines.numbers import as_value
from autograd.engines.select import topological_order
from autograd.programs.tape import LOG_SOFTMAX, MATRIX, Tape, tape_of

_TAKEN = {MATRIX, LOG_SOFTMAX}  # names of instructions that are no rules


class Recording(NamedTuple):
    """A tape, and the Values from outside that it reads: its leaves, the oldest first."""

    tape: Tape
    leaves: list[Any]


def recorded(outputs: Sequence[Any], inputs: Sequence[Any], since: int = 0) -> Recording:
    """The tape of `outputs`, Values or numbers, as functions of the leaves `inputs`.

    Leaves and nodes made before the serial number `since` are captured: their data is read
    at every call. Leaves made later are constants.
    """
    roots = [as_value(out) for out in outputs]
    graph_as_slots = getattr(select.engine, "graph_as_slots", _graph_as_slots)
    nodes, captured, constants, operands, found = graph_as_slots(roots, list(inputs), since)
    rules: dict[str, Any] = {}
    names = _names_of([node.op for node in nodes], rules)
    first = len(inputs) + len(captured) + len(constants)
    fixed = [slot for slot, node in enumerate(nodes, first) if not node.requires_grad]
    steps = list(zip(names, operands, strict=True))
    tape = tape_of(len(inputs), len(captured), constants, steps, found, fixed, rules)
    return Recording(tape, captured)


def _graph_as_slots(
    roots: list[Any], inputs: list[Any], since: int
) -> tuple[list[Any], list[Any], list[float], list[tuple[int, ...]], list[int]]:
    """The nodes below `roots` in order, captured leaves, constants, operands and slots of roots.

    Operands are those of the nodes, by slot. A Value from outside is captured; a leaf that was
    made since, or without `since` one that requires no gradient, is a constant.
    """
    # By identity, which is quicker to look up; all Values live as long as this runs.
    place = {id(value): slot for slot, value in enumerate(inputs)}
    order: list[Any] = []
    seen = set(place)
    for root in roots:
        if id(root) not in seen:
            fresh = [node for node in topological_order(root, since) if id(node) not in seen]
            order += fresh
            seen.update(map(id, fresh))
    nodes = [node for node in order if node.parents]
    known = {*place, *map(id, nodes)}
    captured: list[Any] = []
    constant_of: dict[int, str] = {}
    for parents in (*[node.parents for node in nodes], roots):
        for leaf in parents:
            if id(leaf) in known:
                continue
            known.add(id(leaf))
            if leaf._serial < since or (not since and leaf.requires_grad and not leaf.parents):
                captured.append(leaf)
            else:
                constant_of[id(leaf)] = leaf._data.hex()  # tells 0.0 from -0.0, and knows nan
    captured.sort(key=attrgetter("_serial"))  # so parameters mostly lie side by side
    constants = list(dict.fromkeys(constant_of.values()))
    first = len(inputs) + len(captured)
    slot_of = {number: slot for slot, number in enumerate(constants, first)}
    place |= {id(leaf): slot for slot, leaf in enumerate(captured, len(inputs))}
    place |= {leaf: slot_of[number] for leaf, number in constant_of.items()}
    place |= {id(node): slot for slot, node in enumerate(nodes, first + len(constants))}
    operands = [tuple([place[id(parent)] for parent in node.parents]) for node in nodes]
    numbers = [float.fromhex(number) for number in constants]
    return nodes, captured, numbers, operands, [place[id(root)] for root in roots]


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
