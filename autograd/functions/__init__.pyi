"""Every operation as a function: see `__init__.py`.

Written by docs/make_stubs.py; do not edit.
"""

from typing import Any, Protocol, overload

from autograd.engines.select import Value
from autograd.functions.composed import (
    dot as dot,
    isfinite as isfinite,
    isinf as isinf,
    isnan as isnan,
    log_softmax as log_softmax,
    shifted_logits as shifted_logits,
    softmax as softmax,
)
from autograd.functions.kinds import Elements, Nest, Reduction
from autograd.value import Number

class _OfXY(Protocol):
    @overload
    def __call__(self, x: Value, y: Number) -> Value: ...
    @overload
    def __call__(self, x: Number, y: Value) -> Value: ...
    @overload
    def __call__(self, x: float, y: float) -> float: ...
    @overload
    def __call__(self, x: Number, y: Number) -> Number: ...
    @overload
    def __call__(self, x: list[Any], y: Nest) -> list[Any]: ...
    @overload
    def __call__(self, x: tuple[Any, ...], y: Nest) -> tuple[Any, ...]: ...
    @overload
    def __call__(self, x: Elements, y: Elements) -> Any: ...

class _OfX(Protocol):
    @overload
    def __call__(self, x: Value) -> Value: ...
    @overload
    def __call__(self, x: float) -> float: ...
    @overload
    def __call__(self, x: Number) -> Number: ...
    @overload
    def __call__(self, x: list[Any]) -> list[Any]: ...
    @overload
    def __call__(self, x: tuple[Any, ...]) -> tuple[Any, ...]: ...
    @overload
    def __call__(self, x: Elements) -> Any: ...

class _OfYX(Protocol):
    @overload
    def __call__(self, y: Value, x: Number) -> Value: ...
    @overload
    def __call__(self, y: Number, x: Value) -> Value: ...
    @overload
    def __call__(self, y: float, x: float) -> float: ...
    @overload
    def __call__(self, y: Number, x: Number) -> Number: ...
    @overload
    def __call__(self, y: list[Any], x: Nest) -> list[Any]: ...
    @overload
    def __call__(self, y: tuple[Any, ...], x: Nest) -> tuple[Any, ...]: ...
    @overload
    def __call__(self, y: Elements, x: Elements) -> Any: ...

class _LeakyRelu(Protocol):
    @overload
    def __call__(self, x: Value, slope: Number = 0.01) -> Value: ...
    @overload
    def __call__(self, x: float, slope: float = 0.01) -> float: ...
    @overload
    def __call__(self, x: Number, slope: Number = 0.01) -> Number: ...
    @overload
    def __call__(self, x: list[Any], slope: Nest = 0.01) -> list[Any]: ...
    @overload
    def __call__(self, x: tuple[Any, ...], slope: Nest = 0.01) -> tuple[Any, ...]: ...
    @overload
    def __call__(self, x: Elements, slope: Elements = 0.01) -> Any: ...

class _Elu(Protocol):
    @overload
    def __call__(self, x: Value, alpha: Number = 1.0) -> Value: ...
    @overload
    def __call__(self, x: float, alpha: float = 1.0) -> float: ...
    @overload
    def __call__(self, x: Number, alpha: Number = 1.0) -> Number: ...
    @overload
    def __call__(self, x: list[Any], alpha: Nest = 1.0) -> list[Any]: ...
    @overload
    def __call__(self, x: tuple[Any, ...], alpha: Nest = 1.0) -> tuple[Any, ...]: ...
    @overload
    def __call__(self, x: Elements, alpha: Elements = 1.0) -> Any: ...

class _OfXLowHigh(Protocol):
    @overload
    def __call__(self, x: Value, low: Number, high: Number) -> Value: ...
    @overload
    def __call__(self, x: Number, low: Value, high: Number) -> Value: ...
    @overload
    def __call__(self, x: Number, low: Number, high: Value) -> Value: ...
    @overload
    def __call__(self, x: float, low: float, high: float) -> float: ...
    @overload
    def __call__(self, x: Number, low: Number, high: Number) -> Number: ...
    @overload
    def __call__(self, x: list[Any], low: Nest, high: Nest) -> list[Any]: ...
    @overload
    def __call__(self, x: tuple[Any, ...], low: Nest, high: Nest) -> tuple[Any, ...]: ...
    @overload
    def __call__(self, x: Elements, low: Elements, high: Elements) -> Any: ...

class _Hardtanh(Protocol):
    @overload
    def __call__(self, x: Value, low: Number = -1.0, high: Number = 1.0) -> Value: ...
    @overload
    def __call__(self, x: float, low: float = -1.0, high: float = 1.0) -> float: ...
    @overload
    def __call__(self, x: Number, low: Number = -1.0, high: Number = 1.0) -> Number: ...
    @overload
    def __call__(self, x: list[Any], low: Nest = -1.0, high: Nest = 1.0) -> list[Any]: ...
    @overload
    def __call__(self, x: tuple[Any, ...], low: Nest = -1.0, high: Nest = 1.0) -> tuple[Any, ...]: ...
    @overload
    def __call__(self, x: Elements, low: Elements = -1.0, high: Elements = 1.0) -> Any: ...

class _OfConditionXY(Protocol):
    @overload
    def __call__(self, condition: Value, x: Number, y: Number) -> Value: ...
    @overload
    def __call__(self, condition: Number, x: Value, y: Number) -> Value: ...
    @overload
    def __call__(self, condition: Number, x: Number, y: Value) -> Value: ...
    @overload
    def __call__(self, condition: float, x: float, y: float) -> float: ...
    @overload
    def __call__(self, condition: Number, x: Number, y: Number) -> Number: ...
    @overload
    def __call__(self, condition: list[Any], x: Nest, y: Nest) -> list[Any]: ...
    @overload
    def __call__(self, condition: tuple[Any, ...], x: Nest, y: Nest) -> tuple[Any, ...]: ...
    @overload
    def __call__(self, condition: Elements, x: Elements, y: Elements) -> Any: ...

add: _OfXY
sub: _OfXY
mul: _OfXY
div: _OfXY
neg: _OfX
pow: _OfXY
abs: _OfX
sign: _OfX
square: _OfX
sqrt: _OfX
cbrt: _OfX
exp: _OfX
exp2: _OfX
expm1: _OfX
log: _OfX
log2: _OfX
log10: _OfX
log1p: _OfX
xlogy: _OfXY
logit: _OfX
logaddexp: _OfXY
sin: _OfX
cos: _OfX
tan: _OfX
asin: _OfX
acos: _OfX
atan: _OfX
atan2: _OfYX
sinc: _OfX
sinh: _OfX
cosh: _OfX
tanh: _OfX
asinh: _OfX
acosh: _OfX
atanh: _OfX
erf: _OfX
erfc: _OfX
ndtr: _OfX
log_ndtr: _OfX
sigmoid: _OfX
softplus: _OfX
logsigmoid: _OfX
relu: _OfX
leaky_relu: _LeakyRelu
elu: _Elu
gelu: _OfX
silu: _OfX
mish: _OfX
softsign: _OfX
hypot: _OfXY
maximum: _OfXY
minimum: _OfXY
clip: _OfXLowHigh
hardtanh: _Hardtanh
where: _OfConditionXY
floor: _OfX
ceil: _OfX
fmod: _OfXY
floordiv: _OfXY
mod: _OfXY
sum: Reduction
mean: Reduction
prod: Reduction
norm: Reduction
max: Reduction
min: Reduction
logsumexp: Reduction
entropy: Reduction
