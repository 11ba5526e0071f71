"""The operations of `ops.py` in ONNX: as nodes of that kind, or made of others.

ONNX Runtime has the kernels named in `FLOAT32_ALONE` for float32 only. In float64 these
operations are made of others where that keeps the digits, and refused by name where not.
"""

import math
from collections.abc import Callable
from typing import Any

from autograd.errors import GraphError
from autograd.programs.onnx_graph import ROWS, Given, Graph, Tensor, shape_of

ELEMENTWISE = {
    "add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "neg": "Neg", "pow": "Pow",
    "abs": "Abs", "sign": "Sign", "sqrt": "Sqrt", "exp": "Exp", "log": "Log", "sin": "Sin",
    "cos": "Cos", "tanh": "Tanh", "sigmoid": "Sigmoid", "relu": "Relu", "floor": "Floor",
    "ceil": "Ceil", "maximum": "Max", "minimum": "Min",
}  # fmt: skip
FLOAT32_ALONE = {
    "tan": "Tan", "asin": "Asin", "acos": "Acos", "atan": "Atan", "sinh": "Sinh", "cosh": "Cosh",
    "asinh": "Asinh", "acosh": "Acosh", "atanh": "Atanh", "erf": "Erf", "softplus": "Softplus",
    "gelu": "Gelu", "mish": "Mish", "softsign": "Softsign",
}  # fmt: skip
REDUCED = {
    "sum": "ReduceSum", "mean": "ReduceMean", "prod": "ReduceProd", "max": "ReduceMax",
    "min": "ReduceMin", "norm": "ReduceL2", "logsumexp": "ReduceLogSumExp",
}  # fmt: skip


def _native(kind: str) -> Callable[..., Tensor]:
    return lambda g, *operands: g.broadcast(kind, *operands)


def _reduced(kind: str) -> Callable[..., Tensor]:
    return lambda g, x: g.reduced(kind, x)


def _float32(name: str, kind: str) -> Callable[..., Tensor]:
    def written(g: Graph, x: Given) -> Tensor:
        if g.dtype == "float32":
            return g.broadcast(kind, x)
        if name not in _IN_FLOAT64:
            raise GraphError(
                f"{g.caller}: {name} has no float64 in ONNX Runtime, whose {kind} is for float32 "
                'alone: take dtype="float32"'
            )
        return _IN_FLOAT64[name](g, x)

    return written


# --- made of others --------------------------------------------------------------
def where(g: Graph, condition: Given, x: Given, y: Given) -> Tensor:
    """Of numbers: `x` where `condition` is not 0."""
    return _choice(g, _not(g, _equal(g, condition, 0.0)), x, y)


def _choice(g: Graph, condition: Tensor, x: Given, y: Given) -> Tensor:
    return g.broadcast("Where", condition, x, y)


def _equal(g: Graph, x: Given, y: Given) -> Tensor:
    return g.broadcast("Equal", x, y)


def _not(g: Graph, x: Tensor) -> Tensor:
    return g.broadcast("Not", x)


def _above(g: Graph, x: Given, y: Given) -> Tensor:
    return g.broadcast("Greater", x, y)


def _below(g: Graph, x: Given, y: Given) -> Tensor:
    return g.broadcast("Less", x, y)


def _log1p(g: Graph, x: Given) -> Tensor:
    """Without losing digits near 0: Kahan's way, log(u) x / (u - 1) for u = 1 + x."""
    u = g.broadcast("Add", x, 1.0)
    near = g.broadcast("Log", u) * x / (u - 1.0)
    return _choice(g, _equal(g, u, 1.0), x, near)


def _expm1(g: Graph, x: Given) -> Tensor:
    """Without losing digits near 0: Kahan's way, (u - 1) x / log(u) for u = exp(x)."""
    u = g.broadcast("Exp", x)
    near = _choice(g, _equal(g, u, 1.0), x, (u - 1.0) * x / g.broadcast("Log", u))
    return _choice(g, _above(g, g.broadcast("Abs", x), 1.0), u - 1.0, near)


def _softplus(g: Graph, x: Given) -> Tensor:
    grown = _log1p(g, g.broadcast("Exp", -g.broadcast("Abs", x)))
    return g.broadcast("Max", x, 0.0) + grown


def _sinh(g: Graph, x: Given) -> Tensor:
    grown = _expm1(g, g.broadcast("Abs", x))
    near = 0.5 * (grown + grown / (grown + 1.0))
    return g.broadcast("Sign", x) * _choice(g, _above(g, grown, 1e300), 0.5 * grown, near)


def _cosh(g: Graph, x: Given) -> Tensor:
    grown = g.broadcast("Exp", g.broadcast("Abs", x))
    return 0.5 * grown + 0.5 / grown


def _asinh(g: Graph, x: Given) -> Tensor:
    size = g.broadcast("Abs", x)
    over = size * size / (1.0 + g.broadcast("Sqrt", size * size + 1.0))
    return g.broadcast("Sign", x) * _log1p(g, size + over)


def _acosh(g: Graph, x: Given) -> Tensor:
    beyond = g.broadcast("Sub", x, 1.0)
    return _log1p(g, beyond + g.broadcast("Sqrt", beyond * beyond + 2.0 * beyond))


def _atanh(g: Graph, x: Given) -> Tensor:
    size = g.broadcast("Abs", x)
    return 0.5 * g.broadcast("Sign", x) * _log1p(g, 2.0 * size / (1.0 - size))


def _hypot(g: Graph, x: Given, y: Given) -> Tensor:
    sides = g.broadcast("Abs", x), g.broadcast("Abs", y)
    longer, shorter = g.broadcast("Max", *sides), g.broadcast("Min", *sides)
    ratio = shorter / longer
    grown = longer * g.broadcast("Sqrt", ratio * ratio + 1.0)
    return _choice(g, _equal(g, longer, 0.0), longer, grown)


def _atan2(g: Graph, y: Given, x: Given) -> Tensor:
    steep = OPERATIONS["atan"](g, g.broadcast("Div", y, x))
    half = _choice(g, _below(g, y, 0.0), -math.pi, math.pi)
    turned = _choice(g, _below(g, x, 0.0), steep + half, steep)
    return _choice(g, g.broadcast("And", _equal(g, x, 0.0), _equal(g, y, 0.0)), 0.0, turned)


def _mod(g: Graph, x: Given, y: Given) -> Tensor:
    rest = g.broadcast("Mod", x, y, fmod=1)
    other_side = g.broadcast("Xor", _below(g, rest, 0.0), _below(g, y, 0.0))
    wraps = g.broadcast("And", other_side, _not(g, _equal(g, rest, 0.0)))
    return _choice(g, wraps, rest + y, rest)


def _floordiv(g: Graph, x: Given, y: Given) -> Tensor:
    return g.broadcast("Floor", g.broadcast("Sub", x, _mod(g, x, y)) / y + 0.5)


def _logaddexp(g: Graph, x: Given, y: Given) -> Tensor:
    gap = g.broadcast("Abs", g.broadcast("Sub", x, y))
    return g.broadcast("Max", x, y) + _log1p(g, g.broadcast("Exp", -gap))


def _logit(g: Graph, x: Given) -> Tensor:
    rest = g.broadcast("Sub", 1.0, x)
    centred = g.broadcast("Mul", x, 2.0) - 1.0
    far = g.broadcast("Log", x) - _log1p(g, g.broadcast("Neg", x))
    is_far = _above(g, g.broadcast("Abs", centred), 0.5)
    return _choice(g, is_far, far, _log1p(g, centred / rest))


def _sinc(g: Graph, x: Given) -> Tensor:
    turned = g.broadcast("Mul", x, math.pi)
    return _choice(g, _equal(g, x, 0.0), 1.0, g.broadcast("Sin", turned) / turned)


def _clip(g: Graph, x: Given, low: Given, high: Given) -> Tensor:
    if isinstance(low, float) and isinstance(high, float):
        return g.node("Clip", [x, low, high], shape_of(x))
    return g.broadcast("Min", g.broadcast("Max", x, low), high)


def _leaky_relu(g: Graph, x: Given, slope: Given = 0.01) -> Tensor:
    if isinstance(slope, float) and g.dtype == "float32":
        return g.broadcast("LeakyRelu", x, alpha=slope)
    return _choice(g, _above(g, x, 0.0), x, g.broadcast("Mul", slope, x))


def _elu(g: Graph, x: Given, alpha: Given = 1.0) -> Tensor:
    if isinstance(alpha, float) and g.dtype == "float32":
        return g.broadcast("Elu", x, alpha=alpha)
    grown = g.broadcast("Mul", alpha, _expm1(g, g.broadcast("Min", x, 0.0)))
    return _choice(g, _above(g, x, 0.0), x, grown)


def _hardtanh(g: Graph, x: Given, low: Given = -1.0, high: Given = 1.0) -> Tensor:
    return _clip(g, x, low, high)


def _cbrt(g: Graph, x: Given) -> Tensor:
    return g.broadcast("Sign", x) * g.broadcast("Pow", g.broadcast("Abs", x), 1.0 / 3.0)


def _xlogy(g: Graph, x: Given, y: Given) -> Tensor:
    return _choice(g, _equal(g, x, 0.0), 0.0, g.broadcast("Mul", x, g.broadcast("Log", y)))


def _entropy(g: Graph, x: Given) -> Tensor:
    return g.reduced("ReduceSum", -_xlogy(g, x, x))


_IN_FLOAT64: dict[str, Callable[..., Tensor]] = {
    "tan": lambda g, x: g.broadcast("Sin", x) / g.broadcast("Cos", x),
    "sinh": _sinh,
    "cosh": _cosh,
    "asinh": _asinh,
    "acosh": _acosh,
    "atanh": _atanh,
    "softplus": _softplus,
    "mish": lambda g, x: g.broadcast("Mul", x, g.broadcast("Tanh", _softplus(g, x))),
    "softsign": lambda g, x: g.broadcast("Div", x, g.broadcast("Abs", x) + 1.0),
}
_MADE: dict[str, Callable[..., Tensor]] = {
    "square": lambda g, x: g.broadcast("Mul", x, x),
    "exp2": lambda g, x: g.broadcast("Pow", 2.0, x),
    "expm1": _expm1,
    "log1p": _log1p,
    "log2": lambda g, x: g.broadcast("Log", x) / math.log(2.0),
    "log10": lambda g, x: g.broadcast("Log", x) / math.log(10.0),
    "cbrt": _cbrt,
    "xlogy": _xlogy,
    "logit": _logit,
    "logaddexp": _logaddexp,
    "atan2": _atan2,
    "sinc": _sinc,
    "logsigmoid": lambda g, x: -OPERATIONS["softplus"](g, g.broadcast("Neg", x)),
    "silu": lambda g, x: g.broadcast("Mul", x, g.broadcast("Sigmoid", x)),
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "hardtanh": _hardtanh,
    "clip": _clip,
    "where": where,
    "hypot": _hypot,
    "fmod": lambda g, x, y: g.broadcast("Mod", x, y, fmod=1),
    "mod": _mod,
    "floordiv": _floordiv,
    "entropy": _entropy,
    "log_softmax": lambda g, x: g.node("LogSoftmax", [x], shape_of(x), axis=-1),
    "softmax": lambda g, x: g.node("Softmax", [x], shape_of(x), axis=-1),
}


# --- how the printed text of a tape puts tensors together -------------------------
def _wide(g: Graph, x: Given) -> Any:
    return x[..., None] if isinstance(x, Tensor) else g.np.expand_dims(x, -1)


def _joined(g: Graph, parts: list[Given]) -> Any:
    if not any(isinstance(part, Tensor) for part in parts):
        return g.np.concatenate(parts, axis=-1)
    last: list[Any] = [shape_of(part)[-1] for part in parts]
    longest = max(map(shape_of, parts), key=len)
    return g.node("Concat", parts, (*longest[:-1], sum(last)), axis=-1)


def _stacked(g: Graph, parts: list[Given]) -> Any:
    """The same shape for all of them, then a new last axis."""
    longest = max(map(shape_of, parts), key=len)
    shape = tuple(
        next((size for size in sizes if size != 1), 1)
        for sizes in zip(
            *[(1,) * (len(longest) - len(s)) + s for s in map(shape_of, parts)], strict=True
        )
    )
    wide = [_wide(g, x if shape_of(x) == shape else g.expanded(x, shape)) for x in parts]
    return _joined(g, wide)


def _rows(g: Graph, rows: list[Given]) -> Any:
    if not any(isinstance(row, Tensor) for row in rows):
        return g.np.stack(rows)
    return _stacked(g, rows).T


LAYOUT: dict[str, Callable[..., Any]] = {
    "choice": _choice,
    "truth": lambda g, x: _not(g, _equal(g, x, 0.0)),
    "numbers": lambda g, numbers: g.np.array(numbers, dtype=float),
    "wide": _wide,
    "repeated": lambda g, x, times: g.expanded(_wide(g, x), (*shape_of(x), times)),
    "joined": _joined,
    "stacked": _stacked,
    "rows": _rows,
    "spread": lambda g, x, width: g.expanded(x, (ROWS, width)),
    "full": lambda g, x: g.expanded(x, (ROWS,)),
}
OPERATIONS: dict[str, Callable[..., Any]] = {
    **{op: _native(kind) for op, kind in ELEMENTWISE.items()},
    **{op: _float32(op, kind) for op, kind in FLOAT32_ALONE.items()},
    **{op: _reduced(kind) for op, kind in REDUCED.items()},
    **_MADE,
}
