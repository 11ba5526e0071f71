"""Which engine runs: the compiled twin where it was built, else the reference.

``AUTOGRAD_PURE=1`` in the environment selects the reference.
"""

import os
from importlib import import_module
from typing import Any

from autograd.calculus import rule_names
from autograd.engines import pure
from autograd.engines.pure import (
    Value,
    apply,
    constant,
    dot,
    elementwise,
    evaluate,
    next_serial,
    rebuilt,
    scope,
    topological_order,
    zero_grad,
)
from autograd.support import pickling

name = "pure"
engine: Any = pure
if os.environ.get("AUTOGRAD_PURE", "0") in ("", "0"):
    try:
        engine = import_module("autograd.engines.compiled")
    except ImportError:  # it was not built here
        pass
    else:
        name = "compiled"
        globals().update({each: getattr(engine, each) for each in pure.__all__})

rule_names.tell_of_derived(engine.adopt)
pickling.register(Value, __name__)  # a pickle opens on whichever engine runs there


def sweeps() -> Any:
    """The module with the engine's own `reverse_sweep`, `forward_sweep` and `second_sweep`."""
    return engine if name == "compiled" else import_module("autograd.engines.sweeps")


__all__ = [
    "Value",
    "apply",
    "constant",
    "dot",
    "elementwise",
    "engine",
    "evaluate",
    "name",
    "next_serial",
    "rebuilt",
    "scope",
    "sweeps",
    "topological_order",
    "zero_grad",
]
