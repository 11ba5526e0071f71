"""From a graph of Values to a tape."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from autograd.calculus.rule_names import RuleName, rule_named
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
    # By identity, which is quicker to look up; all Values live as long as this runs.
    place = {id(value): slot for slot, value in enumerate(inputs)}
    roots = [as_value(out) for out in outputs]
    order: list[Any] = []
    seen = set(place)
    for root in roots:
        if id(root) not in seen:
            fresh = [node for node in topological_order(root, since) if id(node) not in seen]
            order += fresh
            seen.update(map(id, fresh))
    parents_of = [node.parents for node in order]
    nodes = [node for node, parents in zip(order, parents_of, strict=True) if parents]
    parents_of = [parents for parents in parents_of if parents]
    captured: list[Any] = []
    made_inside: list[tuple[Any, str]] = []
    known = {*place, *map(id, nodes)}
    lonely = [(root,) for root in roots if not root.parents]
    for parents in (*parents_of, *lonely):
        for leaf in [x for x in parents if id(x) not in known]:
            if id(leaf) in known:
                continue  # it stands there twice
            known.add(id(leaf))
            if leaf._serial < since or (not since and leaf.requires_grad and not leaf.parents):
                captured.append(leaf)
            else:
                made_inside.append((leaf, _bits(leaf._data)))
    captured.sort(key=attrgetter("_serial"))  # as they were made: so parameters mostly lie
    constants = list(dict.fromkeys([number for _, number in made_inside]))
    slot_of = {number: slot for slot, number in enumerate(constants, len(inputs) + len(captured))}
    place |= {id(leaf): slot for slot, leaf in enumerate(captured, len(inputs))}
    place |= {id(leaf): slot_of[number] for leaf, number in made_inside}
    first = len(inputs) + len(captured) + len(constants)
    place |= {id(node): slot for slot, node in enumerate(nodes, first)}
    slot = place.__getitem__
    rules: dict[str, Any] = {}
    names = _names_of([node.op for node in nodes], rules)
    fixed = [place[id(node)] for node in nodes if not node.requires_grad]
    tape = tape_of(
        len(inputs), len(captured), [float.fromhex(number) for number in constants],
        [
            (name, tuple(map(slot, map(id, parents))))
            for name, parents in zip(names, parents_of, strict=True)
        ],
        [place[id(root)] for root in roots], fixed, rules,
    )  # fmt: skip
    return Recording(tape, captured)


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
