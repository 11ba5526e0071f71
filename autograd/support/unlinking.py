"""Freeing a graph one node after the other, where Python would free one inside the other.

CPython does so itself, but not in a browser (Pyodide): there a graph 3,000 nodes deep
overflows the stack. It costs about a tenth of a microsecond for each node, and Ctrl-C
is lost that comes in between, so it is asked for only there.
"""

import sys
from typing import Any

NEEDED = sys.platform == "emscripten"
_waiting: list[tuple[Any, ...]] = []  # operands of nodes that are gone
_freeing = [False]  # whether they are being freed, further up the stack


def unlink(node: Any, waiting: list[Any] = _waiting, freeing: list[bool] = _freeing) -> None:
    """What a node's `__del__` does: to give up its operands one after the other, not nested.

    The lists are arguments because globals may be gone when the last nodes go.
    """
    if not node._parents:
        return
    waiting.append(node._parents)
    node._parents = ()
    if freeing[0]:
        return
    freeing[0] = True
    try:
        while waiting:
            waiting.pop()  # the last reference, it may be: those below it come here and wait
    finally:
        freeing[0] = False


def keep(kind: Any) -> None:
    """Have a subclass with a `__del__` of its own do both, where that is needed."""
    own = vars(kind).get("__del__", unlink)
    if not NEEDED or own is unlink:
        return

    def both(node: Any) -> None:
        own(node)
        unlink(node)

    kind.__del__ = both
