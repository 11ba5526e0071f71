"""What the page of the player is told: the nodes of a graph, and where they lie in each view.

The page computes with rules printed as JavaScript, but never lays anything out:
every way to look at the graph (scopes closed, one opened after the other, all
open) is a view computed here.
"""

import ast
import math
from collections.abc import Mapping, Sequence
from typing import Any

from autograd import errors, ops
from autograd.calculus.formula import Formula, formula_for
from autograd.calculus.readable import partial_at, partial_in_cases
from autograd.calculus.rule_names import rule_named
from autograd.calculus.simplify import constant, substituted, tidied
from autograd.engines.select import Value
from autograd.export.javascript_printer import rules_script
from autograd.export.text_printer import TextPrinter
from autograd.support.made_by_hand import check_seen_through
from autograd.support.provenance import check_up_to_date
from autograd.visual.graph.grouping import (
    Group,
    Grouping,
    edges_between,
    group_by_open_scopes,
    open_scopes,
    opened_to,
)
from autograd.visual.graph.layout import Point, layered_layout
from autograd.visual.graph.operand_order import are_ordered
from autograd.visual.naming import Naming, naming_of
from autograd.visual.scopes import all_scopes, prefixes
from autograd.visual.texts import printable, width

MOST = 1500  # values
MOST_OPERANDS = 8_000  # of all operations together
MOST_SPELLED = 64  # operands of an operation whose local derivatives are formulas
MOST_OPEN = 150  # values of which all may be open at once
COMFORTABLE = 50, 100  # boxes and edges of the first view, unless it is asked for
MOST_DRAWN = 150_000  # boxes and edges in all views together: about 15 MB
LONGEST_PARTIAL = 32  # characters

Content = dict[str, Any]
# As they are written on a blackboard.
OPERATORS = {
    "*": "\N{MULTIPLICATION SIGN}",
    "/": "÷",
    "-": "\N{MINUS SIGN}",
}
FONT, ROW, PADDING = 12.0, 18.0, 8.0
ONE_CONSTANT = 52.0  # also after an edit
ONE_NUMBER, TWO_NUMBERS = 100.0, 150.0  # with the key before them
GAP = 12.0  # more room between boxes, for what flows from one to the next
LABEL, MOST_LABELS = (44.0, 14.0), 16  # room for what flows along an edge, and edges that get it


def content_of(
    root: Value,
    collapse: str | int | None = "auto",
    names: Mapping[str, Any] | Naming | None = None,
    rankdir: str = "LR",
    bugs: str | None = None,
) -> tuple[Content, str]:
    """The nodes and views of everything `root` depends on, and the JavaScript of its rules.

    Raises GraphError for a root that needs no gradient, for more than `MOST`
    values or `MOST_OPERANDS` operands, and for a graph whose leaves have changed
    since it was computed.
    """
    if not root.requires_grad:
        raise errors.GraphError(
            "nothing here requires a gradient: made under no_grad, detached, or from numbers"
        )
    naming = naming_of(root, names)
    order = naming.order
    _check_size(order)
    check_seen_through(order, "the player")
    check_up_to_date(order)
    nodes, script, obstacle = _nodes(naming)
    # A wrong gradient stands beside the right one.
    numbers = ONE_NUMBER if bugs is None else TWO_NUMBERS
    views = _views(order, nodes, collapse, rankdir, numbers)
    return {"nodes": nodes, "views": views, "obstacle": obstacle}, script


def _check_size(order: Sequence[Value]) -> None:
    operands = sum(len(value.parents) for value in order)
    if len(order) > MOST or operands > MOST_OPERANDS:
        many = f"{len(order)} values"
        if len(order) <= MOST:
            many += f" with {operands:,} operands"
        raise errors.GraphError(
            f"{many} are too many to play (at most {MOST} values and {MOST_OPERANDS:,} operands): "
            "play one sample, one neuron, or a value nearer to the leaves"
        )


# --- nodes ---------------------------------------------------------------------------


def _nodes(naming: Naming) -> tuple[list[Content], str, str]:
    """The nodes, the script of their rules, and what stands in the way of editing, if anything."""
    order = naming.order
    place = {value: position for position, value in enumerate(order)}
    shown = [_shown_name(value, naming) for value in order]
    rules = {value: rule_named(value.op) for value in order if value.parents}
    script, obstacle = _script(rules)
    nodes = []
    for value, name in zip(order, shown, strict=True):
        node: Content = {
            "name": name,
            "named": bool(naming.own(value)),
            "scope": printable(value.scope),
            "data": _number(value.data),
            "trained": value.requires_grad,
        }
        if naming.own(value) not in ("", name):  # another value took the label
            node["label"] = naming.own(value)
        if value.parents:
            rule = rules[value]
            formula = _formula(rule)
            operands = [shown[place[parent]] for parent in value.parents]
            symbol = ops.SYMBOLS.get(value.op, value.op) if rule in ops.TABLE else value.op
            node |= {
                "op": printable(value.op),
                "ours": rule in ops.TABLE,
                "rule": rule.__name__ if rule else "",
                "sequence": formula is not None and formula.sequence,
                "symbol": printable(OPERATORS.get(symbol, symbol)),
                "parents": [place[parent] for parent in value.parents],
                "local": _partials_as_text(value, rule, name, operands),
            }
            chosen = ops.chooses(value.op)
            if chosen:
                node["chooses"] = [slot in chosen for slot in range(len(value.parents))]
            if obstacle:
                node["partials"] = [_number(partial) for partial in value.partials]
        nodes.append(node)
    return nodes, script, obstacle


def _shown_name(value: Value, naming: Naming) -> str:
    """What `value` is called, or a constant's number."""
    if naming.is_plain_number(value):
        return format(value.data, ".4g")
    return naming.name(value)


def _script(rules: Mapping[Value, ops.Rule | None]) -> tuple[str, str]:
    """The JavaScript of the rules; without it, what stands in the way."""
    for value, rule in rules.items():
        if rule is None:
            return rules_script([]), f"the rule of {printable(value.op)} is not known"
    try:
        return rules_script(dict.fromkeys(filter(None, rules.values()))), ""
    except errors.FormulaError as error:
        return rules_script([]), printable(str(error), 200)


def _formula(rule: ops.Rule | None) -> Formula | None:
    """The formula of a rule, if it can be read."""
    try:
        return formula_for(rule) if rule else None
    except errors.FormulaError:
        return None


def _number(number: float) -> float | str:
    """A number as JSON, which has no word for nan and infinity."""
    return number if math.isfinite(number) else repr(number).replace("inf", "Infinity")


# --- local derivatives as formulas ----------------------------------------------------


def _partials_as_text(
    value: Value, rule: ops.Rule | None, name: str, operands: Sequence[str]
) -> list[str]:
    """The formula of each partial with the names filled in; "" where it is long or has cases."""
    formula = _formula(rule)
    if rule is None or formula is None or len(operands) > MOST_SPELLED:
        return [""] * len(operands)
    # Names of users may hold anything: they come in after the formula is written.
    marks = {f"_{position}_": operand for position, operand in enumerate([*operands, name])}
    given: list[ast.expr] = [ast.Name(mark, ast.Load()) for mark in marks]
    out = given.pop()
    for position, parent in enumerate(value.parents):
        if _is_nameless(parent):
            given[position] = constant(parent.data)
    written = TextPrinter(lambda mark: marks.get(mark, mark), spelled=True)
    texts = []
    for position in range(len(operands)):
        try:
            partial = _partial(value, rule, formula, position, given, out)
        except (errors.FormulaError, ArithmeticError):  # a user's rule may go beyond what is read
            partial = None
        texts.append(written(partial) if partial is not None else "")
    return [text if len(text) <= LONGEST_PARTIAL else "" for text in texts]


def _partial(
    value: Value,
    rule: ops.Rule,
    formula: Formula,
    position: int,
    given: Sequence[ast.expr],
    out: ast.expr,
) -> ast.expr | None:
    """The partial by operand number `position`; None if other operands have another formula."""
    numbers = [parent.data for parent in value.parents]
    if formula.sequence:
        trees = [*(expression for _, expression in formula.steps), *formula.results[1:]]
        names = {n.id for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Name)}
        if names & {"_largest", "_total", "math"}:  # numbers would stand in the formula
            return None
        return partial_at(rule, position, numbers, given, out)
    partial = partial_in_cases(rule, position)
    fixed = {
        x: v.data for x, v in zip(formula.operands, value.parents, strict=True) if _is_nameless(v)
    }
    while isinstance(partial, ast.IfExp):
        if not isinstance(partial.test, ast.Compare) and _is_limit(partial.orelse):
            partial = partial.body  # the other is for the one number where this is 0 / 0
            continue
        names = {node.id for node in ast.walk(partial.test) if isinstance(node, ast.Name)}
        if not names <= fixed.keys():
            return None
        test = compile(
            ast.Expression(ast.fix_missing_locations(partial.test)), rule.__name__, "eval"
        )
        partial = partial.body if eval(test, {**fixed}) else partial.orelse  # noqa: S307 - a rule's
    meanings = dict(zip(formula.operands, given, strict=True)) | {"out": out}
    return tidied(substituted(partial, meanings))


def _is_limit(expression: ast.expr) -> bool:
    """Whether it is what a partial is said to be where its formula divides by zero."""
    return (
        isinstance(expression, ast.Attribute)
        or (isinstance(expression, ast.IfExp) and _is_limit(expression.body))
        or (isinstance(expression, ast.UnaryOp) and _is_limit(expression.operand))
    )


def _is_nameless(value: Value) -> bool:
    """Whether it is a number that entered an expression."""
    return not (value.parents or value.requires_grad or value.label)


# --- views ----------------------------------------------------------------------------


def _views(
    order: Sequence[Value],
    nodes: Sequence[Content],
    collapse: str | int | None,
    rankdir: str,
    numbers: float,
) -> list[Content]:
    """The first view, all scopes closed, each opened with those around it, levels, all open."""
    scopes = all_scopes(order)
    first = _first_choice(order, collapse)
    choices = [first, frozenset[str]()]
    choices += [frozenset(prefixes(scope)) for scope in scopes]
    deepest = max((scope.count("/") + 1 for scope in first), default=0)
    choices += [opened_to(scopes, depth) & first for depth in range(2, deepest + 1)]
    if len(order) <= MOST_OPEN:
        choices.append(frozenset(scopes))
    groupings: dict[frozenset[str], Grouping] = {}
    size = 0
    for opened in dict.fromkeys(map(_visible, choices)):
        groupings[opened] = group_by_open_scopes(order, opened)
        size += len(groupings[opened].groups) + len(groupings[opened].edges)
        if size > MOST_DRAWN:
            raise errors.GraphError(
                f"{len(scopes)} scopes of {len(order)} values are too many to play one by one: "
                "play a part of the graph, or make scopes inside scopes"
            )
    return [
        _view(grouping, order, nodes, rankdir, numbers) | {"open": sorted(opened)}
        for opened, grouping in groupings.items()
    ]


def _visible(opened: frozenset[str]) -> frozenset[str]:
    """Without the scopes that lie inside a closed one."""
    return frozenset(scope for scope in opened if opened.issuperset(prefixes(scope)))


def _first_choice(order: Sequence[Value], collapse: str | int | None) -> frozenset[str]:
    """The scopes open at first: with ``"auto"`` as many levels as can be read."""
    if collapse != "auto":
        return open_scopes(order, collapse)
    scopes = all_scopes(order)
    deepest = max((scope.count("/") + 1 for scope in scopes), default=0)
    level = frozenset(scopes)
    for depth in range(deepest + 1, 0, -1):
        level = opened_to(scopes, depth)
        grouping = group_by_open_scopes(order, level)
        if len(grouping.groups) <= COMFORTABLE[0] and len(grouping.edges) <= COMFORTABLE[1]:
            return level
    return level


def _view(
    grouping: Grouping,
    order: Sequence[Value],
    nodes: Sequence[Content],
    rankdir: str,
    numbers: float,
) -> Content:
    sizes = [_size(group, nodes, numbers) for group in grouping.groups]
    edges = _edges(grouping, order)
    labels = [LABEL if len(edges) <= MOST_LABELS else None] * len(edges)
    wide = rankdir in ("LR", "RL")
    roomy = [(w + 2 * GAP, h) if wide else (w, h + 2 * GAP) for w, h in sizes]
    ordered = [
        box
        for box, group in enumerate(grouping.groups)
        if not group.name and are_ordered(order[group.members[0]])
    ]
    layout = layered_layout(roomy, edges, label_sizes=labels, rankdir=rankdir, ordered=ordered)
    boxes = [
        {
            "members": list(group.members),
            "name": printable(group.name),
            "scope": group.scope,
            "x": round(x - size[0] / 2, 1),
            "y": round(y - size[1] / 2, 1),
            "width": round(size[0], 1),
            "height": size[1],
            "strip": round(_strip_width(group, nodes), 1),
        }
        for group, size, (x, y) in zip(grouping.groups, sizes, layout.centres, strict=True)
    ]
    routes = [
        {
            "tail": tail,
            "head": head,
            "points": [_rounded(point) for point in _lengthened(points)],
            "label": label and _rounded(label),
        }
        for (tail, head), points, label in zip(
            edges, layout.routes, layout.label_centres, strict=True
        )
    ]
    size = {"width": round(layout.width, 1), "height": round(layout.height, 1)}
    return {"boxes": boxes, "edges": routes} | size


def _lengthened(points: Sequence[Point]) -> list[Point]:
    """A route across the gaps that were kept at both of its ends."""
    start, *_, end = points
    before, after = _beyond(points[1], start), _beyond(points[-2], end)
    return [before, before, start, *points, end, after, after]


def _beyond(inner: Point, end: Point) -> Point:
    """The point one gap farther on from `inner` to `end`."""
    length = math.dist(inner, end) or 1.0
    step_x, step_y = (end[0] - inner[0]) / length, (end[1] - inner[1]) / length
    return end[0] + GAP * step_x, end[1] + GAP * step_y


def _rounded(point: tuple[float, float]) -> list[float]:
    return [round(point[0], 1), round(point[1], 1)]


def _edges(grouping: Grouping, order: Sequence[Value]) -> list[tuple[int, int]]:
    """One edge for each operand, in order; a single one where it is used again and again.

    Between boxes of which one is closed there is one edge too.
    """
    apart = edges_between(grouping)
    box_of = {m: box for box, group in enumerate(grouping.groups) for m in group.members}
    place = {value: position for position, value in enumerate(order)}
    edges: list[tuple[int, int]] = []
    seen: set[tuple[int, int]] = set()
    for head, value in enumerate(order):
        for parent in value.parents:
            edge = box_of[place[parent]], box_of[head]
            if edge[0] != edge[1] and (apart[edge] > 1 or edge not in seen):
                edges.append(edge)
                seen.add(edge)
    return edges


def _size(group: Group, nodes: Sequence[Content], numbers: float) -> tuple[float, float]:
    """The room a box needs for its rows; `numbers` is that of the widest number with its name."""
    if group.name:
        name = width(printable(group.name), FONT, bold=True) + 20.0
        return max(name, numbers + 16.0) + 2 * PADDING, 4 * ROW + PADDING
    node = nodes[group.members[0]]
    if "op" not in node and not node["trained"] and not node["named"]:
        return max(width(node["name"], FONT) + 2 * PADDING, ONE_CONSTANT), ROW + PADDING
    called = f"{node['label']} {node['name']}" if "label" in node else node["name"]
    body = max(width(called, FONT, bold=True), numbers) + 2 * PADDING
    return _strip_width(group, nodes) + body, (3 if node["trained"] else 2) * ROW + PADDING


def _strip_width(group: Group, nodes: Sequence[Content]) -> float:
    """The room for the symbol of an operation at the left of its box."""
    node = nodes[group.members[0]]
    if group.name or "op" not in node:
        return 0.0
    return max(width(node["symbol"], FONT, bold=True) + 2 * PADDING, 30.0)
