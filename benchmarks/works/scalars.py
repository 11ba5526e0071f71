"""10,000 scalar operations that share nothing, one row: against an interpreter in C, and JAX.

A quarter each: softplus, the mean of 4, the product of 2, the softmax of 4. Operands are
drawn from the last 30 results; the output is the sum of the last 30.
"""

import ctypes
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from works.peers import address, hand_written, jax_in_double
from works.timing import Result, medians, shown

COUNT, INPUTS, RECENT = 10_000, 30, 30
SOFTPLUS, MEAN, PRODUCT, SOFTMAX = range(4)


def graph(count: int, seed: int = 0) -> list[tuple[int, list[int]]]:
    """The operations: what, and of which results, counted from the inputs on."""
    rng = random.Random(seed)
    made, slots = [], INPUTS
    for _ in range(count):
        op = rng.randrange(4)
        made.append((op, [rng.randrange(slots - RECENT, slots) for _ in range(4)]))
        slots += 4 if op == SOFTMAX else 1
    return made


def function(operations: list[tuple[int, list[int]]]) -> Callable[[Any], Any]:
    """The same as a function of plain Values."""

    def computed(x: Any) -> Any:
        v = list(x)
        for op, at in operations:
            if op == SOFTPLUS:
                v.append(autograd.softplus(v[at[0]]))
            elif op == MEAN:
                v.append(autograd.mean([v[i] for i in at]))
            elif op == PRODUCT:
                v.append(v[at[0]] * v[at[1]])
            else:
                v += autograd.softmax([v[i] for i in at])
        return autograd.sum(v[-RECENT:])

    return computed


def in_c(operations: list[tuple[int, list[int]]], x: Any) -> Callable[[], Any] | None:
    """The interpreter, on the same tape."""
    library = hand_written("interpreter", "-O3", "-ffast-math")
    if library is None:
        return None
    code = np.array([op for op, _ in operations], dtype=np.uint8)
    operands = np.array([at for _, at in operations], dtype=np.int32)
    sizes = np.where(code == SOFTMAX, 4, 1)
    starts = (INPUTS + np.concatenate([[0], np.cumsum(sizes)[:-1]])).astype(np.int32)
    slots = int(INPUTS + sizes.sum())
    v, g, d = np.zeros(slots), np.zeros(slots), np.zeros(len(code))
    v[:INPUTS] = x
    roots = np.arange(slots - RECENT, slots, dtype=np.int32)
    library.sweep.restype = ctypes.c_double
    given = (
        ctypes.c_long(len(code)), address(code), address(operands), address(starts),
        ctypes.c_long(slots), address(v), address(g), address(d), address(roots),
        ctypes.c_long(len(roots)),
    )  # fmt: skip

    def sweep(_kept: Any = (code, operands, starts, v, g, d, roots)) -> tuple[float, Any]:
        return float(library.sweep(*given)), g[:INPUTS]

    return sweep


def jax_compile_seconds(operations: list[tuple[int, list[int]]], x: Any) -> float | None:
    """How long JAX takes to compile value and gradient."""
    jax = jax_in_double()
    if jax is None:
        return None

    def computed(x: Any) -> Any:
        v = [x[i] for i in range(INPUTS)]
        for op, at in operations:
            if op == SOFTPLUS:
                v.append(jax.nn.softplus(v[at[0]]))
            elif op == MEAN:
                v.append((v[at[0]] + v[at[1]] + v[at[2]] + v[at[3]]) * 0.25)
            elif op == PRODUCT:
                v.append(v[at[0]] * v[at[1]])
            else:
                p = jax.nn.softmax(jax.numpy.stack([v[i] for i in at]))
                v += [p[0], p[1], p[2], p[3]]
        return sum(v[-RECENT:])

    started = time.perf_counter()
    jax.block_until_ready(jax.jit(jax.value_and_grad(computed))(jax.numpy.asarray(x)))
    return time.perf_counter() - started


def results(*, quick: bool) -> list[Any]:
    """A sweep against the interpreter, and many with the trace against JAX's compilation."""
    x = np.random.default_rng(0).normal(size=INPUTS)
    operations = graph(COUNT)
    program = autograd.compile(function(operations), exact=False)
    started = time.perf_counter()
    program.value_and_gradient(x)
    first = time.perf_counter() - started
    theirs = in_c(operations, x)
    found: list[Any] = []
    made = {"chainrule": lambda: program.value_and_gradient(x), "interpreter in C": theirs}
    contenders = {name: call for name, call in made.items() if call is not None}
    if theirs:
        (value, slopes), (other, by_hand) = program.value_and_gradient(x), theirs()
        if not (np.isclose(value, other, rtol=1e-9) and np.allclose(slopes, by_hand, rtol=1e-7)):
            raise SystemExit(f"not the same: {value} and {other}")
    seconds = medians(contenders)
    found.append(Result("10,000 scalar operations, a sweep", seconds, {"interpreter in C": 1.2}))
    compilation = None if quick else jax_compile_seconds(graph(1000), x)
    if compilation:
        in_all = first + 10_000 * seconds["chainrule"]
        work = f"trace ({shown(first)}) and 10,000 sweeps of them"
        ours = {"chainrule": in_all, "JAX compiling 1,000": compilation}
        found.append(Result(work, ours, {"JAX compiling 1,000": 1.0}))
    tape = program.tape.after
    per = seconds["chainrule"] * 1e9
    found.append(
        f"  {per / (tape.slots - tape.first_result):.1f} ns per result, "
        f"{per / len(tape.instructions):.1f} ns per instruction, forward and backward"
    )
    return found
