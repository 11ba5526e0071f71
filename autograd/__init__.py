"""chainrule's engine: scalar reverse-mode automatic differentiation you can watch.

>>> from autograd import Value
>>> a = Value(3.0, label="a")
>>> (a * a + 1.0).backward()
>>> a.grad
6.0
"""

import builtins as _builtins
import os as _os

if _os.path.exists(f"{__path__[0]}/tracer.py"):  # noqa: PTH110 - pathlib takes long to load
    from chainrule import other_autograd as _other_autograd

    raise _other_autograd() or ImportError

from autograd import errors, ops
from autograd.engines.select import name as engine
from autograd.support import former_names as _former_names
from autograd.support.numpy_arrival import watch_for_numpy as _watch_for_numpy
from autograd.support.public_names import loader as _loader

# fmt: off
# Every public name, once, by the module that it is in. Type checkers read `__init__.pyi`.
_NOW = {
    "autograd.engines.select": ("Value", "apply", "scope", "topological_order", "zero_grad"),
    "autograd.functions": (
        *(rule.__name__ for rule in ops.TABLE),
        "isfinite", "isinf", "isnan", "log_softmax", "softmax",
    ),
    "autograd.support.modes": ("detect_anomaly", "no_grad"),
}
# Loaded when first asked for: `import autograd` stays quick.
_LATER = {
    "autograd.checking.gradient_check": ("gradcheck", "gradgradcheck", "numerical_gradient"),
    "autograd.checking.grading.report": ("Grade", "grade"),
    "autograd.checking.own_operations": ("Operation", "op"),
    "autograd.checking.torch_comparison": ("compare_torch",),
    "autograd.expressions.parser": ("parse",),
    "autograd.programs.program": ("Program", "compile"),
    "autograd.programs.vectorized": ("Vectorized", "vectorize"),
    "autograd.transforms.functional": (
        "derivative", "grad", "gradient", "hessian", "hvp", "jacobian", "jvp", "value_and_grad",
        "vjp",
    ),
    "autograd.visual.explanation.latex_equations": ("Latex", "latex"),
    "autograd.visual.explanation.reversed_network": ("ReverseNetwork", "reverse_network"),
    "autograd.visual.explanation.explanation": ("Explanation", "explain"),
    "autograd.visual.graph.drawing": ("Drawing", "draw"),
    "autograd.visual.player.player": ("Player", "play"),
}
_MODULE_OF = {
    name: module for names in (_NOW, _LATER) for module in names for name in names[module]
}
# fmt: on

__getattr__ = _loader(__name__, _MODULE_OF, globals())
for _names in _NOW.values():
    for _name in _names:
        __getattr__(_name)
_former_names.install()
_watch_for_numpy()


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF})


# Without abs, max, min, pow and sum, so that ``import *`` leaves the builtins alone.
__all__ = sorted({"engine", "errors", "ops", *_MODULE_OF}.difference(dir(_builtins)))
