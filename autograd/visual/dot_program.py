"""Asks the program ``dot`` of Graphviz where boxes, edges and labels go."""

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from autograd.errors import DotMissingError, GraphError

HOW_TO_GET_DOT = (
    "the program `dot` was not found; install Graphviz (Debian and Ubuntu: "
    "`apt install graphviz`, macOS: `brew install graphviz`, Windows: "
    "`winget install graphviz`)"
)
POINTS_PER_INCH = 72  # one of dot's points is one px here

Size = tuple[float, float]


def ask_dot(
    sizes: Sequence[Size],
    edges: Sequence[tuple[int, int]],
    labels: Sequence[Size | None],
    rankdir: str,
) -> dict[str, Any]:
    """What ``dot -Tjson0`` answers; DotMissingError without it, GraphError when it fails."""
    try:
        answer = subprocess.run(
            ["dot", "-Tjson0"],  # noqa: S607 - wherever the user has it
            input=_question(sizes, edges, labels, rankdir),
            capture_output=True,
            check=True,
            encoding="utf-8",
        )
    except FileNotFoundError:
        raise DotMissingError(f'{HOW_TO_GET_DOT}, or use layout="layered"') from None
    except subprocess.CalledProcessError as error:
        raise GraphError(f"`dot` could not lay the picture out: {error.stderr.strip()}") from None
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def _question(
    sizes: Sequence[Size],
    edges: Sequence[tuple[int, int]],
    labels: Sequence[Size | None],
    rankdir: str,
) -> str:
    lines = [
        f'digraph {{ graph [rankdir="{rankdir}", nodesep="0.2", pad="0"];',
        'node [shape="box", fixedsize="true", label=""]; edge [arrowhead="none"];',
    ]
    for box, (width, height) in enumerate(sizes):
        inches = f'width="{width / POINTS_PER_INCH}", height="{height / POINTS_PER_INCH}"'
        lines.append(f"{box} [{inches}];")
    for number, ((tail, head), label) in enumerate(zip(edges, labels, strict=True)):
        text = "" if label is None else f", label={_room(label)}"
        lines.append(f'{tail} -> {head} [id="{number}"{text}];')
    return "\n".join([*lines, "}"])


def _room(label: Size) -> str:
    """An empty label of that size, which only Graphviz's tables can be told."""
    width, height = label
    # At least 1: Graphviz rejects a table without room.
    fixed = f'FIXEDSIZE="TRUE" WIDTH="{max(width, 1):.0f}" HEIGHT="{max(height, 1):.0f}"'
    return f'<<TABLE BORDER="0" {fixed}><TR><TD></TD></TR></TABLE>>'
