"""`compile`: a function of Values becomes a Program, traced once and replayed on numbers."""

import functools
import math
import threading
import weakref
from array import array
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, overload

from autograd import errors
from autograd.programs.captured import Witness
from autograd.programs.passes import optimised
from autograd.programs.passes.building import without_collector
from autograd.programs.rows import Row, Rows, check_finite, is_array, row_of, rows_of, total
from autograd.programs.tape_view import TapeView
from autograd.programs.tracing_calls import traced
from autograd.programs.version import Version
from autograd.support import tracing
from autograd.support.arguments import name_of
from autograd.support.structures import flatten, is_branching

_MOST_VERSIONS = 16  # structures of arguments that are remembered


@overload
def compile(function: Callable[..., Any], *, exact: bool = True) -> "Program": ...
@overload
def compile(*, exact: bool = True) -> "Callable[[Callable[..., Any]], Program]": ...
def compile(function: Callable[..., Any] | None = None, *, exact: bool = True) -> Any:
    """The Program of `function`: the same results, traced once and replayed without Values.

    Numbers in the arguments are inputs; texts, None and booleans are settings, and another
    one is another trace, as is another structure of the arguments. Values from outside (the
    weights of a model) are read at every call, and get their gradients; plain numbers from
    outside are constants of the tape: see `Program.tape`. What would make the tape depend on
    the numbers it was traced with (`if x > 0`, `x.data`, `max(x, y)`) raises TracingError.

    >>> import autograd
    >>> w = autograd.Value(2.0)
    >>> @autograd.compile
    ... def loss(x, y):
    ...     return (w * x - y) ** 2
    >>> loss(3.0, 5.0), loss.batch([3.0, 4.0], [5.0, 5.0])
    (1.0, [1.0, 9.0])
    >>> loss.batch_backward([3.0, 4.0], [5.0, 5.0]), w.grad
    (5.0, 15.0)

    With ``exact=False`` the replay may compute an operation with other roundings than eager
    code does, a few units in the last place, and take a power of e below e^-700 for 0: a
    softmax is one operation then, and graphs of many single operations are about three times
    as fast.

    >>> @autograd.compile(exact=False)
    ... def first_share(x, y):
    ...     return autograd.softmax([x, y])[0]
    >>> first_share(0.0, 0.0)
    0.5
    """
    if function is None:
        return functools.partial(compile, exact=exact)
    if isinstance(function, Program):
        return function if function.exact == exact else Program(function.function, exact=exact)
    if not callable(function):
        raise TypeError(
            f"compile takes a function, got {type(function).__name__} {function!r:.60}: write "
            "compile(loss), or @autograd.compile above its definition"
        )
    return Program(function, exact=exact)


class Program:
    """A function of Values, traced once for each structure of its arguments: see `compile`.

    Called with numbers it gives numbers; with a Value among its arguments it is the plain
    function, so that it can be part of other graphs and of other Programs.
    """

    def __init__(self, function: Callable[..., Any], *, exact: bool = True) -> None:
        self.function, self.exact = function, exact
        self._versions: OrderedDict[Hashable, Version] = OrderedDict()
        self._transformed: dict[Hashable, Program] = {}
        self._lock = threading.RLock()
        self._bound: weakref.WeakKeyDictionary[Any, Program] | None = None
        functools.update_wrapper(self, function, updated=())

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """What the function gives, as plain numbers."""
        given = row_of(arguments, named)
        if given.with_values:
            return self.function(*arguments, **named)
        version, row = self._ready(given, arguments, named)
        outputs = version.replay.forward(version.held.numbers(), row, 1)
        return outputs[0] if version.traced.single else version.rebuild(outputs.tolist())

    def backward(self, *arguments: Any, **named: Any) -> float:
        """The value, which is one number; its gradient is added to the grad of the leaves.

        GraphError where nothing requires a gradient. After an error nothing has changed.
        """
        given = row_of(arguments, named)
        if given.with_values:
            raise TypeError(
                "backward of a Program takes numbers: with Values, call it and then backward() "
                "of the result"
            )
        version, row = self._ready(given, arguments, named)
        version.single("backward", self.function)
        return self._pulled_back(version, row, 1, 1.0, 1)[0]

    def batch(self, *columns: Any, threads: int = 1, **named: Any) -> Any:
        """One result for each row: row i takes item i of every argument.

        A list, or an array where an array was given. Arguments of different lengths, and
        rows of different structure, raise ShapeError; a number that is not finite
        ValueError, by row and column.
        """
        version, rows = self._ready_for(columns, named)
        threads = _as_threads(threads)
        outputs = version.replay.forward(version.held.numbers(), rows.numbers, rows.count, threads)
        results: Any = version.results(outputs)
        if not rows.as_arrays():
            return results
        import numpy as np

        return np.array(results) if version.traced.single else _stacked(results, np)

    def batch_backward(
        self, *columns: Any, reduction: str = "mean", threads: int = 1, **named: Any
    ) -> float:
        """The mean, or the sum, of the rows' values; its gradient is added to the leaves'.

        `threads` share the rows between them: the same number gives the same result.
        """
        if reduction not in ("mean", "sum"):
            raise ValueError(f'reduction is "mean" or "sum", got {reduction!r}')
        version, rows = self._ready_for(columns, named)
        share = 1.0 / rows.count if reduction == "mean" else 1.0
        version.single("batch_backward", self.function)
        threads = _as_threads(threads)
        value = total(self._pulled_back(version, rows.numbers, rows.count, share, threads))
        return value / rows.count if reduction == "mean" else value

    def batch_with_backward(
        self, *columns: Any, weights: Sequence[float], threads: int = 1, **named: Any
    ) -> list[Any]:
        """One result for each row; the first number of each, times its weight, is differentiated.

        The gradient of the sum of them is added to the leaves'. What else a row gives, such as
        the prediction beside its loss, is not differentiated.

        >>> import autograd
        >>> w = autograd.Value(2.0)
        >>> program = autograd.compile(lambda x: (w * x, w + x))
        >>> program.batch_with_backward([3.0, 4.0], weights=[1.0, 0.5]), w.grad
        ([(6.0, 5.0), (8.0, 6.0)], 5.0)
        """
        version, rows = self._ready_for(columns, named)
        if len(weights) != rows.count:
            raise errors.ShapeError(f"{len(weights)} weights for {rows.count} rows")
        upstream = array("d", bytes(8 * rows.count * version.outputs))
        upstream[:: version.outputs] = array("d", weights)
        outputs = self._pulled_back(
            version, rows.numbers, rows.count, upstream, _as_threads(threads)
        )
        return version.results(outputs)

    def value_and_gradient(self, *arguments: Any, **named: Any) -> tuple[float, Any]:
        """The value and its gradient by the first argument, in the structure of that.

        As SciPy wants it: ``minimize(program.value_and_gradient, x, jac=True)``.

        >>> import autograd
        >>> autograd.compile(lambda x: x[0] * x[1]).value_and_gradient([3.0, 4.0])
        (12.0, [4.0, 3.0])
        """
        if not arguments:
            raise TypeError("value_and_gradient takes the argument to differentiate by first")
        given = row_of(arguments, named)
        if given.with_values:
            raise TypeError("value_and_gradient of a Program takes numbers: for Values see grad")
        version, row = self._ready(given, arguments, named)
        version.single("value_and_gradient", self.function)
        values, _, by_inputs = version.replay.backward(
            version.held.numbers(), row, 1, 1.0, by_leaves=False, by_inputs=True
        )
        if is_array(arguments[0]):
            import numpy as np

            shape = arguments[0].shape
            return values[0], np.frombuffer(by_inputs, count=math.prod(shape)).reshape(shape)
        leaves, rebuild = flatten(arguments[0])
        return values[0], rebuild(by_inputs[: len(leaves)].tolist())

    def trace_for(self, *columns: Any, **named: Any) -> object:
        """What replays such a batch, traced if need be; another object once it is traced anew.

        The rows are checked as `batch` does. For who keeps a pickle of the Program.
        """
        return self._ready_for(columns, named)[0]

    def batch_value_and_gradient(self, *columns: Any, **named: Any) -> tuple[Any, Any]:
        """The value of each row, and a row of its derivatives by all numbers of its arguments.

        Arrays of NumPy, of shapes (rows,) and (rows, numbers).

        >>> import autograd
        >>> values, slopes = autograd.compile(lambda x, y: x * y).batch_value_and_gradient(
        ...     [1.0, 2.0], [3.0, 4.0])
        >>> values.tolist(), slopes.tolist()
        ([3.0, 8.0], [[3.0, 1.0], [4.0, 2.0]])
        """
        import numpy as np

        version, rows = self._ready_for(columns, named)
        version.single("batch_value_and_gradient", self.function)
        values, _, by_inputs = version.replay.backward(
            version.held.numbers(), rows.numbers, rows.count, 1.0, by_leaves=False, by_inputs=True
        )
        return np.array(values), np.array(by_inputs).reshape(rows.count, rows.width)

    @property
    def tape(self) -> TapeView:
        """What was traced last, before and after it was optimised; GraphError before a call."""
        version = self._latest()
        return TapeView(version.before, version.tape, version.traced.names, version.held.leaves)

    def to_c(self, name: str = "") -> str:
        """The last trace as one file of C99: ``NAME_value`` and ``NAME_value_and_gradient``.

        It allocates nothing and needs nothing of Python; its head says what it takes.
        """
        from autograd.programs.c_program import c_source

        version = self._latest()
        leaves = [leaf.label or f"w{i}" for i, leaf in enumerate(version.held.leaves)]
        return c_source(version.tape, name or self._plain_name(), leaves)

    def to_numpy(self, name: str = "") -> str:
        """The last trace as readable NumPy over a batch: ``NAME(X, leaves)``."""
        from autograd.programs.dialects import NUMPY

        return self._as_arrays(NUMPY, name)

    def to_torch(self, name: str = "") -> str:
        """The last trace as readable PyTorch over a batch: ``NAME(X, leaves)``, both tensors.

        `X` has a row for each sample and a column for each input, `leaves` the numbers of
        `parameters`, in their order, in the dtype of `X` and on its device. PyTorch
        differentiates it; at kinks it has slopes of its own. GraphError for an operation that
        PyTorch has not.

        >>> import autograd
        >>> w = autograd.Value(2.0)
        >>> program = autograd.compile(lambda x: (w * x).tanh())
        >>> program(0.5) < 1.0
        True
        >>> print(*program.to_torch("neuron").splitlines()[-3:])
            mul1 = leaves[0] * X[:, 0]     h1 = torch.tanh(mul1)     return h1
        """
        from autograd.programs.dialects import TORCH

        return self._as_arrays(TORCH, name)

    def to_jax(self, name: str = "") -> str:
        """The last trace as readable JAX over a batch: ``NAME(X, leaves)``, for `jit` and `grad`.

        As `to_torch`. JAX computes in float32 unless ``jax.config.update("jax_enable_x64",
        True)`` comes first. GraphError for an operation that JAX has not.
        """
        from autograd.programs.dialects import JAX

        return self._as_arrays(JAX, name)

    def to_onnx(self, path: Any = None, dtype: str = "float32", name: str = "") -> Any:
        """The last trace as an ONNX model of a batch, with the numbers of `parameters` in it.

        The ``onnx.ModelProto`` is given back, and written to `path` if there is one. Its input
        ``X`` has a row for each sample, its output ``Y`` one number for each, or a column for
        each output. ONNX Runtime computes some operations in "float32" alone: in "float64"
        they are made of others, or refused by name. GraphError for what ONNX has not,
        PackageMissingError without ``onnx``.
        """
        from autograd.programs.onnx_program import onnx_model

        version = self._latest()
        model = onnx_model(version.tape, version.held.numbers(), dtype, name or self._plain_name())
        if path is not None:
            Path(path).write_bytes(model.SerializeToString())
        return model

    def _as_arrays(self, dialect: Any, name: str) -> str:
        from autograd.programs.numpy_program import array_source

        version = self._latest()
        return array_source(version.tape, dialect, name or self._plain_name(), version.traced.names)

    def _plain_name(self) -> str:
        name = name_of(self.function)
        return name if name.isidentifier() else "program"

    @property
    def parameters(self) -> list[Any]:
        """The Values from outside that the traces read, each once, in the order of the tapes."""
        self._latest()
        found = [leaf for version in self._versions.values() for leaf in version.held.leaves]
        return list(dict.fromkeys(found))

    def transformed(
        self, key: Hashable, transform: Callable[[Callable[..., Any]], Callable[..., Any]]
    ) -> "Program":
        """The Program of a transform of the function: `grad` and the others ask for it."""
        with self._lock:
            known = self._transformed.get(key)
            if known is None:
                known = self._transformed[key] = Program(transform(self.function), exact=self.exact)
        return known

    def __repr__(self) -> str:
        return f"<Program {name_of(self.function)}, {len(self._versions)} traced>"

    def __get__(self, instance: Any, owner: Any = None) -> "Program":
        """As a method: a Program for each instance, for as long as that lives."""
        if instance is None:
            return self
        if self._bound is None:
            self._bound = weakref.WeakKeyDictionary()
        try:
            bound = self._bound.get(instance)
            if bound is None:
                method = _Method(self.function, weakref.ref(instance))
                bound = self._bound[instance] = Program(method, exact=self.exact)
        except TypeError:  # it cannot be referred to weakly, or not be hashed
            return Program(self.function.__get__(instance, owner), exact=self.exact)
        return bound

    def bind(self, parameters: Iterable[Any]) -> "Program":
        """Read these Values from now on, in the order of `parameters`: after unpickling.

        Numbers become Values. ShapeError for another number of them.
        """
        from autograd.programs.program_pickling import bound

        self._versions = OrderedDict(bound(self, self._versions, parameters))
        return self

    def __reduce__(self) -> Any:
        from autograd.programs.program_pickling import reduced

        return reduced(self, self._versions)

    def _roots(self) -> list[Any]:
        function: Any = self.function
        if isinstance(function, _Method):
            return [function.function, function.instance()]
        call = getattr(type(function), "__call__", None)  # noqa: B004 - it may have code
        return [function, call] if hasattr(call, "__code__") else [function]

    def _latest(self) -> Version:
        if not self._versions:
            raise errors.GraphError(
                f"{name_of(self.function)} has no tape yet: call it once, which traces it"
            )
        return next(reversed(self._versions.values()))

    def _ready(
        self, given: Row, arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> tuple[Version, "array[float]"]:
        row = given.numbers
        version = self._version(given.key, arguments, named)
        check_finite(row, len(row), 1)
        if version.traced.checks:
            version.check(row, len(row), 1)
        return version, row

    def _ready_for(self, columns: tuple[Any, ...], named: dict[str, Any]) -> tuple[Version, Rows]:
        rows = rows_of(columns, named)
        version = self._known(rows.key) or self._version(rows.key, *rows.first())
        if version.traced.checks:
            version.check(rows.numbers, rows.width, rows.count)
        return version, rows

    def _known(self, key: Hashable) -> Version | None:
        """What was traced for that structure, if it holds still."""
        version = self._versions.get(key)
        if version is None or (version.witness is not None and not version.witness.unchanged()):
            return None
        return version

    def _version(self, key: Hashable, arguments: tuple[Any, ...], named: dict[str, Any]) -> Version:
        known = self._known(key)
        if known is not None:
            return known
        with self._lock, without_collector():
            found = traced(self.function, arguments, named)
            witness = Witness([*self._roots(), arguments, named], found.leaves)
            tape = replace(found.tape, exact=self.exact)
            version = Version(found, optimised(tape), witness)
            self._versions[key] = version
            self._versions.move_to_end(key)
            while len(self._versions) > _MOST_VERSIONS:
                self._versions.popitem(last=False)
        return version

    def _pulled_back(
        self, version: Version, rows: Any, count: int, upstream: Any, threads: int
    ) -> "array[float]":
        if tracing.current is not None:
            tracing.refuse_change("backward() of a Program")
        leaves = version.held.numbers()
        if not version.held.requires_grad():
            raise errors.GraphError(
                f"{name_of(self.function)} reads no Value that requires a gradient: for that by "
                "its arguments see value_and_gradient"
            )
        values, by_leaves, _ = version.replay.backward(
            leaves, rows, count, upstream, threads=threads
        )
        version.held.add_gradients(by_leaves)
        return values  # type: ignore[no-any-return]


class _Method:
    """A method of an object that it does not keep alive."""

    def __init__(self, function: Callable[..., Any], instance: Any) -> None:
        self.function, self.instance = function, instance
        functools.update_wrapper(self, function)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.function(self.instance(), *arguments, **named)


def _as_threads(threads: Any) -> int:
    if not isinstance(threads, int) or isinstance(threads, bool) or threads < 1:
        raise ValueError(f"threads is a whole number from 1 up, got {threads!r}")
    return threads


def _stacked(results: list[Any], np: Any) -> Any:
    """Rows of one structure as that structure of arrays, as `jax.vmap` gives them."""
    columns = list(zip(*[flatten(result)[0] for result in results], strict=True))
    first = results[0]
    if isinstance(first, np.ndarray | list) and not any(map(is_branching, first)):
        return np.array(results)
    return flatten(results[0])[1]([np.array(column) for column in columns])
