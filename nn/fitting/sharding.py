"""A batch on several processes or machines: workers hold the Program, and get numbers and a shard.

The rows of a batch are cut into shards, by position; each gives its results and the gradient
of its part of the loss, and these are added in the order of the shards. So the bits depend on
the number of shards alone, not on workers, machines or who is done first.
"""

import hashlib
import operator
import pickle
import threading
from array import array
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from itertools import chain, pairwise
from typing import Any

from autograd import Value
from autograd.errors import ChainruleError
from nn.arguments.settings import as_count

_here = threading.local()  # in a worker: the Programs it holds, by digest
MOST_HELD = 4  # Programs of a worker
MISSING = "missing"  # what a worker says that does not hold the Program

Results = tuple[list[Any], "array[float]"]


class WorkerError(ChainruleError, RuntimeError):
    """A worker failed or died; model and optimizer are as after the last finished step."""


class Shards:
    """Runs batches on an executor of `concurrent.futures`, or of the same shape (Dask, Ray, MPI).

    `executor` may be a function that makes one: then one whose workers died is made anew, and
    with `retries` its shards are done again.
    """

    def __init__(
        self, executor: Executor | Callable[[], Executor], shards: int, retries: int = 0
    ) -> None:
        self.count = as_count("shards", shards, 1)
        self.retries = as_count("retries", retries, 0)
        self._make: Callable[[], Executor] | None = None
        if not hasattr(executor, "submit"):
            if not callable(executor):
                raise TypeError(
                    "executor is one of concurrent.futures, such as ProcessPoolExecutor(2), or a "
                    f"function that makes one, got {type(executor).__name__}"
                )
            self._make, executor = executor, executor()
        self.executor: Any = executor
        self._trace: Any = None
        self._leaves: list[Any] = []
        self._content, self._digest = b"", ""
        self.steps = 0

    def run(
        self, program: Any, X: Sequence[Any], y: Sequence[Any], weights: list[float]
    ) -> list[Any]:
        """What ``program.batch_with_backward(X, y, weights=weights)`` gives, and does."""
        trace = program.trace_for(X, y)
        if trace is not self._trace:
            self._trace, self._content = trace, pickle.dumps(program)
            self._digest = hashlib.sha256(self._content).hexdigest()
            self._leaves = program.parameters
        leaves = self._leaves
        numbers = array("d", [leaf.data for leaf in leaves])
        borders = [len(X) * i // self.count for i in range(self.count + 1)]
        tasks = [
            (packed(X[first:stop]), y[first:stop], array("d", weights[first:stop]))
            for first, stop in pairwise(borders)
            if stop > first
        ]
        found = self._all(numbers, tasks)
        results: list[Any] = []
        total = array("d", bytes(8 * len(leaves)))
        for own, gradients in found:  # in the order of the shards
            results += own
            total = array("d", map(operator.add, total, gradients))
        for leaf, gradient in zip(leaves, total, strict=True):
            if leaf.requires_grad:
                leaf.grad += gradient
        self.steps += 1
        return results

    def _all(self, numbers: "array[float]", tasks: list[Any]) -> list[Results]:
        """The results of all shards; each is done again so often as `retries` allows."""
        found: dict[int, Results] = {}
        tries = 0
        while len(found) < len(tasks):
            missing = [i for i in range(len(tasks)) if i not in found]
            waiting = [(i, self._submit(numbers, tasks[i])) for i in missing]
            failed: list[tuple[int, Exception]] = []
            for i, future in waiting:
                try:
                    own = future.result()
                    if own == MISSING:
                        own = self._submit(numbers, tasks[i], whole=True).result()
                    found[i] = own
                except Exception as error:  # noqa: BLE001 - whatever a worker raises
                    failed.append((i, error))
            if failed:
                tries += 1
                if tries > self.retries or not self._recovered(failed[0][1]):
                    self._give_up(*failed[0], len(tasks))
        return [found[i] for i in range(len(tasks))]

    def _submit(self, numbers: Any, task: Any, *, whole: bool = False) -> "Future[Any]":
        content = self._content if whole else b""
        try:
            future: Future[Any] = self.executor.submit(
                replay_shard, self._digest, content, numbers, *task
            )
        except Exception as error:  # noqa: BLE001 - it is broken, or was shut down
            future = Future()
            future.set_exception(error)
        return future

    def _recovered(self, error: Exception) -> bool:
        """Whether another try may go well: a pool whose process died needs to be made anew."""
        if not isinstance(error, BrokenExecutor):
            return True
        if self._make is None:
            return False
        self.executor.shutdown(wait=False, cancel_futures=True)
        self.executor = self._make()
        return True

    def _give_up(self, number: int, error: Exception, count: int) -> None:
        remedy = "give retries=, to try again"
        if isinstance(error, BrokenExecutor):
            remedy = (
                "a pool whose worker died takes no more work: give fit a function that makes one, "
                "executor=lambda: ProcessPoolExecutor(2), and retries="
            )
        raise WorkerError(
            f"the worker of shard {number} of {count} failed in step {self.steps + 1}: "
            f"{type(error).__name__}: {error}. Model and optimizer are as after step {self.steps}; "
            f"{remedy}"
        ) from error

    def close(self) -> None:
        """Shut down an executor that was made here."""
        if self._make is not None:
            self.executor.shutdown()


def replay_shard(
    digest: str,
    content: bytes,
    numbers: "array[float]",
    X: Any,
    y: Sequence[Any],
    weights: "array[float]",
) -> Any:
    """In a worker: the results of a shard and the gradient of its part of the loss.

    `MISSING` where the worker does not hold the Program of that `digest`, and `content`, its
    pickle, is empty.
    """
    held = getattr(_here, "programs", None)
    if held is None:
        held = _here.programs = {}
    if digest not in held:
        if not content:
            return MISSING
        program = pickle.loads(content)  # noqa: S301 - it comes from the training itself
        leaves = [Value(number) for number in numbers]
        while len(held) >= MOST_HELD:
            held.pop(next(iter(held)))
        held[digest] = program.bind(leaves), leaves
    program, leaves = held[digest]
    for leaf, number in zip(leaves, numbers, strict=True):
        leaf.data, leaf.grad = number, 0.0
    results = program.batch_with_backward(unpacked(X), y, weights=weights)
    return results, array("d", [leaf.grad for leaf in leaves])


def packed(X: Sequence[Any]) -> Any:
    """Rows of equally many floats as one array and their length, which travels lighter."""
    widths = {len(row) if type(row) is list else -1 for row in X}
    width = widths.pop() if len(widths) == 1 else -1
    if width < 1 or set(map(type, chain.from_iterable(X))) != {float}:
        return X
    return array("d", chain.from_iterable(X)), width


def unpacked(X: Any) -> Any:
    """The rows again, as they were."""
    if type(X) is not tuple:
        return X
    numbers, width = X
    flat = numbers.tolist()
    return [flat[at : at + width] for at in range(0, len(flat), width)]
