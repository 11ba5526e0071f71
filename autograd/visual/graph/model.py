"""What a picture of a graph shows: boxes and edges, all of it text that is safe to show."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograd import errors, ops
from autograd.engines.select import Value
from autograd.export.notation import typeset
from autograd.support.provenance import is_up_to_date
from autograd.visual.arguments import shown
from autograd.visual.graph import flags
from autograd.visual.graph.grouping import Group, Grouping, edges_between, group
from autograd.visual.graph.heatmap import HeatMap, heat_maps
from autograd.visual.graph.operand_order import are_ordered
from autograd.visual.naming import Naming, naming_of
from autograd.visual.paths import Path, Paths, find_paths
from autograd.visual.scopes import is_call, neuron_parts
from autograd.visual.texts import counted, number_text, printable

__all__ = ["Box", "Edge", "Graph", "Show", "graph_of", "printable"]

MOST = 1500  # boxes; more are not legible, however large the picture
MOST_EDGES = 10_000
MOST_HIGHLIGHTED = 150
FEW = 4  # paths of which each product is written out
MOST_TERMS = 4  # of a sum of contributions that is written out
LONGEST_LINE = 110  # characters of a product of local derivatives
TIMES, MINUS = "\N{MULTIPLICATION SIGN}", "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Box:
    """One value as drawn, or several under one name."""

    name: str  # unique in the picture: box0, box1, ...
    label: str  # what the user calls it
    op: str  # the symbol of its operation, "" for a leaf and for several values
    data: str  # "" for several values with more than one result
    grad: str  # "—" before backward, "" where no gradient is wanted; the norm of several
    size: str = ""  # "35 values, 17 parameters", "" for one value
    scope: str = ""  # where several values were made
    constant: bool = False  # one value that wants no gradient
    ordered: bool = False  # one value whose operands may not change places
    flag: str = ""  # a key of flags.MEANING
    on_path: bool | None = None  # None where nothing is highlighted
    heat: tuple[HeatMap, HeatMap] | None = None  # parameters and their gradients
    called: str = ""  # v₁, v₂, … of one value without a label, or with that of another
    grad_of: str = ""  # before `grad`: what it is of several values


@dataclass(frozen=True)
class Edge:
    """From the box of an operand to the box of the result; positions in Graph.boxes."""

    tail: int
    head: int
    label: str = ""
    count: int = 1  # of operands that it stands for
    weight: float | None = None  # 0.0 to 1.0: the contribution's size on a logarithmic scale
    constant: bool = False  # no gradient flows here
    on_path: bool | None = None


@dataclass(frozen=True)
class Graph:
    """The boxes in topological order, and the edges from operand to result, in order."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    values: int  # drawn, collapsed ones included
    root_box: int  # the position of the box that holds the root
    root: str = ""  # what the root is called
    notes: tuple[str, ...] = ()  # lines above the picture, such as the chain rule


@dataclass(frozen=True)
class Show:
    """What `graph_of` is asked to show; see `draw` for the meaning of each."""

    number_format: str = ".4g"
    edges: str | None = None
    highlight: Value | Sequence[Value] | None = None
    collapse: str | int | None = "auto"
    names: Mapping[str, Any] | Naming | None = None

    def number(self, number: float) -> str:
        """`number` as text; a format specification may ask for any fill character."""
        return number_text(number, self.number_format)


def graph_of(root: Value, show: Show | None = None) -> Graph:
    """The picture's content for everything `root` depends on.

    More than `MOST` boxes or `MOST_EDGES` edges raise GraphError: collapse, or draw a part.
    """
    show = show or Show()
    naming = naming_of(root, show.names)
    order = naming.order
    grouping = group(order, show.collapse)
    _check_size(grouping)
    paths = {value: find_paths(root, value, FEW) for value in _to_highlight(order, show.highlight)}
    content = _Content(naming, show, paths)
    boxes = tuple(content.box(position, one) for position, one in enumerate(grouping.groups))
    notes = [line for v, found in paths.items() for line in _notes(v, found, naming, show)]
    if show.edges == "flow" and root.requires_grad and not any(map(flags.is_reached, order)):
        notes.append("no gradients yet: call backward()")
    last = next(i for i, one in enumerate(grouping.groups) if len(order) - 1 in one.members)
    name = "" if naming.is_plain_number(root) else naming.typeset(root)
    return Graph(boxes, content.edges(grouping), len(order), last, name, tuple(notes))


def _check_size(grouping: Grouping) -> None:
    boxes, edges = len(grouping.groups), sum(edges_between(grouping).values())
    if boxes > MOST or edges > MOST_EDGES:
        size = f"{boxes} boxes" if boxes > MOST else f"{edges:,} edges between {boxes} boxes"
        raise errors.GraphError(
            f"{size} cannot be drawn legibly (at most {MOST} boxes and {MOST_EDGES:,} edges are): "
            "leave collapse='auto', make parts of the graph inside `with autograd.scope('name'):`, "
            "or draw one neuron, one sample, or a value nearer to the leaves"
        )


class _Content:
    """What boxes and edges need to know of the whole graph."""

    def __init__(self, naming: Naming, show: Show, paths: dict[Value, Paths]) -> None:
        self.order, self.root, self.naming, self.show = naming.order, naming.root, naming, show
        self.highlighting = bool(paths)
        self.on_path = set(paths).union(*(found.order for found in paths.values()))
        self.users = self._users()
        self.parts = neuron_parts(self.order)
        self.contributions = self._contributions() if show.edges == "flow" else {}

    def box(self, position: int, one: Group) -> Box:
        members = [self.order[member] for member in one.members]
        box = self._several(one, members) if one.name else self._single(members[0])
        return replace(
            box,
            name=f"box{position}",
            flag=flags.flag_of(members, self.root),
            on_path=any(v in self.on_path for v in members) if self.highlighting else None,
        )

    def _single(self, value: Value) -> Box:
        symbol = printable(ops.SYMBOLS.get(value.op, value.op))
        label, called = typeset(self.naming.own(value)), self.naming.typeset(value)
        if called == label or self.naming.is_plain_number(value):
            called = ""
        data = self.show.number(value.data)
        constant, ordered = not value.requires_grad, are_ordered(value)
        grad = self._grad(value)
        return Box("", label, symbol, data, grad, called=called, constant=constant, ordered=ordered)

    def _grad(self, value: Value) -> str:
        if not value.requires_grad:
            return ""
        if not flags.is_reached(value):
            return "—"
        total = self.show.number(value.grad)
        terms = list(self.contributions.get(value, ()))
        if len(terms) < 2:
            return total
        earlier = value.grad - sum(terms)
        if abs(earlier) > 1e-9 * max(map(abs, [value.grad, *terms])):
            terms.append(earlier)  # a leaf holds the sum over earlier calls of backward too
        if len(terms) > MOST_TERMS:
            return f"{len(terms):,} terms = {total}"
        return f"{_sum(self.show.number(term) for term in terms)} = {total}"

    def _contributions(self) -> dict[Value, list[float]]:
        """What each use of a value adds to its gradient, in the order of the uses.

        Nothing where one of them is made by hand: what it adds is known to its maker alone.
        """
        found: dict[Value, list[float]] = {}
        for user in filter(flags.is_reached, self.order):
            upstream = user.grad if user._arrived else 0.0
            for parent, one in zip(user.parents, user.local_gradient(upstream), strict=True):
                found.setdefault(parent, []).append(one if user._arrived else 0.0)
        for user in self.order:
            if user._by_hand:
                for parent in user.parents:
                    found[parent] = []
        return found

    def _users(self) -> dict[Value, list[Value]]:
        users: dict[Value, list[Value]] = {value: [] for value in self.order}
        for value in self.order:
            for parent in dict.fromkeys(value.parents):
                users[parent].append(value)
        return users

    def _several(self, one: Group, members: list[Value]) -> Box:
        inside = set(members)
        parameters = [v for v in members if v.requires_grad and not v.parents]
        results = [
            v
            for v in members
            if v is self.root or any(user not in inside for user in self.users[v])
        ]
        size = counted(len(members), "value")
        if parameters and len(parameters) < len(members):
            size += f", {counted(len(parameters), 'parameter')}"
        data = self.show.number(results[0].data) if len(results) == 1 else ""
        if data and is_call(one.scope):
            data = f"= {data}"
        heat = heat_maps(members, one.scope) if one.scope else None
        grad, grad_of = self._norm(parameters or members), "‖gradient‖ "
        sums = [v for v, part in self.parts.items() if part == "z" and v in inside]
        single = sums if len(sums) == 1 else results if is_call(one.scope) else []
        if len(single) == 1:
            grad = self.show.number(single[0].grad) if flags.is_reached(single[0]) else "—"
            of = self.naming.typeset(single[0])
            grad_of = f"∂{self.naming.typeset(self.root)}/∂{of} " if sums else ""
        return Box(
            "", printable(one.name), "", data, grad, size, printable(one.scope), heat=heat,
            grad_of=grad_of,
        )  # fmt: skip

    def _norm(self, values: Iterable[Value]) -> str:
        wanted = [value for value in values if value.requires_grad]
        if not wanted:
            return ""
        if not any(map(flags.is_reached, wanted)):
            return "—"
        return self.show.number(math.hypot(*(value.grad for value in wanted)))

    def edges(self, grouping: Grouping) -> tuple[Edge, ...]:
        box_of = {
            self.order[member]: position
            for position, one in enumerate(grouping.groups)
            for member in one.members
        }
        apart = {ends for ends, count in edges_between(grouping).items() if count > 1}
        found: dict[tuple[int, int], list[tuple[Value, Value, float]]] = {}
        drawn: list[tuple[tuple[int, int], list[tuple[Value, Value, float]]]] = []
        for value in self.order:
            for parent, partial in zip(value.parents, value.partials, strict=True):
                between = box_of[parent], box_of[value]
                if between[0] == between[1]:
                    continue
                operand = (parent, value, partial)
                if between not in found or between in apart:
                    found[between] = []
                    drawn.append((between, found[between]))
                found[between].append(operand)
        edges = [self._edge(*between, operands) for between, operands in drawn]
        return _weighed(edges)

    def _edge(self, tail: int, head: int, operands: list[tuple[Value, Value, float]]) -> Edge:
        """One edge, for one operand or for all operands between two boxes; `weight` in full."""
        constant = not any(parent.requires_grad for parent, _, _ in operands)
        on_path = None
        if self.highlighting:
            on_path = any(
                p.requires_grad and p in self.on_path and v in self.on_path for p, v, _ in operands
            )
        flow = self.show.edges == "flow"
        flowing = [
            abs(value.grad * partial)
            for parent, value, partial in operands
            if flow and parent.requires_grad and flags.is_reached(value) and not value._by_hand
        ]
        label, weight = "", math.hypot(*flowing) if flowing else None
        if len(operands) > 1:
            label = f"{TIMES}{len(operands):,}"
        elif operands[0][1]._by_hand and not constant:
            label = "by hand" if self.show.edges in ("flow", "local") or on_path else ""
        elif flowing:
            label = self.show.number(operands[0][1].grad * operands[0][2])
        elif (self.show.edges == "local" and not constant) or on_path:
            label = self.show.number(operands[0][2])
        return Edge(tail, head, label, len(operands), weight, constant, on_path)


def _weighed(edges: list[Edge]) -> tuple[Edge, ...]:
    """Weights from 1.0 for the largest contribution down to 0.0 at a ten-thousandth of it."""
    largest = max(
        (e.weight for e in edges if e.weight is not None and math.isfinite(e.weight)), default=0.0
    )

    def share(size: float | None) -> float | None:
        if size is None:
            return None
        if not math.isfinite(size):
            return 1.0
        return max(0.0, 1.0 + (math.log10(size) - math.log10(largest)) / 4.0) if size else 0.0

    return tuple(replace(edge, weight=share(edge.weight)) for edge in edges)


# --- what is written above the picture ----------------------------------------------


def _to_highlight(order: Sequence[Value], highlight: Any) -> list[Value]:
    """The values to highlight, each once; GraphError for one that is not in the graph."""
    if highlight is None:
        return []
    several = isinstance(highlight, Iterable) and not isinstance(highlight, str | Value)
    wanted = list(highlight) if several else [highlight]
    if len(wanted) > MOST_HIGHLIGHTED:
        raise ValueError(
            f"highlight takes at most {MOST_HIGHLIGHTED} Values, got {len(wanted):,}: their paths "
            "could not be told apart"
        )
    there = set(order)
    for value in wanted:
        if not isinstance(value, Value):
            raise TypeError(
                f"highlight takes Values of the graph, got {shown(value)}: write highlight=x, or "
                "highlight=[x, y]"
            )
        if value not in there:
            raise errors.GraphError(
                f"highlight={value!r} is not in the picture: the root does not depend on it"
            )
    return list(dict.fromkeys(wanted))


def _notes(value: Value, paths: Paths, naming: Naming, show: Show) -> list[str]:
    """The chain rule for one highlighted value: products along its paths, and their sum."""
    top, bottom = (printable(naming.typeset(v), 16) for v in (naming.root, value))
    left = f"∂{top}/∂{'value' if naming.is_plain_number(value) else bottom}"
    if paths.count and not all(map(is_up_to_date, paths.order)):
        return [f"{left}: a leaf was changed since, so compute {top} again"]
    total = show.number(paths.gradient)
    if not paths.count:
        return [f"{left}: no gradient flows to a constant"]
    if paths.count > FEW:
        number = counted(paths.count, "path", in_full=10**9)
        return [f"{left} = {total}, the sum over {number}"]
    terms = [_product(path, show) for path in paths.largest]
    if terms == [total]:
        return [f"{left} = {total}"]
    line = f"{left} = {_sum(terms)} = {total}"
    if len(line) <= LONGEST_LINE:
        return [line]
    return [f"{left} = {total}, the sum over {paths.count} paths:", *(f"+ {t}" for t in terms)]


def _product(path: Path, show: Show) -> str:
    """The local derivatives along a path, from the root down, as the chain rule is written."""
    factors = [value.partials[position] for value, position in path.edges]
    shown = [show.number(factor) for factor in factors if factor != 1.0] or ["1"]
    if len(shown) > 1:
        shown = [f"({factor})" if factor.startswith(MINUS) else factor for factor in shown]
    if len(shown) > 10:
        shown[4:-4] = [f"… {len(shown) - 8} more …"]
    return f" {TIMES} ".join(shown)


def _sum(terms: Iterable[str]) -> str:
    first, *rest = terms
    signed = (f" {MINUS} {term[1:]}" if term.startswith(MINUS) else f" + {term}" for term in rest)
    return first + "".join(signed)
