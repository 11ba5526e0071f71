"""How large the boxes of the player are: its page writes numbers into them, but never measures."""

from collections import Counter
from collections.abc import Sequence

from autograd.visual.graph.grouping import Group
from autograd.visual.player.nodes import Node
from autograd.visual.texts import printable, width

FONT, ROW, PADDING = 12.0, 18.0, 8.0
ONE_CONSTANT = 52.0  # also after an edit
ONE_NUMBER, TWO_NUMBERS = 100.0, 150.0  # with the key before them


class BoxSizes:
    """The sizes for `nodes`; `numbers` is the width of the widest number with its name."""

    def __init__(self, nodes: Sequence[Node], numbers: float) -> None:
        self.nodes, self.numbers = nodes, numbers
        uses = Counter(parent for node in nodes for parent in node.get("parents", ()))
        self.summed = {at for at, count in uses.items() if count > 1 and nodes[at]["trained"]}

    def size(self, group: Group) -> tuple[float, float]:
        """The room that a box needs for its rows."""
        if group.name:
            name = width(printable(group.name), FONT, bold=True) + 20.0
            return max(name, self.numbers + 16.0) + 2 * PADDING, 4 * ROW + PADDING
        node = self.nodes[group.members[0]]
        if "op" not in node and not node["trained"] and not node["named"]:
            return max(width(node["name"], FONT) + 2 * PADDING, ONE_CONSTANT), ROW + PADDING
        called = f"{node['label']} {node['name']}" if "label" in node else node["name"]
        body = max(width(called, FONT, bold=True), self.numbers) + 2 * PADDING
        rows = 2 + node["trained"] + self.sums(group)
        return self.strip(group) + body, rows * ROW + PADDING

    def sums(self, group: Group) -> bool:
        """Whether it gets a row for the terms of its gradient: more than one will arrive."""
        return not group.name and group.members[0] in self.summed

    def strip(self, group: Group) -> float:
        """The room for the symbol of an operation, at the left of its box."""
        node = self.nodes[group.members[0]]
        if group.name or "op" not in node:
            return 0.0
        return max(width(node["symbol"], FONT, bold=True) + 2 * PADDING, 30.0)
