"""Asks the program ``dot`` of Graphviz where boxes, edges and labels go."""

import json
import subprocess
from collections.abc import Collection, Sequence
from typing import Any

from autograd.errors import DotMissingError, GraphError

HOW_TO_GET_DOT = (
    "the program `dot` was not found; install Graphviz (Debian and Ubuntu: "
    "`apt install graphviz`, macOS: `brew install graphviz`, Windows: "
    "`winget install graphviz`)"
)
POINTS_PER_INCH = 72  # one of dot's points is one px here
LONGEST = 60.0  # seconds; a picture that can be read takes one or two
PORT_GAP = 12  # px between the ends of two edges at an ordered box
NARROWEST = 2  # px of a cell that dot keeps a port for

Size = tuple[float, float]


def ask_dot(
    sizes: Sequence[Size],
    edges: Sequence[tuple[int, int]],
    labels: Sequence[Size | None],
    rankdir: str,
    ordered: Collection[int] = (),
) -> dict[str, Any]:
    """What ``dot -Tjson0`` answers; errors as of `run_dot`."""
    question = _question(sizes, edges, labels, rankdir, ordered)
    found: dict[str, Any] = json.loads(run_dot(question, "json0", 'use layout="layered"'))
    return found


def run_dot(question: str, kind: str, otherwise: str) -> bytes:
    """What the program answers in the format `kind`; errors advise what to do `otherwise`.

    DotMissingError without the program, GraphError when it fails or takes over `LONGEST` seconds.
    """
    try:
        answer = subprocess.run(  # noqa: S603 - `kind` is ours
            ["dot", f"-T{kind}"],  # noqa: S607 - wherever the user has it
            input=question.encode("utf-8", "replace"),
            capture_output=True,
            check=True,
            timeout=LONGEST,
        )
    except FileNotFoundError:
        raise DotMissingError(f"{HOW_TO_GET_DOT}, or {otherwise}") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip()
        raise GraphError(f"`dot` could not lay the picture out: {said}") from None
    except subprocess.TimeoutExpired:
        raise GraphError(
            f"`dot` has not laid the picture out in {LONGEST:g} seconds: it is slow where many "
            f"edges cross; {otherwise}"
        ) from None
    return answer.stdout


def _question(
    sizes: Sequence[Size],
    edges: Sequence[tuple[int, int]],
    labels: Sequence[Size | None],
    rankdir: str,
    ordered: Collection[int],
) -> str:
    lines = [
        f'digraph {{ graph [rankdir="{rankdir}", nodesep="0.2", pad="0"];',
        'node [shape="box", fixedsize="true", margin="0", label=""]; edge [arrowhead="none"];',
    ]
    arriving: dict[int, list[int]] = {box: [] for box in ordered}
    for number, (_, head) in enumerate(edges):
        if head in arriving:
            arriving[head].append(number)
    port_of: dict[int, str] = {}
    for box, (width, height) in enumerate(sizes):
        inches = f'width="{width / POINTS_PER_INCH}", height="{height / POINTS_PER_INCH}"'
        text = ""
        if len(arriving.get(box, ())) > 1:
            ports, table = _ports(len(arriving[box]), (width, height), rankdir)
            port_of.update(zip(arriving[box], ports, strict=True))
            text = f", label={table}"
        lines.append(f"{box} [{inches}{text}];")
    for number, ((tail, head), label) in enumerate(zip(edges, labels, strict=True)):
        text = "" if label is None else f", label={_room(label)}"
        if number in port_of:
            text += f', headport="{port_of[number]}"'
        lines.append(f'{tail} -> {head} [id="{number}"{text}];')
    return "\n".join([*lines, "}"])


def _ports(count: int, size: Size, rankdir: str) -> tuple[list[str], str]:
    """Names for `count` ends of edges, side by side in order, and the table that holds them."""
    width, height = map(int, size)
    vertical = rankdir in ("TB", "BT")
    length = width if vertical else height
    cells = max(1, min(count, length // NARROWEST))  # where there are too many, some share one
    gap = max(1, min(PORT_GAP, length // cells))
    fixed = _fixed(gap, height) if vertical else _fixed(width, gap)
    tds = [f'<TD PORT="p{cell}" {fixed}></TD>' for cell in range(cells)]
    rows = f"<TR>{''.join(tds)}</TR>" if vertical else "".join(f"<TR>{td}</TR>" for td in tds)
    table = f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>>'
    side = {"LR": "w", "RL": "e", "TB": "n", "BT": "s"}[rankdir]
    return [f"p{number * cells // count}:{side}" for number in range(count)], table


def _room(label: Size) -> str:
    """An empty label of that size, which only Graphviz's tables can be told."""
    return f'<<TABLE BORDER="0" {_fixed(*label)}><TR><TD></TD></TR></TABLE>>'


def _fixed(width: float, height: float) -> str:
    # At least 1: Graphviz rejects a table without room.
    return f'FIXEDSIZE="TRUE" WIDTH="{max(width, 1):.0f}" HEIGHT="{max(height, 1):.0f}"'
