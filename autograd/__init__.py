"""chainrule's engine: scalar reverse-mode automatic differentiation you can watch.

>>> from autograd import Value
>>> a = Value(3.0, label="a")
>>> (a * a + 1.0).backward()
>>> a.grad
6.0
"""

from pathlib import Path as _Path

if (_Path(__file__).parent / "tracer.py").exists():
    raise ImportError(
        "the folder of chainrule's `autograd` also holds files of another package of that name "
        "(HIPS autograd): run `pip uninstall autograd chainrule`, then `pip install chainrule`"
    )

from autograd import errors, ops
from autograd._select import Value, apply, scope, topological_order, zero_grad
from autograd._select import name as engine
from autograd.expression import parse
from autograd.functions import (
    abs as abs,
)
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
    fmod,
    gelu,
    hypot,
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
from autograd.functions import (
    max as max,
)
from autograd.functions import (
    min as min,
)
from autograd.functions import (
    pow as pow,
)
from autograd.functions import (
    sum as sum,
)
from autograd.gradcheck import gradcheck, numerical_gradient
from autograd.modes import detect_anomaly, no_grad
from autograd.visual import Drawing, draw

# Not listed: abs, max, min, pow and sum, so that ``import *`` leaves the builtins alone.
__all__ = [
    "Drawing",
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
    "cos",
    "cosh",
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
    "expm1",
    "floor",
    "fmod",
    "gelu",
    "gradcheck",
    "hypot",
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
    "mul",
    "neg",
    "no_grad",
    "norm",
    "numerical_gradient",
    "ops",
    "parse",
    "prod",
    "relu",
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
    "where",
    "zero_grad",
]
