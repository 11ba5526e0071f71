"""The same graph in PyTorch: its operations, its derivatives, its numbers beside ours."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from autograd import ops
from autograd._select import Value, float_of, topological_order
from autograd.errors import GraphError, PackageMissingError
from autograd.foreign import check_seen_through
from autograd.formulas import ByHand, rule_named
from autograd.gradcheck import aligned, backward_gradients, prepared
from autograd.numerical import Function

Counterparts = Mapping[str, Callable[..., Any]]

_SHOWN = 20


def compare_torch(
    function: Function,
    inputs: Iterable[Any],
    *,
    tolerance: float = 1e-10,
    counterparts: Counterparts | None = None,
) -> "Comparison":
    """Compute `function` and its gradient here and by PyTorch, side by side.

    Takes `function` and `inputs` as `gradcheck` does. `function` runs once, on
    Values; the graph it makes is then computed by PyTorch's operations on
    float64 scalars and differentiated by PyTorch. The result is true when
    all numbers agree to `tolerance`, relative to the size of the contributions
    that they are sums of.

    Operations are matched by name. `counterparts` maps the names of those that
    PyTorch lacks (your own rules) to functions of tensors. Raises GraphError
    where there is none, and PackageMissingError without PyTorch.
    """
    torch = _torch()
    bound, named = prepared(function, inputs)
    out, leaves = bound.call(), [leaf for _, leaf in named]
    ours = backward_gradients(out, leaves)
    their_out, theirs = _by_torch(torch, out, leaves, counterparts or {})
    sizes, slack = _contributions(out)
    rows = [Row("value", float_of(out), their_out, slack=slack)]
    for (name, leaf), our, their in zip(named, ours, theirs, strict=True):
        rows.append(Row(f"d/d {name}", our, their, sizes.get(leaf, 0.0), slack))
    return Comparison(tuple(rows), tolerance)


@dataclass(frozen=True)
class Row:
    """One number computed twice.

    `size` is what its rounding is relative to, if that is more than the number;
    `slack` what may differ besides.
    """

    name: str
    ours: float
    theirs: float
    size: float = 0.0
    slack: float = 0.0

    @property
    def difference(self) -> float:
        """How far the two are apart; 0.0 where both are nan or the same infinity."""
        if self.ours == self.theirs or (math.isnan(self.ours) and math.isnan(self.theirs)):
            return 0.0
        apart = abs(self.ours - self.theirs)
        return math.inf if math.isnan(apart) else apart

    def agrees(self, tolerance: float) -> bool:
        """Whether the two are as close as rounding leaves them."""
        largest = max(abs(self.ours), abs(self.theirs), self.size)
        return (
            self.difference == 0.0 or self.difference <= tolerance * largest + self.slack < math.inf
        )

    @property
    def distance(self) -> str:
        """The difference as people read it: in ulp where it is a few, else relative."""
        if not 0.0 < self.difference < math.inf:
            return "0" if self.difference == 0.0 else "inf"
        largest = max(abs(self.ours), abs(self.theirs))
        ulps = self.difference / math.ulp(largest)
        return f"{ulps:.0f} ulp" if ulps < 1000 else f"{self.difference / largest:.1e}"


@dataclass(frozen=True, repr=False)
class Comparison:
    """Numbers by chainrule and by PyTorch: true when they agree; printed as a table.

    An *ulp* is the distance to the next float.
    """

    rows: tuple[Row, ...]
    tolerance: float

    @property
    def different(self) -> list[Row]:
        """The rows that disagree."""
        return [row for row in self.rows if not row.agrees(self.tolerance)]

    def __bool__(self) -> bool:
        return not self.different

    def __repr__(self) -> str:
        different = self.different
        shown = self.rows
        if len(shown) > _SHOWN:
            shown = (*different, *[row for row in self.rows if row not in different])[:_SHOWN]
        table = [["", "chainrule", "PyTorch", "difference"]]
        for row in shown:
            remark = "" if row.agrees(self.tolerance) else "<-- differs"
            table.append([row.name, repr(row.ours), repr(row.theirs), row.distance, remark])
        verdict = f"all {len(self.rows)} numbers agree"
        if different:
            differ = "differs" if len(different) == 1 else "differ"
            verdict = (
                f"{len(different)} of {len(self.rows)} numbers {differ} "
                f"by more than {self.tolerance:g} (relative)"
            )
        lines = [verdict, *aligned(table)]
        if len(self.rows) > _SHOWN:
            lines.append(f"... and {len(self.rows) - _SHOWN} more")
        return "\n".join(lines)


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise PackageMissingError(
            "compare_torch needs PyTorch, which is not installed: pip install torch"
        ) from None
    return torch


def _by_torch(
    torch: Any, out: Any, leaves: list[Value], counterparts: Counterparts
) -> tuple[float, list[float]]:
    """What PyTorch computes for the graph of `out`: its value and its gradient by `leaves`."""
    with torch.enable_grad():
        tensors = {leaf: _tensor(torch, leaf.data, requires_grad=True) for leaf in leaves}
        known = {**_known(torch), **counterparts}
        for node in topological_order(out) if isinstance(out, Value) else []:
            check_seen_through([node], "compare_torch")
            if node.parents:
                call = _counterpart(torch, node.op, known)
                tensors[node] = call(*[tensors[parent] for parent in node.parents])
            elif node not in tensors:
                tensors[node] = _tensor(torch, node.data)
        root = tensors[out] if isinstance(out, Value) else _tensor(torch, float_of(out))
        wanted = [tensors[leaf] for leaf in leaves]
        if not (wanted and root.requires_grad):
            return root.item(), [0.0] * len(leaves)
        gradients = torch.autograd.grad(root, wanted, allow_unused=True)
    return root.item(), [0.0 if gradient is None else gradient.item() for gradient in gradients]


def _tensor(torch: Any, number: float, *, requires_grad: bool = False) -> Any:
    return torch.tensor(number, dtype=torch.float64, requires_grad=requires_grad)


def _counterpart(torch: Any, op: str, known: Counterparts) -> Callable[..., Any]:
    """PyTorch's operation for `op`, the name of a rule or of a partial derivative of one."""
    if op in known and not isinstance(op, ByHand):  # whatever its maker calls it
        return known[op]
    derived_from = getattr(rule_named(op), "derived_from", None)
    if derived_from is not None:
        base, operand = derived_from
        return _partial(torch, _counterpart(torch, base.__name__, known), operand)
    raise GraphError(
        f"PyTorch has no operation named {op}: pass one that works on tensors, "
        f"compare_torch(..., counterparts={{{str(op)!r}: function}})"
    )


def _partial(torch: Any, function: Callable[..., Any], position: int) -> Callable[..., Any]:
    """The partial derivative of `function` by one operand, by PyTorch."""

    def partial(*operands: Any) -> Any:
        # Copies, for an operand that is there twice is two operands.
        copies = [x.clone() if x.requires_grad else x.clone().requires_grad_() for x in operands]
        by = copies[position]
        [slope] = torch.autograd.grad(
            function(*copies), [by], create_graph=True, materialize_grads=True
        )
        return slope

    return partial


def _known(torch: Any) -> dict[str, Callable[..., Any]]:
    """PyTorch's operations by the names of the rules in `ops`."""
    functional, stack = torch.nn.functional, torch.stack
    known = {name: getattr(torch, name) for name in ops.SYMBOLS if hasattr(torch, name)}
    known |= {
        "cbrt": lambda x: torch.sign(x) * torch.abs(x) ** (1 / 3),
        # Above its threshold it is linear: 20, by default, costs digits.
        "softplus": lambda x: functional.softplus(x, threshold=500.0),
        "ndtr": torch.special.ndtr,
        "log_ndtr": torch.special.log_ndtr,
        "logsigmoid": functional.logsigmoid,
        "leaky_relu": torch.prelu,
        "elu": lambda x, alpha: torch.where(x > 0, x, alpha * torch.expm1(x.clamp(max=0.0))),
        "gelu": functional.gelu,
        "silu": functional.silu,
        "mish": functional.mish,
        "softsign": functional.softsign,
        # Its own takes numbers alone for the ends.
        "hardtanh": lambda x, low, high: torch.where(
            torch.maximum(x, low) >= high, high, torch.where(x <= low, low, x)
        ),
        "clip": torch.clamp,
        "floordiv": lambda x, y: torch.floor(x / y),
        "mod": torch.remainder,
        "where": lambda condition, x, y: torch.where(condition != 0, x, y),
    }
    # Those over sequences get one scalar per element.
    return known | {
        "sum": lambda *x: stack(x).sum(),
        "mean": lambda *x: stack(x).mean(),
        "prod": lambda *x: stack(x).prod(),
        "dot": lambda *xy: torch.dot(stack(xy[: len(xy) // 2]), stack(xy[len(xy) // 2 :])),
        "norm": lambda *x: torch.linalg.vector_norm(stack(x)),
        "max": lambda *x: torch.amax(stack(x), 0),
        "min": lambda *x: torch.amin(stack(x), 0),
        "logsumexp": lambda *x: torch.logsumexp(stack(x), 0),
        "entropy": lambda *x: torch.special.entr(stack(x)).sum(),
    }


def _contributions(out: Any) -> tuple[dict[Value, float], float]:
    """For each node the sum over its paths of |contribution|, and what rounding hides in any.

    Contributions may cancel; each engine rounds relative to their size. The
    second number stands for results that are rounded relative to 1, as
    1 - out in the derivative of PyTorch's sigmoid.
    """
    if not isinstance(out, Value):
        return {}, 0.0
    order = topological_order(out)
    sizes = dict.fromkeys(order, 0.0)
    sizes[out] = 1.0
    for node in reversed(order):
        for parent, partial in zip(node.parents, node.partials, strict=True):
            sizes[parent] += sizes[node] * abs(partial) if partial else 0.0
    finite = [size for size in sizes.values() if math.isfinite(size)]
    return sizes, 4.0 * math.ulp(1.0) * max(finite)
