"""Which values share a box: those made in the same scope, such as ``"mlp/layer0"``.

A scope that is *open* shows what is inside it; one that is closed is a single
box. A value lies in the outermost closed scope around it, or on its own if all
are open. Every way to collapse a picture is one choice of the open scopes.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from autograd.engines.select import Value
from autograd.errors import GraphError
from autograd.visual.graph.chains import middles
from autograd.visual.scopes import all_scopes, is_call, prefixes, scope_of
from autograd.visual.texts import printable

LEGIBLE = 150  # values: above it "auto" collapses
MOST_REPEATED = 6  # edges side by side for one operand of one operation
MOST_OF_A_CALL = 5  # values of a call, such as that of a loss, that are shown one by one
MOST_BOXES, MOST_EDGES = 50, 160  # of a collapsed picture: more is a grey cloud on a screen


@dataclass(frozen=True)
class Group:
    """One box of a picture: a value on its own, or several under a name."""

    members: tuple[int, ...]  # positions in the topological order
    name: str = ""  # "" for a value on its own
    scope: str = ""  # the closed scope; "" for a value on its own, or a name without a scope


@dataclass(frozen=True)
class Grouping:
    """The boxes of a picture, and the edges between them with the number of operands each holds."""

    groups: tuple[Group, ...]
    edges: dict[tuple[int, int], int]  # (tail, head), positions in `groups`; none inside a group


def group(order: Sequence[Value], collapse: str | int | None = "auto") -> Grouping:
    """Group the values in topological `order`.

    `collapse` is None (no box holds more than one value), ``"neuron"``,
    ``"layer"`` or another name (scopes so called, a number behind it or not,
    are closed), an int (scopes that many levels deep are closed), or
    ``"auto"``: nothing up to `LEGIBLE` values (but the middle of long chains), else the
    deepest level that leaves few enough boxes. But for None, calls of functions such as
    ``"softmax(logits)"`` are closed where more than `MOST_OF_A_CALL` values lie in them. Raises
    ValueError for a name that no scope has, GraphError where auto finds no way.
    """
    if collapse == "auto":
        return _legible(order)
    return group_by_open_scopes(order, open_scopes(order, collapse))


def edges_between(grouping: Grouping) -> dict[tuple[int, int], int]:
    """How many edges are drawn between any two boxes: for each operand, or one for all of them.

    It is one where a box holds several values, and for an operand used more than
    `MOST_REPEATED` times.
    """
    return {
        ends: count
        if count <= MOST_REPEATED and not any(grouping.groups[end].name for end in ends)
        else 1
        for ends, count in grouping.edges.items()
    }


def open_scopes(order: Sequence[Value], collapse: str | int | None) -> frozenset[str]:
    """The scopes that are open when `collapse` (anything but ``"auto"``) is asked for."""
    scopes = scopes_of(order)
    if collapse is None:
        return frozenset(scopes)
    if isinstance(collapse, str):
        called = re.compile(rf"(.*/)?{re.escape(collapse)}\d*(\(.*\))?", re.DOTALL)
        closed = {scope for scope in scopes if called.fullmatch(scope)}
    elif isinstance(collapse, int) and not isinstance(collapse, bool) and collapse > 0:
        return opened_to(scopes, collapse) - closed_calls(order)
    else:
        raise ValueError(
            f"collapse={collapse!r} is none of 'auto', None, the name of scopes such as 'neuron' "
            "or 'layer', and a depth from 1 up"
        )
    if not closed and isinstance(collapse, str):
        raise ValueError(f"collapse={collapse!r}, but {_known(scopes)}")
    return frozenset(scopes) - closed - closed_calls(order)


def closed_calls(order: Sequence[Value]) -> frozenset[str]:
    """The calls of functions, such as losses, that are closed until somebody opens them."""
    return frozenset(filter(is_call, scopes_of(order)))


def scopes_of(order: Sequence[Value]) -> list[str]:
    """Every scope that may be open or closed, outermost first: not the calls of few values."""
    small = _small_calls(order)
    return [scope for scope in all_scopes(order) if scope not in small]


def _small_calls(order: Sequence[Value]) -> frozenset[str]:
    """Calls whose values always stand one by one."""
    inside: Counter[str] = Counter()
    for scope, count in Counter(map(scope_of, order)).items():
        for prefix in prefixes(scope):
            inside[prefix] += count
    return frozenset(
        scope for scope, count in inside.items() if count <= MOST_OF_A_CALL and is_call(scope)
    )


def opened_to(scopes: Sequence[str], depth: int) -> frozenset[str]:
    """All of `scopes` but those that lie `depth` levels deep."""
    return frozenset(scope for scope in scopes if scope.count("/") != depth - 1)


def group_by_open_scopes(order: Sequence[Value], opened: Collection[str]) -> Grouping:
    """Group the values in topological `order` where `opened` are the open scopes."""
    opened = _small_calls(order).union(opened)
    made_in = [scope_of(value) for value in order]
    closed_in = {scope: closed_scope(scope, opened) for scope in dict.fromkeys(made_in)}
    keys = [closed_in[scope] or None for scope in made_in]
    return _grouping(order, keys, _short_names(keys))


def closed_scope(scope: str, opened: Collection[str]) -> str:
    """The outermost scope around a value made in `scope` that is not open; "" if all are."""
    return next((prefix for prefix in prefixes(scope) if prefix not in opened), "")


# --- how "auto" finds its way --------------------------------------------------------


def _legible(order: Sequence[Value]) -> Grouping:
    """The first grouping that can be read: every value, then coarser and coarser levels."""
    scopes, calls = scopes_of(order), closed_calls(order)
    found = _without_middles(order, frozenset(scopes) - calls)
    if len(order) <= LEGIBLE or (not scopes and len(found.groups) <= LEGIBLE):
        return found
    deepest = max((scope.count("/") + 1 for scope in scopes), default=0)
    for depth in range(deepest, 0, -1):
        opened = opened_to(scopes, depth) - calls
        found = group_by_open_scopes(order, opened)
        for attempt in (found, _leaves_together(order, found), _rest_together(order, opened)):
            if len(attempt.groups) <= MOST_BOXES and len(attempt.edges) <= MOST_EDGES:
                return attempt
    raise GraphError(
        f"{len(order)} values cannot be drawn legibly (at most {LEGIBLE} can be read), and "
        f"{_known(scopes)}: make parts of the graph inside `with autograd.scope('name'):`, which "
        "closes each into one box, or draw one neuron, one sample, or a value nearer to the leaves"
    )


def _without_middles(order: Sequence[Value], opened: Collection[str]) -> Grouping:
    """Every value in an open scope on its own, but for the middle of long chains, one box each."""
    opened = _small_calls(order).union(opened)
    keys = [closed_scope(scope_of(value), opened) or None for value in order]
    names = _short_names(keys)
    for number, (members, steps) in enumerate(middles(order)):
        if any(keys[member] for member in members):
            continue
        key = f"\0steps {number}"  # \0: no scope is called so
        names[key] = f"… {steps} more steps …"
        for member in members:
            keys[member] = key
    return _grouping(order, keys, names)


def _leaves_together(order: Sequence[Value], grouping: Grouping) -> Grouping:
    """As `grouping`, but leaves on their own that feed the same boxes share one."""
    fed: dict[int, list[int]] = {}
    for tail, head in grouping.edges:
        fed.setdefault(tail, []).append(head)
    keys: list[str | None] = [None] * len(order)
    names: dict[str, str] = {}
    for position, box in enumerate(grouping.groups):
        first = order[box.members[0]]
        key = box.scope or None
        if len(box.members) == 1 and not first.parents:
            kind = "parameters" if first.requires_grad else "inputs"
            key = f"\0{kind} of {sorted(fed.get(position, ()))}"  # \0: no scope is called so
            names[key] = kind
        elif key:
            names[key] = box.name
        for member in box.members:
            keys[member] = key
    return _grouping(order, keys, names)


def _rest_together(order: Sequence[Value], opened: Collection[str]) -> Grouping:
    """Closed scopes, and two boxes for what lies outside: before them, and after."""
    opened = _small_calls(order).union(opened)
    inside: list[bool] = []  # whether a value or anything below it was made in a scope
    place = {value: position for position, value in enumerate(order)}
    keys: list[str] = []
    for value in order:
        inside.append(bool(scope_of(value)) or any(inside[place[p]] for p in value.parents))
        before_or_after = "\0after" if inside[-1] else "\0before"
        keys.append(closed_scope(scope_of(value), opened) or before_or_after)
    names = _short_names(key for key in keys if key[0] != "\0")
    names |= {"\0before": "inputs", "\0after": printable(order[-1].label) or "output"}
    return _grouping(order, keys, names)


def _short_names(scopes: Iterable[str | None]) -> dict[str, str]:
    """What to call each scope: its path without the beginning that all of them share."""
    paths = {scope: scope.split("/") for scope in scopes if scope}
    shared = 0
    for parts in zip(*(path[:-1] for path in paths.values()), strict=False):
        if len(set(parts)) > 1:
            break
        shared += 1
    return {scope: "/".join(path[shared:]) for scope, path in paths.items()}


def _grouping(
    order: Sequence[Value], keys: Sequence[str | None], names: dict[str, str]
) -> Grouping:
    """One group for each key, and one for each value whose key is None."""
    members: dict[str | int, list[int]] = {}
    for position, key in enumerate(keys):
        members.setdefault(position if key is None else key, []).append(position)
    groups: list[Group] = []
    box_of: dict[Value, int] = {}
    for owner, positions in members.items():
        box_of.update((order[position], len(groups)) for position in positions)
        if isinstance(owner, int) or len(positions) == 1:
            groups.append(Group(tuple(positions)))
        else:
            scope = "" if owner[0] == "\0" else owner
            groups.append(Group(tuple(positions), names[owner], scope))
    edges: dict[tuple[int, int], int] = {}
    for value in order:
        head = box_of[value]
        for parent in value.parents:
            tail = box_of[parent]
            if tail != head:
                edges[tail, head] = edges.get((tail, head), 0) + 1
    return Grouping(tuple(groups), edges)


def _known(scopes: Sequence[str]) -> str:
    if not scopes:
        return "no value was made in a scope"
    shown = ", ".join(repr(scope) for scope in scopes[:4])
    return f"the scopes are {shown}{f' and {len(scopes) - 4} more' if len(scopes) > 4 else ''}"
