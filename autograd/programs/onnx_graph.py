"""An ONNX graph in the making: tensors that write down what is done to them.

Numbers become initializers, operations become nodes of opset 20. What ONNX Runtime computes
in float32 alone is written with operations that it has in float64 too, where that loses no
digits (`onnx_operations.py`).
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from autograd.errors import GraphError, PackageMissingError, RangeError

Size: TypeAlias = int | str  # "rows" is as many as the user gives
Given: TypeAlias = Any  # a Tensor, a number or a NumPy array

OPSET, IR_VERSION = 20, 9
ROWS = "rows"


class Tensor:
    """The output of a node: its name in the graph, and its shape."""

    __array_ufunc__ = None  # an array of NumPy on the left leaves the operation to us

    def __init__(self, graph: "Graph", name: str, shape: tuple[Size, ...]) -> None:
        self.graph, self.name, self.shape = graph, name, shape

    def __getitem__(self, key: Any) -> "Tensor":
        """``x[:, i]``, ``x[..., i:j]`` and ``x[..., None]``: always of the last axis."""
        last = key[-1]
        if last is None:
            return self.graph.node("Unsqueeze", [self, _whole([-1])], (*self.shape, 1))
        if isinstance(last, int):
            position = _whole(last)
            return self.graph.node("Gather", [self, position], self.shape[:-1], axis=-1)
        start, stop, step = last.indices(self.shape[-1])
        bounds = [_whole([n]) for n in (start, stop, -1, step)]
        shape = (*self.shape[:-1], len(range(start, stop, step)))
        return self.graph.node("Slice", [self, *bounds], shape)

    @property
    def T(self) -> "Tensor":  # noqa: N802 - as NumPy calls it
        """With its two axes changed over."""
        return self.graph.node("Transpose", [self], self.shape[::-1], perm=[1, 0])

    def __matmul__(self, other: Given) -> "Tensor":
        return self.graph.matmul(self, other)

    def __rmatmul__(self, other: Given) -> "Tensor":
        return self.graph.matmul(other, self)

    def __add__(self, other: Given) -> "Tensor":
        return self.graph.broadcast("Add", self, other)

    def __radd__(self, other: Given) -> "Tensor":
        return self.graph.broadcast("Add", other, self)

    def __sub__(self, other: Given) -> "Tensor":
        return self.graph.broadcast("Sub", self, other)

    def __rsub__(self, other: Given) -> "Tensor":
        return self.graph.broadcast("Sub", other, self)

    def __mul__(self, other: Given) -> "Tensor":
        return self.graph.broadcast("Mul", self, other)

    def __rmul__(self, other: Given) -> "Tensor":
        return self.graph.broadcast("Mul", other, self)

    def __truediv__(self, other: Given) -> "Tensor":
        return self.graph.broadcast("Div", self, other)

    def __rtruediv__(self, other: Given) -> "Tensor":
        return self.graph.broadcast("Div", other, self)

    def __pow__(self, other: Given) -> "Tensor":
        return self.graph.broadcast("Pow", self, other)

    def __rpow__(self, other: Given) -> "Tensor":
        return self.graph.broadcast("Pow", other, self)

    def __neg__(self) -> "Tensor":
        return self.graph.broadcast("Neg", self)

    def __gt__(self, other: Given) -> "Tensor":
        return self.graph.broadcast("Greater", self, other)

    def __lt__(self, other: Given) -> "Tensor":
        return self.graph.broadcast("Less", self, other)

    def __ge__(self, other: Given) -> "Tensor":
        return self.graph.broadcast("GreaterOrEqual", self, other)

    def __le__(self, other: Given) -> "Tensor":
        return self.graph.broadcast("LessOrEqual", self, other)


class Graph:
    """Nodes and initializers, of numbers in one dtype: "float32" or "float64"."""

    def __init__(self, inputs: int, dtype: str, caller: str) -> None:
        if dtype not in ("float32", "float64"):
            raise ValueError(f'{caller}: dtype is "float32" or "float64", got {dtype!r}')
        try:
            import numpy as np
            import onnx
        except ImportError as error:
            raise PackageMissingError(
                f"{caller} needs {error.name}, which is not installed: pip install onnx"
            ) from None
        self.np, self.onnx, self.dtype, self.caller = np, onnx, dtype, caller
        self.nodes: list[Any] = []
        self.initializers: dict[Any, Any] = {}
        self.counts: dict[str, int] = {}
        self.X = Tensor(self, "X", (ROWS, inputs))

    def named(self, what: str) -> str:
        """A name that nothing in the graph has yet."""
        self.counts[what] = number = self.counts.get(what, 0) + 1
        return f"{what}_{number}"

    def named_numbers(self, name: str, numbers: Any) -> Tensor:
        """Numbers that stand in the graph under a name of their own."""
        self.initializer(numbers, name)
        return Tensor(self, name, self.np.shape(numbers))

    def initializer(self, given: Given, name: str = "") -> str:
        """The name of numbers in the graph: of the same ones, the same."""
        if not (isinstance(given, _Whole)):
            array = self.np.asarray(given, dtype=float)
            with self.np.errstate(over="ignore"):
                cast = array.astype(self.dtype)
            if self.np.isinf(cast).sum() > self.np.isinf(array).sum():
                raise RangeError(
                    f"{self.caller}: a number of size {abs(array).max():g} does not fit "
                    f'{self.dtype}: take dtype="float64"'
                )
        else:
            cast = self.np.asarray(given.numbers, dtype=self.np.int64)
        key = name or (cast.dtype.str, cast.shape, cast.tobytes())
        if key not in self.initializers:
            kind = "number" if cast.ndim == 0 else "matrix" if cast.ndim > 1 else "vector"
            called = name or self.named("axes" if isinstance(given, _Whole) else kind)
            self.initializers[key] = self.onnx.numpy_helper.from_array(cast, called)
        return str(self.initializers[key].name)

    def name_of(self, given: Given) -> str:
        """The name of a tensor, or of numbers that become one."""
        return given.name if isinstance(given, Tensor) else self.initializer(given)

    def node(
        self, kind: str, inputs: list[Given], shape: tuple[Size, ...], **attributes: Any
    ) -> Tensor:
        """A node, and its output."""
        name = self.named(kind.lower())
        given = [self.name_of(x) for x in inputs]
        self.nodes.append(self.onnx.helper.make_node(kind, given, [name], name=name, **attributes))
        return Tensor(self, name, shape)

    def broadcast(self, kind: str, *operands: Given, **attributes: Any) -> Tensor:
        """A node that works element by element."""
        return self.node(kind, list(operands), _together(map(shape_of, operands)), **attributes)

    def reduced(self, kind: str, x: Given) -> Tensor:
        """A node that takes the last axis together."""
        return self.node(kind, [x, _whole([-1])], shape_of(x)[:-1], keepdims=0)

    def matmul(self, x: Given, y: Given) -> Tensor:
        """As NumPy's ``@``, where a vector may stand on either side."""
        left, right = shape_of(x), shape_of(y)
        shape = (*left[:-1], *(right[-1:] if len(right) > 1 else ()))
        return self.node("MatMul", [x, y], shape)

    def expanded(self, x: Given, shape: tuple[Size, ...]) -> Tensor:
        """`x` repeated to a shape, whose rows are as many as those of X."""
        sizes: Any = _whole([1 if size == ROWS else size for size in shape])
        if ROWS in shape:
            rows = self.node("Shape", [self.X], (1,), start=0, end=1)
            rest = [_whole([size]) for size in shape[1:]]
            sizes = self.node("Concat", [rows, *rest], (len(shape),), axis=0) if rest else rows
        return self.node("Expand", [x, sizes], shape)

    def model(self, output: Given, name: str) -> Any:
        """The finished model, checked: its input is X, its output Y."""
        helper, kind = self.onnx.helper, self.onnx.TensorProto
        number = kind.FLOAT if self.dtype == "float32" else kind.DOUBLE
        if not self.nodes or self.nodes[-1].output[0] != self.name_of(output):
            self.node("Identity", [output], shape_of(output))
        self.nodes[-1].output[0] = "Y"
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info("X", number, self.X.shape)],
            [helper.make_tensor_value_info("Y", number, shape_of(output))],
            list(self.initializers.values()),
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="chainrule",
        )
        self.onnx.checker.check_model(model, full_check=True)
        return model


class _Whole:
    """Whole numbers: sizes, axes and positions, which stay such in every dtype."""

    shape: tuple[Size, ...] = (1,)

    def __init__(self, numbers: Any) -> None:
        self.numbers = numbers


def _whole(numbers: Any) -> _Whole:
    return _Whole(numbers)


def shape_of(given: Given) -> tuple[Size, ...]:
    """The shape of a tensor, an array or a number."""
    return tuple(getattr(given, "shape", ()))


def _together(shapes: Any) -> tuple[Size, ...]:
    """The shape that these are broadcast to."""
    found: list[Size] = []
    for shape in shapes:
        missing = len(shape) - len(found)
        found[:0] = [1] * missing
        for place, size in enumerate(reversed(shape), 1):
            if found[-place] == 1:
                found[-place] = size
    return tuple(found)


class Operations:
    """What the printed text of a tape calls ``op``: every operation as a method."""

    def __init__(self, graph: Graph, known: dict[str, Callable[..., Tensor]]) -> None:
        self.graph, self.known = graph, known

    def __getattr__(self, name: str) -> Callable[..., Tensor]:
        function = self.known.get(name)
        if function is None:
            raise GraphError(
                f"{self.graph.caller}: {name} has no counterpart in ONNX: write it with operations "
                "that have one, or take the Program along with to_torch(), to_jax() or to_c()"
            )
        graph = self.graph
        return lambda *operands: function(graph, *operands)
