"""chainrule's engine: scalar reverse-mode automatic differentiation you can watch.

>>> from autograd import Value
>>> a = Value(3.0, label="a")
>>> (a * a + 1.0).backward()
>>> a.grad
6.0
"""

import os as _os
from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

if _os.path.exists(f"{__path__[0]}/tracer.py"):  # noqa: PTH110 - pathlib takes long to load
    raise ImportError(
        "the folder of chainrule's `autograd` also holds files of another package of that name "
        "(HIPS autograd): run `pip uninstall autograd chainrule`, then `pip install chainrule`"
    )

from autograd import errors, ops
from autograd.engines.select import Value, apply, scope, topological_order, zero_grad
from autograd.engines.select import name as engine
from autograd.functions import abs as abs
from autograd.functions import (
    acos,
    acosh,
    add,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    ceil,
    clip,
    cos,
    cosh,
    div,
    dot,
    elu,
    erf,
    erfc,
    exp,
    exp2,
    expm1,
    floor,
    floordiv,
    fmod,
    gelu,
    hypot,
    isfinite,
    isinf,
    isnan,
    leaky_relu,
    log,
    log1p,
    log2,
    log10,
    log_softmax,
    logsigmoid,
    logsumexp,
    maximum,
    mean,
    minimum,
    mod,
    mul,
    neg,
    norm,
    prod,
    relu,
    sigmoid,
    sign,
    silu,
    sin,
    sinh,
    softmax,
    softplus,
    sqrt,
    square,
    sub,
    tan,
    tanh,
    where,
)
from autograd.functions import max as max
from autograd.functions import min as min
from autograd.functions import pow as pow
from autograd.functions import sum as sum
from autograd.support import former_names as _former_names
from autograd.support.modes import detect_anomaly, no_grad
from autograd.support.numpy_arrival import watch_for_numpy as _watch_for_numpy

if _TYPE_CHECKING:
    from autograd.checking.gradient_check import gradcheck, gradgradcheck, numerical_gradient
    from autograd.checking.own_operations import Operation, op
    from autograd.checking.torch_comparison import compare_torch
    from autograd.expressions.parser import parse
    from autograd.transforms.functional import (
        derivative,
        grad,
        gradient,
        hessian,
        hvp,
        jacobian,
        jvp,
        value_and_grad,
        vjp,
    )
    from autograd.visual.explanation.explanation import Explanation, explain
    from autograd.visual.explanation.latex_equations import Latex, latex
    from autograd.visual.explanation.reversed_network import ReverseNetwork, reverse_network
    from autograd.visual.graph.drawing import Drawing, draw
    from autograd.visual.player.player import Player, play

# Loaded when first asked for: `import autograd` stays quick.
_LATER = {
    "autograd.checking.gradient_check": ("gradcheck", "gradgradcheck", "numerical_gradient"),
    "autograd.checking.torch_comparison": ("compare_torch",),
    "autograd.expressions.parser": ("parse",),
    "autograd.transforms.functional": (
        "derivative",
        "grad",
        "gradient",
        "hessian",
        "hvp",
        "jacobian",
        "jvp",
        "value_and_grad",
        "vjp",
    ),
    "autograd.checking.own_operations": ("Operation", "op"),
    "autograd.visual.graph.drawing": ("Drawing", "draw"),
    "autograd.visual.explanation.latex_equations": ("Latex", "latex"),
    "autograd.visual.explanation.explanation": ("Explanation", "explain"),
    "autograd.visual.player.player": ("Player", "play"),
    "autograd.visual.explanation.reversed_network": ("ReverseNetwork", "reverse_network"),
}


_former_names.install()
_watch_for_numpy()


def __getattr__(name: str) -> object:
    for module, names in _LATER.items():
        if name in names:
            thing = getattr(_import_module(module), name)
            globals()[name] = thing
            return thing
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


# Not listed: abs, max, min, pow and sum, so that ``import *`` leaves the builtins alone.
__all__ = [
    "Drawing",
    "Explanation",
    "Latex",
    "Operation",
    "Player",
    "ReverseNetwork",
    "Value",
    "acos",
    "acosh",
    "add",
    "apply",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "clip",
    "compare_torch",
    "cos",
    "cosh",
    "derivative",
    "detect_anomaly",
    "div",
    "dot",
    "draw",
    "elu",
    "engine",
    "erf",
    "erfc",
    "errors",
    "exp",
    "exp2",
    "explain",
    "expm1",
    "floor",
    "floordiv",
    "fmod",
    "gelu",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "gradient",
    "hessian",
    "hvp",
    "hypot",
    "isfinite",
    "isinf",
    "isnan",
    "jacobian",
    "jvp",
    "latex",
    "leaky_relu",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_softmax",
    "logsigmoid",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "mod",
    "mul",
    "neg",
    "no_grad",
    "norm",
    "numerical_gradient",
    "op",
    "ops",
    "parse",
    "play",
    "prod",
    "relu",
    "reverse_network",
    "scope",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "square",
    "sub",
    "tan",
    "tanh",
    "topological_order",
    "value_and_grad",
    "vjp",
    "where",
    "zero_grad",
]
