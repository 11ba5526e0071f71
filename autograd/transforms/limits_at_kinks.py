"""Derivatives of derivatives at a kink: the limit of those nearby, where all ways there agree.

At 0 abs(x) has no slope, and the one chosen for it, 0, is none to differentiate:
abs(x)**2 is x**2, of second derivative 2. Rules say so with a nan (`ops.KINK`).
Where that makes the result of a transform nan, the transform is taken at points
nearby, on rays that leave in several directions, and carried on to step zero
(Richardson, 1911). Where a ray does not converge, or two do not meet, it stays nan.
"""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any

from autograd import functions
from autograd.calculus.tangents import at_kink
from autograd.engines import select
from autograd.engines.numbers import float_of
from autograd.engines.select import Value, apply, topological_order
from autograd.engines.sweeps import first_serial
from autograd.support import tracing
from autograd.support.structures import flatten
from autograd.transforms.kinks import sits_at_kink
from autograd.transforms.transformed_call import Function, run_of
from autograd.value import Number

FAR, STEPS, TOLERANCE = 2.0**-6, (2.0**-26, 2.0**-42), 1e-9
RAYS = 3  # and their opposites
Numbers = list[float]


def nearby(
    transform: Function, function: Function, argnums: int | tuple[int, ...], *, order: int = 1
) -> Function:
    """`transform`, of order `order` in `function`, with limits where a kink makes it nan."""

    @wraps(transform)
    def with_limits(*arguments: Any, **named: Any) -> Any:
        result = transform(*arguments, **named)
        if not holds_nan(result):
            return result
        if not _meets_kink(function, argnums, arguments, named, order):
            return result
        at_point, rebuild = flatten(result)
        points = _Points(argnums, arguments)

        def there(step: float, direction: Sequence[float]) -> Numbers | None:
            try:
                moved = transform(*points.moved(step, direction), **named)
            except (ValueError, ArithmeticError):  # outside of where it is defined
                return None
            return list(map(float_of, flatten(moved)[0]))

        found = _limits(list(map(float_of, at_point)), there, points.count)
        return rebuild(list(map(_with_limit, at_point, found)))

    return with_limits


def _with_limit(given: Number, limit: float) -> Number:
    """`limit` in the place of `given`, as a Value where that is one.

    What a limit depends on is not known: differentiated again, it gives nan.
    """
    if not isinstance(given, Value):
        return limit
    if not given.requires_grad:
        return select.constant(limit)
    same = given.data == limit or (math.isnan(given.data) and math.isnan(limit))
    return given if same else functions.add(apply(at_kink, given), limit)


def holds_nan(result: Any) -> bool:
    """Whether there is a nan among the numbers of a structure; a trace knows none."""
    if tracing.is_on():
        return False
    if type(result) is float:
        return math.isnan(result)
    if type(result) is list and result:
        if type(result[0]) is list:
            return any(map(holds_nan, result))
        total = sum(result) if type(result[0]) is float else None
        if type(total) is float and not math.isnan(total):
            return False
    numbers = flatten(result)[0]
    if not set(map(type, numbers)) <= {float}:
        numbers = list(map(float_of, numbers))
    return any(map(math.isnan, numbers))


def _meets_kink(
    function: Function, argnums: Any, arguments: Any, named: dict[str, Any], order: int
) -> bool:
    """Whether the graph of `function` holds a node at a kink, or a derivative of one."""
    with run_of(function, argnums, arguments, named).open() as run:
        since = first_serial(run.leaves)
        outputs = [out for out in flatten(run.output)[0] if isinstance(out, Value)]
        return any(
            sits_at_kink(node, chosen=order == 1)
            for out in outputs
            for node in topological_order(out, since)
        )


class _Points:
    """The arguments of a function, and those at points nearby."""

    def __init__(self, argnums: int | tuple[int, ...], arguments: tuple[Any, ...]) -> None:
        self.arguments = arguments
        self.positions = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        chosen = tuple(arguments[position] for position in self.positions)
        leaves, self.rebuild = flatten(chosen)
        self.numbers = list(map(float_of, leaves))
        self.kinds = [select.constant if isinstance(x, Value) else float for x in leaves]
        # Powers of two: the steps are exact, wherever the argument has room for them.
        exponents = [min(math.frexp(x)[1], 1023) for x in self.numbers]
        self.sizes = [
            math.ldexp(1.0, exponent) if x else 1.0
            for x, exponent in zip(self.numbers, exponents, strict=True)
        ]
        self.count = len(leaves)

    def moved(self, step: float, direction: Sequence[float]) -> list[Any]:
        coordinates = zip(self.kinds, self.numbers, self.sizes, direction, strict=True)
        moved = self.rebuild([kind(x + step * size * d) for kind, x, size, d in coordinates])
        arguments = list(self.arguments)
        for position, argument in zip(self.positions, moved, strict=True):
            arguments[position] = argument
        return arguments


There = Callable[[float, Sequence[float]], Numbers | None]


def _limits(at_point: Numbers, there: There, count: int) -> Numbers:
    """The limit of each number; what is given at the point is kept where it is that."""
    rays = list(_directions(count))
    far = [numbers for ray in rays if (numbers := there(FAR, ray)) is not None]
    sizes = [
        max((abs(numbers[i]) for numbers in far if math.isfinite(numbers[i])), default=0.0)
        for i in range(len(at_point))
    ]
    found = [math.nan] * len(at_point)
    for step in STEPS:
        samples = [[there(step / part, ray) for part in (1.0, 2.0, 4.0)] for ray in rays]
        inside = [[one for one in ray if one is not None] for ray in samples if None not in ray]
        every = (abs(x) for ray in inside for numbers in ray for x in numbers if math.isfinite(x))
        rounding = 64.0 * math.ulp(1.0) * max(every, default=0.0)
        for entry in range(len(at_point)):
            if math.isnan(found[entry]):
                series = [[numbers[entry] for numbers in ray] for ray in inside]
                found[entry] = _common_limit(series, sizes[entry], rounding)
    return [
        number if abs(number - limit) <= TOLERANCE * max(abs(limit), size) else limit
        for number, limit, size in zip(at_point, found, sizes, strict=True)
    ]


def _directions(count: int) -> Iterator[list[float]]:
    """Rays that lie on no axis and no diagonal, and their opposites."""
    generator = random.Random(0)
    for _ in range(RAYS if count > 1 else 1):
        ray = [
            generator.choice((-1.0, 1.0)) * generator.randint(17, 63) / 64.0 for _ in range(count)
        ]
        yield ray
        yield [-x for x in ray]


def _common_limit(series: list[Numbers], size: float, rounding: float) -> float:
    """What all `series`, each at a step, its half and its quarter, tend to; else nan."""
    limits = []
    for first, second, third in series:
        rough = 2.0 * third - second
        limit = (8.0 * third - 6.0 * second + first) / 3.0
        largest = max(abs(first), abs(second), abs(third))
        blur = abs(limit - rough) + rounding
        if not blur <= TOLERANCE * max(largest, size) + 2.0 * rounding:
            return math.nan
        limits.append((limit, blur))
    if not limits:
        return math.nan
    mean = math.fsum(limit for limit, _ in limits) / len(limits)
    for limit, blur in limits:
        if abs(limit - mean) > blur + TOLERANCE * abs(mean):
            return math.nan
    return 0.0 if abs(mean) <= max(blur for _, blur in limits) else mean
