"""The replay by the compiled part: rows in lanes, without Python between entry and exit.

Where a result is not finite that an operation could have refused, the rows around it are
replayed by `stepwise`, which raises what eager code would, or gives the infinity.
"""

from array import array
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from importlib import import_module
from itertools import pairwise
from typing import Any

from autograd.errors import ChainruleError
from autograd.programs import stepwise
from autograd.programs.lowering import BY_INPUTS, BY_LEAVES, lowered, scratch_of
from autograd.programs.tape import Tape

_replay: Any = import_module("autograd.programs._replay")  # ImportError if it was not built

_MOST_LANES = 128
_NUMBERS_OF_A_CHUNK = 200_000  # values, gradients and partials that the second cache holds


class NativeReplay:
    """The replay of one tape."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        flat = lowered(tape, _replay.numbers, _replay.kinds)
        numbers = 2 * flat.of_rows + flat.partials
        most = max(8, min(_MOST_LANES, _NUMBERS_OF_A_CHUNK // max(numbers, 1) // 8 * 8))
        self._core = _replay.Core(flat, tape.constants, most, partial(scratch_of, flat.most))

    def forward(
        self, leaves: "array[float]", rows: Any, count: int, threads: int = 1
    ) -> "array[float]":
        """The outputs of every row."""
        return self._replay(leaves, rows, count, 1.0, 0, threads)[0]

    def backward(
        self,
        leaves: "array[float]",
        rows: Any,
        count: int,
        upstream: Any,
        *,
        by_leaves: bool = True,
        by_inputs: bool = False,
        threads: int = 1,
    ) -> "tuple[array[float], array[float] | None, array[float] | None]":
        """The outputs, the gradient by the leaves, and that of every row by its inputs."""
        by = by_leaves * BY_LEAVES + by_inputs * BY_INPUTS
        return self._replay(leaves, rows, count, upstream, by, threads)

    def _replay(
        self, leaves: "array[float]", rows: Any, count: int, upstream: Any, by: int, threads: int
    ) -> "tuple[array[float], array[float] | None, array[float] | None]":
        if threads == 1 or count < 2:
            outputs, by_leaves, by_inputs, failed, lanes = self._core.replay(
                leaves, rows, count, upstream, by
            )
            if failed is not None:
                self._again(
                    failed, lanes, leaves, rows, 0, count, upstream, by, outputs, by_leaves,
                    by_inputs,
                )  # fmt: skip
            return outputs, by_leaves, by_inputs
        tape = self.tape
        outputs = _replay.room(count * len(tape.outputs))
        by_inputs = _replay.room(count * tape.inputs) if by & BY_INPUTS else None
        borders = [count * i // threads for i in range(threads + 1)]
        parts = [_replay.room(tape.leaves) if by & BY_LEAVES else None for _ in range(threads)]

        def run(first: int, stop: int, part: "array[float] | None") -> None:
            lanes = self._core.lanes_for(stop - first)
            failed = self._core.run(
                leaves, rows, first, stop, upstream, by, lanes, outputs, part, by_inputs
            )
            if failed is not None:
                self._again(
                    failed, lanes, leaves, rows, first, stop, upstream, by, outputs, part,
                    by_inputs,
                )  # fmt: skip

        done = [
            _pool(threads).submit(run, first, stop, part)
            for (first, stop), part in zip(pairwise(borders), parts, strict=True)
        ]
        for each in done:
            each.exception()  # all have ended before the first error is raised
        for each in done:
            each.result()
        for part in parts[1:]:
            if part is not None:
                _replay.add(parts[0], part)
        return outputs, parts[0], by_inputs

    def _again(
        self,
        failed: Any,
        lanes: int,
        leaves: "array[float]",
        rows: Any,
        first: int,
        stop: int,
        upstream: Any,
        by: int,
        outputs: "array[float]",
        by_leaves: "array[float] | None",
        by_inputs: "array[float] | None",
    ) -> None:
        """Replay exactly what `failed` of rows `first` to `stop`: True, or one for each chunk."""
        wrong: Iterable[int] = range(first, stop)
        if failed is True:
            if by_leaves is not None:
                by_leaves[:] = array("d", bytes(8 * len(by_leaves)))
        else:
            wrong = [
                row for i, bad in enumerate(failed) if bad
                for row in range(first + i * lanes, min(stop, first + (i + 1) * lanes))
            ]  # fmt: skip
        self._exactly(leaves, rows, wrong, upstream, by, outputs, by_leaves, by_inputs)

    def _exactly(
        self,
        leaves: "array[float]",
        rows: Any,
        wrong: Iterable[int],
        upstream: Any,
        by: int,
        outputs: "array[float]",
        by_leaves: "array[float] | None",
        by_inputs: "array[float] | None",
    ) -> None:
        """Replay the rows `wrong` step by step; their gradients by the leaves are added."""
        tape = self.tape
        many = len(outputs) > len(tape.outputs)
        width, inputs = len(tape.outputs), tape.inputs
        numbers: Any = memoryview(rows).cast("B").cast("d")
        above = [upstream] * width if isinstance(upstream, float) else None
        for row in wrong:
            given = numbers[row * inputs : (row + 1) * inputs]
            there = slice(row * width, (row + 1) * width)
            try:
                if not by:
                    found = stepwise.forward(tape, leaves, given)
                    outputs[there] = array("d", [found[slot] for slot in tape.outputs])
                    continue
                values, to_leaves, to_inputs = stepwise.value_and_gradients(
                    tape, leaves, given, above or upstream[there]
                )
            except ChainruleError as error:
                if many:
                    error.args = (f"{error} (row {row})", *error.args[1:])
                raise
            outputs[there] = array("d", values)
            if by_leaves is not None:
                for i, gradient in enumerate(to_leaves):
                    by_leaves[i] += gradient
            if by_inputs is not None:
                by_inputs[row * inputs : (row + 1) * inputs] = to_inputs


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="chainrule")
